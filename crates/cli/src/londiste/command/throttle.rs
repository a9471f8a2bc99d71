//! `throttle`: how fast a worker that runs may copy and compare, without the ini file.

use anyhow::{Context, Result, bail};
use clap::Args;
use daemon::throttling::{FAILED, Request};
use daemon::{control, socket};

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

/// Words of `throttle`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Bytes a second that copies and comparisons read together, as 5MB, in place of copy_rate_limit; 0: no limit
    #[arg(long, value_parser = rate, group = "what")]
    rate: Option<u64>,

    /// Read no row until --resume or --rate; replication goes on
    #[arg(long, group = "what")]
    pause: bool,

    /// Take all that was said by this command back, what was kept as well
    #[arg(long, group = "what")]
    resume: bool,

    /// Let it hold when the worker is started anew, too
    #[arg(long, requires = "what", conflicts_with = "resume")]
    keep: bool,
}

fn rate(text: &str) -> Result<u64, String> {
    pg::values::bytes_of(text).ok_or_else(|| "expected bytes a second, as 500kB, 20MB, or 0".to_owned())
}

pub(crate) fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let ini = job.ini.display();
    let pidfile = job.settings.pidfile.as_deref();
    let pidfile = pidfile
        .with_context(|| format!("the worker is spoken to beside its pidfile: set pidfile in {ini}"))?;
    control::running(pidfile).context("only a worker that runs can be told")?;
    let request = match (arguments.rate, arguments.pause, arguments.resume) {
        (Some(rate), ..) => Request::Rate(rate),
        (_, true, _) => Request::Pause,
        (_, _, true) => Request::Resume,
        _ => Request::Show,
    };
    let answer = socket::ask(pidfile, &request.line(arguments.keep))?;
    if let Some(failure) = answer.strip_prefix(FAILED) {
        bail!("{}", failure.trim_end());
    }
    if answer.starts_with("requests: ") {
        bail!("the process that runs {ini} is of an older version: start it anew");
    }
    job.terminal.print(answer.trim_end());
    Ok(Outcome::Done)
}
