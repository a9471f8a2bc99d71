//! TLS as libpq's `ssl…` keywords ask for it, done by rustls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::server_verifier::{Demand, ServerVerifier};
use crate::settings::Settings;
use crate::{Error, Result, client_certificate};

/// `sslmode`, as far as it decides whether to encrypt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

const MODES: [(&str, SslMode); 6] = [
    ("prefer", SslMode::Prefer),
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

/// The mode and the TLS half of connections. Files are not read where nothing will be encrypted.
pub(crate) fn connector(settings: &Settings, only_sockets: bool) -> Result<(SslMode, MakeRustlsConnect)> {
    let system_roots = settings.get("sslrootcert") == Some("system");
    let mode = match settings.get("sslmode") {
        None if system_roots => SslMode::VerifyFull,
        _ => settings.choice("sslmode", &MODES)?,
    };
    if system_roots && mode != SslMode::VerifyFull {
        return Err(Error::ConnectString(
            "sslrootcert=system goes with sslmode=verify-full only \
             (anybody can get a certificate from a public authority)"
                .into(),
        ));
    }
    let direct = settings.get("sslnegotiation") == Some("direct");
    if direct && matches!(mode, SslMode::Disable | SslMode::Allow | SslMode::Prefer) {
        return Err(Error::ConnectString("sslnegotiation=direct needs sslmode=require or stronger".into()));
    }
    let provider = Arc::new(ring::default_provider());
    let encrypts = mode != SslMode::Disable && !only_sockets;
    let verifier = match encrypts {
        true => verifier(settings, mode, &provider)?,
        false => ServerVerifier::trusting(&provider),
    };
    let ours = if encrypts { client_certificate::read(settings, &provider)? } else { None };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(settings)?)
        .map_err(|e| Error::Tls(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match ours {
        Some(ours) => builder.with_client_cert_resolver(Arc::new(ours)),
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = settings.flag("sslsni", true)?;
    if direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok((mode, MakeRustlsConnect::new(config)))
}

fn verifier(settings: &Settings, mode: SslMode, provider: &Arc<CryptoProvider>) -> Result<ServerVerifier> {
    let demand = if mode == SslMode::VerifyFull { Demand::ChainAndName } else { Demand::Chain };
    if settings.get("sslrootcert") == Some("system") {
        return ServerVerifier::with_system_roots(provider);
    }
    let given = settings.get("sslrootcert").map(PathBuf::from);
    let roots = given.or(settings.environment.at_home(".postgresql/root.crt"));
    match roots.filter(|file| file.exists()) {
        Some(file) => ServerVerifier::with_roots(provider, demand, &file, &crl_files(settings)?),
        None if matches!(mode, SslMode::VerifyCa | SslMode::VerifyFull) => Err(Error::Tls(format!(
            "root certificate file \"{}\" does not exist: give it as sslrootcert, use sslrootcert=system, \
             or change sslmode",
            settings.get("sslrootcert").unwrap_or("~/.postgresql/root.crt")
        ))),
        None => Ok(ServerVerifier::trusting(provider)),
    }
}

fn crl_files(settings: &Settings) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    match settings.get("sslcrl") {
        Some(given) => files.push(PathBuf::from(given)),
        None => files.extend(
            settings
                .environment
                .at_home(".postgresql/root.crl")
                .filter(|f| settings.get("sslcrldir").is_none() && f.exists()),
        ),
    }
    if let Some(directory) = settings.get("sslcrldir") {
        let failed = |source| Error::File { what: format!("sslcrldir \"{directory}\""), source };
        for entry in Path::new(directory).read_dir().map_err(failed)? {
            files.push(entry.map_err(failed)?.path());
        }
    }
    Ok(files)
}

fn versions(settings: &Settings) -> Result<Vec<&'static SupportedProtocolVersion>> {
    let known = [("TLSv1", 10), ("TLSv1.1", 11), ("TLSv1.2", 12), ("TLSv1.3", 13)];
    let bound = |key, default: u8| match settings.get(key) {
        None => Ok(default),
        Some(text) => {
            known.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, v)| *v).ok_or_else(|| {
                Error::ConnectString(format!(
                    "the value of {key} is not possible (possible: TLSv1.2, TLSv1.3)"
                ))
            })
        }
    };
    let (least, most) = (bound("ssl_min_protocol_version", 12)?, bound("ssl_max_protocol_version", 13)?);
    let chosen: Vec<_> = [(12, &TLS12), (13, &TLS13)]
        .into_iter()
        .filter(|(version, _)| (least..=most).contains(version))
        .map(|(_, version)| version)
        .collect();
    match chosen.is_empty() {
        true => Err(Error::ConnectString(
            "ssl_min_protocol_version and ssl_max_protocol_version leave none of TLSv1.2 and TLSv1.3".into(),
        )),
        false => Ok(chosen),
    }
}
