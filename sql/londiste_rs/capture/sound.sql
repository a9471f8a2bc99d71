-- Captures in which nothing has changed since check_capture found nothing wrong with them: it need not write their
-- functions again to compare.

-- Triggers that call a function: no index leads there but that of what depends on it. The condition that looks as good
-- and is not, which kind of object depends, comes behind.
create or replace function londiste_rs.dependent_triggers(i_function oid, out oid oid)
returns setof oid language plpgsql stable rows 1
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select d.objid
      from (select x.classid, x.objid from pg_depend x
             where x.refclassid = 'pg_proc'::regclass and x.refobjid = i_function offset 0) d
     where d.classid = 'pg_trigger'::regclass;
end $$;

-- The state of captured tables: another one whenever a row is written that says something of the table (its stamp), of
-- the capture functions, of any trigger that calls them, or of the table's shapes; or when the functions' owner may not
-- write events any more. No state where a column's type is made of others whose attributes may change by themselves. Of
-- one table, or of all (null).
create or replace function londiste_rs.capture_states(i_queue_name text, i_table_name text, out table_name text,
    out state text)
returns setof record language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    -- table by table: one table's state must not cost a look at all captures
    with wanted as materialized (
        select i_table_name as table_name where i_table_name is not null union all
        select c.table_name from londiste_rs.capture c where c.queue_name = i_queue_name and i_table_name is null
    ), functions as materialized (
        select c.table_name, p.oid, p.xmin, p.proowner
          from wanted
         cross join lateral (
               select * from londiste_rs.capture x
                where x.queue_name = i_queue_name and x.table_name = wanted.table_name offset 0) c
         cross join unnest(array['', '_insert', '_update', '_delete']) ending
          join pg_proc p on p.proname = (c.function_name || ending)::name
           and p.pronamespace = 'londiste_rs'::regnamespace
    ), written as (
        select f.table_name, string_agg(format('%s-%s-%s', f.oid, f.xmin, f.proowner), ' ' order by f.oid) as parts,
               bool_and(has_table_privilege(f.proowner, q.queue_data_pfx || '_0', 'insert')
                        or has_function_privilege(f.proowner,
                                                  'pgq.insert_event(text, text, text, text, text, text, text)',
                                                  'execute')) as may
          from functions f, pgq.queue q
         where q.queue_name = i_queue_name
         group by f.table_name
    ), fired as (
        select f.table_name, string_agg(format('%s-%s', t.oid, t.xmin), ' ' order by t.oid) as parts
          from functions f
         cross join lateral londiste_rs.dependent_triggers(f.oid) d
          join pg_trigger t on t.oid = d.oid
         group by f.table_name
    ), shapes as (
        select s.table_name, string_agg(format('%s-%s', s.shape_id, s.xmin), ' ' order by s.shape_id) as parts
          from wanted
         cross join lateral (
               select x.*, x.xmin from londiste_rs.shape x where x.table_name = wanted.table_name offset 0) s
         group by s.table_name
    )
    select s.table_name, md5(concat_ws('/', s.stamp, w.parts, f.parts, h.parts))
      from londiste_rs.capture_stamps(i_queue_name, i_table_name) s
      join londiste_rs.capture c on c.queue_name = i_queue_name and c.table_name = s.table_name
      join written w on w.table_name = s.table_name and w.may
      join fired f on f.table_name = s.table_name
      join shapes h on h.table_name = s.table_name
     where c.relid = londiste_rs.find_relation(c.table_name)
       and not exists (
           select from pg_attribute a
             join pg_type t on t.oid = a.atttypid
             left join pg_type e on e.oid = t.typelem and t.typelem <> 0
            where a.attrelid = c.relid and a.attnum > 0 and not a.attisdropped
              and (t.typtype not in ('b', 'e') or e.typtype not in ('b', 'e')));
end $$;

-- Captured tables of the root that check_capture has nothing to say of.
create or replace function londiste_rs.sound_captures(i_queue_name text, out table_name text)
returns setof text language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with replicated as materialized (
        select londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) as relid
          from londiste.table_info t where t.queue_name = i_queue_name and t.local)
    select c.table_name
      from londiste_rs.capture c
      join londiste_rs.capture_states(i_queue_name, null) s on s.table_name = c.table_name and s.state = c.sound
     where c.queue_name = i_queue_name
       and not exists (select from pg_inherits i join pg_class k on k.oid = i.inhrelid
                        where i.inhparent = c.relid and not k.relispartition
                          and not exists (select from replicated r where r.relid = i.inhrelid))
$$;
