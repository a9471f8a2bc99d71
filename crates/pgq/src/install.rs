//! Installation of the SQL API where it is missing, and recognition of what is there.

use tokio_postgres::Transaction;

use crate::call::{failed, row, rows};
use crate::{Error, Result};

/// Schemas of ours, of the stock API, and of the guide's collected foreign keys.
pub const SCHEMAS: [&str; 5] = ["pgq", "pgq_node", "londiste", "londiste_rs", "londiste_fk"];

/// The schemas of the stock API in the order of their installation, with our scripts for them.
const STOCK_API: [(&str, &str); 3] = [
    ("pgq", include_str!(concat!(env!("OUT_DIR"), "/pgq.sql"))),
    ("pgq_node", include_str!(concat!(env!("OUT_DIR"), "/pgq_node.sql"))),
    ("londiste", include_str!(concat!(env!("OUT_DIR"), "/londiste.sql"))),
];
/// What comes before all of them: an older version of ours is recognised, a newer one refused.
const BEGIN: &str = include_str!("../../../sql/londiste_rs/begin.sql");
const OURS: &str = include_str!(concat!(env!("OUT_DIR"), "/londiste_rs.sql"));

/// What [`install`] found and did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// Schemas that belong to the stock extensions and were left alone.
    pub stock: Vec<&'static str>,
    /// Schemas that were not there before.
    pub created: Vec<&'static str>,
}

/// Brings the API to this version's state: idempotent, over nothing, an older version of ours, or the stock extensions,
/// whose schemas are left alone. Locks out other installations in the same database until the transaction ends.
///
/// # Errors
/// [`Error::Sql`] where a newer version is installed, or the role may not create schemas; [`Error::Grants`] where the
/// stock extensions need memberships the role lacks.
pub async fn install(transaction: &Transaction<'_>) -> Result<Installed> {
    let lock = "select pg_advisory_xact_lock(hashtextextended('londiste_rs.install', 0))";
    row(transaction, "waiting for another installation", lock, &[]).await?;
    transaction
        .batch_execute("set local client_min_messages = warning")
        .await
        .map_err(failed("setting client_min_messages"))?;
    let mut installed = Installed::default();
    let ours_is_new = !exists(transaction, "londiste_rs").await?;
    run(transaction, "londiste_rs", BEGIN).await?;
    for (schema, script) in STOCK_API {
        if is_extension(transaction, schema).await? {
            installed.stock.push(schema);
            continue;
        }
        if !exists(transaction, schema).await? {
            installed.created.push(schema);
        }
        run(transaction, schema, script).await?;
    }
    if !installed.stock.is_empty() {
        require_grants(transaction).await?;
    }
    if ours_is_new {
        installed.created.push("londiste_rs");
    }
    run(transaction, "londiste_rs", OURS).await?;
    Ok(installed)
}

/// Checks that all schemas are there and of this version, and that this session may use them, without changing
/// anything.
pub async fn require(client: &tokio_postgres::Client) -> Result<()> {
    let sql = "select n from unnest($1::text[]) n where to_regnamespace(n) is null";
    let wanted = ["pgq", "pgq_node", "londiste", "londiste_rs"].as_slice();
    let missing = rows(client, "looking for the installed schemas", sql, &[&wanted]).await?;
    if !missing.is_empty() {
        let missing: Vec<String> = missing.iter().map(|row| row.get(0)).collect();
        return Err(Error::NotInstalled { missing: missing.join(", ") });
    }
    require_use(client, "pgq_node.get_node_info(text)").await?;
    require_version(client).await
}

/// Checks that the schemas have taken all the steps that this version knows, and no others: what it would call or write
/// there may be gone.
async fn require_version(client: &tokio_postgres::Client) -> Result<()> {
    const WHAT: &str = "asking for the version of the schemas";
    let sql = "select to_regprocedure('londiste_rs.schema_version()') is not null";
    let installed: Option<i32> = match row(client, WHAT, sql, &[]).await?.get(0) {
        true => row(client, WHAT, "select londiste_rs.schema_version()", &[]).await?.get(0),
        false => None,
    };
    match installed.unwrap_or_default() {
        installed if installed < newest() => Err(Error::Outdated { installed, wanted: newest() }),
        installed if installed > newest() => Err(Error::Newer { installed, known: newest() }),
        _ => Ok(()),
    }
}

/// The same where anything of ours is installed; nothing is said of what this session may not see.
pub async fn require_version_if_any(client: &tokio_postgres::Client) -> Result<()> {
    let sql = "select case when to_regnamespace('londiste_rs') is null then false \
                           when not has_schema_privilege('londiste_rs', 'usage') then false \
                           when to_regclass('londiste_rs.schema_step') is null then true \
                           else has_table_privilege('londiste_rs.schema_step', 'select') end";
    match row(client, "looking for installed schemas", sql, &[]).await?.get(0) {
        true => require_version(client).await,
        false => Ok(()),
    }
}

/// The last step that this version's scripts take, as `begin.sql` says.
fn newest() -> i32 {
    let after = BEGIN.split_once("newest constant integer := ").map_or("", |(_, after)| after);
    after.split(';').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Checks that this session may call a function of the API.
///
/// # Errors
/// [`Error::NotPermitted`].
pub async fn require_use(client: &tokio_postgres::Client, function: &str) -> Result<()> {
    let sql = "select current_user::text as role, pg_get_userbyid(p.proowner)::text as owner from pg_catalog.pg_proc p \
                where p.oid = to_regprocedure($1) and not has_function_privilege(p.oid, 'execute')";
    match rows(client, "checking privileges", sql, &[&function]).await?.first() {
        None => Ok(()),
        Some(row) => Err(Error::NotPermitted { role: row.get("role"), owner: row.get("owner") }),
    }
}

async fn run(transaction: &Transaction<'_>, schema: &str, script: &str) -> Result<()> {
    let what = format!("installing schema {schema}");
    transaction.batch_execute(script).await.map_err(failed(&what))
}

async fn is_extension(transaction: &Transaction<'_>, schema: &str) -> Result<bool> {
    let sql = "select exists (select from pg_catalog.pg_extension where extname = $1)";
    Ok(row(transaction, "looking for stock extensions", sql, &[&schema]).await?.get(0))
}

async fn exists(transaction: &Transaction<'_>, schema: &str) -> Result<bool> {
    let sql = "select to_regnamespace($1) is not null";
    Ok(row(transaction, "looking for installed schemas", sql, &[&schema]).await?.get(0))
}

async fn require_grants(transaction: &Transaction<'_>) -> Result<()> {
    let sql = "select current_user::text as role, string_agg(quote_ident(n), ', ' order by n) as missing \
                 from unnest(array['pgq_admin', 'londiste_writer']) n \
                where not exists (select from pg_catalog.pg_roles r \
                                   where r.rolname = n and pg_has_role(r.oid, 'usage'))";
    let row = row(transaction, "checking memberships", sql, &[]).await?;
    match row.get::<_, Option<String>>("missing") {
        None => Ok(()),
        Some(missing) => Err(Error::Grants { role: row.get("role"), missing }),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_scripts_tell_their_version() {
        assert!(super::newest() >= 2);
    }
}
