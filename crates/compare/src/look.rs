//! Look at tables on both sides: how they are to be compared, told by the catalogs.

use pg::{Client, Column, Table};
use pgq::table::TableInfo;

use crate::collation::{self, Collation};
use crate::column_type::{base_name, whole};
use crate::error::During;
use crate::hash::Form;
use crate::subject::{Relation, Subject};
use crate::{Error, Result};

/// Tables that are looked at by one query.
const AT_ONCE: usize = 200;

/// Types whose values are sorted alike by every server.
const SORTED_ALIKE: [&str; 12] = [
    "int2",
    "int4",
    "int8",
    "oid",
    "numeric",
    "uuid",
    "date",
    "timestamp",
    "timestamptz",
    "time",
    "bool",
    "bytea",
];
/// Those that are where the collation is the order of bytes.
const TEXTS: [&str; 3] = ["text", "varchar", "bpchar"];

/// A table that can be compared, or why it cannot.
pub(crate) type Looked = std::result::Result<Subject, String>;

/// Looks at a table.
pub(crate) async fn one(sides: (&Client, &Client), info: &TableInfo, count_only: bool) -> Result<Looked> {
    let looked = some(sides, std::slice::from_ref(info), count_only).await?.pop();
    Ok(looked.unwrap_or_else(|| Err(format!("table {} was not looked at", info.name))))
}

/// Looks at many tables, in their order. A table about which the catalogs cannot be asked has that as its reason.
pub(crate) async fn all(
    sides: (&Client, &Client),
    tables: &[TableInfo],
    count_only: bool,
) -> Result<Vec<Looked>> {
    let mut looked = Vec::new();
    for part in tables.chunks(AT_ONCE) {
        match some(sides, part, count_only).await {
            Ok(found) => looked.extend(found),
            Err(error) if error.ends_all() => return Err(error),
            // one of them is the cause
            Err(_) => {
                for info in part {
                    looked.push(match one(sides, info, count_only).await {
                        Err(error) if error.ends_all() => return Err(error),
                        found => found.unwrap_or_else(|error: Error| Err(error.to_string())),
                    });
                }
            }
        }
    }
    Ok(looked)
}

/// One side of a table as it is looked at.
struct Seen<'a> {
    table: &'a Table,
    collations: Vec<Collation>,
}

async fn some(
    (source, target): (&Client, &Client),
    infos: &[TableInfo],
    count_only: bool,
) -> Result<Vec<Looked>> {
    let first = infos.first().map_or("", |info| info.name.as_str());
    let what = match infos {
        [_] => format!("reading the structure of table {first}"),
        _ => format!("reading the structure of table {first} and others"),
    };
    let recode = encoding(source).await? != encoding(target).await?;
    let names: Vec<&str> = infos.iter().map(|info| info.name.as_str()).collect();
    let dests: Vec<&str> = infos.iter().map(TableInfo::dest).collect();
    let there = pg::find_tables(source, &names).await.during(&what)?;
    let here = pg::find_tables(target, &dests).await.during(&what)?;
    // what the source calls its key counts on both sides
    let keys: Vec<&[String]> =
        there.iter().map(|table| table.as_ref().map_or(&[][..], |table| &table.key)).collect();
    let of_side = |tables: &[Option<Table>]| -> Vec<(u32, &[String])> {
        let oid = |table: &Option<Table>| table.as_ref().map_or(0, |table| table.oid);
        tables.iter().zip(&keys).map(|(table, key)| (oid(table), *key)).collect()
    };
    let mut of_source = collation::of(source, &of_side(&there)).await?.into_iter();
    let mut of_target = collation::of(target, &of_side(&here)).await?.into_iter();
    let oids: Vec<u32> = of_side(&there).into_iter().map(|(oid, _)| oid).collect();
    let sizes = sizes(source, &oids).await?;
    let mut looked = Vec::new();
    for (((info, there), here), size) in infos.iter().zip(&there).zip(&here).zip(sizes) {
        let collations = (of_source.next().unwrap_or_default(), of_target.next().unwrap_or_default());
        looked.push(match (there, here) {
            (None, _) => Err("it does not exist on the source".to_owned()),
            (_, None) => Err(format!("{} does not exist on the target", info.dest())),
            (Some(there), Some(here)) => {
                let there = Seen { table: there, collations: collations.0 };
                let here = Seen { table: here, collations: collations.1 };
                subject(info, (there, here), (recode, count_only), size)
            }
        });
    }
    Ok(looked)
}

fn subject(
    info: &TableInfo,
    (there, here): (Seen<'_>, Seen<'_>),
    (recode, count_only): (bool, bool),
    (expected, pages): (i64, i64),
) -> Looked {
    let (source, target) = (there.table, here.table);
    let common = |table: &Table, name: &str| table.columns.iter().find(|c| c.name == name).cloned();
    let columns: Vec<String> =
        source.columns.iter().map(|c| c.name.clone()).filter(|name| common(target, name).is_some()).collect();
    let key = source.key.clone();
    if let Some(lost) = key.iter().find(|name| !columns.contains(name)) {
        return Err(format!("its key column {lost} does not exist on the target"));
    }
    let is_ordered = !key.is_empty()
        && target.key == key
        && collation::sort_alike(&there.collations, &here.collations, recode)
        && key.iter().all(|name| sorted_alike(common(source, name), common(target, name)));
    let is_whole = |table: &Table| common(table, &key[0]).is_some_and(|column| whole(&base_name(&column)));
    let has_whole_key = key.len() == 1 && is_whole(source) && is_whole(target);
    let forms: Vec<(String, Form)> =
        columns.iter().map(|name| (name.clone(), Form::of(name, source, target))).collect();
    let is_looked_up = !is_ordered && !key.is_empty() && target.key == key;
    Ok(Subject {
        name: info.name.clone(),
        left_out: left_out(source, target),
        source: Relation::new(source, &forms, (&key, there.collations), (recode, count_only, has_whole_key)),
        target: Relation::new(target, &forms, (&key, here.collations), (recode, count_only, has_whole_key)),
        key,
        columns,
        is_ordered,
        is_looked_up,
        expected,
        row_bytes: (pages * 8192).checked_div(expected).unwrap_or(100).clamp(1, 1 << 20),
    })
}

fn sorted_alike(there: Option<Column>, here: Option<Column>) -> bool {
    let (Some(there), Some(here)) = (there, here) else { return false };
    let (there, here) = (base_name(&there), base_name(&here));
    let known = |name: &str| SORTED_ALIKE.contains(&name) || TEXTS.contains(&name);
    let alike = there == here || (whole(&there) && whole(&here));
    alike && known(&there) && known(&here)
}

async fn encoding(client: &Client) -> Result<String> {
    let sql = "select current_setting('server_encoding')";
    Ok(client.query_one(sql, &[]).await.during("asking for the encoding")?.get(0))
}

/// Rows and pages of tables by the statistics, in their order.
async fn sizes(client: &Client, oids: &[u32]) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "select s.tuples, s.pages \
           from pg_catalog.unnest($1::pg_catalog.oid[]) with ordinality u (relid, place), \
                lateral (select coalesce(sum(greatest(c.reltuples, 0)), 0)::int8 as tuples, \
                                coalesce(sum(c.relpages), 0)::int8 as pages \
                           from {} t join pg_catalog.pg_class c on c.oid = t.relid and c.relkind <> 'p') s \
          order by u.place",
        pg::partition_tree("u.relid")
    );
    let rows = client.query(&sql, &[&oids]).await.during("asking for the size of tables")?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn left_out(source: &Table, target: &Table) -> Option<String> {
    let lacks = |of: &Table, other: &Table, side: &str| {
        let lacks = |c: &&Column| !other.columns.iter().any(|o| o.name == c.name);
        let names: Vec<&str> = of.columns.iter().filter(lacks).map(|c| c.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("columns on the {side} only, not compared: {}", names.join(", ")))
    };
    let parts = [lacks(source, target, "source"), lacks(target, source, "target")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
