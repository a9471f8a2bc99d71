-- The partitions of a table or an index, without a lock.

-- As pg_partition_tree tells them: the relation itself and all below it; nothing for what is neither partitioned nor a
-- partition. pg_partition_tree locks the partitions, and not the table above them, until the transaction ends: whoever
-- asks and then needs the table is in a circle with an application that locks the table and then its partitions
-- (TRUNCATE, DETACH), and the server ends the application's transaction.
create or replace function londiste_rs.partition_tree(i_rel oid, out relid oid, out parentrelid oid, out isleaf boolean,
    out level integer)
returns setof record language plpgsql stable rows 10
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with recursive tree (relid, parentrelid, kind, level) as (
        select c.oid, null::oid, c.relkind, 0
          from pg_class c where c.oid = i_rel and (c.relkind in ('p', 'I') or c.relispartition)
        union all
        select i.inhrelid, i.inhparent, c.relkind, t.level + 1
          from tree t
          join pg_inherits i on i.inhparent = t.relid
          join pg_class c on c.oid = i.inhrelid
         where t.kind in ('p', 'I')
           -- DETACH CONCURRENTLY is on its way (from PostgreSQL 14 on)
           and (to_jsonb(i)->>'inhdetachpending')::boolean is not true)
    select t.relid, t.parentrelid, t.kind not in ('p', 'I'), t.level from tree t;
end $$;
