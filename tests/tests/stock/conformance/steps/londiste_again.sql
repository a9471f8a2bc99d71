select pgq_node.register_location('r', 'here', 'dbname=here', false);

select pgq_node.register_location('l', 'here', 'dbname=here', false);

select pgq_node.register_location('l', 'root', 'dbname=root', false);

select pgq_node.create_node('r', 'root', 'here', 'rw', null, null, null);

select pgq_node.create_node('l', 'leaf', 'here', 'lw', 'root', 10, null);

create table public.a (id int primary key, v text);

create table public.b (id int primary key, v text);

select * from londiste.local_add_table('r', 'a', array['ignore=v']);

select * from londiste.local_add_table('r', 'a', array['backup']);

select * from londiste.local_add_table('r', 'a');

select * from londiste.local_add_table('r', 'a', array['skip_truncate']);

select * from londiste.local_add_table('r', 'a', null, 'x=1');

select * from londiste.local_add_table('r', 'a', null, '');

select * from londiste.local_add_table('r', 'a', array['no_triggers'], 'x=1', 'public.b');

select * from londiste.local_add_table('r', 'a', null, null, 'public.nosuch');

select * from londiste.local_add_table('r', 'b', array['skip_truncate'], 'x=1');

select * from londiste.local_add_table('r', 'b', array['skip_truncate'], 'x=1');

select * from londiste.local_add_table('r', 'b', null, 'x=1');

select * from londiste.local_add_table('r', 'b', null, 'x=1&skip_truncate=1');

select queue_name, table_name, table_attrs from londiste.table_info order by 1, 2;

create table public.e (id int primary key, v text);

select * from londiste.global_add_table('l', 'public.e');

select * from londiste.local_add_table('l', 'e', null, 'y=2');

select * from londiste.local_add_table('l', 'e', array['expect_sync'], 'y=3');

select * from londiste.local_remove_table('l', 'e');

select * from londiste.local_add_table('l', 'e', null, 'y=3');

create table public.c (id int primary key, v text);

select * from londiste.global_add_table('l', 'public.c');

select * from londiste.local_add_table('l', 'c');

alter table public.c drop constraint c_pkey;

select * from londiste.local_set_table_state('l', 'public.c', null, 'in-copy');

select * from londiste.local_set_table_struct('l', 'public.c', 'alter table only c add constraint c_pkey primary key (id); create index c_v on c (lower(v))');

select * from londiste.local_remove_table('l', 'public.c');

select indexrelid::regclass, indrelid::regclass from pg_index where indrelid = 'public.c'::regclass order by 1;

create table public.d (id int primary key, r int);

insert into londiste.pending_fkeys values ('public.d', 'public.c', 'd_r_fkey', 'alter table only public.d add constraint d_r_fkey foreign key (r) references c(id)');

select londiste.restore_table_fkey('public.d', 'd_r_fkey');

select conname, confrelid::regclass from pg_constraint where conrelid = 'public.d'::regclass and contype = 'f';
