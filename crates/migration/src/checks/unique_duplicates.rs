//! Unique indexes that hold duplicates: what a changed collation or a damaged index leaves.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::session::THOROUGH;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("unique-duplicates", Place::Source, "Do unique indexes hold no duplicates?", |context| {
        Box::pin(ask(context)) as Found<'_>
    })
    .reading_rows();

/// Index, table, columns, and the condition that they have values. Indexes over expressions or a part of the rows are
/// left out.
const INDEXES: &str = "\
select rel.name, t.name, string_agg(quote_ident(a.attname), ', ' order by k.at),
       string_agg(format('%I is not null', a.attname), ' and ')
  from pg_index i join rel on rel.oid = i.indexrelid join rel t on t.oid = i.indrelid
 cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, at)
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
 where i.indisunique and i.indisvalid and i.indexprs is null and i.indpred is null and k.at <= i.indnkeyatts
   and t.relkind = 'r'
 group by rel.oid, rel.name, t.name order by t.name, rel.name";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let source = context.source()?;
    let mut findings = Vec::new();
    for row in catalog::rows(source, INDEXES).await? {
        let [index, table, columns, values] = row.as_slice() else { continue };
        // Rows are read from the table: an index that is out of order hides what it should show.
        let sql = format!(
            "select count(*), (array_agg(one))[1], (array_agg(other))[1] from (
               select (array_agg(ctid))[1] as one, (array_agg(ctid))[2] as other from only {table} where {values}
                group by {columns} having count(*) > 1) d having count(*) > 0"
        );
        let by_table = "set local enable_indexscan = off; set local enable_indexonlyscan = off;";
        let object = format!("index {index} on table {table}");
        match catalog::rows_with(source, THOROUGH, by_table, &sql).await {
            Err(error) => findings.push(Finding::unchecked(Place::Source, object, &error)),
            Ok(rows) => findings.extend(rows.iter().filter_map(|row| duplicates(&object, table, row))),
        }
    }
    Ok(findings)
}

fn duplicates(object: &str, table: &str, row: &[String]) -> Option<Finding> {
    let [count, one, other] = row else { return None };
    Some(Finding::new(
        Verdict::Warning,
        Place::Source,
        object,
        format!(
            "holds {count} values twice, as in rows {one} and {other}: the copy cannot build it on the target"
        ),
        format!("select ctid, * from only {table} where ctid in ('{one}', '{other}')"),
    ))
}
