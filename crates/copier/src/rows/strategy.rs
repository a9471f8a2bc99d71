//! Strategy of a table's copy, by what the table is.

use std::collections::HashMap;

use crate::schedule::small;
use pg::{Client, Persistence, Table};
use pgq::table::{self, TableInfo};
use tokio_postgres::Row;

use crate::error::During;
use crate::indexes::partition_tree::Tree;
use crate::rows::columns::Copying;
use crate::schedule::connections::Sides;
use crate::{Config, Result};

/// Where ranges of pages can be read without reading all the others (`ctid` range scans).
const RANGES_SINCE: u32 = 140_000;
/// A table up to this size is one chunk.
pub(crate) const ONE_CHUNK: i64 = 64 << 20;

/// The ways of copying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CopyMode {
    /// One transaction, with other small tables; indexes in place.
    Tiny,
    /// One snapshot; indexes are built when the rows are there. For a large table with the reason why it has to be.
    Whole(Option<&'static str>),
    /// Range after range, each under its own snapshot.
    Chunks,
}

/// What decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Bytes of rows on the source, out-of-line values included.
    pub(crate) bytes: i64,
    /// Pages of its heaps.
    pub(crate) pages: i64,
    /// All rows lie in heaps of the source's own.
    heaps: bool,
}

/// What else decides on chunks.
struct Keyed {
    /// Every update gives an event with the key and the whole row.
    captured_whole: bool,
    /// The key is checked at once: no two rows exchange theirs.
    key_at_once: bool,
    /// Capture tells rows by the key that the table has now.
    key_is_captured: bool,
}

/// By nothing but the system's catalogs: a source of the stock tools has no schema of ours. Chunks lock each heap,
/// which takes SELECT on it.
fn facts_query() -> String {
    let tree = pg::partition_tree("top.oid");
    format!(
        "\
select top.oid,
       coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0)::int8,
       coalesce(sum(pg_catalog.pg_relation_size(c.oid)) / pg_catalog.current_setting('block_size')::int8, 0)::int8,
       coalesce(pg_catalog.bool_and(c.relkind = 'r' and am.amname = 'heap'
                                    and pg_catalog.has_table_privilege(c.oid, 'select')), false)
  from pg_catalog.pg_class top
 cross join lateral (
       select top.oid where top.relkind <> 'p'
       union all
       select t.relid from {tree} t where top.relkind = 'p') rel
  join pg_catalog.pg_class c on c.oid = rel.oid and c.relkind <> 'p'
  left join pg_catalog.pg_am am on am.oid = c.relam
 where top.oid = any ($1)
 group by top.oid"
    )
}

/// Looks at the source's table.
pub(crate) async fn facts(provider: &Client, table: &Table) -> Result<Facts> {
    Ok(facts_of(provider, &[table]).await?.remove(&table.oid).unwrap_or_default())
}

/// Looks at several of the source's tables; those that are still there are described, by their object ids.
pub(crate) async fn facts_of(provider: &Client, tables: &[&Table]) -> Result<HashMap<u32, Facts>> {
    let names: Vec<String> = tables.iter().map(|table| table.name.to_string()).collect();
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let rows = provider.query(&facts_query(), &[&oids]).await;
    let rows = rows.during(format!("looking at table {}", names.join(", ")))?;
    let facts = |row: &Row| Facts { bytes: row.get(1), pages: row.get(2), heaps: row.get(3) };
    Ok(rows.iter().map(|row| (row.get(0), facts(row))).collect())
}

/// The mode where only a table's size decides.
pub(crate) fn by_size(config: &Config, info: &TableInfo, facts: &Facts) -> Option<CopyMode> {
    let one_chunk = match config.copy_chunk_pages {
        0 => facts.bytes <= ONE_CHUNK,
        pages => facts.pages <= pages,
    };
    let tiny = facts.bytes <= small::BYTES && info.dropped_ddl.is_none();
    one_chunk.then_some(if tiny { CopyMode::Tiny } else { CopyMode::Whole(None) })
}

async fn keyed(provider: &Client, queue: &str, name: &str, source: &Table) -> Result<Keyed> {
    let looking = || format!("looking at table {}", source.name);
    let captured_whole = table::is_whole(provider, queue, name).await.during(looking())?;
    let captured_key = table::captured_key(provider, queue, name).await.during(looking())?;
    let key_is_captured = captured_key.is_some_and(|captured| captured == source.key);
    let indexes = pg::indexes(provider, &source.name).await.during(looking())?;
    let is_key =
        |columns: &[Option<String>]| columns.iter().map(Option::as_ref).eq(source.key.iter().map(Some));
    let key_at_once = indexes.iter().any(|i| i.unique && i.immediate && !i.partial && is_key(&i.columns));
    Ok(Keyed { captured_whole, key_at_once, key_is_captured })
}

/// Decides.
pub(crate) async fn choose(
    config: &Config,
    sides: &Sides,
    info: &TableInfo,
    (source, target): (&Table, &Table),
    copying: &Copying,
    facts: &Facts,
) -> Result<CopyMode> {
    if let Some(mode) = by_size(config, info, facts) {
        return Ok(mode);
    }
    let keyed = keyed(&sides.provider, &config.queue_name, &info.name, source).await?;
    let tree = Tree::read(&sides.target, target).await?;
    let why = if sides.provider.server_version() < RANGES_SINCE {
        "the source's server is older than version 14"
    } else if source.key.is_empty() {
        "it has no primary key or unique index over not-null columns, or only a deferrable one"
    } else if !keyed.key_at_once {
        "its key is deferrable"
    } else if !source.key.iter().all(|key| copying.columns.contains(key)) {
        "its key is not copied"
    } else if !keyed.captured_whole {
        "its capture does not tell every update with the whole row"
    } else if !keyed.key_is_captured {
        "its key has changed, and its capture tells rows by the old one until the root's worker has looked"
    } else if !facts.heaps {
        "not all of its rows lie in heaps that may be read"
    } else if info.has_attr("skip_truncate") {
        "the target's rows are kept"
    } else if target.persistence != Persistence::Permanent || tree.is_unlogged() {
        "the target's table is not logged: a crash of its server would take chunks away"
    } else if let Some(why) = tree.keeps_indexes() {
        why
    } else {
        return Ok(CopyMode::Chunks);
    };
    Ok(CopyMode::Whole(Some(why)))
}
