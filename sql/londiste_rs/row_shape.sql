-- The columns that identify a row (key_columns.sql), but none where the catalogs as a REPEATABLE READ transaction sees
-- them are older than the table, and its key is another one now: then whole rows identify. What tells the columns of an
-- index by their names is always current.
create or replace function londiste_rs.present_key(i_rel oid)
returns text[] language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    key text[] := londiste_rs.key_columns(i_rel);
begin
    if key <> '{}' and not exists (
           select from pg_index i
            where i.indrelid = i_rel and i.indisunique
              and key = array(select case when i.indexprs is null
                                              then (parse_ident(pg_get_indexdef(i.indexrelid, n, false)))[1] end
                                from generate_series(1, i.indnkeyatts::integer) n order by n)) then
        return '{}';
    end if;
    return key;
end $$;

-- Describes the row layout of i_rel, with the key of i_top (the same table, or the partitioned table above it). A
-- virtual column (PostgreSQL 18) has its place in record text but never a value there: its name is left empty.
--
-- Declared immutable so that a capture function's call of it with constant arguments is evaluated when the statement is
-- planned, not for each row; the plan depends on the table by a regclass constant beside the call, so that DDL plans it
-- anew. The names come from the row type, which is always current: the catalogs seen through the snapshot of a
-- REPEATABLE READ transaction may be older than the row.
create or replace function londiste_rs.row_shape(i_rel oid, i_top oid)
returns text language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    names text[];
begin
    begin
        execute format('select array(select json_object_keys(row_to_json(r)) from (select (null::%s).*) r)',
                       i_rel::regclass)
           into names;
    exception when others then
        -- capture must not fail the application: the catalogs are the second best source
        names := array(select a.attname::text from pg_attribute a
                        where a.attrelid = i_rel and a.attnum > 0 and not a.attisdropped order by a.attnum);
    end;
    return json_build_object(
        -- column by column: a plan for many of them would read all types
        'columns',
        (select coalesce(json_agg(json_build_array(case when a.attgenerated = 'v' then '' else n.name end, a.type)
                                  order by n.pos), '[]')
           from unnest(names) with ordinality n(name, pos)
           left join lateral (
                select b.attgenerated,
                       (select tn.nspname || '.' || t.typname
                          from pg_type t join pg_namespace tn on tn.oid = t.typnamespace
                         where t.oid = b.atttypid) as type
                  from pg_attribute b
                 where b.attrelid = i_rel and b.attname = n.name and not b.attisdropped
                offset 0) a on true),
        'key', to_json(londiste_rs.present_key(i_top)))::text;
end $$;

-- Relations whose rows a table's row trigger sees: the table, or the leaf partitions of a partitioned one.
create or replace function londiste_rs.row_relations(i_rel oid, out relid oid)
returns setof oid language plpgsql stable rows 10
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select c.oid
      from pg_class c
     where c.oid = i_rel and c.relkind <> 'p'
    union all
    select t.relid
      from londiste_rs.partition_tree(i_rel) t
     where t.isleaf and (select k.relkind from pg_class k where k.oid = i_rel) = 'p'
       and (select k.relkind from pg_class k where k.oid = t.relid) = 'r';
end $$;

-- Number of a description, registered when it is new.
create or replace function londiste_rs.shape_id(i_table_name text, i_description text)
returns integer language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    id integer;
begin
    loop
        select s.shape_id into id from londiste_rs.shape s
         where s.table_name = i_table_name and s.description = i_description
           and hashtextextended(s.description, 0) = hashtextextended(i_description, 0);
        if found then
            return id;
        end if;
        insert into londiste_rs.shape (table_name, description) values (i_table_name, i_description)
            on conflict do nothing;
    end loop;
end $$;
