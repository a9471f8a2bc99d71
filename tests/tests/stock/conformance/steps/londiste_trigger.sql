select pgq_node.register_location('Q "x".y', 'here', 'dbname=here', false);

select pgq_node.create_node('Q "x".y', 'root', 'here', 'w', null, null, null);

create table public.t (id int primary key, v text);

select * from londiste.create_trigger('Q "x".y', 'public.t', null, 'public.t', 'root');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1;

select * from londiste.create_trigger('Q "x".y', 'public.t', null, 'public.t', 'leaf');

-- differs: stock leaves a truncate trigger of before as it is, a leaf's must deny
select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1;

select * from londiste.create_trigger('Q "x".y', 'public.t', '{}', 'public.t', 'branch');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1;

select * from londiste.create_trigger('q', 'public.other', array['backup', 'pkey=id', 'tgflags=AIUDL'], 'public.t', 'root');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1;

select * from londiste.create_trigger('j', 'public.t', array['tgflags=jiu'], 'public.t', 'root');

select * from londiste.create_trigger('s', 'public.t', array['tgflags=BQS'], 'public.t', 'root');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1;

select * from londiste.create_trigger('after', 'public.t', null, 'public.t', 'root');

select * from londiste.create_trigger('before', 'public.t', array['tgflags=B'], 'public.t', 'root');

select * from londiste.create_trigger('skip', 'public.t', array['skip', 'tgflags=B'], 'public.t', 'root');

select * from londiste.create_trigger('skip_after', 'public.t', array['skip'], 'public.t', 'root');

select * from londiste.create_trigger('none', 'public.t', array['no_triggers'], 'public.t', 'root');

select * from londiste.create_trigger('none', 'public.t', array['virtual_table'], 'public.t', 'root');

select * from londiste.create_trigger('flags', 'public.t', array['tgflags='], 'public.t', 'root');

select * from londiste.create_trigger('flags', 'public.t', array['tgflags=BXYZ'], 'public.t', 'root');

select * from londiste.create_trigger('flags', 'public.t', array['expect_sync', 'skip_truncate', 'merge_all', 'no_merge', 'unknown', 'it''s', 'tgflags=B'], 'public.t', 'root');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1;

select * from londiste.create_trigger('q', 'public.t', null, 'public.nosuch', 'root');

-- message differs: ours says what is missing
select * from londiste.create_trigger('q', 'public.t', null, null, 'root');

-- differs: a trigger without queue cannot be named, whatever else is there
select * from londiste.create_trigger(null, 'public.t', null, 'public.t', 'root');

select * from londiste.create_trigger('q', null, array['tgflags=B'], 'public.t', 'root');

create table public.fresh (id int primary key, v text);

select * from londiste.create_trigger('q', 'public.fresh', null, 'public.fresh', null);

-- differs: stock cannot make two triggers of a queue whose name fills theirs
select * from londiste.create_trigger('a_queue_of_very_long_name_that_leaves_little_room_for_more_1', 'public.fresh', null, 'public.fresh', 'root');

drop table public.fresh;

create table public.leaf (id int primary key);

select * from londiste.create_trigger('q', 'public.leaf', array['SKIP', 'backup'], 'public.leaf', 'leaf');

select * from londiste.create_trigger('q2', 'public.leaf', array['skip', 'backup'], 'public.leaf', 'leaf');

select * from londiste.create_trigger('q3', 'public.other', array['tgflags=BS', 'pkey=id', 'backup'], 'public.leaf', 'leaf');

select tgname, tgtype, encode(tgargs, 'escape'), tgfoid::regproc from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' and tgrelid = 'leaf'::regclass order by 1;

select londiste.is_replica_func('pgq.logutriga'::regproc);

select londiste.is_replica_func('pgq.sqltriga'::regproc);

select londiste.is_replica_func('pgq.jsontriga'::regproc);

select londiste.is_replica_func('pgq.version'::regproc);

select londiste.is_replica_func(0);

select londiste.is_replica_func(null);
