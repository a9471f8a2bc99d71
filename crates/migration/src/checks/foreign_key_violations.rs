//! Rows that violate a foreign key of the source: the key cannot be validated on the target.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::session::THOROUGH;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("foreign-key-violations", Place::Source, "Do all rows keep the foreign keys?", |context| {
        Box::pin(ask(context)) as Found<'_>
    })
    .reading_rows();

/// Constraint, tables, conditions: values are there, and equal by the operators that the constraint uses.
const KEYS: &str = "\
select quote_ident(k.conname), child.name, parent.name,
       string_agg(format('c.%I is not null', a.attname), ' and '),
       string_agg(format('p.%I operator(%I.%s) c.%I', b.attname, n.nspname, o.oprname, a.attname), ' and ')
  from pg_constraint k join rel child on child.oid = k.conrelid join rel parent on parent.oid = k.confrelid
 cross join lateral unnest(k.conkey, k.confkey, k.conpfeqop) as m (own, other, op)
  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = m.own
  join pg_attribute b on b.attrelid = k.confrelid and b.attnum = m.other
  join pg_operator o on o.oid = m.op join pg_namespace n on n.oid = o.oprnamespace
 where k.contype = 'f' and k.conparentid = 0 group by k.oid, k.conname, child.name, parent.name order by 2, 1";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let source = context.source()?;
    let mut findings = Vec::new();
    for row in catalog::rows(source, KEYS).await? {
        let [key, child, parent, values, equal] = row.as_slice() else { continue };
        let orphans =
            format!("from {child} c where {values} and not exists (select from {parent} p where {equal})");
        let object = format!("constraint {key} on table {child}");
        let counted = catalog::rows_within(source, THOROUGH, &format!("select count(*) {orphans}")).await;
        match counted.map(|rows| rows.into_iter().flatten().next()) {
            Err(error) => findings.push(Finding::unchecked(Place::Source, object, &error)),
            Ok(Some(count)) if count != "0" => findings.push(Finding::new(
                Verdict::Warning,
                Place::Source,
                object,
                format!("is violated by {count} rows: it cannot be validated on the target"),
                format!("select * {orphans}"),
            )),
            Ok(_) => {}
        }
    }
    Ok(findings)
}
