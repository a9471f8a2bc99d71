select londiste.version();

select londiste.upgrade_schema();

select pgq_node.register_location('r', 'here', 'dbname=here', false);

select pgq_node.register_location('l', 'here', 'dbname=here', false);

select pgq_node.register_location('l', 'root', 'dbname=root', false);

create table public.item (id int primary key, name text);

create schema "Odd.Schema";

create table public."Upper Case" ("Id" int primary key, "N" text);

create table public.keyless (a int);

create view public.item_view as select * from item;

select * from londiste.local_add_table('r', 'public.item');

select pgq_node.create_node('r', 'root', 'here', 'r_worker', null, null, null);

select pgq_node.create_node('l', 'leaf', 'here', 'l_worker', 'root', 10, null);

select * from londiste.local_add_table('r', 'public.item');

select * from londiste.local_add_table('r', 'item');

select * from londiste.local_add_table('r', 'public.keyless');

select * from londiste.local_add_table('r', 'public.nosuch');

select * from londiste.local_add_table('r', 'public.item_view');

select * from londiste.local_add_table('r', 'public.Upper Case', array['backup']);

select * from londiste.local_add_table('nosuch', 'public.item');

select * from londiste.local_add_table('r', null);

select * from londiste.local_add_table(null, 'item');

select * from londiste.local_add_table('r', null, null, null, null);

select tgrelid::regclass, tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1, 2;

select * from londiste.get_table_list('r');

select * from londiste.get_table_list('nosuch');

select * from londiste.get_table_list(null);

insert into item values (1, 'x');

insert into "Upper Case" values (1, 'x');

update "Upper Case" set "N" = 'y';

truncate item;

select ev_type, ev_data, ev_extra1, ev_extra2 from pgq.event_1 order by ev_id;

select * from londiste.local_remove_table('r', 'public.item');

select * from londiste.local_remove_table('r', 'public.item');

select * from londiste.local_remove_table('nosuch', 'public.item');

select * from londiste.local_remove_table(null, null);

select tgrelid::regclass, tgname from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1, 2;

-- every argument that is the table's, not the trigger's
select * from londiste.local_add_table('r', 'public.item', array['expect_sync', 'skip_truncate', 'ignore=name'], 'copy_condition=true');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' and tgrelid = 'item'::regclass order by 1;

select * from londiste.get_table_list('r');

select * from londiste.local_change_handler('r', 'public.item', array['tgflags=BIUQ', 'when=id > 0'], 'handler=x');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' and tgrelid = 'item'::regclass order by 1;

select * from londiste.get_table_list('r');

select * from londiste.local_change_handler('r', 'public.nosuch', null, null);

select * from londiste.local_change_handler('nosuch', 'public.item', null, null);

select * from londiste.local_change_handler(null, null, null, null);

select * from londiste.local_change_handler('r', 'public.item', null, null);

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' and tgrelid = 'item'::regclass order by 1;

select londiste.drop_table_triggers('r', 'public.item');

select tgname from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' and tgrelid = 'item'::regclass order by 1;

select londiste.drop_table_triggers('r', 'public.nosuch');

select londiste.drop_table_triggers('nosuch', 'public.item');

select londiste.drop_table_triggers(null, null);

select * from londiste.local_remove_table('r', 'item');

select * from londiste.local_add_table('r', 'public.item', array['no_triggers']);

select * from londiste.local_remove_table('r', 'public.item');

select * from londiste.local_add_table('r', 'public.ghost', array['virtual_table']);

select * from londiste.get_table_list('r');

select * from londiste.local_remove_table('r', 'public.ghost');

select * from londiste.local_add_table('r', 'public.logical', '{}', null, 'public.item');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' and tgrelid = 'item'::regclass order by 1;

insert into item values (2, 'through another name');

truncate item;

select * from londiste.get_table_list('r');

select * from londiste.local_remove_table('r', 'public.logical');

select * from londiste.local_add_table('r', 'public.item', array['nonsense']);

insert into item values (3, 'x');

select * from londiste.local_remove_table('r', 'public.item');

select * from londiste.local_set_table_attrs('r', 'public.Upper Case', 'a=b&c=d');

select * from londiste.local_set_table_attrs('r', 'Upper Case', null);

select * from londiste.local_set_table_attrs('r', 'public.nosuch', 'a=b');

select * from londiste.local_set_table_attrs(null, null, null);

select * from londiste.local_set_table_state('r', 'public.Upper Case', '10:20:15', 'in-copy');

select * from londiste.local_set_table_struct('r', 'public.Upper Case', 'create index x');

select * from londiste.local_set_table_state('r', 'public.Upper Case', null, 'ok');

select * from londiste.get_table_list('r');

select * from londiste.local_set_table_struct('r', 'public.Upper Case', null);

select * from londiste.local_set_table_state('r', 'public.Upper Case', null, null);

select * from londiste.local_set_table_state('r', 'public.Upper Case', null, 'nosuch-state');

select * from londiste.local_set_table_struct('r', 'public.Upper Case', 'create index x');

select * from londiste.local_set_table_state('r', 'public.nosuch', null, 'ok');

select * from londiste.local_set_table_state(null, null, null, null);

select * from londiste.local_set_table_struct('r', 'public.nosuch', 'x');

select * from londiste.local_set_table_struct(null, null, null);

select * from londiste.global_add_table('r', 'public.item');

select * from londiste.global_remove_table('r', 'public.item');

select ev_type, ev_data, ev_extra1, ev_extra2 from pgq.event_1 order by ev_id;

-- on a root: a table in its own right, and one that only the queue knows
select * from londiste.local_add_table('r', 'public.item');

select * from londiste.global_remove_table('r', 'item');

select tgname from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' and tgrelid = 'item'::regclass;

select ev_type, ev_data, ev_extra1, ev_extra2 from pgq.event_1 order by ev_id desc limit 2;

-- a leaf
select * from londiste.local_add_table('l', 'public.item');

select * from londiste.global_add_table('l', 'public.item');

select * from londiste.global_add_table('l', 'public.item');

select * from londiste.global_add_table('l', 'keyless');

select * from londiste.global_add_table('nosuch', 'public.item');

select * from londiste.global_add_table(null, null);

select * from londiste.local_show_missing('l') order by 1, 2;

select * from londiste.local_show_missing('r') order by 1, 2;

select * from londiste.local_show_missing('nosuch');

select * from londiste.local_show_missing(null);

select * from londiste.local_add_table('l', 'item');

select * from londiste.local_add_table('l', 'public.item');

select * from londiste.local_add_table('l', 'public.keyless');

select * from londiste.get_table_list('l');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' and tgrelid = 'item'::regclass order by 1;

insert into item values (4, 'denied');

truncate item;

select * from londiste.local_set_table_state('l', 'public.item', null, 'in-copy');

select * from londiste.local_set_table_state('l', 'public.item', '1:2:', 'catching-up');

select * from londiste.local_set_table_state('l', 'public.item', null, 'wanna-sync:5');

select * from londiste.local_set_table_state('l', 'public.item', null, 'do-sync:6');

select * from londiste.get_table_list('l');

select * from londiste.local_set_table_state('l', 'public.item', null, 'ok');

select * from londiste.global_remove_table('l', 'public.item');

select * from londiste.global_remove_table('l', 'public.item');

select * from londiste.global_remove_table('nosuch', 'public.item');

select * from londiste.global_remove_table(null, null);

select tgname from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' and tgrelid = 'item'::regclass order by 1;

select * from londiste.local_show_missing('l') order by 1, 2;

insert into londiste.table_info (queue_name, table_name) values ('r', 'public.keyless');

insert into londiste.table_info (queue_name, table_name) values ('l', 'public.made by hand');

delete from londiste.table_info;

select tgrelid::regclass, tgname from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1, 2;
