//! Extensions of the source: installed on the target, or to be had there.

use std::collections::HashMap;

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("extensions", Place::Target, "Has the target the source's extensions?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// Name, version, schema, and the columns of the application that need one of its types.
const USED: &str = "\
select quote_ident(e.extname), e.extversion, quote_ident(n.nspname), (
       select count(*) from rel join pg_attribute a on a.attrelid = rel.oid join pg_type t on t.oid = a.atttypid
         join pg_depend d on d.classid = 'pg_type'::regclass and d.objid = coalesce(nullif(t.typelem, 0),
           nullif(t.typbasetype, 0), t.oid)
        where rel.relkind in ('r', 'p') and not rel.relispartition and a.attnum > 0 and not a.attisdropped
          and d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid)
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace
 where e.extname not in (select schema from ours) order by 1";

const AVAILABLE: &str = "\
select quote_ident(a.name), a.default_version, coalesce(a.installed_version, ''), coalesce(quote_ident(n.nspname), '')
  from pg_available_extensions a left join pg_extension e on e.extname = a.name left
    join pg_namespace n on n.oid = e.extnamespace";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let used = catalog::rows(context.source()?, USED).await?;
    let there = catalog::rows(context.target()?, AVAILABLE).await?;
    let there: HashMap<String, Vec<String>> = there.into_iter().map(|row| (row[0].clone(), row)).collect();
    Ok(used.iter().filter_map(|row| judge(row, there.get(row.first()?))).collect())
}

fn judge(used: &[String], there: Option<&Vec<String>>) -> Option<Finding> {
    let [name, version, schema, columns] = used else { return None };
    let needed = if columns == "0" { String::new() } else { format!("; {columns} columns need its types") };
    let (verdict, found, remedy) = match there.map(Vec::as_slice) {
        None => (
            if columns == "0" { Verdict::Warning } else { Verdict::Blocker },
            format!("is not available{needed}"),
            "let the server's administrator install its package, or leave out what needs it".to_owned(),
        ),
        Some([_, _, installed, _]) if installed.is_empty() => (
            Verdict::Warning,
            format!("is not created yet{needed}"),
            match schema.starts_with("pg_") {
                true => format!("create extension {name}"),
                false => {
                    format!("create schema if not exists {schema}; create extension {name} schema {schema}")
                }
            },
        ),
        Some([_, _, _, own]) if own != schema => (
            Verdict::Info,
            format!("is in schema {own}, and in {schema} on the source: statements that name {schema} fail"),
            format!("alter extension {name} set schema {schema}"),
        ),
        Some([_, _, installed, _]) if installed != version => (
            Verdict::Info,
            format!("has version {installed}, and {version} on the source"),
            format!("alter extension {name} update"),
        ),
        Some(_) => return None,
    };
    Some(Finding::new(verdict, Place::Target, format!("extension {name} {version}"), found, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_that_cannot_be_had_blocks_where_columns_need_it() {
        let row = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let verdict = |used: &[&str], there: Option<&[&str]>| {
            judge(&row(used), there.map(row).as_ref()).map(|found| found.verdict)
        };
        assert_eq!(verdict(&["postgis", "3.3", "public", "2"], None), Some(Verdict::Blocker));
        assert_eq!(verdict(&["postgis", "3.3", "public", "0"], None), Some(Verdict::Warning));
        assert_eq!(verdict(&["a", "1", "public", "0"], Some(&["a", "1", "1", "public"])), None);
        assert_eq!(
            verdict(&["a", "1", "public", "0"], Some(&["a", "2", "2", "public"])),
            Some(Verdict::Info)
        );
    }
}
