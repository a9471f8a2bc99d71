//! Open files that a process of this machine may have.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check =
    Check::code("open-files", Place::Machine, "May a process have enough open files?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

const ENOUGH: u64 = 256;

async fn ask(_: &Context) -> Result<Vec<Finding>> {
    let what = "/proc/self/limits";
    let text =
        std::fs::read_to_string(what).map_err(|source| Error::Machine { what: what.to_owned(), source })?;
    let limit = text.lines().find_map(|line| line.strip_prefix("Max open files"));
    // "unlimited" is no number
    let limit = limit.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    let few = limit.filter(|limit| *limit < ENOUGH).map(|limit| {
        let found = format!("may be {limit}: each connection, log file and progress file of a copy is one");
        Finding::new(Verdict::Warning, Place::Machine, "open files", found, "ulimit -n 1024")
    });
    Ok(few.into_iter().collect())
}
