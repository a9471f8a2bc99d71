select pgq.create_queue('q');

create table public.t (id int primary key, name text);

create table public.seen (what text);

create function public.see() returns trigger language plpgsql as $$begin insert into seen values (tg_op); return null; end$$;

create trigger zz after insert or update or delete on public.t for each row execute function see();

-- SKIP swallows the change
create trigger tr before insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'SKIP');

insert into t values (1, 'a');

select * from t;

drop trigger tr on public.t;

insert into t values (1, 'a');

create trigger tr before insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'SKIP');

update t set name = 'b';

delete from t;

select * from t;

drop trigger tr on public.t;

create trigger tr before insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'SKIP', 'ignore=name');

update t set name = 'b';

delete from t;

select * from t;

drop trigger tr on public.t;

create trigger tr before insert or update or delete on public.t for each row execute function pgq.logutriga('q');

update t set name = 'c';

select * from t;

drop trigger tr on public.t;

-- triggers of statements
create trigger tr after insert or update or delete on public.t for each statement execute function pgq.logutriga('q');

insert into t values (5, 'x');

drop trigger tr on public.t;

create trigger tr after insert on public.t for each statement execute function pgq.sqltriga('q');

insert into t values (5, 'x');

drop trigger tr on public.t;

create trigger tr after insert on public.t for each statement execute function pgq.jsontriga('q');

insert into t values (5, 'x');

drop trigger tr on public.t;

-- truncate, with every argument that matters
create trigger tr after truncate on public.t for each statement execute function pgq.logutriga('q', 'deny');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.sqltriga('q', 'backup', 'ignore=name', 'pkey=name');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.sqltriga('q', 'when=true');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.logutriga('q', 'ev_type=''x''');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.logutriga('q', 'SKIP');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.sqltriga();

truncate t;

drop trigger tr on public.t;

create trigger tr before truncate on public.t for each statement execute function pgq.jsontriga('q', 'backup');

truncate t;

drop trigger tr on public.t;

create trigger tr before truncate on public.t for each statement execute function pgq.logutriga('q', 'SKIP');

insert into t values (1, 'stays?');

truncate t;

select * from t;

drop trigger tr on public.t;

create trigger tr before truncate on public.t for each statement execute function pgq.logutriga('q', 'deny');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.logutriga('q', 'pkey=name');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.sqltriga('q', 'ignore=name');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.sqltriga('q', 'ignore=name', 'when=true');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.sqltriga('q', 'backup', 'when=true');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.sqltriga('q', 'backup', 'pkey=name');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.sqltriga('q', 'pkey=name', 'ev_type=1');

truncate t;

drop trigger tr on public.t;

create trigger tr after truncate on public.t for each statement execute function pgq.sqltriga('q', 'ignore=');

truncate t;

drop trigger tr on public.t;

-- columns that stand for fields of the event
create table public.magic (id int primary key, name text, _pgq_ev_type text, _pgq_ev_extra1 text, _pgq_ev_extra2 text, _pgq_ev_extra3 text, _pgq_ev_extra4 text, _pgq_ev_data text);

create trigger a after insert or update or delete on public.magic for each row execute function pgq.logutriga('q');

create trigger b after insert or update or delete on public.magic for each row execute function pgq.sqltriga('q', 'backup');

create trigger c after insert or update or delete on public.magic for each row execute function pgq.jsontriga('q', 'ev_type=''expression''');

insert into magic values (1, 'n', 'my type', 'e1', 'e2', 'e3', 'e4', 'my data');

insert into magic values (2, 'n');

update magic set name = 'm';

update magic set _pgq_ev_type = 'changed';

delete from magic;

create table public.half_magic (id int primary key, name text, _pgq_ev_type text);

create trigger a after insert or update or delete on public.half_magic for each row execute function pgq.logutriga('q');

create trigger b after insert or update or delete on public.half_magic for each row execute function pgq.sqltriga('q');

create trigger c after insert or update or delete on public.half_magic for each row execute function pgq.jsontriga('q');

insert into half_magic values (1, 'n', 'typed');

update half_magic set name = 'm', _pgq_ev_type = 'retyped';

delete from half_magic;

create table public.bad_magic (id int primary key, _pgq_ev_nosuch text);

create trigger a after insert or update or delete on public.bad_magic for each row execute function pgq.logutriga('q');

insert into bad_magic values (1, 'x');

create table public.only_key (id int primary key);

create trigger a after insert or update or delete on public.only_key for each row execute function pgq.logutriga('q');

create trigger b after insert or update or delete on public.only_key for each row execute function pgq.sqltriga('q');

insert into only_key values (1);

update only_key set id = id;

delete from only_key;

-- differs: PL/pgSQL refuses it by itself
select pgq.logutriga();

-- into a queue of another name, and with expressions over every row
select pgq.create_queue('Second "queue"');

create table public.filtered (id int primary key, region text, note text);

create trigger a after insert or update or delete on public.filtered for each row execute function pgq.logutriga('Second "queue"', 'when=region = ''eu'' and id % 2 = 0', 'ev_extra3=''hash='' || length(coalesce(note, '''')) % 4', 'ignore=note');

insert into filtered select n, case when n < 5 then 'eu' else 'us' end, repeat('x', n) from generate_series(1, 8) n;

update filtered set note = 'quiet';

update filtered set region = 'eu';

delete from filtered;

-- inheritance and partitions
create table public.parent (id int, v text, primary key (id)) partition by range (id);

create table public.parent_1 partition of public.parent for values from (1) to (10);

create table public.parent_2 partition of public.parent for values from (10) to (20);

create trigger a after insert or update or delete on public.parent for each row execute function pgq.logutriga('q');

insert into parent values (1, 'a'), (11, 'b');

update parent set v = 'c';

delete from parent;

-- on conflict, copy of rows, changes by other triggers
create trigger a after insert or update or delete on public.t for each row execute function pgq.sqltriga('q');

insert into t values (7, 'x');

insert into t values (7, 'y') on conflict (id) do update set name = excluded.name || '!';

insert into t select n, 'row ' || n from generate_series(20, 22) n;

select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_1 order by ev_id;

select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_2 order by ev_id;

select * from seen;
