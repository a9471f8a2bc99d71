select pgq_node.register_location('q', 'here', 'dbname=here', false);

select pgq_node.register_location('q', 'root', 'dbname=root', false);

select pgq_node.create_node('q', 'leaf', 'here', 'w', 'root', 10, null);

create table public.parent (id int primary key, other int unique);

create table public."Child X" (id int primary key, pid int references parent on delete cascade, o int references parent (other) deferrable initially deferred, self int references "Child X");

create table public.lonely (id int primary key);

-- differs: what is kept must mean the same table under any search_path
select * from londiste.find_table_fkeys('public.parent') order by 1, 2, 3;

set search_path = pg_catalog;

select * from londiste.find_table_fkeys('public.parent') order by 1, 2, 3;

select * from londiste.find_table_fkeys('public.Child X') order by 1, 2, 3;

select * from londiste.find_table_fkeys('parent') order by 1, 2, 3;

select * from londiste.find_table_fkeys('public.lonely');

select * from londiste.find_table_fkeys('public.nosuch');

select * from londiste.find_table_fkeys(null);

select londiste.drop_table_fkey('public.Child X', 'Child X_pid_fkey');

select londiste.drop_table_fkey('public.Child X', 'Child X_pid_fkey');

select londiste.drop_table_fkey('public.Child X', 'nosuch');

select londiste.drop_table_fkey('public.nosuch', 'Child X_pid_fkey');

select londiste.drop_table_fkey(null, null);

select londiste.drop_table_fkey('public.Child X', 'Child X_o_fkey');

select londiste.drop_table_fkey('public.Child X', 'Child X_self_fkey');

select * from londiste.pending_fkeys order by 1, 2, 3;

select conname from pg_constraint where contype = 'f' and conrelid = 'public."Child X"'::regclass;

select * from londiste.get_table_pending_fkeys('public.parent') order by 1, 2, 3;

select * from londiste.get_table_pending_fkeys('public.Child X') order by 1, 2, 3;

select * from londiste.get_table_pending_fkeys('public.lonely');

select * from londiste.get_table_pending_fkeys(null);

select * from londiste.get_valid_pending_fkeys('q');

insert into londiste.table_info (queue_name, table_name, local, merge_state) values ('q', 'public.parent', true, 'ok'), ('q', 'public.Child X', true, 'in-copy');

select * from londiste.get_valid_pending_fkeys('q');

update londiste.table_info set merge_state = 'ok';

select * from londiste.get_valid_pending_fkeys('q') order by 1, 2, 3;

select * from londiste.get_valid_pending_fkeys('nosuch');

select * from londiste.get_valid_pending_fkeys(null);

select londiste.restore_table_fkey('public.Child X', 'Child X_pid_fkey', true);

select londiste.restore_table_fkey('public.Child X', 'Child X_pid_fkey');

select londiste.restore_table_fkey('public.Child X', 'Child X_pid_fkey');

select londiste.restore_table_fkey('public.Child X', 'nosuch', true);

select londiste.restore_table_fkey(null, null);

insert into public."Child X" values (1, null, 77, null);

select londiste.restore_table_fkey('public.Child X', 'Child X_o_fkey', false);

delete from public."Child X";

select londiste.restore_table_fkey('public.Child X', 'Child X_o_fkey', false);

select londiste.restore_table_fkey('public.Child X', 'Child X_self_fkey');

select conname, pg_get_constraintdef(oid) from pg_constraint where contype = 'f' and conrelid = 'public."Child X"'::regclass order by 1;

select * from londiste.pending_fkeys;
