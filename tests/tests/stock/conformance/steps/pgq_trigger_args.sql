select pgq.create_queue('q');

create table public.t (id int primary key, name text, noise int);

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'backup');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'backup');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'backup');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'pkey=name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'pkey=name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'pkey=name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'pkey=id,name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'pkey=id,name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'pkey=id,name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'pkey=nosuch');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'pkey=nosuch');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'pkey=nosuch');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'pkey=');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'pkey=');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'pkey=');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ignore=noise');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ignore=noise');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ignore=noise');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ignore=noise,name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ignore=noise,name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ignore=noise,name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ignore=id');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ignore=id');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ignore=id');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ignore=nosuch');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ignore=nosuch');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ignore=nosuch');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ignore=noise', 'ignore=name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ignore=noise', 'ignore=name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ignore=noise', 'ignore=name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ignore=noise', 'backup');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ignore=noise', 'backup');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ignore=noise', 'backup');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'when=id > 1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'when=id > 1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'when=id > 1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'when=name is null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'when=name is null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'when=name is null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'when=null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'when=null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'when=null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'when=''text''');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'when=''text''');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'when=''text''');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'when=nosuch = 1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'when=nosuch = 1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'when=nosuch = 1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'when=');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'when=');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'when=');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ev_type=name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ev_type=name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ev_type=name');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ev_type=''fixed''');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ev_type=''fixed''');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ev_type=''fixed''');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ev_type=null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ev_type=null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ev_type=null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ev_data=name || id');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ev_data=name || id');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ev_data=name || id');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ev_extra1=''x'' || id', 'ev_extra2=name', 'ev_extra3=noise', 'ev_extra4=now() is null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ev_extra1=''x'' || id', 'ev_extra2=name', 'ev_extra3=noise', 'ev_extra4=now() is null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ev_extra1=''x'' || id', 'ev_extra2=name', 'ev_extra3=noise', 'ev_extra4=now() is null');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'backup', 'ev_extra2=''mine''');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'backup', 'ev_extra2=''mine''');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'backup', 'ev_extra2=''mine''');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ev_extra5=1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'ev_extra5=1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ev_extra5=1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'deny');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'deny');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'deny');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'SKIP');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'SKIP');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'SKIP');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'skip');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'skip');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'skip');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'nosuch');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'nosuch');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'nosuch');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', '');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', '');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', '');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'nosuch=1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'nosuch=1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'nosuch=1');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'BACKUP');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('q', 'BACKUP');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'BACKUP');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga();

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga();

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga();

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('nosuch queue');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('nosuch queue');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('nosuch queue');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.logutriga('');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.sqltriga('');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

create trigger tr after insert or update or delete on public.t for each row execute function pgq.jsontriga('');

insert into t values (1, 'a', 1), (2, null, 2);

update t set noise = 5 where id = 1;

update t set noise = 6, name = 'b' where id = 2;

update t set name = name where id = 2;

delete from t;

drop trigger tr on public.t;

truncate public.t;

select ev_id, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_1 order by ev_id;
