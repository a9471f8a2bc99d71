-- What `londiste compare` has found out, and where it goes on after an interruption. On the leaf that was compared.

set client_min_messages = warning;

-- One line for each table: the comparison that runs, or the last one.
create table if not exists londiste_rs.comparison (
    queue_name text not null,
    table_name text not null,
    -- what is compared and how, in one word: another definition starts over
    definition text not null,
    began      timestamptz not null default now(),
    -- the first tick that rows were compared at, and what it sees on the root: changes behind it are in doubt again
    since_tick bigint,
    since_time timestamptz,
    since_snapshot text,
    -- rows up to this key, in the order of the key, are done (JSON array of texts); null: none
    done_up_to text,
    read_all   boolean not null default false,
    -- the tick of the last pair of snapshots
    at_tick    bigint,
    at_time    timestamptz,
    rows_compared bigint not null default 0,
    rows_expected bigint,
    differing  bigint not null default 0,
    finished   timestamptz,
    verdict    text check (verdict in ('equal', 'differs', 'unverified')),
    reason     text,
    -- how the comparison before this one has ended, which holds until this one has
    earlier_verdict text check (earlier_verdict in ('equal', 'differs', 'unverified')),
    earlier_differing bigint not null default 0,
    earlier_finished timestamptz,
    primary key (queue_name, table_name)
);
alter table londiste_rs.comparison
    add column if not exists earlier_verdict text check (earlier_verdict in ('equal', 'differs', 'unverified')),
    add column if not exists earlier_differing bigint not null default 0,
    add column if not exists earlier_finished timestamptz;

-- Keys (JSON arrays of texts; of a table without key the row as text) that are still to be compared: they changed while
-- their range was.
create table if not exists londiste_rs.comparison_key (
    queue_name text not null,
    table_name text not null,
    row_key    text not null
);
create index if not exists comparison_key_table on londiste_rs.comparison_key (queue_name, table_name);

-- Rows that differ, at most a thousand for each table: what `londiste repair` begins with.
create table if not exists londiste_rs.comparison_row (
    queue_name text not null,
    table_name text not null,
    row_key    text not null,
    kind       text not null check (kind in ('differs', 'missing on target', 'missing on source')),
    columns    text[]
);
create index if not exists comparison_row_table on londiste_rs.comparison_row (queue_name, table_name);

-- Queues whose running comparison is to end.
create table if not exists londiste_rs.comparison_stop (
    queue_name text primary key
);

reset client_min_messages;

-- A table that is copied again, or leaves replication, has not been compared.
create or replace function londiste_rs.forget_comparison(i_queue_name text, i_table_name text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    delete from londiste_rs.comparison c where c.queue_name = i_queue_name and c.table_name = i_table_name;
    delete from londiste_rs.comparison_key k where k.queue_name = i_queue_name and k.table_name = i_table_name;
    delete from londiste_rs.comparison_row r where r.queue_name = i_queue_name and r.table_name = i_table_name;
$$;

-- Begins the comparison of tables, or goes on with those that have not come to their end and are of the same
-- definition: their lines, in the order of the tables.
create or replace function londiste_rs.begin_comparisons(
    i_queue_name text, i_table_names text[], i_definitions text[], i_rows_expected bigint[])
returns setof londiste_rs.comparison language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    with anew as (
        update londiste_rs.comparison c
           set definition = u.definition, began = now(), since_tick = null, since_time = null, since_snapshot = null,
               done_up_to = null, read_all = false, at_tick = null, at_time = null, rows_compared = 0,
               rows_expected = u.expected, differing = 0, finished = null, verdict = null, reason = null,
               earlier_verdict = coalesce(c.verdict, c.earlier_verdict),
               earlier_differing = case when c.verdict is null then c.earlier_differing else c.differing end,
               earlier_finished = case when c.verdict is null then c.earlier_finished else c.finished end
          from rows from (unnest(i_table_names), unnest(i_definitions),
                          unnest(i_rows_expected)) u (name, definition, expected)
         where c.queue_name = i_queue_name and c.table_name = u.name
           and not (c.definition = u.definition and c.finished is null)
        returning c.table_name),
    no_rows as (
        delete from londiste_rs.comparison_row r using anew
         where r.queue_name = i_queue_name and r.table_name = anew.table_name)
    delete from londiste_rs.comparison_key k using anew
     where k.queue_name = i_queue_name and k.table_name = anew.table_name;
    insert into londiste_rs.comparison (queue_name, table_name, definition, rows_expected)
    select i_queue_name, u.name, u.definition, u.expected
      from rows from (unnest(i_table_names), unnest(i_definitions),
                      unnest(i_rows_expected)) u (name, definition, expected)
        on conflict do nothing;
    return query
    select c.*
      from unnest(i_table_names) with ordinality u (name, place)
      join londiste_rs.comparison c on c.queue_name = i_queue_name and c.table_name = u.name
     order by u.place;
end;
$$;
