//! TLS of the connections.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("tls", Place::Both, "Are both connections encrypted?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

const STATE: &str = "\
select s.ssl, coalesce(host(inet_server_addr()), ''),
       inet_server_addr() <<= '127.0.0.0/8'::inet or inet_server_addr() = '::1'::inet
  from pg_stat_ssl s where s.pid = pg_backend_pid()";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for place in [Place::Source, Place::Target] {
        let rows = catalog::rows(context.session(place)?, STATE).await?;
        if let Some([encrypted, address, local]) = rows.first().map(Vec::as_slice) {
            findings.extend(judge(place, encrypted == "t", address, local == "t"));
        }
    }
    Ok(findings)
}

/// No address: a socket of this machine.
fn judge(place: Place, encrypted: bool, address: &str, local: bool) -> Option<Finding> {
    if encrypted || address.is_empty() {
        return None;
    }
    let (verdict, found) = match local {
        true => (Verdict::Info, "without TLS, within this machine"),
        false => {
            (Verdict::Warning, "without TLS: whoever stands between reads and changes passwords and rows")
        }
    };
    Some(Finding::new(
        verdict,
        place,
        format!("connection to {address}"),
        found,
        "add sslmode=verify-full to the connect string",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_over_a_network_needs_tls() {
        let verdict = |encrypted, address, local| {
            judge(Place::Source, encrypted, address, local).map(|found| found.verdict)
        };
        assert_eq!(verdict(true, "10.0.0.1", false), None);
        assert_eq!(verdict(false, "", false), None);
        assert_eq!(verdict(false, "127.0.0.1", true), Some(Verdict::Info));
        assert_eq!(verdict(false, "10.0.0.1", false), Some(Verdict::Warning));
    }
}
