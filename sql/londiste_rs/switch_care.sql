-- What the new root needs behind a switch, and the outage does not wait for: materialized views, whose rows nobody
-- replicates, and statistics.

-- The statements in their order: views that others read come first.
create or replace function londiste_rs.switch_care(i_queue_name text, out object text, out statement text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with recursive views (relid, level) as (
        select c.oid, 0 from pg_class c
         where c.relkind = 'm' and pg_has_role(c.relowner, 'usage') and not exists (
               select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
        union
        select d.refobjid, v.level + 1
          from views v
          join pg_rewrite r on r.ev_class = v.relid
          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                          and d.refclassid = 'pg_class'::regclass
                          and d.refobjid <> v.relid
          join pg_class c on c.oid = d.refobjid and c.relkind in ('m', 'v')
         where v.level < 100)
    select c.object, c.statement
      from (select 'materialized view ' || format('%I.%I', n.nspname, c.relname) as object,
                   -- readers go on where a unique index of whole rows allows it
                   format('refresh materialized view %s %I.%I',
                          case when c.relispopulated and exists (
                                   select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid
                                      and i.indpred is null and 0 <> all (i.indkey::int2[])) then 'concurrently'
                               else '' end,
                          n.nspname, c.relname) as statement,
                   0 as place, -max(v.level) as level
              from views v join pg_class c on c.oid = v.relid and c.relkind = 'm'
              join pg_namespace n on n.oid = c.relnamespace
             group by n.nspname, c.relname, c.oid, c.relispopulated
            union all
            select 'table ' || format('%I.%I', n.nspname, c.relname),
                   format('analyze %I.%I', n.nspname, c.relname), 1, 0
              from londiste_rs.relations_here(i_queue_name) r join pg_class c on c.oid = r.relid
              join pg_namespace n on n.oid = c.relnamespace) c
     where exists (select from londiste_rs.switch s
                    where s.queue_name = i_queue_name and s.side = 'to' and s.state = 'taken'
                      and s.care is distinct from 'done')
     order by c.place, c.level, c.object
$$;

-- Tells how far that is; done: nothing is left of it.
create or replace function londiste_rs.switch_cared(i_queue_name text, i_care text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    update londiste_rs.switch set care = i_care where queue_name = i_queue_name and side = 'to' and state = 'taken'
$$;
