-- What a copy that is under way has to know after a crash. Everything here is written in the same transactions as the
-- rows.
set client_min_messages = warning;

-- One for each table whose rows are partly or wholly on this node while its state is in-copy. step: rows, indexes.
-- staging: table in this schema that keeps what was changed since first_snapshot; null for a copy under one snapshot.
-- source_files, target_file, target_files (of partitions): what a rewrite or a TRUNCATE changes. layout: the columns
-- that are copied.
create table if not exists londiste_rs.copy_run (
    queue_name     text not null,
    table_name     text not null,
    dest_table     text not null,
    attempt        integer not null default 1,
    step           text not null,
    provider_node  text not null,
    first_tick     bigint not null,
    first_snapshot text not null,
    source_files   text not null,
    target_file    oid not null,
    layout         text not null,
    staging        text,
    why_whole      text,
    began          timestamptz not null default now(),
    primary key (queue_name, table_name)
);

-- Ranges of pages of the source's relations that are on this node, each committed together with its rows. end_page
-- null: to the end.
create table if not exists londiste_rs.copy_chunk (
    queue_name  text not null,
    table_name  text not null,
    relation    text not null,
    first_page  bigint not null,
    end_page    bigint,
    snapshot    text not null,
    rows        bigint not null,
    bytes       bigint not null,
    seconds     double precision not null,
    committed   timestamptz not null default now(),
    primary key (queue_name, table_name, relation, first_page),
    foreign key (queue_name, table_name) references londiste_rs.copy_run on delete cascade
);

-- Ticks that the source made after a copy of the table had read of it, until the copy has come to them: a source that
-- lacks one was set back, and what was read may be no part of its history.
create table if not exists londiste_rs.copy_tick (
    queue_name    text not null,
    table_name    text not null,
    tick_id       bigint not null,
    tick_time     timestamptz not null,
    tick_snapshot text not null,
    provider_node text not null,
    primary key (queue_name, table_name, tick_id)
);

-- The relation's file: of partitions that have come since, copy_run does not tell.
alter table londiste_rs.copy_chunk add column if not exists file text;

alter table londiste_rs.copy_run add column if not exists target_files text;

-- Chunks that an older version has left behind: of no copy, or of one before the copy under way.
delete from londiste_rs.copy_chunk c
 where not exists (select from londiste_rs.copy_run r
                    where r.queue_name = c.queue_name and r.table_name = c.table_name and r.began <= c.committed);

-- How far copies are, written every second by the process that makes them. step: copy, reconcile, indexes (done of
-- total), catch up (done: events still to come, at most).
create table if not exists londiste_rs.copy_progress (
    queue_name       text not null,
    table_name       text not null,
    step             text not null,
    rows             bigint not null,
    bytes            bigint not null,
    expected_bytes   bigint not null,
    bytes_per_second double precision not null,
    done             bigint not null,
    total            bigint not null,
    began            timestamptz not null default now(),
    updated          timestamptz not null default now(),
    primary key (queue_name, table_name)
);

-- What keeps a copy from going as fast as it could, for people.
alter table londiste_rs.copy_progress add column if not exists remark text;

reset client_min_messages;

-- The files that hold a table's rows here.
create or replace function londiste_rs.copy_files(i_rel oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(string_agg(format('%s:%s', r.relid, coalesce(pg_relation_filenode(r.relid), 0)),
                               ',' order by r.relid), '')
      from londiste_rs.row_relations(i_rel) r
$$;

-- Whether all files are there that were: partitions may have come, none has gone or was emptied or rewritten.
create or replace function londiste_rs.copy_keeps_files(i_rel oid, i_files text)
returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select not exists (select unnest(string_to_array(i_files, ',')) except
                       select unnest(string_to_array(londiste_rs.copy_files(i_rel), ',')))
$$;

-- Begins a new attempt at a run: no transaction of an earlier one can commit any more. Partitions that have come since
-- are known from now on. Returns its number, null where there is no run.
create or replace function londiste_rs.copy_take_over(i_queue_name text, i_table_name text)
returns integer language sql
set search_path = pg_catalog, pg_temp
as $$
    update londiste_rs.copy_run r
       set attempt = r.attempt + 1,
           target_files = case when londiste_rs.copy_keeps_files(
                                        londiste_rs.find_relation(r.dest_table), r.target_files)
                               then londiste_rs.copy_files(londiste_rs.find_relation(r.dest_table))
                               else r.target_files end
     where r.queue_name = i_queue_name and r.table_name = i_table_name
    returning r.attempt
$$;

-- Whether an attempt is still the one that counts, until the end of the transaction: nobody has begun another, the
-- table is still to be copied, and nobody has emptied or rewritten it here.
create or replace function londiste_rs.copy_holds(i_queue_name text, i_table_name text, i_attempt integer)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    run record;
begin
    select r.target_files, londiste_rs.find_relation(r.dest_table) as relation into run
      from londiste_rs.copy_run r
     where r.queue_name = i_queue_name and r.table_name = i_table_name and r.attempt = i_attempt
       and r.target_file = coalesce(pg_relation_filenode(londiste_rs.find_relation(r.dest_table)), 0)
       for share;
    -- without its partitions' files it is a run of an older version
    if not found or londiste_rs.copy_keeps_files(run.relation, run.target_files) is false then
        return false;
    end if;
    return exists (select from londiste.table_info t
                    where t.queue_name = i_queue_name and t.table_name = i_table_name and t.local
                      and t.merge_state = 'in-copy');
end $$;

-- Forgets how far a table's copy has come, and what was found out of its rows. What it has dropped stays known. The
-- chunks are not left to their foreign key: a transaction that writes replicated rows may have silenced it.
create or replace function londiste_rs.copy_forget(i_queue_name text, i_table_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    r record;
begin
    delete from londiste_rs.copy_tick k where k.queue_name = i_queue_name and k.table_name = i_table_name;
    delete from londiste_rs.copy_chunk c where c.queue_name = i_queue_name and c.table_name = i_table_name;
    for r in delete from londiste_rs.copy_run x
              where x.queue_name = i_queue_name and x.table_name = i_table_name returning *
    loop
        if r.staging is not null then
            execute format('drop table if exists londiste_rs.%I', r.staging);
        end if;
    end loop;
    perform londiste_rs.forget_comparison(i_queue_name, i_table_name);
end $$;
