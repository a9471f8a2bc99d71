select pgq.create_queue('q');

create table public.item (id int, part text, name text, price numeric(10,2), ok boolean, tags text[], meta jsonb, ts timestamptz, raw bytea, primary key (id, part));

create trigger t_url after insert or update or delete on public.item for each row execute function pgq.logutriga('q');

create trigger t_sql after insert or update or delete on public.item for each row execute function pgq.sqltriga('q');

create trigger u_json after insert or update or delete on public.item for each row execute function pgq.jsontriga('q');

create trigger v_url after insert or update or delete on public.item for each row execute function pgq.logutriga('q', 'backup');

create trigger v_sql after insert or update or delete on public.item for each row execute function pgq.sqltriga('q', 'backup');

create trigger w_json after insert or update or delete on public.item for each row execute function pgq.jsontriga('q', 'backup');

create trigger x_trunc_url after truncate on public.item for each statement execute function pgq.logutriga('q');

create trigger x_trunc_sql after truncate on public.item for each statement execute function pgq.sqltriga('q');

create trigger x_trunc_json after truncate on public.item for each statement execute function pgq.jsontriga('q');

insert into item values (1, 'a b', 'O''Neil & co=x%', 9.50, true, '{x,"y z"}', '{"k": [1, null]}', '2026-01-02 03:04:05+00', '\x00ff');

update item set name = null, ok = false;

update item set price = price;

update item set id = 2;

update item set part = 'c';

delete from item;

insert into item (id, part) values (-1, ''), (2147483647, E'back\\slash "quoted" ''single'' tab\t newline\n cr\r ü € 😀 ~!@#$%^&*()_+-={}[]|:;<>,.?/`');

update item set tags = '{}', meta = '{"a": "\u00e9 \" \\"}', raw = '';

update item set tags = '{NULL,"NULL",a\,b,"\"","\\"}', name = '()', meta = 'null';

update item set name = ',', tags = '{{a,b},{c,d}}', ts = 'infinity';

update item set name = '"', raw = '\x5c27225c00', ts = '2026-06-30 23:59:59.999999+02';

update item set name = '', ts = '-infinity', price = 'NaN';

truncate item;

select ev_id, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, ev_owner, ev_retry from pgq.event_1 order by ev_id;

set session_replication_role = local;

insert into item (id, part) values (1, 'silent');

truncate item;

set session_replication_role = replica;

insert into item (id, part) values (1, 'ordinary triggers do not fire');

alter table item enable always trigger t_url;

insert into item (id, part) values (2, 'one fires always');

reset session_replication_role;

alter table item enable trigger t_url;

select ev_type, ev_data from pgq.event_1 order by ev_id desc limit 2;

create table public.every_type (id bigint primary key, i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, n numeric, b boolean, c char(5), vc varchar(20), t text, nm name, by bytea, d date, ti time, tz timetz, ts timestamp, tstz timestamptz, iv interval, u uuid, j json, jb jsonb, x xml, ia int[], ta text[], inet inet, cidr cidr, mac macaddr, bits bit(4), vbits varbit, p point, bx box, pa path, pg polygon, ci circle, ls lseg, r int4range, tr tstzrange, mo money, tsv tsvector, tsq tsquery, o oid, ch "char");

create trigger a after insert or update or delete on public.every_type for each row execute function pgq.logutriga('q');

create trigger b after insert or update or delete on public.every_type for each row execute function pgq.sqltriga('q');

create trigger c after insert or update or delete on public.every_type for each row execute function pgq.jsontriga('q');

insert into every_type values (9223372036854775807, -32768, -1, 1, 1.5, 0.1, 123456789012345678901234567890.1234567890, true, 'ab', 'v c', 'text', 'name', '\xdeadbeef', '2026-02-03', '04:05:06.7', '04:05:06+02', '2026-02-03 04:05:06.789', '2026-02-03 04:05:06.789+00', '1 year 2 mons 3 days 04:05:06', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a" : 1,  "b":null}', '{"a" : 1,  "b":null}', '<a b="c">d&amp;e</a>', '{1,NULL,3}', '{"a b","c,d",NULL,"",e}', '192.168.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', '1010', '10101', '(1.5,2)', '((0,0),(1,1))', '[(0,0),(1,1)]', '((0,0),(1,1),(2,0))', '<(0,0),5>', '[(0,0),(1,1)]', '[1,5)', '[2026-01-01 00:00:00+00,)', '12.34', 'fat cat', 'fat & cat', 4711, 'x');

insert into every_type (id) values (2);

insert into every_type (id, f4, f8, n, d, ts, tstz, ti) values (3, 'NaN', '-Infinity', 'NaN', 'infinity', '-infinity', 'infinity', '24:00:00');

insert into every_type (id, d, ts, tstz, f8, n) values (4, '0044-03-15 BC', '0044-03-15 12:00:00 BC', '10000-01-01 00:00:00+00', 1e300, 1e40);

insert into every_type (id, f4, f8) values (5, 1e-30, 123456789.123456789), (6, -0.0, 3);

set datestyle = 'German, DMY';

set timezone = 'Asia/Kolkata';

set intervalstyle = 'sql_standard';

set extra_float_digits = -3;

set bytea_output = 'escape';

insert into every_type (id, f8, by, d, ts, tstz, iv) values (7, 0.123456789012345, '\x00ff5c27', '2026-02-03', '2026-02-03 04:05:06', '2026-02-03 04:05:06+00', '1 day 02:03:04');

update every_type set t = 'changed', tstz = '2026-07-08 09:10:11+00' where id = 7;

reset all

set timezone = 'UTC';

update every_type set t = null, jb = '{}', ia = '{}' where id > 5;

delete from every_type where id < 5;

select ev_type, ev_data, ev_extra1, ev_extra2 from pgq.event_1 where ev_extra1 = 'public.every_type' order by ev_id;

create schema "My Schema.x";

create table "My Schema.x"."Odd ""Table""" ("Id" int, "a b" text, "per%cent&=" text, "select" int, "quo""te'" text, primary key ("a b", "Id"));

create trigger a after insert or update or delete on "My Schema.x"."Odd ""Table""" for each row execute function pgq.logutriga('q', 'backup');

create trigger b after insert or update or delete on "My Schema.x"."Odd ""Table""" for each row execute function pgq.sqltriga('q', 'backup');

create trigger c after insert or update or delete on "My Schema.x"."Odd ""Table""" for each row execute function pgq.jsontriga('q', 'backup');

insert into "My Schema.x"."Odd ""Table""" values (1, 'k', 'v', 2, 'w');

update "My Schema.x"."Odd ""Table""" set "select" = 3, "quo""te'" = '"''';

delete from "My Schema.x"."Odd ""Table""";

select ev_type, ev_data, ev_extra1, ev_extra2 from pgq.event_1 where ev_extra1 like 'My%' order by ev_id;

create table public.dropped (id int primary key, gone text, stays text);

alter table public.dropped drop column gone;

create trigger a after insert or update or delete on public.dropped for each row execute function pgq.logutriga('q');

create trigger b after insert or update or delete on public.dropped for each row execute function pgq.sqltriga('q');

create trigger c after insert or update or delete on public.dropped for each row execute function pgq.jsontriga('q');

insert into dropped values (1, 'x');

alter table public.dropped add column fresh int default 5;

update dropped set stays = 'y';

alter table public.dropped rename column stays to renamed;

delete from dropped;

select ev_type, ev_data from pgq.event_1 where ev_extra1 = 'public.dropped' order by ev_id;

create table public.keyless (a int, b text);

create trigger a after insert or update or delete on public.keyless for each row execute function pgq.logutriga('q');

insert into keyless values (1, 'x');

update keyless set b = 'y';

delete from keyless;

drop trigger a on public.keyless;

create trigger a after insert or update or delete on public.keyless for each row execute function pgq.sqltriga('q');

insert into keyless values (1, 'x');

update keyless set b = 'y';

delete from keyless;

drop trigger a on public.keyless;

create trigger a after insert or update or delete on public.keyless for each row execute function pgq.jsontriga('q');

insert into keyless values (1, 'x');

update keyless set b = 'y';

delete from keyless;

drop trigger a on public.keyless;

create table public.generated (id int primary key, n int, twice int generated always as (n * 2) stored, who int generated by default as identity);

create trigger a after insert or update or delete on public.generated for each row execute function pgq.logutriga('q');

create trigger b after insert or update or delete on public.generated for each row execute function pgq.sqltriga('q');

create trigger c after insert or update or delete on public.generated for each row execute function pgq.jsontriga('q');

insert into generated values (1, 5);

update generated set n = 6;

delete from generated;

select ev_type, ev_data from pgq.event_1 where ev_extra1 in ('public.keyless', 'public.generated') order by ev_id;

create domain public.positive as int check (value > 0);

create type public.mood as enum ('sad', 'very happy');

create type public.pair as (a int, b text);

create table public.own_types (id positive primary key, m mood, p pair, pp pair[]);

create trigger a after insert or update or delete on public.own_types for each row execute function pgq.logutriga('q');

create trigger b after insert or update or delete on public.own_types for each row execute function pgq.sqltriga('q');

create trigger c after insert or update or delete on public.own_types for each row execute function pgq.jsontriga('q');

insert into own_types values (1, 'very happy', '(1,"a ""b"" c")', array[row(1, 'x,y')::pair, null]);

update own_types set p = row(null, null), pp = '{}';

update own_types set p = null, pp = null;

delete from own_types;

select ev_type, ev_data from pgq.event_1 where ev_extra1 = 'public.own_types' order by ev_id;
