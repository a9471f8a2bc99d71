//! Cancellation of a running statement from outside.

use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Result;

/// The right to cancel what a session is running; stays good as long as the session lives.
#[derive(Clone)]
pub struct CancelToken {
    token: tokio_postgres::CancelToken,
    tls: MakeRustlsConnect,
}

impl CancelToken {
    pub(crate) fn new(token: tokio_postgres::CancelToken, tls: MakeRustlsConnect) -> Self {
        Self { token, tls }
    }

    /// Asks the server to cancel the running statement, over the same TLS settings. The statement then fails with
    /// SQLSTATE 57014, unless it was faster.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn cancel_query(&self) -> Result<()> {
        Ok(self.token.cancel_query(self.tls.clone()).await?)
    }
}
