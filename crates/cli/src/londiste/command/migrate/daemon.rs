//! Step `daemon`: ticker and workers run. `londisted` is started for those that do not, unless systemd or the operator
//! starts them: then the command is said, and waited for.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use daemon::{Error, Ini, control};
use migration::steps::{Ending, Standing};
use parts::fail_point;
use pg::Session;
use pgq::{Purpose, SessionName, session_name};

use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::systemd;

/// Sessions of a process that was killed end within this time.
const ENDING: Duration = Duration::from_secs(2);
/// How often it is asked whether they run, and how often it is said that they do not.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const SAY_AGAIN: Duration = Duration::from_secs(60);
/// `application_name` of the ticker.
const TICKER: &str = "pgqd";

/// A process that is needed.
struct Part<'a> {
    ini: &'a Path,
    what: &'static str,
    /// Where it runs, if it does.
    runs: Option<String>,
}

pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    let parts = parts(course).await?;
    let idle: Vec<&str> = parts.iter().filter(|part| part.runs.is_none()).map(|part| part.what).collect();
    if !idle.is_empty() {
        return Ok(Standing::Open(format!("{} to be started", idle.join(", "))));
    }
    let running =
        parts.iter().map(|part| format!("{} {}", part.what, part.runs.as_deref().unwrap_or_default()));
    Ok(Standing::Done(running.collect::<Vec<_>>().join(", ")))
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let parts = parts(course).await?;
    let files: Vec<&Path> = parts.iter().filter(|part| part.runs.is_none()).map(|part| part.ini).collect();
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let unit = systemd::command(&files);
    if unit.is_none() && !course.arguments.no_start {
        let overridden: Vec<&str> = course.target.overridden().collect();
        if !overridden.is_empty() {
            let keys = overridden.join(", ");
            course
                .target
                .terminal
                .warn(&format!("--set holds for this command, and not for londisted: {keys}"));
        }
        start(&files).with_context(|| format!("londisted -d {}", names.join(" ")))?;
        fail_point::reached("daemon-started");
        return Ok(Ending::Done(format!("londisted -d {}", names.join(" "))));
    }
    let command = unit.unwrap_or_else(|| format!("londisted -d {}", names.join(" ")));
    let mut said: Option<Instant> = None;
    loop {
        let Standing::Open(idle) = look(course).await? else {
            return Ok(Ending::Done(format!("started by {command}")));
        };
        if said.is_none_or(|said| said.elapsed() > SAY_AGAIN) {
            said = Some(Instant::now());
            course.target.terminal.warn(&format!("{idle}; waiting for: {command}"));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Runs this very program as `londisted -d`, which returns when its start-up checks have passed.
fn start(files: &[&Path]) -> Result<()> {
    let program = std::env::current_exe().context("looking for this program")?;
    let mut command = Command::new(program);
    command.arg0("londisted").args(["-q", "-d"]).args(files).stdin(Stdio::null());
    let output = command.output().context("starting londisted")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}", said.trim());
    }
    Ok(())
}

async fn parts<'a>(course: &'a Course<'_>) -> Result<Vec<Part<'a>>> {
    let worker = |job: &str| SessionName { job, purpose: Purpose::Worker }.to_string();
    let (own, other) = (worker(&course.source.settings.job_name), worker(&course.target.settings.job_name));
    let source = course.session(0).await?;
    let target = course.session(1).await?;
    let (source_ini, target_ini) = (course.source.ini.as_path(), course.target.ini.as_path());
    let mut parts = Vec::new();
    if let Some(pgqd_ini) = &course.pgqd_ini {
        parts.push(part(pgqd_ini, ("ticker", "pgqd"), (&source, TICKER)).await?);
    }
    parts.push(part(source_ini, ("worker of the source", "londiste"), (&source, &own)).await?);
    parts.push(part(target_ini, ("worker of the target", "londiste"), (&target, &other)).await?);
    Ok(parts)
}

/// Whether a process of an ini file runs: its pidfile tells, or, of one on another machine, its session.
async fn part<'a>(
    ini: &'a Path,
    (what, section): (&'static str, &str),
    (session, name): (&Session, &str),
) -> Result<Part<'a>> {
    let pidfile = Ini::load(ini, &[])?.pidfile(section)?;
    let until = Instant::now() + ENDING;
    let runs = loop {
        match control::running(&pidfile) {
            Ok(pid) => break Some(format!("runs as process {pid}")),
            Err(Error::NotRunning { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if !session_name::is_there(&**session, name).await.map_err(pg::Error::from)? {
            break None;
        }
        if Instant::now() > until {
            break Some("runs elsewhere".to_owned());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    Ok(Part { ini, what, runs })
}
