//! Free space where log files are written.

use tokio::process::Command;

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check =
    Check::code("disk", Place::Machine, "Is there room for log files?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// Kilobytes.
const ENOUGH: u64 = 512 << 10;

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for directory in &context.config.directories {
        let Some(there) = directory.ancestors().find(|path| path.exists()) else { continue };
        let failed = |source| Error::Machine { what: format!("df {}", there.display()), source };
        let output = Command::new("df").arg("-Pk").arg(there).output().await.map_err(failed)?;
        let shown = String::from_utf8_lossy(&output.stdout);
        let Some(free) = available(&shown) else {
            return Err(failed(std::io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())));
        };
        if free < ENOUGH {
            findings.push(Finding::new(
                Verdict::Warning,
                Place::Machine,
                format!("directory {}", directory.display()),
                format!("has {} MB of free disk", free / 1024),
                "make room, or let logfile and pidfile name another directory",
            ));
        }
    }
    Ok(findings)
}

/// The fourth column of the second line.
fn available(shown: &str) -> Option<u64> {
    shown.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_columns_of_df_are_known() {
        let shown =
            "Filesystem     1024-blocks    Used Available Capacity Mounted on\n/dev/vda1 100 60 40 60% /\n";
        assert_eq!(super::available(shown), Some(40));
        assert_eq!(super::available("df: no such directory\n"), None);
    }
}
