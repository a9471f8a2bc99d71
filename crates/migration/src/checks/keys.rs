//! Tables without a key.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check = Check::code("keys", Place::Source, "Has every table a key?", |context| {
    Box::pin(ask(context)) as Found<'_>
});

/// Larger ones that are updated or deleted from are read too often.
const LARGE: i64 = 10 << 20;

/// Statistics and pages of a partitioned table are those of its partitions.
const TABLES: &str = "\
, below (root, oid) as (
  select rel.oid, rel.oid from rel where rel.relkind in ('r', 'p') and not rel.relispartition
   union
  select b.root, i.inhrelid from below b join pg_inherits i on i.inhparent = b.oid
    join pg_class c on c.oid = i.inhrelid and c.relispartition)
select rel.oid, rel.name, coalesce(sum(leaf.relpages), 0) * current_setting('block_size')::bigint,
       pg_size_pretty(coalesce(sum(leaf.relpages), 0) * current_setting('block_size')::bigint),
       coalesce(sum(s.n_tup_upd + s.n_tup_del), 0), rel.relkind
  from rel join below b on b.root = rel.oid left join pg_class leaf on leaf.oid = b.oid and leaf.relkind = 'r'
  left join pg_stat_all_tables s on s.relid = leaf.oid
 group by rel.oid, rel.name, rel.relkind order by rel.name";

/// A table without a key, not even a deferrable one.
pub(super) struct Keyless {
    /// Its name, quoted.
    pub(super) name: String,
    pub(super) is_partitioned: bool,
    bytes: i64,
    size: String,
    /// Updates and deletes, as far as statistics know.
    changes: i64,
}

/// Tables without a key.
pub(super) async fn keyless(context: &Context) -> Result<Vec<Keyless>> {
    let source = context.source()?;
    let tables = catalog::rows(source, TABLES).await?;
    let oids: Vec<u32> = tables.iter().filter_map(|row| row.first()?.parse().ok()).collect();
    let late = pg::late_key_columns(source, &oids).await.map_err(pg::Error::from)?;
    let keyless = tables.iter().filter_map(|row| {
        let [oid, name, bytes, size, changes, kind] = row.as_slice() else { return None };
        let number = |text: &str| text.parse::<i64>().unwrap_or_default();
        let has_key = oid.parse().is_ok_and(|oid: u32| late.contains_key(&oid));
        (!has_key).then(|| Keyless {
            name: name.clone(),
            is_partitioned: kind == "p",
            bytes: number(bytes),
            size: size.clone(),
            changes: number(changes),
        })
    });
    Ok(keyless.collect())
}

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let found = keyless(context).await?.into_iter().map(|table| {
        let Keyless { name, bytes, size, changes, .. } = table;
        let hurts = bytes > LARGE && changes > 0;
        Finding::new(
            if hurts { Verdict::Warning } else { Verdict::Info },
            Place::Source,
            format!("table {name}"),
            format!(
                "has no key: a changed row is found by all its columns ({size}, {changes} updates and \
                 deletes so far)"
            ),
            format!("alter table {name} add primary key (…); on both sides"),
        )
    });
    Ok(found.collect())
}
