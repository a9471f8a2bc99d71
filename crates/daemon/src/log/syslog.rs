//! Lines for syslog. Where no syslog listens they are dropped there, and nowhere else.

use std::ffi::CString;

use serde::Deserialize;
use syslog_tracing::{Options, Syslog};

use crate::ini::SyslogSettings;

/// A syslog facility by its usual name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Facility(&'static str);

const NAMES: &[&str] = &[
    "daemon", "user", "mail", "auth", "authpriv", "lpr", "news", "uucp", "cron", "ftp", "local0", "local1", "local2",
    "local3", "local4", "local5", "local6", "local7",
];

impl Default for Facility {
    fn default() -> Self {
        Facility("daemon")
    }
}

impl TryFrom<String> for Facility {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let name = name.trim().to_lowercase();
        let known = NAMES.iter().find(|known| **known == name);
        known.map(|known| Facility(known)).ok_or_else(|| format!("expected one of {}", NAMES.join(", ")))
    }
}

impl Facility {
    fn system(&self) -> syslog_tracing::Facility {
        use syslog_tracing::Facility as F;
        match self.0 {
            "user" => F::User,
            "mail" => F::Mail,
            "auth" => F::Auth,
            "authpriv" => F::AuthPriv,
            "lpr" => F::Lpr,
            "news" => F::News,
            "uucp" => F::Uucp,
            "cron" => F::Cron,
            "ftp" => F::Ftp,
            "local0" => F::Local0,
            "local1" => F::Local1,
            "local2" => F::Local2,
            "local3" => F::Local3,
            "local4" => F::Local4,
            "local5" => F::Local5,
            "local6" => F::Local6,
            "local7" => F::Local7,
            _ => F::Daemon,
        }
    }
}

/// `None` when this process writes to syslog already, or the name cannot be told to it.
pub(super) fn writer(settings: &SyslogSettings) -> Option<Syslog> {
    let ident = CString::new(settings.ident.as_str()).ok()?;
    Syslog::new(ident, Options::LOG_PID, settings.facility.system())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_facility() {
        for name in NAMES {
            let facility = Facility::try_from((*name).to_owned()).unwrap();
            assert_eq!(format!("{:?}", facility.system()).to_lowercase(), *name);
        }
        assert!(Facility::try_from("local8".to_owned()).unwrap_err().contains("local7"));
    }
}
