//! The way in which the target's triggers are kept from firing during replay.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("silencing", Place::Target, "May the role set session_replication_role?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let target = context.target()?;
    let granted = match target.server_version() / 10_000 {
        ..15 => "false",
        _ => "has_parameter_privilege(current_user, 'session_replication_role', 'set')",
    };
    let sql = format!(
        "select quote_ident(current_user) from pg_roles where rolname = current_user and not rolsuper and not {granted}"
    );
    let lacking = catalog::rows(target, &sql).await?;
    let found = lacking.into_iter().flatten().map(|role| {
        Finding::new(
            Verdict::Info,
            Place::Target,
            format!("role {role}"),
            "may not set session_replication_role: triggers of replicated tables are disabled while they are \
             replicated, and their foreign keys deferred",
            match target.server_version() / 10_000 {
                ..15 => String::new(),
                _ => format!(
                    "grant set on parameter session_replication_role to {role} -- as superuser, if you like"
                ),
            },
        )
    });
    Ok(found.collect())
}
