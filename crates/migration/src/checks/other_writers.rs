//! Sessions of others on the target: rows that they write meet those of the replay.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("other-writers", Place::Target, "Is nobody else connected to the target?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    // Sessions of the worker begin with its job's name, those of commands with the program's.
    let ours = [format!("{} ", context.config.job), "londiste".to_owned()].map(|start| pg::literal(&start));
    let sql = format!(
        "select count(*), quote_ident(usename) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and usename is not null
            and not starts_with(coalesce(application_name, ''), {})
            and not starts_with(coalesce(application_name, ''), {})
          group by usename order by 2",
        ours[0], ours[1]
    );
    let rows = catalog::rows(context.target()?, &sql).await?;
    let found = rows.iter().filter_map(|row| {
        let [number, role] = row.as_slice() else { return None };
        Some(Finding::new(
            Verdict::Info,
            Place::Target,
            format!("{number} sessions of role {role}"),
            "are connected to the target: rows that others write there meet those of the source",
            "select * from pg_stat_activity where datname = current_database()",
        ))
    });
    Ok(found.collect())
}
