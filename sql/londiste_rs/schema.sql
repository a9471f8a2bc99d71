set client_min_messages = warning;

create schema if not exists londiste_rs;

-- Layouts of captured rows: which columns, in which order, of which type, and which of them are the key.
create table if not exists londiste_rs.shape (
    shape_id    integer generated always as identity primary key,
    table_name  text not null,
    description text not null,
    unique (table_name, description)
);

-- Tables whose changes are captured by a generated function, with what the function was generated for.
create table if not exists londiste_rs.capture (
    queue_name    text not null,
    table_name    text not null,
    relid         oid not null,
    function_name text not null,
    layouts       text not null,
    primary key (queue_name, table_name)
);

-- Foreign keys made deferrable while an end of theirs is replicated, and what they were before.
create table if not exists londiste_rs.relaxed_fkey (
    table_name     text not null,
    fkey_name      text not null,
    was_deferrable boolean not null,
    was_deferred   boolean not null,
    primary key (table_name, fkey_name)
);

-- User triggers switched off while their table is replicated, and what they were before (pg_trigger.tgenabled).
create table if not exists londiste_rs.relaxed_trigger (
    table_name   text not null,
    trigger_name text not null,
    was_enabled  "char" not null,
    primary key (table_name, trigger_name)
);

-- Foreign keys that came back NOT VALID after a copy and are still to be validated.
create table if not exists londiste_rs.unvalidated_fkey (
    table_name text not null,
    fkey_name  text not null,
    error      text,
    primary key (table_name, fkey_name)
);

-- Why a table does not go on, as far as its worker or copy could say so.
create table if not exists londiste_rs.table_error (
    queue_name text not null,
    table_name text not null,
    error      text not null,
    since      timestamptz not null default now(),
    primary key (queue_name, table_name)
);

reset client_min_messages;

create or replace function londiste_rs.version()
returns text language sql immutable
as $$ select '0.1.0'::text $$;

-- Name of a relation as the API stores it: schema and name with a dot, unquoted.
create or replace function londiste_rs.plain_name(i_rel oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select n.nspname || '.' || c.relname
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = i_rel
$$;

-- The relation of an API name, null where there is none. A name without a dot means schema public.
create or replace function londiste_rs.find_relation(i_name text)
returns oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.oid
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where (strpos(i_name, '.') > 0 and n.nspname = left(i_name, strpos(i_name, '.') - 1)
            and c.relname = substr(i_name, strpos(i_name, '.') + 1))
        or (strpos(i_name, '.') = 0 and n.nspname = 'public' and c.relname = i_name)
$$;
