//! Relations of a table on the target: itself, and its partitions at any depth.

use pg::{Client, QualifiedName, Table};

use crate::Result;
use crate::error::During;

const TREE: &str = "\
select c.oid, n.nspname::text, c.relname::text, c.relkind::text, t.level, c.relpersistence = 'u',
       pg_catalog.pg_has_role(c.relowner, 'usage'), pg_catalog.has_schema_privilege(n.oid, 'create')
  from (select $1::oid as oid, 0 as level
        union
        select p.relid::oid, p.level from pg_catalog.pg_partition_tree($1::oid) p) t
  join pg_catalog.pg_class c on c.oid = t.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 order by t.level, c.oid";

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    pub(crate) oid: u32,
    pub(crate) name: QualifiedName,
    /// 0 where rows are, else how far above the lowest partitions.
    pub(crate) height: i32,
    kind: String,
    unlogged: bool,
    owned: bool,
    may_create: bool,
}

/// All of them, the table first.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) relations: Vec<Relation>,
}

impl Tree {
    pub(crate) async fn read(target: &Client, table: &Table) -> Result<Tree> {
        let rows = target.query(TREE, &[&table.oid]).await;
        let rows = rows.during(format!("looking at the partitions of {}", table.name))?;
        let deepest = rows.iter().map(|row| row.get::<_, i32>(4)).max().unwrap_or_default();
        let relation = |row: &tokio_postgres::Row| {
            let kind: String = row.get(3);
            Relation {
                oid: row.get(0),
                name: QualifiedName { schema: row.get(1), name: row.get(2) },
                height: if kind == "p" { deepest - row.get::<_, i32>(4) + 1 } else { 0 },
                kind,
                unlogged: row.get(5),
                owned: row.get(6),
                may_create: row.get(7),
            }
        };
        Ok(Tree { relations: rows.iter().map(relation).collect() })
    }

    /// It is the table, not a partition of it.
    pub(crate) fn is_table(&self, relation: &Relation) -> bool {
        self.relations.first() == Some(relation)
    }

    /// Why indexes would not come back, once dropped; `None` where they do.
    pub(crate) fn keeps_indexes(&self) -> Option<&'static str> {
        let any = |is: fn(&Relation) -> bool| self.relations.iter().any(is);
        if any(|relation| relation.kind == "f") {
            Some("a partition of the target's table is a foreign table")
        } else if any(|relation| !relation.owned) {
            Some("a partition of the target's table belongs to a role of which the worker's is no member")
        } else if any(|relation| !relation.may_create) {
            Some("the worker's role may not create indexes in the schema of the target's table")
        } else {
            None
        }
    }

    /// A crash of the server takes rows away.
    pub(crate) fn is_unlogged(&self) -> bool {
        self.relations.iter().any(|relation| relation.unlogged)
    }
}
