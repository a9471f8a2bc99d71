//! Equality of two values of a column, in SQL that nobody can bend: an application may have an operator `=` of its own
//! for its types.

/// SQL: joins the column `a` of `pg_attribute` with the type of its values, `b`: the column's own without domain.
pub const BASE_TYPE: &str = "
 cross join lateral (
       with recursive up as (
           select t.oid, t.typtype, t.typbasetype from pg_catalog.pg_type t where t.oid = a.atttypid
           union all
           select t.oid, t.typtype, t.typbasetype from up join pg_catalog.pg_type t on t.oid = up.typbasetype
            where up.typtype = 'd')
       select up.oid from up where up.typtype <> 'd') base
  join pg_catalog.pg_type b on b.oid = base.oid
  join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace";

/// SQL: the operator of such a type's default B-tree class with its schema, `operator(schema.=)`: an index can serve
/// it, whatever the `search_path`.
pub const EQUALS: &str = "
       coalesce((select pg_catalog.format('operator(%I.%s)', pn.nspname, p.oprname)
                   from pg_catalog.pg_opclass oc
                   join pg_catalog.pg_am m on m.oid = oc.opcmethod and m.amname = 'btree'
                   join pg_catalog.pg_amop ao on ao.amopfamily = oc.opcfamily and ao.amopstrategy = 3
                    and ao.amoplefttype = oc.opcintype and ao.amoprighttype = oc.opcintype
                   join pg_catalog.pg_operator p on p.oid = ao.amopopr
                   join pg_catalog.pg_namespace pn on pn.oid = p.oprnamespace
                  where oc.opcintype = b.oid and oc.opcdefault limit 1), 'operator(pg_catalog.=)')";
