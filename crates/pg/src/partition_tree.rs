//! Partitions of a table, by the catalogs alone.

/// A subquery for FROM: `relid`, `parentrelid` and `level` of the partitioned table whose object id `top` is an
/// expression for, and of all below it.
///
/// `pg_partition_tree` answers the same, but locks the partitions and not the table above them until the transaction
/// ends, the other way round than an application that locks the table first. `top` may name columns of what stands
/// before it where the subquery is lateral.
pub fn partition_tree(top: &str) -> String {
    format!(
        "(with recursive tree (relid, parentrelid, level) as (
              select ({top})::pg_catalog.oid, null::pg_catalog.oid, 0
              union all
              select i.inhrelid, i.inhparent, t.level + 1
                from tree t
                join pg_catalog.pg_class c on c.oid = t.relid and c.relkind = 'p'
                join pg_catalog.pg_inherits i on i.inhparent = t.relid
               where (pg_catalog.to_jsonb(i)->>'inhdetachpending')::pg_catalog.bool is not true)
          select * from tree)"
    )
}
