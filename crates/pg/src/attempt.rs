//! Attempts to connect to the servers of a destination one after another, the way libpq does.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode as Encryption;
use tokio_postgres::error::SqlState;

use crate::destination::{Destination, Server, SessionAttrs};
use crate::error::{Attempt, Failure};
use crate::session::Session;
use crate::tls::SslMode;
use crate::{Error, Result};

/// A session on the first server that lets us in and is of the kind that was asked for.
pub(crate) async fn first_suitable(destination: &Destination) -> Result<Session> {
    let mut attempts = Vec::new();
    let passes: &[SessionAttrs] = match destination.attrs {
        SessionAttrs::PreferStandby => &[SessionAttrs::Standby, SessionAttrs::Any],
        _ => std::slice::from_ref(&destination.attrs),
    };
    for attrs in passes {
        for server in &destination.servers {
            match on_server(destination, server, *attrs, &mut attempts).await {
                Some(session) => return Ok(session),
                None if attempts.last().is_some_and(final_word) => return Err(Error::Connect(attempts)),
                None => {}
            }
        }
    }
    Err(Error::Connect(attempts))
}

/// A server that answered and said no ends the search, unless it only is not ready: as in libpq.
fn final_word(attempt: &Attempt) -> bool {
    match &attempt.failure {
        Failure::Postgres(e) => e.code().is_some_and(|code| *code != SqlState::CANNOT_CONNECT_NOW),
        _ => false,
    }
}

async fn on_server(
    destination: &Destination,
    server: &Server,
    attrs: SessionAttrs,
    attempts: &mut Vec<Attempt>,
) -> Option<Session> {
    let mut note = |failure| attempts.push(Attempt { place: destination.place(server), failure });
    let addresses = match addresses(server, destination.timeout).await {
        Ok(addresses) => addresses,
        Err(failure) => {
            note(failure);
            return None;
        }
    };
    for address in addresses {
        let config = config(destination, server, address);
        match on_address(destination, server, config, attrs).await {
            Ok(session) => return Some(session),
            Err(failures) => {
                let answered = failures.iter().any(|failure| {
                    matches!(failure, Failure::Unsuitable(_))
                        || matches!(failure, Failure::Postgres(e) if e.as_db_error().is_some())
                });
                failures.into_iter().for_each(&mut note);
                if answered {
                    return None;
                }
            }
        }
    }
    None
}

/// The addresses of a server; `None` stands for a socket directory.
async fn addresses(server: &Server, timeout: Option<Duration>) -> Result<Vec<Option<IpAddr>>, Failure> {
    if server.is_socket() {
        return Ok(vec![None]);
    }
    if let Some(address) = server.address {
        return Ok(vec![Some(address)]);
    }
    let looked_up = tokio::net::lookup_host((server.host.as_str(), server.port));
    let found = within(timeout, async { looked_up.await.map_err(Failure::Resolve) }).await?;
    let mut addresses = Vec::new();
    for address in found.map(|address| Some(address.ip())) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

fn config(destination: &Destination, server: &Server, address: Option<IpAddr>) -> Config {
    let mut config = destination.config.clone();
    config.host(&server.host).port(server.port);
    if let Some(address) = address {
        config.hostaddr(address);
    }
    if let Some(password) = &server.password {
        config.password(password);
    }
    if let Some(timeout) = destination.timeout {
        // For cancel requests too, which open a connection of their own.
        config.connect_timeout(timeout);
    }
    config
}

/// One address, encrypted and not as `sslmode` says.
async fn on_address(
    destination: &Destination,
    server: &Server,
    mut config: Config,
    attrs: SessionAttrs,
) -> Result<Session, Vec<Failure>> {
    let encryptions: &[Encryption] = match destination.sslmode {
        _ if server.is_socket() => &[Encryption::Disable],
        SslMode::Disable => &[Encryption::Disable],
        SslMode::Allow => &[Encryption::Disable, Encryption::Require],
        SslMode::Prefer => &[Encryption::Prefer, Encryption::Disable],
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[Encryption::Require],
    };
    let mut failures = Vec::new();
    for encryption in encryptions {
        config.ssl_mode(*encryption);
        let attempt = async {
            let opened = config.connect(destination.tls.clone()).await.map_err(Failure::Postgres)?;
            Session::greet(opened, destination, attrs).await
        };
        match within(destination.timeout, attempt).await {
            Ok(session) => return Ok(session),
            Err(failure) => {
                let again = other_encryption_may_help(&failure);
                failures.push(failure);
                if !again {
                    break;
                }
            }
        }
    }
    Err(failures)
}

/// A failed handshake, or a `pg_hba.conf` that wants it otherwise. A wrong password stays wrong.
fn other_encryption_may_help(failure: &Failure) -> bool {
    match failure {
        Failure::Postgres(e) => match e.code() {
            Some(code) => {
                *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
                    || *code == SqlState::PROTOCOL_VIOLATION
            }
            None => !matches!(
                e.to_string().as_str(),
                "error connecting to server" | "invalid configuration" | "authentication error"
            ),
        },
        Failure::Resolve(_) | Failure::TimedOut(_) | Failure::Unsuitable(_) => false,
    }
}

async fn within<T>(
    timeout: Option<Duration>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match timeout {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or(Err(Failure::TimedOut(limit))),
    }
}
