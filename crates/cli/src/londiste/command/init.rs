//! `init`: the three ini files of a migration, and password files, from two connect strings. It takes no ini file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use migration::Place;
use migration::init::{self, Init};
use pg::{ConnectString, Session};

use crate::londiste::support::outcome::USAGE;
use crate::terminal::{self, Terminal};

/// `application_name` of its sessions.
const APPLICATION: &str = "londiste init";
/// A server that gives no answer within this is told.
const PATIENCE: Duration = Duration::from_secs(20);

/// Words of `init`. The connect strings hold passwords, so that they are not read by the parser of the command line,
/// whose messages repeat what they are about.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The database that is left: postgres://USER:PASSWORD@HOST:PORT/DATABASE, or key=value …
    #[arg(long, value_name = "URL")]
    source: String,

    /// The database that is moved to
    #[arg(long, value_name = "URL")]
    target: String,

    /// Where to write the files (default: here)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Name of the queue
    #[arg(long, value_name = "QUEUE", default_value = "migq")]
    queue: String,
}

/// Exit code 0: written. 1: a file is there, a server does not answer. 2: a connect string cannot be used.
pub(crate) fn main(arguments: &Arguments, ini: Option<&Path>, terminal: Terminal) -> ExitCode {
    let usage = |problem: anyhow::Error| {
        terminal.complain(&terminal::describe(&problem));
        ExitCode::from(USAGE)
    };
    if let Some(ini) = ini {
        return usage(anyhow!(
            "init takes no ini file, it writes them: londiste init, without {}",
            ini.display()
        ));
    }
    let prepared = match prepare(arguments) {
        Ok(prepared) => prepared,
        Err(problem) => return usage(problem),
    };
    match run(arguments, &prepared, terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            terminal.complain(&terminal::describe(&problem));
            ExitCode::FAILURE
        }
    }
}

struct Prepared {
    init: Init,
    files: Vec<init::File>,
}

fn prepare(arguments: &Arguments) -> Result<Prepared> {
    let read = |text: &str, option| text.parse::<ConnectString>().context(option);
    let (source, target) = (read(&arguments.source, "--source")?, read(&arguments.target, "--target")?);
    if arguments.queue.is_empty() || arguments.queue.contains(char::is_whitespace) {
        bail!("--queue: a queue's name is one word");
    }
    let directory = arguments.dir.as_deref().unwrap_or(Path::new("."));
    let directory = std::path::absolute(directory).context("--dir")?;
    let directory: PathBuf = directory.components().collect();
    let init = Init { source, target, directory, queue: arguments.queue.clone() };
    let files = init.files()?;
    Ok(Prepared { init, files })
}

fn run(arguments: &Arguments, prepared: &Prepared, terminal: Terminal) -> Result<()> {
    let Prepared { init, files } = prepared;
    let there = Init::names().into_iter().map(|name| init.directory.join(name)).find(|path| path.exists());
    if let Some(path) = there {
        bail!(
            "{} is there, and nothing is written over it: take it away, or name another directory with --dir",
            path.display()
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let versions = runtime.block_on(answers(init, files))?;
    std::fs::create_dir_all(&init.directory).with_context(|| init.directory.display().to_string())?;
    init::write(&init.directory, files).context("the files are not written")?;
    let names: Vec<&str> = files.iter().map(|file| file.name).collect();
    terminal.say(&format!("{} written in {}", names.join(", "), init.directory.display()));
    terminal
        .say(&format!("source answers as PostgreSQL {}, target as PostgreSQL {}", versions[0], versions[1]));
    let change = arguments.dir.as_ref().map_or_else(String::new, |_| {
        format!("cd '{}' && ", init.directory.display().to_string().replace('\'', r"'\''"))
    });
    terminal.say(&format!("next: {change}londiste target.ini preflight"));
    Ok(())
}

/// Both servers are asked with the password files that are to be written, in a directory that nobody else sees.
async fn answers(init: &Init, files: &[init::File]) -> Result<[String; 2]> {
    let beside = tempfile::tempdir().context("a temporary directory")?;
    let passwords: Vec<init::File> =
        files.iter().filter(|file| file.name.ends_with(".pgpass")).cloned().collect();
    init::write(beside.path(), &passwords).context("a temporary directory")?;
    let mut versions = [String::new(), String::new()];
    for (version, place) in versions.iter_mut().zip([Place::Source, Place::Target]) {
        let at = init.written(place, beside.path());
        let opened = tokio::time::timeout(PATIENCE, Session::connect(&at, APPLICATION)).await;
        let session = match opened {
            Ok(opened) => opened.with_context(|| format!("the {place} does not answer"))?,
            Err(_) => bail!("the {place} does not answer within {} s: {at}", PATIENCE.as_secs()),
        };
        let shown = session.query_one("select pg_catalog.current_setting('server_version')", &[]).await;
        *version = shown.map_err(pg::Error::from)?.get(0);
    }
    Ok(versions)
}
