-- What a database has that its root can replicate: what add-table --all and add-seq --all take, and missing lists.

-- The user's own relations, and whether they are replicated here: r tables, f foreign tables (which add-table refuses,
-- with the reason), S sequences. Nothing temporary, of the server's, of the queue's, or of an extension's. An
-- inheritance child is a table of its own, an unlogged one is a table. A partitioned table stands for its partitions,
-- unless some of them are replicated one by one: then those that hold rows stand for it. So they do where the stock
-- triggers capture (i_capture = stock), which sit on the tables that hold rows.
create or replace function londiste_rs.replicable(
    i_queue_name text, i_capture text, out obj_kind text, out obj_name text, out replicated boolean)
returns setof record language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with here as materialized (
        select londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) as relid
          from londiste.table_info t where t.queue_name = i_queue_name and t.local
        union all
        select londiste_rs.find_relation(s.seq_name) from londiste.seq_info s
         where s.queue_name = i_queue_name and s.local
    ), split as materialized (
        -- partitioned tables, all partitions below included, that are counted by their leaves
        select p.oid as root
          from pg_class p
         where p.relkind = 'p' and not p.relispartition
           and (i_capture = 'stock'
                or exists (select from londiste_rs.partition_tree(p.oid) t join here h on h.relid = t.relid
                            where t.relid <> p.oid)
                   and not exists (select from here h where h.relid = p.oid))
    )
    select case c.relkind when 'p' then 'r' else c.relkind::text end, n.nspname || '.' || c.relname,
           exists (select from here h where h.relid = c.oid)
           or c.relispartition and exists (select from pg_partition_ancestors(c.oid) a join here h on h.relid = a.relid)
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f', 'S') and c.relpersistence <> 't'
       and n.nspname not in ('information_schema', 'pgq', 'pgq_ext', 'pgq_node', 'londiste', 'londiste_rs',
                             'londiste_fk')
       and not starts_with(n.nspname, 'pg_')
       and not exists (select from pg_depend d
                        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
       and case when c.relispartition
                then c.relkind <> 'p' and exists (select from split s where s.root = pg_partition_root(c.oid))
                else not exists (select from split s where s.root = c.oid) end
     order by n.nspname, c.relname;
end $$;

-- What is not replicated on this node: of a root, of all that its database has and that can be; elsewhere, of what the
-- queue brings.
create or replace function londiste_rs.missing(i_queue_name text, i_capture text, out obj_kind text, out obj_name text)
returns setof record language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if pgq_node.is_root_node(i_queue_name) then
        return query select r.obj_kind, r.obj_name from londiste_rs.replicable(i_queue_name, i_capture) r
                      where not r.replicated and r.obj_kind <> 'f' order by 1, 2;
        return;
    end if;
    return query
    select 'S'::text, s.seq_name from londiste.seq_info s where s.queue_name = i_queue_name and not s.local
    union all
    select 'r'::text, t.table_name from londiste.table_info t where t.queue_name = i_queue_name and not t.local
    order by 1, 2;
end $$;
