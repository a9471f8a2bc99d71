//! Indexes and their constraints go before the rows come, and come back after them. What was dropped is kept in `londiste_rs.copy_index`, in the
//! transaction that drops it, and in `londiste.table_info.dropped_ddl`, where the stock worker looks for it.

use std::collections::HashMap;

use pg::{Client, Ident, Index, QualifiedName, SqlState};
use pgq::fail_point;
use pgq::table::TableInfo;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::{debug, warn};

use crate::Result;
use crate::error::During;
use crate::indexes::definition;
use crate::indexes::definition::IndexDefinition;
use crate::indexes::partition_tree::{Relation, Tree};

/// What was dropped, and what could not be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PutAway {
    /// Indexes that are away, those of an earlier attempt included.
    pub(crate) away: i64,
    /// An index stays that allows no two equal rows.
    pub(crate) unique_stays: bool,
}

/// Drops the indexes of a table and of its partitions, in the caller's transaction. One that other objects need (a view that groups by the primary
/// key) stays, and so does one that would not come back the same: it was invalid before, or is a part of the index of a partitioned table that is not
/// copied, or cannot be put together again from its parts. Bigger indexes are built first; `sizes` tells those of the source.
pub(crate) async fn put_away(
    client: &Client,
    queue: &str,
    info: &TableInfo,
    (table, tree): (&QualifiedName, &Tree),
    sizes: &[(String, i64)],
) -> Result<PutAway> {
    let reading = || format!("reading the indexes of {table}");
    forget_stale(client, info).await?;
    let sql = "select londiste_rs.copy_adopt_dropped($1, $2, $3)";
    client.query(sql, &[&queue, &info.name, &info.dest()]).await.during(reading())?;
    let mut put_away = PutAway::default();
    for family in families(tree, defined(client, tree).await?) {
        let (relation, index) = (family.relation, &family.index);
        // PostgreSQL attaches no index of an exclusion constraint
        let parts = index.above.is_some() || relation.height > 0 && index.exclusion;
        if !index.valid || parts {
            put_away.unique_stays |= index.unique || index.exclusion;
            continue;
        }
        client.batch_execute("savepoint londiste_rs_index").await.during("dropping an index")?;
        match client.batch_execute(&drop_sql(&relation.name, index)).await.map_err(pg::Error::from) {
            Ok(()) => {
                client.batch_execute("release londiste_rs_index").await.during("dropping an index")?;
                let place = sizes.iter().position(|(name, _)| *name == index.name).unwrap_or(sizes.len());
                keep(client, info.dest(), (tree, &family), place as i32).await?;
            }
            Err(error) if error.sqlstate() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {
                let back = "rollback to londiste_rs_index; release londiste_rs_index";
                client.batch_execute(back).await.during("keeping an index")?;
                put_away.unique_stays |= index.unique || index.exclusion;
                let (table, index) = (relation.name.plain(), &index.name);
                warn!(table, index, "index stays during the copy: other objects need it");
            }
            Err(error) => {
                return Err(error).during(format!("dropping index {} of {}", index.name, relation.name));
            }
        }
    }
    let sql = "select londiste_rs.copy_note_dropped($1, $2, $3)";
    client.query(sql, &[&queue, &info.name, &info.dest()]).await.during("keeping what was dropped")?;
    let sql = "select count(*) from londiste_rs.copy_index where dest_table = $1";
    put_away.away = client.query_one(sql, &[&info.dest()]).await.during(reading())?.get(0);
    Ok(put_away)
}

/// An index that is dropped by itself, with its parts on partitions, which go with it.
struct Family<'a> {
    relation: &'a Relation,
    index: Index,
    /// With the name of the index that each is a part of.
    parts: Vec<(&'a Relation, Index, String)>,
}

/// Those of a tree, in its order.
fn families(tree: &Tree, indexes: Vec<Index>) -> Vec<Family<'_>> {
    let relations: HashMap<u32, &Relation> = tree.relations.iter().map(|r| (r.oid, r)).collect();
    let above: HashMap<u32, (Option<u32>, String)> =
        indexes.iter().map(|index| (index.oid, (index.above, index.name.clone()))).collect();
    let mut families: Vec<Family<'_>> = Vec::new();
    let mut known: HashMap<u32, usize> = HashMap::new();
    // an index comes behind the one above it, as relations do
    for index in indexes {
        let Some(relation) = relations.get(&index.table).copied() else { continue };
        let of = index.above.filter(|oid| above.contains_key(oid));
        match of.and_then(|oid| Some((*known.get(&oid)?, above.get(&oid)?.1.clone()))) {
            Some((family, parent)) => {
                known.insert(index.oid, family);
                families[family].parts.push((relation, index, parent));
            }
            None => {
                known.insert(index.oid, families.len());
                families.push(Family { relation, index, parts: Vec::new() });
            }
        }
    }
    families
}

/// Where the stock worker has brought the indexes back, or somebody by hand, the table itself knows better what they are now.
async fn forget_stale(client: &Client, info: &TableInfo) -> Result<()> {
    if info.dropped_ddl.is_some() {
        return Ok(());
    }
    let sql = "delete from londiste_rs.copy_index where dest_table = $1 and londiste_rs.copy_has_index(londiste_rs.copy_relation(dest_table, relation), index_name)";
    client.execute(sql, &[&info.dest()]).await.during("forgetting indexes that are back")?;
    Ok(())
}

/// The indexes, with definitions that mean the same under any `search_path`.
async fn defined(client: &Client, tree: &Tree) -> Result<Vec<Index>> {
    let oids: Vec<u32> = tree.relations.iter().map(|relation| relation.oid).collect();
    let reading = "reading the target's indexes";
    let sql = "select current_setting('search_path'), set_config('search_path', 'pg_catalog', true)";
    let path: String = client.query_one(sql, &[]).await.during(reading)?.get(0);
    let indexes = pg::indexes_of(client, &oids).await.during(reading)?;
    let sql = "select set_config('search_path', $1, true)";
    client.query_one(sql, &[&path]).await.during(reading)?;
    Ok(indexes)
}

fn drop_sql(table: &QualifiedName, index: &Index) -> String {
    match &index.constraint {
        Some(constraint) => format!("alter table {table} drop constraint {}", Ident::new(&constraint.name)),
        None => format!("drop index {}", definition::name(table, index)),
    }
}

/// Keeps what brings an index and its parts back.
async fn keep(client: &Client, dest: &str, (tree, family): (&Tree, &Family<'_>), place: i32) -> Result<()> {
    let whole = std::iter::once((family.relation, &family.index, None));
    let parts =
        family.parts.iter().map(|(relation, index, parent)| (*relation, index, Some(parent.as_str())));
    let mut columns = Columns::default();
    for (relation, index, parent) in whole.chain(parts) {
        columns.push(tree.is_table(relation), relation, index, parent);
    }
    // a row that is there already is of an attempt that was broken off: what it tells was the whole truth then
    let sql = "insert into londiste_rs.copy_index \
                      (dest_table, relation, index_name, height, parent_index, place, alone, create_sql, constraint_name, constraint_sql, mark_sql) \
               select $1, k.relation, k.index_name, k.height, k.parent_index, $2, k.alone, k.create_sql, k.constraint_name, k.constraint_sql, k.mark_sql \
                 from unnest($3::text[], $4::text[], $5::int4[], $6::text[], $7::bool[], $8::text[], $9::text[], $10::text[], $11::text[]) \
                      as k (relation, index_name, height, parent_index, alone, create_sql, constraint_name, constraint_sql, mark_sql) \
               on conflict (dest_table, relation, index_name) do update set created = false";
    let values: [&(dyn ToSql + Sync); 11] = [
        &dest,
        &place,
        &columns.relations,
        &columns.names,
        &columns.heights,
        &columns.parents,
        &columns.alone,
        &columns.creates,
        &columns.constraints,
        &columns.makes_constraints,
        &columns.marks,
    ];
    client.execute(sql, &values).await.during(format!("keeping index {} of {dest}", family.index.name))?;
    Ok(())
}

/// Rows of `londiste_rs.copy_index`.
#[derive(Default)]
struct Columns<'a> {
    relations: Vec<String>,
    names: Vec<&'a str>,
    heights: Vec<i32>,
    parents: Vec<Option<&'a str>>,
    alone: Vec<bool>,
    creates: Vec<String>,
    constraints: Vec<Option<&'a str>>,
    makes_constraints: Vec<Option<String>>,
    marks: Vec<Option<String>>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, is_table: bool, relation: &Relation, index: &'a Index, parent: Option<&'a str>) {
        let kept = match relation.height {
            0 => IndexDefinition::of(&relation.name, index),
            _ => IndexDefinition::above(&relation.name, index),
        };
        self.relations.push(if is_table { String::new() } else { relation.name.to_string() });
        self.names.push(&index.name);
        self.heights.push(relation.height);
        self.parents.push(parent);
        self.alone.push(kept.alone);
        self.creates.push(kept.create);
        let constraint = index.constraint.as_ref().filter(|_| kept.constraint.is_some());
        self.constraints.push(constraint.map(|constraint| constraint.name.as_str()));
        self.makes_constraints.push(kept.constraint);
        self.marks.push(kept.marks);
    }
}

/// An index that is to be built.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    pub(crate) name: String,
    /// The partition, quoted; empty: the table itself.
    relation: String,
    /// It locks the table against everybody.
    pub(crate) alone: bool,
    create: String,
}

/// The indexes still to be built on relations that hold rows: the biggest of the biggest first, those that need the table alone at the end.
pub(crate) async fn to_build(client: &Client, dest: &str) -> Result<Vec<Build>> {
    let sql = "select index_name, relation, alone, create_sql \
                 from londiste_rs.copy_index cross join lateral londiste_rs.copy_relation(dest_table, relation) r (oid) \
                where dest_table = $1 and not created and height = 0 and (r.oid is not null or relation = '') \
                order by alone, pg_relation_size(r.oid) desc, place, relation, index_name";
    let rows = client.query(sql, &[&dest]).await.during(format!("listing the indexes of {dest} to build"))?;
    let build =
        |row: &Row| Build { name: row.get(0), relation: row.get(1), alone: row.get(2), create: row.get(3) };
    Ok(rows.iter().map(build).collect())
}

/// Builds one index in a transaction of its own.
pub(crate) async fn build(client: &mut Client, queue: &str, info: &TableInfo, index: &Build) -> Result<()> {
    let of = if index.relation.is_empty() { info.dest() } else { &index.relation };
    let what = || format!("building index {} of {of}", index.name);
    let transaction = client.transaction().await.during(what())?;
    // the stock worker, or somebody by hand, may have been here
    let sql = "select londiste_rs.copy_has_index(londiste_rs.copy_relation($1, $2), $3)";
    let key: [&(dyn ToSql + Sync); 3] = [&info.dest(), &index.relation, &index.name];
    let there: bool = transaction.query_one(sql, &key).await.during(what())?.get(0);
    if !there {
        transaction.batch_execute(&index.create).await.during(what())?;
    }
    let sql = "select londiste_rs.copy_index_created($1, $2, $3, $4, $5)";
    let key: [&(dyn ToSql + Sync); 5] = [&queue, &info.name, &info.dest(), &index.relation, &index.name];
    transaction.query_one(sql, &key).await.during(what())?;
    fail_point::reached("index-before-commit");
    transaction.commit().await.during(what())
}

/// Makes the built indexes their constraints', with their marks and comments, in the caller's transaction. What was dropped is forgotten.
pub(crate) async fn finish(client: &Client, queue: &str, info: &TableInfo) -> Result<()> {
    let sql = "select x from londiste_rs.copy_restore_dropped($1) x";
    let refused =
        client.query(sql, &[&info.dest()]).await.during("bringing constraints and comments back")?;
    if let Some(refused) = refused.first() {
        return Err(crate::Error::NotRestored { table: info.dest().to_owned(), reason: refused.get(0) });
    }
    let sql = "select londiste_rs.copy_note_dropped($1, $2, $3)";
    client.query(sql, &[&queue, &info.name, &info.dest()]).await.during("bringing indexes back")?;
    debug!(queue, table = info.name, "what the copy had dropped is back");
    Ok(())
}

/// Names and sizes of a table's indexes, the biggest first.
pub(crate) async fn sizes(client: &Client, table: &QualifiedName) -> Result<Vec<(String, i64)>> {
    let indexes = pg::indexes(client, table).await.during(format!("reading the indexes of {table}"))?;
    let mut sizes: Vec<_> = indexes.into_iter().map(|index| (index.name, index.bytes)).collect();
    sizes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(sizes)
}
