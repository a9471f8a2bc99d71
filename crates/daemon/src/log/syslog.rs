//! Lines for syslog. Where no syslog listens they are dropped there, and nowhere else.

use std::ffi::CString;

use serde::Deserialize;
use syslog_tracing::{Facility as System, Options, Syslog};

/// How lines for syslog are marked.
#[derive(Debug, Clone)]
pub struct SyslogSettings {
    /// The program's name there.
    pub ident: String,
    /// The facility's name, such as `daemon` or `local0`.
    pub facility: Facility,
}

/// A syslog facility, read by its usual name.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Facility(System);

const FACILITIES: &[(&str, System)] = &[
    ("daemon", System::Daemon),
    ("user", System::User),
    ("mail", System::Mail),
    ("auth", System::Auth),
    ("authpriv", System::AuthPriv),
    ("lpr", System::Lpr),
    ("news", System::News),
    ("uucp", System::Uucp),
    ("cron", System::Cron),
    ("ftp", System::Ftp),
    ("local0", System::Local0),
    ("local1", System::Local1),
    ("local2", System::Local2),
    ("local3", System::Local3),
    ("local4", System::Local4),
    ("local5", System::Local5),
    ("local6", System::Local6),
    ("local7", System::Local7),
];

impl Default for Facility {
    fn default() -> Self {
        Facility(System::Daemon)
    }
}

impl TryFrom<String> for Facility {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let name = name.trim().to_lowercase();
        let known = FACILITIES.iter().find(|(known, _)| *known == name);
        known.map(|(_, system)| Facility(*system)).ok_or_else(|| {
            let names: Vec<&str> = FACILITIES.iter().map(|(name, _)| *name).collect();
            format!("expected one of {}", names.join(", "))
        })
    }
}

/// `None` when this process writes to syslog already, or the name cannot be told to it.
pub(super) fn writer(settings: &SyslogSettings) -> Option<Syslog> {
    let ident = CString::new(settings.ident.as_str()).ok()?;
    Syslog::new(ident, Options::LOG_PID, settings.facility.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_facility() {
        for (name, _) in FACILITIES {
            let facility = Facility::try_from((*name).to_owned()).unwrap();
            assert_eq!(format!("{:?}", facility.0).to_lowercase(), *name);
        }
        assert!(Facility::try_from("local8".to_owned()).unwrap_err().contains("local7"));
    }
}
