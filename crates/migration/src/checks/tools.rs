//! `pg_dump`, which takes the schema over: there, and as new as the newer server.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::schema::pg_dump;
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check =
    Check::code("tools", Place::Machine, "Is pg_dump there, and as new as both servers?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let versions = [context.source(), context.target()]
        .map(|side| side.map_or(0, |side| side.server_version() / 10_000));
    let newest = versions.into_iter().max().unwrap_or_default();
    let found = match pg_dump::version().await {
        None => "is not in the path".to_owned(),
        Some(own) if own < newest => format!("is of version {own}, and a server of version {newest}"),
        Some(_) => return Ok(Vec::new()),
    };
    let package = if newest == 0 { String::new() } else { format!("-{newest}") };
    let remedy = format!("apt-get install postgresql-client{package}");
    Ok(vec![Finding::new(Verdict::Warning, Place::Machine, "program pg_dump", found, remedy)])
}
