//! Certificate of a server, read where webpki does not: host names as libpq compares them, validity, and signatures of
//! X.509 version 1 certificates.

use std::net::IpAddr;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error as TlsError};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::{TbsCertificate, Version};

pub(crate) struct Certificate<'a> {
    der: CertificateDer<'a>,
    parsed: x509_cert::Certificate,
}

impl<'a> Certificate<'a> {
    pub(crate) fn parse(der: &CertificateDer<'a>) -> Result<Self, String> {
        let parsed = x509_cert::Certificate::from_der(der).map_err(|e| format!("it cannot be read: {e}"))?;
        Ok(Self { der: der.clone(), parsed })
    }

    pub(crate) fn der(&self) -> &CertificateDer<'a> {
        &self.der
    }

    pub(crate) fn is_version_1(&self) -> bool {
        self.body().version == Version::V1
    }

    fn body(&self) -> &TbsCertificate {
        &self.parsed.tbs_certificate
    }

    pub(crate) fn check_validity(&self, now: UnixTime) -> Result<(), String> {
        let validity = &self.body().validity;
        if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
            return Err(format!("it is not valid before {}", validity.not_before));
        }
        if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
            return Err(format!("it expired on {}", validity.not_after));
        }
        Ok(())
    }

    /// One of the authorities itself has signed this certificate.
    pub(crate) fn check_issued_by(
        &self,
        roots: &[CertificateDer<'_>],
        algorithms: WebPkiSupportedAlgorithms,
        now: UnixTime,
    ) -> Result<(), String> {
        self.check_validity(now)?;
        let body = self.body().to_der().map_err(|e| e.to_string())?;
        let signature = self.parsed.signature.raw_bytes();
        let signed_with = content(&self.parsed.signature_algorithm.to_der().unwrap_or_default()).to_vec();
        let signed = |root: &Certificate<'_>| {
            root.body().subject == self.body().issuer
                && root.check_validity(now).is_ok()
                && algorithms.all.iter().any(|algorithm| {
                    algorithm.signature_alg_id().as_ref() == signed_with
                        && verifies(*algorithm, &root.body().subject_public_key_info, &body, signature)
                })
        };
        match roots.iter().filter_map(|root| Certificate::parse(root).ok()).any(|root| signed(&root)) {
            true => Ok(()),
            false => Err("no root certificate has signed it".into()),
        }
    }

    /// The signature of the handshake was made with this certificate's key.
    pub(crate) fn check_handshake(
        &self,
        message: &[u8],
        dss: &DigitallySignedStruct,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let key = &self.body().subject_public_key_info;
        algorithms
            .mapping
            .iter()
            .filter(|(scheme, _)| *scheme == dss.scheme)
            .flat_map(|(_, candidates)| candidates.iter())
            .any(|algorithm| verifies(*algorithm, key, message, dss.signature()))
            .then(HandshakeSignatureValid::assertion)
            .ok_or(TlsError::InvalidCertificate(CertificateError::BadSignature))
    }

    /// The certificate was made out for the host: alternative names, else, as libpq does, the common name.
    pub(crate) fn check_name(&self, host: &ServerName<'_>) -> Result<(), String> {
        let wanted = host.to_str();
        let address: Option<IpAddr> = wanted.parse().ok();
        let mut named = Vec::new();
        for name in self.alternative_names() {
            match name {
                GeneralName::DnsName(name) => named.push(name.to_string()),
                GeneralName::IpAddress(bytes) => {
                    named.extend(ip_address(bytes.as_bytes()).map(|ip| ip.to_string()))
                }
                _ => {}
            }
        }
        if named.is_empty() {
            named.extend(self.common_names());
        }
        let fits = |name: &String| match address {
            Some(address) => name.parse() == Ok(address),
            None => fits(name, &wanted),
        };
        match named.iter().any(fits) {
            true => Ok(()),
            false => Err(format!(
                "it is for {}, not for \"{wanted}\" (sslmode=verify-full)",
                if named.is_empty() { "no host".to_owned() } else { format!("\"{}\"", named.join("\", \"")) }
            )),
        }
    }

    fn alternative_names(&self) -> Vec<GeneralName> {
        let extensions = self.body().extensions.iter().flatten();
        extensions
            .filter(|extension| extension.extn_id == SubjectAltName::OID)
            .filter_map(|extension| SubjectAltName::from_der(extension.extn_value.as_bytes()).ok())
            .flat_map(|names| names.0)
            .collect()
    }

    fn common_names(&self) -> impl Iterator<Item = String> {
        let attributes = self.body().subject.0.iter().flat_map(|part| part.0.iter());
        attributes
            .filter(|attribute| attribute.oid == CN)
            .filter_map(|attribute| std::str::from_utf8(attribute.value.value()).ok().map(str::to_owned))
    }
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}

/// Names are equal but for case, or the pattern's `*` stands for the first label.
fn fits(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.trim_end_matches('.').to_ascii_lowercase());
    match pattern.strip_prefix('*').filter(|rest| rest.starts_with('.') && rest.len() > 1) {
        Some(rest) => host.strip_suffix(rest).is_some_and(|label| !label.is_empty() && !label.contains('.')),
        None => pattern == host,
    }
}

fn verifies(
    algorithm: &dyn SignatureVerificationAlgorithm,
    key: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let kind = key.algorithm.to_der().unwrap_or_default();
    algorithm.public_key_alg_id().as_ref() == content(&kind)
        && algorithm.verify_signature(key.subject_public_key.raw_bytes(), message, signature).is_ok()
}

/// What is inside a short DER value: webpki names algorithms without the SEQUENCE around them.
fn content(der: &[u8]) -> &[u8] {
    der.get(2..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_exactly_the_first_label() {
        assert!(fits("*.Example.com", "db.example.COM"));
        assert!(fits("db.example.com", "DB.example.com"));
        for (pattern, host) in [
            ("*.example.com", "a.b.example.com"),
            ("*.example.com", ".example.com"),
            ("*.example.com", "example.com"),
            ("*", "example"),
            ("*.", "example."),
            ("d*.example.com", "db.example.com"),
        ] {
            assert!(!fits(pattern, host), "{pattern} {host}");
        }
    }
}
