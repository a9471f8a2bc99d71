//! Indexes and their constraints: dropped before the rows come, restored after them. What was dropped is recorded in
//! `londiste_rs.copy_index`, in the transaction that drops it, and in `londiste.table_info.dropped_ddl`, where the
//! stock worker looks for it.

use std::collections::HashMap;

use parts::fail_point;
use pg::{Client, Ident, Index, QualifiedName, SqlState};
use pgq::copy::index::{self, Build, Dropped};
use pgq::table::TableInfo;
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

/// Drops the indexes of a table and of its partitions, in the caller's transaction. One that other objects need (a view
/// that groups by the primary key) stays, and so does one that would not come back the same: it was invalid before, or
/// is a part of the index of a partitioned table that is not copied, or cannot be put together again from its parts.
/// Bigger indexes are built first; `sizes` tells those of the source.
pub(crate) async fn put_away(
    client: &Client,
    queue: &str,
    info: &TableInfo,
    (table, tree): (&QualifiedName, &Tree),
    sizes: &[(String, i64)],
) -> Result<PutAway> {
    let reading = || format!("reading the indexes of {table}");
    forget_stale(client, info).await?;
    index::adopt(client, queue, &info.name, info.dest()).await.during(reading())?;
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
    let told = index::tell_stock(client, queue, &info.name, info.dest()).await;
    told.during("keeping what was dropped")?;
    put_away.away = index::count(client, info.dest()).await.during(reading())?;
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

/// Where the stock worker has brought the indexes back, or somebody by hand, the table itself knows better what they
/// are now.
async fn forget_stale(client: &Client, info: &TableInfo) -> Result<()> {
    if info.dropped_ddl.is_some() {
        return Ok(());
    }
    index::forget_present(client, info.dest()).await.during("forgetting indexes that are back")
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

/// Records what brings an index and its parts back.
async fn keep(client: &Client, dest: &str, (tree, family): (&Tree, &Family<'_>), place: i32) -> Result<()> {
    let whole = std::iter::once((family.relation, &family.index, None));
    let parts =
        family.parts.iter().map(|(relation, index, parent)| (*relation, index, Some(parent.as_str())));
    let dropped = |(relation, index, parent)| dropped(tree.is_table(relation), relation, index, parent);
    let records: Vec<Dropped<'_>> = whole.chain(parts).map(dropped).collect();
    let kept = index::insert(client, dest, place, &records).await;
    kept.during(format!("keeping index {} of {dest}", family.index.name))
}

fn dropped<'a>(
    is_table: bool,
    relation: &Relation,
    index: &'a Index,
    parent: Option<&'a str>,
) -> Dropped<'a> {
    let kept = match relation.height {
        0 => IndexDefinition::of(&relation.name, index),
        _ => IndexDefinition::above(&relation.name, index),
    };
    let constraint = index.constraint.as_ref().filter(|_| kept.constraint.is_some());
    Dropped {
        relation: if is_table { String::new() } else { relation.name.to_string() },
        name: &index.name,
        height: relation.height,
        parent,
        alone: kept.alone,
        create: kept.create,
        constraint: constraint.map(|constraint| constraint.name.as_str()),
        create_constraint: kept.constraint,
        marks: kept.marks,
    }
}

/// The indexes still to be built on relations that hold rows, in the order in which they are.
pub(crate) async fn to_build(client: &Client, dest: &str) -> Result<Vec<Build>> {
    index::to_build(client, dest).await.during(format!("listing the indexes of {dest} to build"))
}

/// Builds one index in a transaction of its own.
pub(crate) async fn build(client: &mut Client, queue: &str, info: &TableInfo, build: &Build) -> Result<()> {
    let of = if build.relation.is_empty() { info.dest() } else { &build.relation };
    let what = || format!("building index {} of {of}", build.name);
    let transaction = client.transaction().await.during(what())?;
    // the stock worker, or somebody by hand, may have been here
    if !index::is_present(&transaction, info.dest(), build).await.during(what())? {
        transaction.batch_execute(&build.create).await.during(what())?;
    }
    index::set_built(&transaction, queue, &info.name, info.dest(), build).await.during(what())?;
    fail_point::reached("index-before-commit");
    transaction.commit().await.during(what())
}

/// Makes the built indexes their constraints', with their marks and comments, in the caller's transaction. What was
/// dropped is forgotten.
pub(crate) async fn finish(client: &Client, queue: &str, info: &TableInfo) -> Result<()> {
    let refused = index::restore(client, info.dest()).await;
    let refused = refused.during("bringing constraints and comments back")?;
    if let Some(reason) = refused.into_iter().next() {
        return Err(crate::Error::NotRestored { table: info.dest().to_owned(), reason });
    }
    let told = index::tell_stock(client, queue, &info.name, info.dest()).await;
    told.during("bringing indexes back")?;
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
