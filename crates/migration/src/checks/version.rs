//! Versions of the servers, and the direction between them.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check = Check::code(
    "version",
    Place::Both,
    "Are both servers of versions 13 to 18, and is the target not the older one?",
    |context| Box::pin(ask(context)) as Found<'_>,
);

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    Ok(judge(context.source()?.server_version(), context.target()?.server_version()))
}

fn judge(source: u32, target: u32) -> Vec<Finding> {
    let (source, target) = (source / 10_000, target / 10_000);
    let mut findings = Vec::new();
    for (place, major) in [(Place::Source, source), (Place::Target, target)] {
        let (why, remedy) = match major {
            _ if pg::SERVERS.contains(&major) => continue,
            _ if major < *pg::SERVERS.start() => {
                ("capture needs transition tables and functions of version 13", "upgrade it to 13 or later")
            }
            _ => ("this version of londiste was never run with it", "take a newer londiste"),
        };
        findings.push(Finding::new(Verdict::Blocker, place, format!("PostgreSQL {major}"), why, remedy));
    }
    if target < source {
        findings.push(Finding::new(
            Verdict::Warning,
            Place::Both,
            format!("PostgreSQL {source} to {target}"),
            "the target is older: statements of a dump that it does not know fail, \
             and so may queries of the application",
            "look at what fails when the schema is taken over",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_out_of_range_block_and_an_older_target_is_warned_of() {
        let verdicts = |source, target| -> Vec<(Verdict, Place)> {
            judge(source, target).iter().map(|found| (found.verdict, found.place)).collect()
        };
        assert_eq!(verdicts(130_003, 180_001), []);
        assert_eq!(verdicts(180_001, 130_003), [(Verdict::Warning, Place::Both)]);
        assert_eq!(
            verdicts(120_020, 190_000),
            [(Verdict::Blocker, Place::Source), (Verdict::Blocker, Place::Target)]
        );
    }
}
