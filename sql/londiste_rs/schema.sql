set client_min_messages = warning;

create schema if not exists londiste_rs;

-- Layouts of captured rows: which columns, in which order, of which type, and which of them are the key.
create table if not exists londiste_rs.shape (
    shape_id    integer generated always as identity primary key,
    table_name  text not null,
    description text not null
);
-- by its hash: the description of a table with hundreds of columns is too long for an index
alter table londiste_rs.shape drop constraint if exists shape_table_name_description_key;
create unique index if not exists shape_is_registered_once
    on londiste_rs.shape (table_name, hashtextextended(description, 0), hashtextextended(description, 1));

-- Tables whose changes are captured by a generated function, with what the function was generated for.
create table if not exists londiste_rs.capture (
    queue_name    text not null,
    table_name    text not null,
    relid         oid not null,
    function_name text not null,
    layouts       text not null,
    primary key (queue_name, table_name)
);
-- The stamp (capture_stale.sql) with which the capture was last found to be up to date, and when it is to be looked at
-- whatever the stamp.
alter table londiste_rs.capture add column if not exists stamp text;
alter table londiste_rs.capture add column if not exists look_again timestamptz;
-- The state (capture_sound.sql) in which check_capture last found nothing wrong.
alter table londiste_rs.capture add column if not exists sound text;
create index if not exists capture_relid on londiste_rs.capture (relid);

-- What has become of a table that is not there under its name (renames.sql).
alter table londiste_rs.capture add column if not exists notice text;

-- How a queue's tables are captured. unchanged: updates that change nothing as well.
create table if not exists londiste_rs.capture_setting (
    queue_name text primary key,
    unchanged  boolean not null
);

-- User triggers switched off while their table is replicated, and what they were before (pg_trigger.tgenabled).
create table if not exists londiste_rs.relaxed_trigger (
    table_name   text not null,
    trigger_name text not null,
    was_enabled  "char" not null,
    primary key (table_name, trigger_name)
);

-- Why a table does not go on, as far as its worker or copy could say so.
create table if not exists londiste_rs.table_error (
    queue_name text not null,
    table_name text not null,
    error      text not null,
    since      timestamptz not null default now(),
    primary key (queue_name, table_name)
);

-- parked: nobody works on the table until resume-table or resync; it has everything up to tick_id, and event ev_id has
-- failed (parking.sql).
alter table londiste_rs.table_error
    add column if not exists parked  boolean not null default false,
    add column if not exists code    text,
    add column if not exists ev_id   bigint,
    add column if not exists tick_id bigint,
    add column if not exists tried   timestamptz not null default now();

-- Changes that met another state of their row than the source had, and were settled all the same (on_conflict).
create table if not exists londiste_rs.table_conflict (
    queue_name text not null,
    table_name text not null,
    conflicts  bigint not null,
    last_op    text not null,
    last_key   text not null,
    last_ev_id bigint not null,
    last_time  timestamptz not null default now(),
    since      timestamptz not null default now(),
    primary key (queue_name, table_name)
);

-- Which tick a consumer of this database has applied, besides its number in pgq_node.local_state: when it was made, and
-- what it sees on the node that it was read from. Written with the position; where the numbers differ, a worker of
-- another make has gone on since.
create table if not exists londiste_rs.position (
    queue_name    text not null,
    consumer_name text not null,
    tick_id       bigint not null,
    tick_time     timestamptz not null,
    tick_snapshot text not null,
    provider_node text not null,
    primary key (queue_name, consumer_name)
);

reset client_min_messages;

create or replace function londiste_rs.version()
returns text language sql immutable
as $$ select '0.2.0'::text $$;

-- Name of a relation as the API stores it: schema and name with a dot, unquoted.
create or replace function londiste_rs.plain_name(i_rel oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- one row, whatever the catalogs show: a TRUNCATE of the application's was once told of two, by version 13
    return (select n.nspname || '.' || c.relname
              from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.oid = i_rel
             limit 1);
end $$;

-- Name of a relation as an SQL identifier with its schema.
create or replace function londiste_rs.quoted_name(i_rel oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('%I.%I', n.nspname, c.relname)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = i_rel
$$;

-- The relation of an API name, null where there is none. A name without a dot means schema public. Where both schema
-- and name may contain dots, the first dot that leads to a relation separates them: what the stock API would find, if
-- it finds anything, comes first.
create or replace function londiste_rs.find_relation(i_name text)
returns oid language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
    select c.oid
      from (select case when strpos(i_name, '.') > 0 then i_name else 'public.' || i_name end) full_name (n)
      join pg_namespace s on starts_with(full_name.n, s.nspname || '.')
      join pg_class c on c.relnamespace = s.oid and c.relname = substr(full_name.n, length(s.nspname) + 2)
     order by length(s.nspname)
     limit 1);
end $$;

-- A search_path in which names without schema mean what is in the schemas of these relations, but nothing takes the
-- place of what PostgreSQL has itself. The definitions that stock tools keep have such names.
create or replace function londiste_rs.search_path_of(variadic i_rels oid[])
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select concat_ws(', ', 'pg_catalog',
                     (select string_agg(quote_ident(n.nspname), ', ' order by r.place)
                        from unnest(i_rels) with ordinality r (rel, place)
                        join pg_class c on c.oid = r.rel
                        join pg_namespace n on n.oid = c.relnamespace),
                     'pg_temp')
$$;

-- Name of a queue's triggers on a table, by the rule of the stock API: it leaves room for what is put before and after
-- it, and replaces a queue's name that is too long for that by its hash.
create or replace function londiste_rs.trigger_name(i_queue_name text)
returns text language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return '_londiste_' || case when octet_length('zzz__londiste_' || i_queue_name || '_truncate') <= 63
                                    then i_queue_name
                                else md5(i_queue_name) end;
end $$;
