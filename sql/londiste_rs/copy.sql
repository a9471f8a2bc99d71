-- What a copy that is under way has to know after a crash. Everything here is written in the same transactions as the rows.
set client_min_messages = warning;

-- One for each table whose rows are partly or wholly on this node while its state is in-copy.
-- step: rows, indexes. staging: table in this schema that keeps what was changed since first_snapshot; null for a copy under one snapshot.
-- source_files, target_file: what a rewrite or a TRUNCATE changes. layout: the columns that are copied.
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

-- Ranges of pages of the source's relations that are on this node, each committed together with its rows. end_page null: to the end.
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

-- Indexes and their constraints that a copy has dropped and not finished building. An index can be made beside others (create_sql), what
-- makes it a constraint's (constraint_sql) and its marks and comments (mark_sql) need the table alone, for an instant.
create table if not exists londiste_rs.copy_index (
    dest_table      text not null,
    index_name      text not null,
    place           integer not null,
    alone           boolean not null,
    created         boolean not null default false,
    create_sql      text not null,
    constraint_name text,
    constraint_sql  text,
    mark_sql        text,
    primary key (dest_table, index_name)
);

-- How far copies are, written every second by the process that makes them. step: copy, reconcile, indexes (done of total), catch up (done: events
-- still to come, at most).
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

-- What is still to be done to bring a table's indexes back: for londiste.table_info.dropped_ddl, where the stock worker looks for it.
create or replace function londiste_rs.copy_dropped_ddl(i_dest_table text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(concat_ws(E';\n', case when not i.created then i.create_sql end, i.constraint_sql, i.mark_sql), E';\n'
                      order by i.alone, i.place)
      from londiste_rs.copy_index i where i.dest_table = i_dest_table
$$;

-- Brings dropped_ddl up to date. Builds of several indexes come one after the other here, for an instant.
create or replace function londiste_rs.copy_note_dropped(i_queue_name text, i_table_name text, i_dest_table text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = i_table_name for update;
    update londiste.table_info t set dropped_ddl = londiste_rs.copy_dropped_ddl(i_dest_table)
     where t.queue_name = i_queue_name and t.table_name = i_table_name;
end $$;

-- Takes over what a copy of the stock worker has dropped and not brought back.
create or replace function londiste_rs.copy_adopt_dropped(i_queue_name text, i_table_name text, i_dest_table text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into londiste_rs.copy_index (dest_table, index_name, place, alone, create_sql)
    select i_dest_table, '', 0, true, t.dropped_ddl
      from londiste.table_info t
     where t.queue_name = i_queue_name and t.table_name = i_table_name and t.dropped_ddl is not null
       and not exists (select from londiste_rs.copy_index i where i.dest_table = i_dest_table)
$$;

-- Says that a build is done, in the transaction that did it.
create or replace function londiste_rs.copy_index_created(i_queue_name text, i_table_name text, i_dest_table text, i_index_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update londiste_rs.copy_index i set created = true where i.dest_table = i_dest_table and i.index_name = i_index_name;
    perform londiste_rs.copy_note_dropped(i_queue_name, i_table_name, i_dest_table);
end $$;

-- Begins a new attempt at a run: no transaction of an earlier one can commit any more. Returns its number, null where there is no run.
create or replace function londiste_rs.copy_take_over(i_queue_name text, i_table_name text)
returns integer language sql
set search_path = pg_catalog, pg_temp
as $$
    update londiste_rs.copy_run r set attempt = r.attempt + 1
     where r.queue_name = i_queue_name and r.table_name = i_table_name
    returning r.attempt
$$;

-- Whether an attempt is still the one that counts, until the end of the transaction: nobody has begun another, the table is still to be
-- copied, and nobody has emptied or rewritten it here.
create or replace function londiste_rs.copy_holds(i_queue_name text, i_table_name text, i_attempt integer)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from londiste_rs.copy_run r
     where r.queue_name = i_queue_name and r.table_name = i_table_name and r.attempt = i_attempt
       and r.target_file = coalesce(pg_relation_filenode(londiste_rs.find_relation(r.dest_table)), 0)
       for share;
    if not found then
        return false;
    end if;
    return exists (select from londiste.table_info t
                    where t.queue_name = i_queue_name and t.table_name = i_table_name and t.local and t.merge_state = 'in-copy');
end $$;

-- Forgets how far a table's copy has come. What it has dropped stays known.
create or replace function londiste_rs.copy_forget(i_queue_name text, i_table_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    r record;
begin
    for r in delete from londiste_rs.copy_run x
              where x.queue_name = i_queue_name and x.table_name = i_table_name returning *
    loop
        if r.staging is not null then
            execute format('drop table if exists londiste_rs.%I', r.staging);
        end if;
    end loop;
end $$;

-- Brings back what a copy has dropped, as far as the rows that are there let it; what cannot be brought back stays known, and is returned.
create or replace function londiste_rs.copy_restore_dropped(i_dest_table text)
returns setof text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    i record;
begin
    for i in select * from londiste_rs.copy_index x where x.dest_table = i_dest_table order by x.alone, x.place loop
        begin
            if not i.created and (i.index_name = '' or londiste_rs.copy_has_index(i_dest_table, i.index_name) is not true) then
                execute i.create_sql;
            end if;
            if i.constraint_sql is not null
               and not exists (select from pg_constraint k
                                where k.conrelid = londiste_rs.find_relation(i_dest_table) and k.conname = i.constraint_name::name)
            then
                execute i.constraint_sql;
            end if;
            if i.mark_sql is not null then
                execute i.mark_sql;
            end if;
            delete from londiste_rs.copy_index x where x.dest_table = i.dest_table and x.index_name = i.index_name;
        exception when others then
            return next format('%s (%s)', i.index_name, sqlerrm);
        end;
    end loop;
end $$;

-- Whether a table has an index of that name.
create or replace function londiste_rs.copy_has_index(i_dest_table text, i_index_name text)
returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (select from pg_index x join pg_class c on c.oid = x.indexrelid
                    where x.indrelid = londiste_rs.find_relation(i_dest_table) and c.relname = i_index_name::name and x.indisvalid)
$$;
