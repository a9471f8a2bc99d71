//! Verifier of a server's certificate: as libpq with OpenSSL decides, which is laxer than webpki for
//! certificates that PostgreSQL's own documentation teaches to make (self-signed, X.509 version 1, common name only).

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme};

use crate::certificate::Certificate;
use crate::client_certificate::unusable;
use crate::{Error, Result};

/// How much of a certificate is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Demand {
    Nothing,
    Chain,
    ChainAndName,
}

#[derive(Debug)]
pub(crate) struct ServerVerifier {
    demand: Demand,
    algorithms: WebPkiSupportedAlgorithms,
    chain: Option<Arc<WebPkiServerVerifier>>,
    roots: Vec<CertificateDer<'static>>,
    roots_from: String,
    has_crls: bool,
}

impl ServerVerifier {
    /// Takes any certificate: `sslmode=require` and weaker, as long as no root certificate is there.
    pub(crate) fn trusting(provider: &Arc<CryptoProvider>) -> Self {
        Self {
            demand: Demand::Nothing,
            algorithms: provider.signature_verification_algorithms,
            chain: None,
            roots: Vec::new(),
            roots_from: String::new(),
            has_crls: false,
        }
    }

    /// Takes what the authorities in a PEM file have signed and no revocation list names.
    pub(crate) fn with_roots(
        provider: &Arc<CryptoProvider>,
        demand: Demand,
        file: &Path,
        crl_files: &[std::path::PathBuf],
    ) -> Result<Self> {
        let roots = CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|e| unusable("root certificate file", file, &e))?;
        let mut crls = Vec::new();
        for file in crl_files {
            let read = CertificateRevocationListDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|e| unusable("certificate revocation list", file, &e))?;
            crls.extend(read);
        }
        Self::new(provider, demand, roots, crls, format!("\"{}\"", file.display()))
    }

    /// Takes what the authorities this machine trusts have signed for the server's name.
    pub(crate) fn with_system_roots(provider: &Arc<CryptoProvider>) -> Result<Self> {
        let found = rustls_native_certs::load_native_certs();
        if found.certs.is_empty() {
            let why: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
            return Err(Error::Tls(format!(
                "sslrootcert=system: this machine has no trusted root certificates ({})",
                why.join("; ")
            )));
        }
        Self::new(provider, Demand::ChainAndName, found.certs, Vec::new(), "the system".into())
    }

    fn new(
        provider: &Arc<CryptoProvider>,
        demand: Demand,
        roots: Vec<CertificateDer<'static>>,
        crls: Vec<CertificateRevocationListDer<'static>>,
        roots_from: String,
    ) -> Result<Self> {
        let mut store = RootCertStore::empty();
        let (usable, _) = store.add_parsable_certificates(roots.iter().cloned());
        if usable == 0 {
            return Err(Error::Tls(format!("no usable root certificate in {roots_from}")));
        }
        let has_crls = !crls.is_empty();
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
            .with_crls(crls)
            .build()
            .map_err(|e| Error::Tls(format!("root certificates of {roots_from}: {e}")))?;
        let algorithms = provider.signature_verification_algorithms;
        Ok(Self { demand, algorithms, chain: Some(chain), roots, roots_from, has_crls })
    }

    /// The certificate, where webpki is too strict to take its key: it knows version 3 only, and rejects oddities that
    /// do not matter where any certificate will do.
    fn lax<'a>(&self, cert: &CertificateDer<'a>) -> Option<Certificate<'a>> {
        Certificate::parse(cert).ok().filter(|parsed| self.chain.is_none() || parsed.is_version_1())
    }

    fn check_chain(
        &self,
        verifier: &WebPkiServerVerifier,
        certificate: &Certificate,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), TlsError> {
        let der = certificate.der();
        if self.roots.iter().any(|root| root.as_ref() == der.as_ref()) {
            return certificate.check_validity(now).map_err(refused);
        }
        if certificate.is_version_1() {
            if self.has_crls {
                return Err(refused(
                    "it is of X.509 version 1, which cannot be checked against revocation lists",
                ));
            }
            return certificate
                .check_issued_by(&self.roots, self.algorithms, now)
                .map_err(|why| refused(format!("{why} (sslrootcert: {})", self.roots_from)));
        }
        match verifier.verify_server_cert(der, intermediates, name, ocsp, now) {
            // The chain is judged before the name, and the name is judged elsewhere, as libpq does it.
            Ok(_)
            | Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            Err(TlsError::InvalidCertificate(CertificateError::UnknownIssuer)) => Err(refused(format!(
                "no root certificate of {} has signed it (sslrootcert)",
                self.roots_from
            ))),
            Err(TlsError::InvalidCertificate(CertificateError::Revoked)) => Err(refused("it was revoked")),
            Err(TlsError::InvalidCertificate(why)) => Err(refused(why)),
            Err(other) => Err(other),
        }
    }
}

fn refused(why: impl std::fmt::Display) -> TlsError {
    TlsError::General(format!("the server's certificate is refused: {why}"))
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let Some(verifier) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let certificate = Certificate::parse(end_entity).map_err(refused)?;
        self.check_chain(verifier, &certificate, intermediates, server_name, ocsp_response, now)?;
        if self.demand == Demand::ChainAndName {
            certificate.check_name(server_name).map_err(refused)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        match self.lax(cert) {
            Some(certificate) => certificate.check_handshake(message, dss, self.algorithms),
            None => verify_tls12_signature(message, cert, dss, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        match self.lax(cert) {
            Some(certificate) => certificate.check_handshake(message, dss, self.algorithms),
            None => verify_tls13_signature(message, cert, dss, &self.algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
