create table public.log (id int primary key, at timestamptz, note text);

create index log_note on public.log (note);

create function public.noop() returns trigger language plpgsql as $$begin return new; end$$;

create trigger tr before insert on public.log for each row execute function noop();

create rule ru as on delete to public.log do nothing;

grant select on public.log to pgq_reader;

select londiste.create_partition('public.log', 'public.log_2026_02', 'id', 'at', '2026-02-10 00:00:00+00', 'month');

select londiste.create_partition('public.log', 'public.log_2026_02', 'id', 'at', '2026-02-10 00:00:00+00', 'month');

select londiste.create_partition('public.log', 'public.log_2026_02_03', 'id', 'at', '2026-02-03 12:34:56+00', 'day');

select londiste.create_partition('log', 'log_2026', 'id', 'at', '2026-02-03 12:34:56+00', 'year');

select londiste.create_partition('public.log', 'public.log_week', 'id', 'at', '2026-02-03 12:34:56+00', 'week');

select londiste.create_partition('public.log', 'public.log_hour', 'id', 'at', '2026-02-03 12:34:56+00', 'hour');

select londiste.create_partition('public.log', 'public.log_plain', 'id', null, null, null);

select londiste.create_partition('public.log', 'public.log_empty', '', '', now(), '');

select londiste.create_partition('public.log', 'public.log_bad', 'id', 'at', now(), 'fortnight');

select londiste.create_partition('public.log', 'public.log_bad', 'id', 'nosuch', now(), 'day');

select londiste.create_partition('public.nosuch', 'public.log_bad', 'id', 'at', now(), 'day');

select londiste.create_partition(null, null, null, null, null, null);

select c.relname, x.conname, pg_get_constraintdef(x.oid) from pg_constraint x join pg_class c on c.oid = x.conrelid where c.relname like 'log%' order by 1, 2;

select indexdef from pg_indexes where tablename like 'log%' order by 1;

select tgrelid::regclass, tgname from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1, 2;

select tablename, rulename from pg_rules where tablename like 'log%' order by 1;

select table_name, grantee, privilege_type from information_schema.table_privileges where table_name like 'log%' and grantee = 'pgq_reader' order by 1, 2, 3;

select londiste.is_obsolete_partition('public.log_2020_01', '1 month', 'month');

select londiste.is_obsolete_partition('public.log_2099_01', '1 month', 'month');

select londiste.is_obsolete_partition('public.log_2020_01_02', '1 month', 'day');

select londiste.is_obsolete_partition('public.log_2020_01_02_03', '1 month', 'hour');

select londiste.is_obsolete_partition('public.log_2020', '1 month', 'year');

select londiste.is_obsolete_partition('public.log_2020_01', '1 month', 'day');

select londiste.is_obsolete_partition('public.log_2020_01', '1 month', 'week');

select londiste.is_obsolete_partition('public.log', '1 month', 'month');

select londiste.is_obsolete_partition('public.log_2020_01', null, 'month');

select londiste.is_obsolete_partition('public.log_2020_01', '1 month', null);

select londiste.is_obsolete_partition(null, '1 month', 'month');

create table public.log_2020_01 () inherits (public.log);

create table public.log_2020_02 () inherits (public.log);

create table public.log_2019_12_31 () inherits (public.log);

create table public."log_X_2020_03" () inherits (public.log);

create table public.log_2099_01 () inherits (public.log);

create table public.log_x_2020_01 () inherits (public.log);

create table public.other_2020_01 () inherits (public.log);

create schema elsewhere;

create table elsewhere.log_2020_01 () inherits (public.log);

select * from londiste.list_obsolete_partitions('public.log', '1 month', 'month') order by 1;

select * from londiste.list_obsolete_partitions('public.log', '1 month', 'day') order by 1;

select * from londiste.list_obsolete_partitions('log', '1 month', 'year') order by 1;

select * from londiste.list_obsolete_partitions('public.nosuch', '1 month', 'month');

select * from londiste.list_obsolete_partitions('public.log', '1 month', 'century');

-- differs: no table has no partitions
select * from londiste.list_obsolete_partitions(null, null, null);

select * from londiste.drop_obsolete_partitions('public.log', '1 month', 'month') order by 1;

select * from londiste.drop_obsolete_partitions('public.log', '1 month', 'month');

select * from londiste.drop_obsolete_partitions('public.nosuch', '1 month', 'month');

-- differs: no table has no partitions
select * from londiste.drop_obsolete_partitions(null, null, null);

select inhrelid::regclass from pg_inherits where inhparent = 'public.log'::regclass order by 1;
