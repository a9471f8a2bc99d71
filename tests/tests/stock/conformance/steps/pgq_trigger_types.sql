select pgq.create_queue('q');

create extension citext;

create collation public.nd (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

create type public.mood as enum ('sad', 'ok');

create type public.pair as (a numeric, b text);

create type public.blob as (a numeric, b json);

create domain public.rate as numeric check (value >= 0);

-- a change that the type's equality does not see is none
create table public.t (id numeric primary key, n numeric, r rate, c citext, f float8, j jsonb, i interval, js json, b char(5), tz timetz, net inet, ci cidr,
    m mood, p pair, bl blob, an numeric[], aj json[], rg numrange, nd text collate nd, vnd varchar(10) collate nd, pt point, x bit(3), nm name, bx box, ts tsvector);

create trigger a after insert or update or delete on public.t for each row execute function pgq.sqltriga('q');

create trigger b after insert or update or delete on public.t for each row execute function pgq.logutriga('q', 'ignore=c', 'backup');

create trigger c after insert or update or delete on public.t for each row execute function pgq.jsontriga('q', 'ignore=n,nd');

insert into t values (1.0, 1.0, 1.0, 'a b', 0, '{"a": 1.0}', '1 day', '{}', 'a', '10:00+00', '10.0.0.1', '10.0.0.0/8', 'sad', '(1.0,b)', '(1.0,"[]")', '{1.0,2}', '{1}',
    '[1.0,2)', 'a b', 'c d', '(1,2)', '101', 'name', '(1,1),(0,0)', 'a:1');

update t set n = 1.00;

update t set r = 1.00, id = 1.00;

update t set c = 'A B';

update t set f = '-0'::float8;

update t set j = '{"a": 1.00}', i = '24 hours';

update t set js = '{ }';

update t set b = 'a  ', tz = '11:00+01';

update t set net = '10.0.0.1/32', ci = '10.0.0.0/9';

update t set p = '(1.00,b)';

update t set bl = '(1.00,"[]")';

update t set bl = '(1.00,"[ ]")';

update t set an = '{1.00,2}', m = 'ok';

update t set aj = '{"1 "}';

update t set rg = '[1.00,2)';

update t set nd = 'A B', vnd = 'C D';

update t set pt = '(1.0,2)', x = '111', nm = 'name2';

update t set bx = '(2,0.5),(0,0)';

update t set ts = 'a:1,2';

update t set n = null, nd = null, an = null;

update t set n = 5, nd = 'x', an = '{}', f = 'NaN';

update t set n = 5.0, f = 'NaN', nd = 'X';

update t set id = 2;

delete from t;

select ev_id, ev_type, ev_data, ev_extra1, ev_extra2 from pgq.event_1 order by ev_id;

-- settings of the application's session
truncate pgq.event_1, pgq.event_1_0, pgq.event_1_1, pgq.event_1_2;

create table public.s (id int primary key, name text, d date, ts timestamptz, t timestamp, f float8, i interval, raw bytea, m money, "a\b" text);

create trigger a after insert or update or delete on public.s for each row execute function pgq.sqltriga('q', 'ev_extra4=''b\s''');

create trigger b after insert or update or delete on public.s for each row execute function pgq.logutriga('q', 'backup');

create trigger c after insert or update or delete on public.s for each row execute function pgq.jsontriga('q', 'ignore=x\y', 'when=name ~ ''^.''');

set standard_conforming_strings = off;

set escape_string_warning = off;

insert into s values (1, E'O''Neil \\ x"y', '2026-01-02', '2026-01-02 03:04:05+00', '2026-01-02 03:04:05', 0.1, '1 day 02:03:04', E'\\x00ff5c', 5, E'q\\z');

insert into s values (2, E'O''Neil \\ x"y', '2026-01-02', '2026-01-02 03:04:05+00', '2026-01-02 03:04:05', 0.1, '1 day 02:03:04', E'\\x00ff5c', 5, E'q\\z');

update s set name = E'x~\\y';

set standard_conforming_strings = on;

set datestyle = 'German';

update s set name = 'german', t = 'infinity';

set datestyle = 'SQL, DMY';

set timezone = 'America/New_York';

update s set name = 'sql', d = '0044-03-15 BC';

set datestyle = 'ISO, YMD';

set intervalstyle = 'iso_8601';

set extra_float_digits = -10;

set bytea_output = 'escape';

update s set name = 'iso', ts = '0044-03-15 BC', raw = '\x00ff5c27';

reset all;

select ev_id, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra4 from pgq.event_1 order by ev_id;
