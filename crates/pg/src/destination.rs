//! Destination of a connect string: servers in the order they are tried, and what each session there is to be.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslNegotiation};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::environment::Environment;
use crate::passfile::{self, Whom};
use crate::settings::Settings;
use crate::tls::{self, SslMode};
use crate::{ConnectString, Error, Limits, Result};

const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];
const DEFAULT_PORT: u16 = 5432;
const DEFAULT_CONNECT_TIMEOUT: u64 = 10;
/// A server that has vanished is noticed within a minute when nothing is sent, within half a minute when something is.
const KEEPALIVE_IDLE: u64 = 30;
const KEEPALIVE_INTERVAL: u64 = 10;
const KEEPALIVE_COUNT: u32 = 3;
const TCP_USER_TIMEOUT: u64 = 30_000;

/// One entry of the lists in `host`, `hostaddr` and `port`.
pub(crate) struct Server {
    /// Name, address or socket directory.
    pub(crate) host: String,
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: u16,
    pub(crate) password: Option<String>,
}

impl Server {
    pub(crate) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

/// `target_session_attrs`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SessionAttrs {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// A connect string, resolved.
pub(crate) struct Destination {
    pub(crate) servers: Vec<Server>,
    pub(crate) dbname: String,
    pub(crate) user: String,
    pub(crate) attrs: SessionAttrs,
    pub(crate) timeout: Option<Duration>,
    pub(crate) limits: Limits,
    pub(crate) sslmode: SslMode,
    pub(crate) tls: MakeRustlsConnect,
    /// All that does not differ between servers.
    pub(crate) config: Config,
}

impl Destination {
    pub(crate) fn new(written: &ConnectString, application: &str, around: Environment) -> Result<Self> {
        let settings = Settings::new(written, around)?;
        let user = settings
            .get("user")
            .or(settings.environment.user.as_deref())
            .ok_or_else(|| Error::ConnectString("no user given, and the operating system knows none".into()))?
            .to_owned();
        let dbname = settings.get("dbname").unwrap_or(&user).to_owned();
        let mut servers = servers(&settings)?;
        for server in &mut servers {
            server.password = password(&settings, server, &dbname, &user);
        }
        if settings.choice("load_balance_hosts", &[("disable", false), ("random", true)])? {
            let random = RandomState::new();
            servers.sort_by_cached_key(|server| random.hash_one((&server.host, server.port, server.address)));
        }
        let timeout = match settings.number::<i64>("connect_timeout")? {
            None => Some(Duration::from_secs(DEFAULT_CONNECT_TIMEOUT)),
            Some(seconds) if seconds <= 0 => None,
            Some(seconds) => Some(Duration::from_secs(seconds.max(2) as u64)),
        };
        let (sslmode, tls) = tls::connector(&settings, servers.iter().all(Server::is_socket))?;
        let mut config = config(&settings, application)?;
        config.user(&user).dbname(&dbname);
        let chosen = settings.get("target_session_attrs").is_some();
        let mut attrs = settings.choice(
            "target_session_attrs",
            &[
                ("any", SessionAttrs::Any),
                ("read-write", SessionAttrs::ReadWrite),
                ("read-only", SessionAttrs::ReadOnly),
                ("primary", SessionAttrs::Primary),
                ("standby", SessionAttrs::Standby),
                ("prefer-standby", SessionAttrs::PreferStandby),
            ],
        )?;
        if !chosen && servers.len() > 1 {
            // Of several servers, the one that takes writes is meant: every node of a queue is written to.
            attrs = SessionAttrs::ReadWrite;
        }
        let limits = written.limits();
        Ok(Self { servers, dbname, user, attrs, timeout, limits, sslmode, tls, config })
    }

    /// A server of this destination, for messages.
    pub(crate) fn place(&self, server: &Server) -> String {
        let address = server
            .address
            .filter(|address| address.to_string() != server.host)
            .map_or_else(String::new, |address| format!(" ({address})"));
        format!(
            "host={}{address} port={} dbname={} user={}",
            server.host, server.port, self.dbname, self.user
        )
    }
}

fn config(settings: &Settings, application: &str) -> Result<Config> {
    let mut config = Config::new();
    let name =
        settings.get("application_name").or(settings.get("fallback_application_name")).unwrap_or(application);
    config.application_name(name);
    if let Some(options) = settings.get("options") {
        config.options(options);
    }
    config.channel_binding(settings.choice(
        "channel_binding",
        &[
            ("prefer", ChannelBinding::Prefer),
            ("disable", ChannelBinding::Disable),
            ("require", ChannelBinding::Require),
        ],
    )?);
    config.ssl_negotiation(settings.choice(
        "sslnegotiation",
        &[("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)],
    )?);
    let seconds = |key, default| -> Result<Duration> {
        let given = settings.number::<i64>(key)?.filter(|seconds| *seconds > 0);
        Ok(Duration::from_secs(given.map_or(default, |seconds| seconds as u64)))
    };
    let count = settings.number::<i64>("keepalives_count")?.and_then(|count| u32::try_from(count).ok());
    config
        .keepalives(settings.flag("keepalives", true)?)
        .keepalives_idle(seconds("keepalives_idle", KEEPALIVE_IDLE)?)
        .keepalives_interval(seconds("keepalives_interval", KEEPALIVE_INTERVAL)?)
        .keepalives_retries(count.filter(|count| *count > 0).unwrap_or(KEEPALIVE_COUNT));
    match settings.number::<i64>("tcp_user_timeout")? {
        None => _ = config.tcp_user_timeout(Duration::from_millis(TCP_USER_TIMEOUT)),
        Some(milliseconds) if milliseconds > 0 => {
            config.tcp_user_timeout(Duration::from_millis(milliseconds as u64));
        }
        Some(_) => {}
    }
    Ok(config)
}

fn servers(settings: &Settings) -> Result<Vec<Server>> {
    let list = |key| -> Vec<&str> {
        settings.get(key).map(|all| all.split(',').map(str::trim).collect()).unwrap_or_default()
    };
    let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = hosts.len().max(addresses.len()).max(1);
    let unequal = |what: &str, number: usize| {
        Err(Error::ConnectString(format!("{number} {what} given for {count} servers: give as many of each")))
    };
    if !hosts.is_empty() && hosts.len() != count {
        return unequal("host names", hosts.len());
    }
    if !addresses.is_empty() && addresses.len() != count {
        return unequal("hostaddr values", addresses.len());
    }
    if ports.len() > 1 && ports.len() != count {
        return unequal("ports", ports.len());
    }
    (0..count)
        .map(|at| {
            let port = match ports.get(at).or(ports.first()).filter(|port| !port.is_empty()) {
                None => DEFAULT_PORT,
                Some(text) => text
                    .parse()
                    .ok()
                    .filter(|port| *port > 0)
                    .ok_or_else(|| Error::ConnectString("port is not a port number".into()))?,
            };
            let address = match addresses.get(at).filter(|address| !address.is_empty()) {
                None => None,
                Some(text) => Some(text.parse::<IpAddr>().map_err(|_| {
                    Error::ConnectString("hostaddr is not an IP address (names belong into host)".into())
                })?),
            };
            let host = hosts.get(at).filter(|host| !host.is_empty()).map(|host| (*host).to_owned());
            let host = host.or(address.map(|address| address.to_string()));
            let host = host.unwrap_or_else(|| default_host(port));
            Ok(Server { host, address, port, password: None })
        })
        .collect()
}

/// The first directory with a socket for the port, else this machine by TCP.
fn default_host(port: u16) -> String {
    SOCKET_DIRECTORIES
        .iter()
        .find(|directory| Path::new(directory).join(format!(".s.PGSQL.{port}")).exists())
        .map_or_else(|| "localhost".to_owned(), |directory| (*directory).to_owned())
}

fn password(settings: &Settings, server: &Server, dbname: &str, user: &str) -> Option<String> {
    if let Some(password) = settings.get("password") {
        return Some(password.to_owned());
    }
    let file = settings.get("passfile").map(PathBuf::from).or(settings.environment.at_home(".pgpass"))?;
    let local = SOCKET_DIRECTORIES.contains(&server.host.as_str());
    let host = if local { "localhost" } else { server.host.as_str() };
    passfile::password(&file, &Whom { host, port: server.port, dbname, user })
}

#[cfg(test)]
#[path = "destination_tests.rs"]
mod tests;
