-- Which captures are to be brought up to date. The root's worker asks every few seconds for all tables, on the
-- application's server: so it first compares stamps, which are had for all of them by one query of the catalogs, and
-- looks closely only at tables whose stamp is a new one.

-- A stamp for each captured table of a queue, and another one whenever a row of the catalogs is written that says
-- something of the table, its partitions, keys, triggers, columns or their types, or of its heirs or parents; when its
-- capture is written anew or the queue's way to capture changes; when there are other implicit casts; or when the table
-- comes to have large values. Of one table, or of all (null).
set client_min_messages = warning;
drop function if exists londiste_rs.capture_stamps(text);
reset client_min_messages;
create or replace function londiste_rs.capture_stamps(i_queue_name text, i_table_name text, out table_name text,
    out stamp text)
returns setof record language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select c.table_name,
           md5(concat_ws(' ', londiste_rs.capture_generation(), q.way, c.relid, c.layouts, p.large, p.parts))
      from (select i_table_name as table_name where i_table_name is not null union all
            select k.table_name from londiste_rs.capture k
             where k.queue_name = i_queue_name and i_table_name is null) wanted
     -- one table's stamp must not cost a look at all captures
     cross join lateral (
           select * from londiste_rs.capture k
            where k.queue_name = i_queue_name and k.table_name = wanted.table_name offset 0) c
     cross join (select concat_ws(' ', londiste_rs.version(), londiste_rs.has_gates(),
                                  londiste_rs.captures_unchanged(i_queue_name), q.queue_ntables,
                                  (select count(*) || '-' || max(k.oid::int8) from pg_cast k where k.castcontext = 'i'),
                                  has_table_privilege(q.queue_data_pfx || '_0', 'insert')) as way
                   from pgq.queue q where q.queue_name = i_queue_name offset 0) q
     cross join lateral (
           select string_agg(w.part, ' ' order by w.part) as parts, sum(w.large) >= 512 as large
             from (select c.relid union all
                   select t.relid from pg_class p cross join lateral londiste_rs.partition_tree(p.oid) t
                    where p.oid = c.relid and p.relkind = 'p' and t.level > 0) r (relid)
            cross join lateral (
                  select concat('c', k.oid, '-', k.xmin, '-', n.xmin) as part,
                         (select greatest(pg_stat_get_live_tuples(t.oid), t.relpages * 4) from pg_class t
                           where t.oid = k.reltoastrelid) as large
                    from pg_class k join pg_namespace n on n.oid = k.relnamespace where k.oid = r.relid
                  union all
                  -- looked up: where it is joined, all types are read for each table
                  select concat('a', a.attrelid, '-', a.attnum, '-', a.xmin, '-',
                                (select t.xmin from pg_type t where t.oid = a.atttypid)), null
                    from pg_attribute a
                   where a.attrelid = r.relid and a.attnum > 0
                  union all
                  select concat('i', i.indexrelid, '-', i.xmin), null from pg_index i where i.indrelid = r.relid
                  union all
                  select concat('k', k.oid, '-', k.xmin), null from pg_constraint k where k.conrelid = r.relid
                  union all
                  select concat('t', t.oid, '-', t.xmin), null from pg_trigger t where t.tgrelid = r.relid
                  union all
                  select concat('h', h.inhrelid, '-', h.xmin), null from pg_inherits h where h.inhparent = r.relid
                  union all
                  select concat('h', h.inhparent, '-', h.xmin), null from pg_inherits h where h.inhrelid = r.relid) w
            ) p;
end $$;

-- Captured tables of a queue whose definition has changed since their functions were written, or whose partitions have.
-- A capture that is up to date keeps its stamp, and is looked at again after a quarter of an hour at the latest: stamps
-- say nothing of what lies inside of composite types.
create or replace function londiste_rs.stale_captures(i_queue_name text, out table_name text)
returns setof text language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    c record;
    rel oid;
begin
    for c in
        select k.*, s.stamp as new_stamp
          from londiste_rs.capture k
          join londiste_rs.capture_stamps(i_queue_name, null) s on s.table_name = k.table_name
         where k.queue_name = i_queue_name and (k.stamp is distinct from s.stamp or (k.look_again > now()) is not true)
         order by k.table_name
    loop
        rel := londiste_rs.find_relation(c.table_name);
        -- a table that is not there under its name, or is another one, is what notice_renames is for
        if rel is distinct from c.relid then
            continue;
        elsif c.layouts <> londiste_rs.capture_layouts(
                               londiste_rs.described_capture(i_queue_name, c.table_name, c.relid))
           or exists (select from londiste_rs.capture_triggers(i_queue_name, c.relid, c.function_name) w
                       where not exists (select from pg_trigger t where t.tgrelid = w.relid
                                            and t.tgname = w.trigger_name::name and t.tgtype = w.type))
        then
            table_name := c.table_name;
            return next;
        else
            -- not all of them at once
            update londiste_rs.capture k
               set stamp = c.new_stamp, look_again = now() + interval '15 minutes' * (0.5 + random() / 2)
             where k.queue_name = i_queue_name and k.table_name = c.table_name and k.layouts = c.layouts
               and k.relid = c.relid;
        end if;
    end loop;
end $$;
