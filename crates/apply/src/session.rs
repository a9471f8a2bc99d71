//! Session on the target that changes are written in.

use pg::Limits;
use tokio_postgres::Client;

use crate::{Error, Result};

/// Pins the session settings that values depend on, for the session's life: the same that capture pins on the source,
/// and those that reading values back depends on. A database that knows no encoding gives and takes texts as they are.
/// Call it once for each connection.
///
/// # Errors
/// [`Error::Server`].
pub async fn pin_session(client: &Client) -> Result<()> {
    client
        .batch_execute(
            "set datestyle = 'ISO, YMD'; set intervalstyle = postgres; set timezone = 'UTC'; \
             set extra_float_digits = 3; \
             set bytea_output = hex; set lc_monetary = 'C'; set xmloption = content; \
             set standard_conforming_strings = on; \
             set row_security = off; \
             select pg_catalog.set_config('client_encoding', case pg_catalog.current_setting('server_encoding') \
                    when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end, false)",
        )
        .await
        .map_err(Error::server("setting up the session on the target"))
}

/// Begins the transaction that changes are written in, with every deferrable constraint deferred. No statement of it
/// may take longer than
/// `limits` let long ones.
///
/// # Errors
/// [`Error::Server`].
pub async fn begin(client: &Client, limits: Limits) -> Result<()> {
    let limit = limits.unhurried().as_local_sql();
    client
        .batch_execute(&format!(
            "begin isolation level read committed read write; set constraints all deferred; {limit}"
        ))
        .await
        .map_err(Error::server("beginning a transaction on the target"))
}
