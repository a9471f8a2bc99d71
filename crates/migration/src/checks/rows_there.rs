//! Rows in tables of the target that are not replicated yet: a copy deletes them.

use std::collections::HashSet;

use pg::{QualifiedName, Session};

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("rows-there", Place::Target, "Are the target's tables empty?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// Tables that the role may look into; the check of ownership names the others.
const TABLES: &str = "\
select nspname, relname, name from rel
 where relkind = 'r' and has_table_privilege(oid, 'select') and has_schema_privilege(relnamespace,
   'usage') order by name";

/// Tables that are asked in one query.
const TOGETHER: usize = 100;

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
    let tables = catalog::rows(target, TABLES).await?;
    let names: Vec<&str> = tables
        .iter()
        .filter_map(|row| match row.as_slice() {
            [schema, table, name] => {
                let known = replicated.contains(&QualifiedName::new(schema, table).plain());
                (!known).then_some(name.as_str())
            }
            _ => None,
        })
        .collect();
    let mut findings = Vec::new();
    for names in names.chunks(TOGETHER) {
        match filled(target, names).await {
            Ok(found) => findings.extend(found),
            // One table that is locked keeps no other from being asked.
            Err(_) => {
                for name in names {
                    let alone = filled(target, std::slice::from_ref(name)).await;
                    findings.extend(alone.unwrap_or_else(|error| {
                        vec![Finding::unchecked(Place::Target, format!("table {name}"), &error)]
                    }));
                }
            }
        }
    }
    Ok(findings)
}

/// Those of the tables that hold rows.
async fn filled(target: &Session, names: &[&str]) -> Result<Vec<Finding>> {
    let one = |name: &&str| format!("select {} where exists (select from only {name})", pg::literal(name));
    let sql = names.iter().map(one).collect::<Vec<_>>().join(" union all ");
    let found = catalog::rows(target, &sql).await?.into_iter().flatten().map(|name| {
        Finding::new(
            Verdict::Warning,
            Place::Target,
            format!("table {name}"),
            "holds rows: its first copy deletes them",
            format!("truncate {name}; or add it with --expect-sync where they are the source's"),
        )
    });
    Ok(found.collect())
}
