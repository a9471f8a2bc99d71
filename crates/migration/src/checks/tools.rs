//! `pg_dump`, which takes the schema over: there, and as new as the newer server.

use tokio::process::Command;

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check =
    Check::code("tools", Place::Machine, "Is pg_dump there, and as new as both servers?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let versions = [context.source(), context.target()]
        .map(|side| side.map_or(0, |side| side.server_version() / 10_000));
    let newest = versions.into_iter().max().unwrap_or_default();
    let shown = Command::new("pg_dump").arg("--version").output().await.ok();
    let shown = shown.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let found = match shown.as_deref().and_then(major) {
        None => "is not in the path".to_owned(),
        Some(own) if own < newest => {
            format!("is of version {own}, and a server of version {newest}: it refuses that")
        }
        Some(_) => return Ok(Vec::new()),
    };
    let package = if newest == 0 { String::new() } else { format!("-{newest}") };
    let remedy = format!("apt-get install postgresql-client{package}");
    Ok(vec![Finding::new(Verdict::Warning, Place::Machine, "program pg_dump", found, remedy)])
}

/// Of `pg_dump (PostgreSQL) 16.4 (Debian 16.4-1)`, or `17beta1`.
fn major(shown: &str) -> Option<u32> {
    let version = shown.split_once("(PostgreSQL)")?.1.trim_start();
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_of_pg_dump_is_read() {
        for (shown, major) in [
            ("pg_dump (PostgreSQL) 16.4 (Debian 16.4-1)\n", Some(16)),
            ("pg_dump (PostgreSQL) 17beta1", Some(17)),
            ("?", None),
        ] {
            assert_eq!(super::major(shown), major, "{shown}");
        }
    }
}
