//! Keepalives: whether a connection that rests is kept by what stands between (NAT, load balancers), and whether the
//! server notices a client that has vanished.

use pg::ConnectString;

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("keepalives", Place::Both, "Are connections that rest kept alive?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// Seconds after which the hastiest of the usual devices forget a connection.
const FORGOTTEN: i64 = 240;

/// What sessions begin with that set nothing themselves; zero: what the operating system says.
const OF_SERVER: &str = "\
select reset_val, format('alter role %I set tcp_keepalives_idle = 60', current_user)
  from pg_settings where name = 'tcp_keepalives_idle'";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for place in [Place::Source, Place::Target] {
        findings.extend(context.location(place).and_then(|at| of_client(place, at)));
        for row in catalog::rows(context.session(place)?, OF_SERVER).await? {
            let [seconds, remedy] = row.as_slice() else { continue };
            if seconds.parse::<i64>().is_ok_and(|seconds| seconds > FORGOTTEN) {
                findings.push(Finding::new(
                    Verdict::Info,
                    place,
                    "setting tcp_keepalives_idle",
                    format!(
                        "is {seconds}: for so many seconds the server keeps the session of a client that has vanished, \
                         and its locks. Our sessions set 60; psql and pg_dump do not"
                    ),
                    remedy,
                ));
            }
        }
    }
    Ok(findings)
}

/// What the connect string says; without a word of it our sessions send a sign of life each 30 seconds.
fn of_client(place: Place, at: &ConnectString) -> Option<Finding> {
    let is_off = at.get("keepalives").is_some_and(|word| word.trim() == "0");
    let idle = at.get("keepalives_idle").and_then(|word| word.trim().parse::<i64>().ok()).unwrap_or_default();
    let (found, remedy) = match (is_off, idle > FORGOTTEN) {
        (true, _) => ("sends no sign of life (keepalives=0)".to_owned(), "keepalives=0"),
        (false, true) => {
            (format!("sends no sign of life for {idle} s (keepalives_idle={idle})"), "keepalives_idle")
        }
        (false, false) => return None,
    };
    Some(Finding::new(
        Verdict::Warning,
        place,
        format!("connection to the {place}"),
        format!(
            "{found} while it rests, as at night: NAT and load balancers forget such a connection after four minutes \
             and more, and neither end hears of it"
        ),
        format!("take {remedy} out of the connect string"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_without_signs_of_life_is_told() {
        let found = |words: &str| {
            let at = format!("host=h dbname=d user=u {words}").parse().unwrap();
            of_client(Place::Source, &at).map(|found| found.remedy)
        };
        assert_eq!(found(""), None);
        assert_eq!(found("keepalives_idle=120"), None);
        assert!(found("keepalives_idle=600").unwrap().contains("keepalives_idle"));
        assert!(found("keepalives=0 keepalives_idle=30").unwrap().contains("keepalives=0"));
    }
}
