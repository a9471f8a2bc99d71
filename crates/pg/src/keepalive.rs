//! Keepalives of a session that holds a lock for which another machine waits.

use crate::{Result, Session};

/// A client that has vanished without a word is noticed within 8 seconds: two probes 2 seconds apart after 4 seconds of
/// silence, or data that nobody has acknowledged. They mean nothing on a Unix socket, whose other end cannot vanish.
const QUICK: &str = "select pg_catalog.count(pg_catalog.set_config(s.name, v.setting, false)) \
       from (values ('tcp_keepalives_idle', '4'), ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '2'), \
                    ('tcp_user_timeout', '8000')) v(name, setting) \
       join pg_catalog.pg_settings s on s.name = v.name where s.source <> 'client'";

/// A statement that runs looks for its client every 2 seconds. Version 14 and later; not on every operating system.
const WHILE_AT_WORK: &str = "select pg_catalog.set_config(s.name, '2000', false) from pg_catalog.pg_settings s \
      where s.name = 'client_connection_check_interval' and s.source <> 'client'";

impl Session {
    /// Makes the server end this session, and with it its locks, within 8 seconds after the client has vanished. What
    /// a connect string says in `options` counts more.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn end_soon_after_client(&self) -> Result<()> {
        self.batch_execute(QUICK).await?;
        match self.batch_execute(WHILE_AT_WORK).await {
            Err(error) if self.is_closed() => Err(error.into()),
            // the server's system cannot look: a statement in hand ends by itself
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
