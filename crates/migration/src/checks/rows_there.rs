//! Rows in tables of the target that are not replicated yet: a copy deletes them.

use std::collections::HashSet;

use pg::QualifiedName;

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("rows-there", Place::Target, "Are the target's tables empty?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// Tables with a file that is not empty, and whether the role may look into them.
const FILLED: &str = "\
select nspname, relname, name from rel
 where relkind = 'r' and pg_relation_size(oid) > 0 and has_table_privilege(oid, 'select')
   and has_schema_privilege(relnamespace, 'usage') order by name";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let target = context.target()?;
    let installed = catalog::rows(target, "select 1 from pg_namespace where nspname = 'londiste_rs'").await?;
    let replicated: HashSet<String> = match installed.is_empty() {
        true => HashSet::new(),
        false => {
            let tables = pgq::table::list(&**target, &context.config.queue).await?;
            tables.iter().filter(|table| table.local).map(|table| table.dest().to_owned()).collect()
        }
    };
    let mut findings = Vec::new();
    for row in catalog::rows(target, FILLED).await? {
        let [schema, table, name] = row.as_slice() else { continue };
        if replicated.contains(&QualifiedName::new(schema, table).plain()) {
            continue;
        }
        let object = format!("table {name}");
        match catalog::rows(target, &format!("select from only {name} limit 1")).await {
            Err(error) => findings.push(Finding::unchecked(Place::Target, object, &error)),
            Ok(rows) if rows.is_empty() => {}
            Ok(_) => findings.push(Finding::new(
                Verdict::Warning,
                Place::Target,
                object,
                "holds rows: its first copy deletes them",
                format!("truncate {name}; or add it with --expect-sync where they are the source's"),
            )),
        }
    }
    Ok(findings)
}
