-- Whether every update of a table gives an event with its key and its whole row but for large values that stayed as
-- they were, updates that change nothing included: what a copy in chunks of different snapshots builds on. Asked on the
-- root, about a table as the queue names it.
create or replace function londiste_rs.capture_is_whole(i_queue_name text, i_table_name text)
returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from londiste_rs.capture c
         where c.queue_name = i_queue_name and c.table_name = i_table_name
           and c.relid = londiste_rs.find_relation(i_table_name)
           and cardinality(londiste_rs.key_columns(c.relid)) > 0
           and londiste_rs.captures_unchanged(i_queue_name)
           and (c.layouts::json ->> 'unchanged') = 'true'
           and not exists (
               select from londiste_rs.capture_triggers(i_queue_name, c.relid, c.function_name) w
                where w.events <> 'truncate'
                  and not exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
                                   where t.tgrelid = w.relid and t.tgname = w.trigger_name::name and t.tgtype = w.type
                                     and t.tgenabled in ('O', 'A') and p.proname = w.function_name)))
$$;

-- The key by which each captured table's events tell rows: as its functions were written, so it follows a change of the
-- table by some seconds. Events in between hold the description of their row, with its own key.
create or replace function londiste_rs.captured_keys(i_queue_name text, out table_name text, out key text[])
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.table_name, array(select json_array_elements_text((c.layouts::json #>> '{layouts,0,1}')::json -> 'key'))
      from londiste_rs.capture c
     where c.queue_name = i_queue_name and c.layouts like '{%'
$$;

-- What is to be said of the key by which a table's rows are found on this node; null where that is the primary key, or
-- there is none at all.
create or replace function londiste_rs.key_remark(i_rel oid, i_key text[])
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when i_key = '{}' or bool_or(i.indisprimary and k.columns @> i_key and k.columns <@ i_key) then null
        when bool_or(i.indpred is null and i.indisvalid and k.columns @> i_key and k.columns <@ i_key)
            then format('a changed row is found by its key (%s), which is not the primary key', n.names)
        else format('a changed row is found by its key (%s), for which this node has no unique index: '
                    'create unique index concurrently on %s (%s)',
                    n.names, i_rel::regclass, n.names) end
      from (select string_agg(quote_ident(x.name), ', ' order by x.pos) as names
              from unnest(i_key) with ordinality x (name, pos)) n
      left join pg_index i on i.indrelid = i_rel and i.indisunique and i.indexprs is null
      left join lateral (
           select array_agg(a.attname::text) as columns
             from unnest(i.indkey::int2[]) with ordinality u (attnum, pos)
             join pg_attribute a on a.attrelid = i_rel and a.attnum = u.attnum
            where u.pos <= i.indnkeyatts) k on true
     group by n.names
$$;
