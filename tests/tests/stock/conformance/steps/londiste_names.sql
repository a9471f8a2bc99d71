create schema other;

create table public.item (id int, part text, name text, primary key (part, id));

create table other."Upper.Dot" ("Id" int primary key, "N" text, gone int, z int);

alter table other."Upper.Dot" drop column gone;

create table public.keyless (a int, b int);

create sequence other."Seq one";

create view public.item_view as select * from item;

create table public.parted (id int primary key, v text) partition by range (id);

select londiste.make_fqname('item'), londiste.make_fqname('public.item'), londiste.make_fqname('a.b.c'), londiste.make_fqname(''), londiste.make_fqname(null);

select londiste.quote_fqname('item'), londiste.quote_fqname('other.Upper.Dot'), londiste.quote_fqname('a"b.c d'), londiste.quote_fqname(''), londiste.quote_fqname(null), londiste.quote_fqname('.x'), londiste.quote_fqname('x.');

select * from londiste.split_fqname('item');

select * from londiste.split_fqname('a.b.c');

select * from londiste.split_fqname('');

select * from londiste.split_fqname(null);

select londiste.find_table_oid('item')::regclass, londiste.find_table_oid('public.item')::regclass, londiste.find_table_oid('other.Upper.Dot')::regclass;

select londiste.find_table_oid('nosuch'), londiste.find_table_oid('public.item_view'), londiste.find_table_oid('other.Seq one'), londiste.find_table_oid(null);

select londiste.find_table_oid('public.parted')::regclass;

select londiste.find_seq_oid('other.Seq one')::regclass, londiste.find_seq_oid('Seq one'), londiste.find_seq_oid('public.item'), londiste.find_seq_oid(null);

select londiste.find_rel_oid('public.item_view', 'v')::regclass, londiste.find_rel_oid('public.item', 'r')::regclass, londiste.find_rel_oid('public.item', 'v'), londiste.find_rel_oid('public.item', null), londiste.find_rel_oid(null, 'r');

select londiste.find_rel_oid('public.item', 'nosuch');

select londiste.find_column_types('public.item');

select londiste.find_column_types('other.Upper.Dot');

select londiste.find_column_types('public.keyless');

select londiste.find_column_types('public.nosuch');

select londiste.find_column_types(null);

select londiste.find_column_types('public.parted');

begin

select londiste.set_session_replication_role('local', true);

show session_replication_role

rollback

show session_replication_role

select londiste.set_session_replication_role('replica', false);

show session_replication_role

select londiste.set_session_replication_role('origin', false);

show session_replication_role

select londiste.set_session_replication_role('nosuch', false);

select londiste.set_session_replication_role(null, false);

select londiste.set_session_replication_role('local', null);

reset session_replication_role
