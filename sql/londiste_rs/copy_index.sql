-- Indexes that a copy has dropped, and how they come back.
set client_min_messages = warning;

-- Indexes and their constraints that a copy has dropped and not finished building. An index can be made beside others
-- (create_sql), what makes it a constraint's (constraint_sql) and its marks and comments (mark_sql) need the table
-- alone, for an instant.
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

-- Of a partitioned table each partition has its indexes. relation: the partition, quoted; empty: the table itself.
-- height: 0 where rows are, else how far above the lowest partitions. parent_index: the index of the partitioned table
-- directly above that this one is a part of.
alter table londiste_rs.copy_index add column if not exists relation text not null default '';
alter table londiste_rs.copy_index add column if not exists height integer not null default 0;
alter table londiste_rs.copy_index add column if not exists parent_index text;

-- partitions in several schemas may have indexes of the same name
do $$
begin
    if (select cardinality(k.conkey) from pg_constraint k
         where k.conrelid = 'londiste_rs.copy_index'::regclass and k.contype = 'p') = 2 then
        alter table londiste_rs.copy_index drop constraint copy_index_pkey;
        alter table londiste_rs.copy_index add primary key (dest_table, relation, index_name);
    end if;
end $$;

-- of an older version
drop function if exists londiste_rs.copy_has_index(text, text);
drop function if exists londiste_rs.copy_index_created(text, text, text, text);

reset client_min_messages;

-- The table, or the partition of it, that an index belongs to; null where it is gone.
create or replace function londiste_rs.copy_relation(i_dest_table text, i_relation text)
returns oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when i_relation = '' then londiste_rs.find_relation(i_dest_table) else to_regclass(i_relation)::oid end
$$;

-- Whether a table has an index of that name.
create or replace function londiste_rs.copy_has_index(i_rel oid, i_index_name text)
returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (select from pg_index x join pg_class c on c.oid = x.indexrelid
                    where x.indrelid = i_rel and c.relname = i_index_name::name and x.indisvalid)
$$;

-- What is still to be done to bring a table's indexes back: for londiste.table_info.dropped_ddl, where the stock worker
-- looks for it. The statements for all partitions of a table would be many to write anew after each build.
create or replace function londiste_rs.copy_dropped_ddl(i_dest_table text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when bool_or(i.relation <> '') then format('select londiste_rs.copy_bring_back(%L)', i_dest_table)
                else string_agg(concat_ws(E';\n', case when not i.created then i.create_sql end, i.constraint_sql,
                                          i.mark_sql), E';\n'
                                order by i.alone, i.place) end
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
create or replace function londiste_rs.copy_index_created(
    i_queue_name text, i_table_name text, i_dest_table text, i_relation text, i_index_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update londiste_rs.copy_index i set created = true
     where i.dest_table = i_dest_table and i.relation = i_relation and i.index_name = i_index_name;
    perform londiste_rs.copy_note_dropped(i_queue_name, i_table_name, i_dest_table);
end $$;

-- The statement that makes an index of a partitioned table: without its parts where all partitions have theirs, which
-- are attached then; else on the partitions too, of which one has come since the index was dropped: what the others
-- have is found by PostgreSQL itself.
create or replace function londiste_rs.copy_create_above(i londiste_rs.copy_index, i_rel oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when not exists (
                     select h.inhrelid from pg_inherits h where h.inhparent = i_rel
                     except
                     select londiste_rs.copy_relation(x.dest_table, x.relation) from londiste_rs.copy_index x
                      where x.dest_table = i.dest_table and x.parent_index = i.index_name)
                then i.create_sql
                else regexp_replace(replace(i.create_sql, format('INDEX %I ON ONLY ', i.index_name),
                                            format('INDEX %I ON ', i.index_name)),
                                    'alter table only ', 'alter table ') end
$$;

-- The statement that makes a partition's index a part of the one above; null where it is one, or its table is no
-- partition any more.
create or replace function londiste_rs.copy_attach(i londiste_rs.copy_index, i_rel oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('alter index %I.%I attach partition %I.%I', an.nspname, i.parent_index, n.nspname, i.index_name)
      from pg_class r
      join pg_namespace n on n.oid = r.relnamespace
      join pg_class x on x.relnamespace = n.oid and x.relname = i.index_name::name and not x.relispartition
      join pg_inherits h on h.inhrelid = r.oid
      join pg_class a on a.oid = h.inhparent and a.relkind = 'p'
      join pg_namespace an on an.oid = a.relnamespace
     where r.oid = i_rel and i.parent_index is not null
$$;

-- Brings back what a copy has dropped, as far as the rows that are there let it: indexes with their constraints, those
-- of partitions first; then partitions' indexes become parts of those above; then marks, which only valid indexes can
-- have. What cannot be brought back stays known, and is returned.
create or replace function londiste_rs.copy_restore_dropped(i_dest_table text)
returns setof text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    i londiste_rs.copy_index;
    rel oid;
    attach text;
    refused text[] := '{}';
begin
    for step in 1 .. 3 loop
        for i in select * from londiste_rs.copy_index x where x.dest_table = i_dest_table
                  order by x.height, x.alone, x.place, x.relation, x.index_name
        loop
            continue when format('%s %s', i.relation, i.index_name) = any (refused);
            rel := londiste_rs.copy_relation(i.dest_table, i.relation);
            begin
                if step = 1 and (rel is not null or i.relation = '') then
                    if not i.created
                       and (i.index_name = '' or londiste_rs.copy_has_index(rel, i.index_name) is not true) then
                        perform set_config('search_path', londiste_rs.search_path_of(rel), true);
                        execute case when i.height > 0 then londiste_rs.copy_create_above(i, rel) else i.create_sql end;
                        perform set_config('search_path', 'pg_catalog, pg_temp', true);
                    end if;
                    if i.constraint_sql is not null
                       and not exists (select from pg_constraint k
                                        where k.conrelid = rel and k.conname = i.constraint_name::name)
                    then
                        execute i.constraint_sql;
                    end if;
                elsif step = 2 then
                    attach := londiste_rs.copy_attach(i, rel);
                    if attach is not null then
                        execute attach;
                    end if;
                elsif step = 3 then
                    if i.mark_sql is not null and (rel is not null or i.relation = '') then
                        execute i.mark_sql;
                    end if;
                    delete from londiste_rs.copy_index x
                     where x.dest_table = i.dest_table and x.relation = i.relation and x.index_name = i.index_name;
                end if;
            exception
                when lock_not_available or deadlock_detected then
                    -- the caller tries again
                    raise;
                when others then
                    refused := refused || format('%s %s', i.relation, i.index_name);
                    return next format('%s (%s)', i.index_name, sqlerrm);
            end;
        end loop;
    end loop;
end $$;

-- The same for dropped_ddl.
create or replace function londiste_rs.copy_bring_back(i_dest_table text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    refused text;
begin
    for refused in select x from londiste_rs.copy_restore_dropped(i_dest_table) x loop
        raise warning 'index of % does not come back: %', i_dest_table, refused;
    end loop;
end $$;
