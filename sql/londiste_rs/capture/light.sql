-- Updates that leave out large values which stayed as they were: neither the application nor the queue pays for them.

-- Columns whose values may lie out of line, of a table that has at least a megabyte there, or had once. None where
-- there is no key to find the row by, where partitions have their columns in another order than the table, or where old
-- and new values are more than a query may have columns. The numbers are the statistics', which are had without a lock.
-- i_relids: the relations whose rows the table's capture sees; i_same_order: whether they have their columns in the
-- table's order.
create or replace function londiste_rs.large_columns(i_queue_name text, i_rel oid, i_key text[], i_relids oid[],
    i_same_order boolean)
returns text[] language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    select case
        when cardinality(i_key) = 0 then '{}'
        when not exists (select from londiste_rs.capture c
                          where c.queue_name = i_queue_name and c.relid = i_rel
                            and nullif(c.layouts, '')::json ->> 'large' <> '[]')
         -- looked up: where it is joined, all relations are read for each table
         and (select sum((select greatest(pg_stat_get_live_tuples(t.oid), t.relpages * 4) from pg_class t
                           where t.oid = (select c.reltoastrelid from pg_class c where c.oid = r.relid))) >= 512
                from unnest(i_relids) r (relid)) is not true then '{}'
        when (select count(*) > 500 from pg_attribute a
               where a.attrelid = i_rel and a.attnum > 0 and not a.attisdropped) then '{}'
        when not i_same_order then '{}'
        else (select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
                from pg_attribute a
               where a.attrelid = i_rel and a.attnum > 0 and not a.attisdropped and a.attlen = -1
                 and a.attstorage in ('x', 'e')
                 and a.attgenerated <> 'v' and a.attname <> all (i_key)) end);
end $$;

-- Source text of the condition that a value is large and the same as before. From version 17 on a large value that
-- nobody has touched can be told by its place, in transition tables (i_placed): PL/pgSQL's NEW and OLD do not keep it.
-- Otherwise both have to be read where they have the same size, which is still cheaper than to write it.
create or replace function londiste_rs.stayed_source(i_new text, i_old text, i_placed boolean)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format(case when i_placed and current_setting('server_version_num')::integer >= 170000
        then 'pg_column_toast_chunk_id(%1$s) = pg_column_toast_chunk_id(%2$s)'
        else 'pg_column_size(%1$s) > 1000 and pg_column_size(%1$s) = pg_column_size(%2$s) '
             'and row(%1$s)::record *= row(%2$s)::record' end, i_new, i_old)
$$;

-- Source text of a row's values as columns of those names with their places in the row: n1, n2 and so on. A virtual
-- column has none.
create or replace function londiste_rs.values_source(i_rel oid, i_row text, i_prefix text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(case when a.attgenerated = 'v' then 'null::text' else format('%s.%I', i_row, a.attname) end
                      || format(' as %s%s', i_prefix, a.pos),
                      ', ' order by a.pos)
      from (select *, row_number() over (order by attnum) as pos from pg_attribute
             where attrelid = i_rel and attnum > 0 and not attisdropped) a
$$;

-- Source text of updated rows that leave out what stayed, with the names of the columns left out as a JSON array:
-- (kind, data, old_data, left_out). i_from: source text of their values (n1 and so on, o1 and so on), and whether the
-- key has changed (moved). The values stay by themselves until the end: a row of them would be made with all its large
-- values in it.
create or replace function londiste_rs.light_rows_source(i_rel oid, i_large text[], i_unchanged boolean,
    i_placed boolean, i_from text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format($f$select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(%s)::text,$f$
                  || $f$ case when b.moved then row(%s)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', %s), '') || ']' as left_out
                      from (select f.*, %s from (%s) f offset 0) a%s) b$f$,
                  string_agg(case when a.large
                                      then format('case when b.stayed%s then null else b.n%s end', a.pos, a.pos)
                                  else format('b.n%s', a.pos) end,
                             ', ' order by a.pos),
                  string_agg(format('b.o%s', a.pos), ', ' order by a.pos),
                  string_agg(format('case when a.stayed%s then %L end', a.pos, to_json(a.attname::text)),
                             ', ' order by a.pos) filter (where a.large),
                  string_agg(format('not f.moved and %s as stayed%s',
                                    londiste_rs.stayed_source('f.n' || a.pos, 'f.o' || a.pos, i_placed), a.pos),
                             ', ' order by a.pos)
                      filter (where a.large),
                  i_from,
                  case when i_unchanged then '' else ' where ' || string_agg(
                      case when a.large then format('a.stayed%s is not true and ', a.pos) else '' end
                      || format('row(a.n%s)::record *<> row(a.o%s)::record', a.pos, a.pos), ' or ' order by a.pos) end)
      from (select *, row_number() over (order by attnum) as pos, attname = any (i_large) as large from pg_attribute
             where attrelid = i_rel and attnum > 0 and not attisdropped) a
$$;

-- The new row of an update of one row that keeps its key. Nothing for all other updates.
create or replace function londiste_rs.one_light_update_source(i_rel oid, i_key text[], i_large text[],
    i_unchanged boolean)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select londiste_rs.light_rows_source(i_rel, i_large, i_unchanged, true, format($f$select %s, %s, false as moved
              from new_rows "." cross join old_rows ".." where not exists (select from new_rows offset 1)$f$
        || $f$ and %s::record *= %s::record$f$,
        londiste_rs.values_source(i_rel, '"."', 'n'), londiste_rs.values_source(i_rel, '".."', 'o'),
        londiste_rs.key_source(i_key, '"."'), londiste_rs.key_source(i_key, '".."')))
$$;

-- The rows of any update, in order: both transition tables are filled at once, row by row.
create or replace function londiste_rs.paired_light_updates_source(i_rel oid, i_key text[], i_large text[],
    i_unchanged boolean)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select londiste_rs.light_rows_source(i_rel, i_large, i_unchanged, true, format(
        $f$select n.*, o.*, n.key *<> o.old_key as moved
              from (select row_number() over () as pos, %s, %s::record as key from new_rows ".") n
              join (select row_number() over () as old_pos, %s, %s::record as old_key from old_rows ".") o$f$
        || $f$ on o.old_pos = n.pos$f$,
        londiste_rs.values_source(i_rel, '"."', 'n'), londiste_rs.key_source(i_key, '"."'),
        londiste_rs.values_source(i_rel, '"."', 'o'), londiste_rs.key_source(i_key, '"."'))) || ' order by b.pos'
$$;

-- An updated row of a row trigger.
create or replace function londiste_rs.row_light_update_source(i_rel oid, i_key text[], i_large text[],
    i_unchanged boolean)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select londiste_rs.light_rows_source(i_rel, i_large, i_unchanged, false, format(
        'select %s, %s, %s::record *<> %s::record as moved',
        londiste_rs.values_source(i_rel, 'new', 'n'), londiste_rs.values_source(i_rel, 'old', 'o'),
        londiste_rs.key_source(i_key, 'old'), londiste_rs.key_source(i_key, 'new')))
$$;
