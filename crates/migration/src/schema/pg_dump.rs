//! `pg_dump`: its version, and the dump of a schema.

use std::process::Stdio;

use pg::ConnectString;
use tokio::process::Command;

/// The longest wait for a lock of a table that is dumped.
const LOCK_WAIT: &str = "--lock-wait-timeout=20000";

/// The major version of the program in the path; none: there is none.
pub(crate) async fn version() -> Option<u32> {
    let shown = Command::new("pg_dump").arg("--version").stdin(Stdio::null()).output().await.ok()?;
    major(&String::from_utf8_lossy(&shown.stdout))
}

/// Of `pg_dump (PostgreSQL) 16.4 (Debian 16.4-1)`, or `17beta1`.
fn major(shown: &str) -> Option<u32> {
    let version = shown.split_once("(PostgreSQL)")?.1.trim_start();
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// What keeps `pg_dump` from dumping a server of this version, with the package to install.
pub(crate) async fn refusal(server: u32) -> Option<String> {
    let found = match version().await {
        None => "pg_dump is not in the path".to_owned(),
        Some(own) if own < server => {
            format!("pg_dump is of version {own}, and refuses a server of version {server}")
        }
        Some(_) => return None,
    };
    Some(format!(
        "{found}: apt-get install postgresql-client-{server}, or put a pg_dump of version {server} first in the PATH"
    ))
}

/// The schema of a database without owners, grants and hidden schemas, as text.
///
/// # Errors
/// What the program said.
pub(crate) async fn schema(at: &ConnectString, hidden: &[String]) -> Result<String, String> {
    if at.get("sslpassword").is_some() {
        return Err(
            "pg_dump cannot be told sslpassword safely: take a client key without a password".to_owned()
        );
    }
    let mut command = Command::new("pg_dump");
    command.args([
        "--schema-only",
        "--no-owner",
        "--no-privileges",
        "--no-publications",
        "--no-subscriptions",
    ]);
    command.args(["--no-security-labels", "--no-tablespaces", "--no-password", "--encoding=UTF8", LOCK_WAIT]);
    for schema in hidden {
        command.arg(format!("--exclude-schema={}", pg::Ident::new(schema)));
    }
    command.arg("--dbname").arg(at.without("password").to_conninfo());
    if let Some(password) = at.get("password") {
        command.env("PGPASSWORD", password);
    }
    command.env("PGAPPNAME", "londiste schema").stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| format!("pg_dump: {error}"))?;
    if !output.status.success() {
        return Err(format!("pg_dump failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    String::from_utf8(output.stdout).map_err(|_| "pg_dump wrote what is not UTF-8".to_owned())
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
