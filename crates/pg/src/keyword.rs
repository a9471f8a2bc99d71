//! Keywords of connect strings: those of libpq, and what becomes of each here.

use crate::{Error, Result};

/// What a keyword may be used for.
pub(crate) enum Support {
    /// Any value; it is put to use.
    Used,
    /// Values that ask for nothing but what happens anyway.
    Only(&'static [&'static str]),
    /// Not here.
    Refused,
}

pub(crate) struct Keyword {
    pub(crate) name: &'static str,
    pub(crate) env: Option<&'static str>,
    support: Support,
}

const fn used(name: &'static str, env: &'static str) -> Keyword {
    Keyword { name, env: Some(env), support: Support::Used }
}

const fn written(name: &'static str) -> Keyword {
    Keyword { name, env: None, support: Support::Used }
}

const fn only(name: &'static str, env: Option<&'static str>, values: &'static [&'static str]) -> Keyword {
    Keyword { name, env, support: Support::Only(values) }
}

const fn refused(name: &'static str, env: Option<&'static str>) -> Keyword {
    Keyword { name, env, support: Support::Refused }
}

/// Keywords of PostgreSQL 18's libpq (documentation, "Parameter Key Words" and "Environment Variables").
pub(crate) const KEYWORDS: &[Keyword] = &[
    used("service", "PGSERVICE"),
    used("servicefile", "PGSERVICEFILE"),
    used("host", "PGHOST"),
    used("hostaddr", "PGHOSTADDR"),
    used("port", "PGPORT"),
    used("dbname", "PGDATABASE"),
    used("user", "PGUSER"),
    used("password", "PGPASSWORD"),
    used("passfile", "PGPASSFILE"),
    used("channel_binding", "PGCHANNELBINDING"),
    used("connect_timeout", "PGCONNECT_TIMEOUT"),
    used("options", "PGOPTIONS"),
    used("application_name", "PGAPPNAME"),
    written("fallback_application_name"),
    written("keepalives"),
    written("keepalives_idle"),
    written("keepalives_interval"),
    written("keepalives_count"),
    written("tcp_user_timeout"),
    used("sslmode", "PGSSLMODE"),
    used("sslnegotiation", "PGSSLNEGOTIATION"),
    used("sslcert", "PGSSLCERT"),
    used("sslkey", "PGSSLKEY"),
    written("sslpassword"),
    used("sslcertmode", "PGSSLCERTMODE"),
    used("sslrootcert", "PGSSLROOTCERT"),
    used("sslcrl", "PGSSLCRL"),
    used("sslcrldir", "PGSSLCRLDIR"),
    used("sslsni", "PGSSLSNI"),
    used("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    used("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    used("target_session_attrs", "PGTARGETSESSIONATTRS"),
    used("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    only("client_encoding", None, &["utf8", "utf-8", "unicode", "auto"]),
    only("replication", None, &["false", "off", "no", "0"]),
    only("sslcompression", Some("PGSSLCOMPRESSION"), &["0"]),
    only("gssencmode", Some("PGGSSENCMODE"), &["disable", "prefer"]),
    only("gssdelegation", Some("PGGSSDELEGATION"), &["0"]),
    only("min_protocol_version", Some("PGMINPROTOCOLVERSION"), &["3.0"]),
    only("max_protocol_version", Some("PGMAXPROTOCOLVERSION"), &["3.0", "3.2", "latest"]),
    refused("requirepeer", Some("PGREQUIREPEER")),
    refused("require_auth", Some("PGREQUIREAUTH")),
    refused("krbsrvname", None),
    refused("gsslib", None),
    refused("sslkeylogfile", None),
    refused("scram_client_key", None),
    refused("scram_server_key", None),
    refused("oauth_issuer", None),
    refused("oauth_client_id", None),
    refused("oauth_client_secret", None),
    refused("oauth_scope", None),
];

/// Values of these keywords are never shown.
pub(crate) fn is_secret(key: &str) -> bool {
    matches!(
        key,
        "password" | "sslpassword" | "oauth_client_secret" | "scram_client_key" | "scram_server_key"
    )
}

/// Whether libpq knows this keyword.
pub(crate) fn is_known(key: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.name == key)
}

/// Fails on a keyword that libpq does not know, and on one whose effect we cannot give. The message holds neither the
/// value nor an unknown keyword: both may be part of a password that was not quoted or escaped.
pub(crate) fn check(key: &str, value: &str) -> Result<()> {
    let Some(keyword) = KEYWORDS.iter().find(|k| k.name == key) else {
        return Err(Error::ConnectString(format!("unknown keyword{}", nearest(key))));
    };
    match keyword.support {
        Support::Used => Ok(()),
        Support::Only(values)
            if value.is_empty() || values.contains(&value.to_ascii_lowercase().as_str()) =>
        {
            Ok(())
        }
        Support::Only(values) => Err(Error::ConnectString(format!(
            "the value of {key} is not supported (possible: {})",
            values.join(", ")
        ))),
        Support::Refused if value.is_empty() => Ok(()),
        Support::Refused => {
            Err(Error::ConnectString(format!("keyword \"{key}\" is not supported: take it out")))
        }
    }
}

fn nearest(key: &str) -> String {
    let key = key.to_ascii_lowercase();
    KEYWORDS
        .iter()
        .map(|k| (strsim::damerau_levenshtein(&key, k.name), k.name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .or_else(|| KEYWORDS.iter().find(|k| key.contains(k.name)).map(|k| (0, k.name)))
        .map_or_else(String::new, |(_, name)| format!(" (did you mean \"{name}\"?)"))
}
