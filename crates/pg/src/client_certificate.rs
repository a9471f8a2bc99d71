//! Our own certificate, for servers that ask for one (`sslcert`, `sslkey`).

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error as TlsError, InconsistentKeys};

use crate::settings::Settings;
use crate::{Error, Result};

/// The certificate and key that are named, or those in `~/.postgresql` if they are there.
pub(crate) fn read(settings: &Settings, provider: &CryptoProvider) -> Result<Option<SingleCertAndKey>> {
    let required = match settings.choice("sslcertmode", &[("allow", 1), ("disable", 0), ("require", 2)])? {
        0 => return Ok(None),
        mode => mode == 2,
    };
    let (path, named) = match settings.get("sslcert") {
        Some(given) => (PathBuf::from(given), true),
        None => match settings.environment.at_home(".postgresql/postgresql.crt") {
            Some(path) => (path, false),
            None => return Ok(None),
        },
    };
    if !path.exists() {
        // libpq goes on without a certificate; the server says whether it wants one.
        return match named || required {
            true => Err(Error::Tls(format!("client certificate file \"{}\" does not exist", path.display()))),
            false => Ok(None),
        };
    }
    let chain = CertificateDer::pem_file_iter(&path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| unusable("client certificate file", &path, &e))?;
    let key_file = match settings.get("sslkey") {
        Some(given) => PathBuf::from(given),
        None => settings
            .environment
            .at_home(".postgresql/postgresql.key")
            .ok_or_else(|| Error::Tls("no sslkey given for the sslcert".into()))?,
    };
    let fits = |e: TlsError| Error::Tls(format!("private key file \"{}\": {e}", key_file.display()));
    let signer = provider.key_provider.load_private_key(key(&key_file)?).map_err(fits)?;
    let ours = CertifiedKey::new(chain, signer);
    // Only this answer is sure: a certificate of X.509 version 1 cannot be compared, but PostgreSQL takes it.
    match ours.keys_match() {
        Err(e @ TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(fits(e)),
        _ => Ok(Some(SingleCertAndKey::from(ours))),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let failed = |source| Error::File { what: format!("private key file \"{}\"", path.display()), source };
    let metadata = path.metadata().map_err(failed)?;
    // As libpq: nobody but the owner, or root's key readable by a group.
    let forbidden = if metadata.uid() == 0 { 0o027 } else { 0o077 };
    if metadata.permissions().mode() & forbidden != 0 {
        return Err(Error::Tls(format!(
            "private key file \"{}\" has group or world access: chmod 0600 it (0640 if root owns it)",
            path.display()
        )));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let encrypted = b"ENCRYPTED";
    if bytes.windows(encrypted.len()).any(|window| window == encrypted) {
        return Err(Error::Tls(format!(
            "private key file \"{}\" is encrypted, which is not supported: decrypt it with openssl pkey -in … -out …",
            path.display()
        )));
    }
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => Ok(key),
        Err(pem) => PrivateKeyDer::try_from(bytes).map_err(|_| unusable("private key file", path, &pem)),
    }
}

/// A file without what it should hold.
pub(crate) fn unusable(what: &str, path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::File {
        what: format!("{what} \"{}\"", path.display()),
        source: io::Error::new(io::ErrorKind::InvalidData, why.to_string()),
    }
}
