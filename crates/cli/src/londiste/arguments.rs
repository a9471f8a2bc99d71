//! The words of the command line and their types. Where options may stand is [`super::arrange`]'s business.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use daemon::control::Signal;
use daemon::log::Verbosity;

use super::{
    add_seq, add_table, check, check_capture, create_leaf, create_root, drop_node, execute, flags, members,
    remove_seq, remove_table, resume_table, resync, status, tables, wait_sync, worker,
};

/// Replication of tables and sequences by triggers: administration, and the worker of a node.
#[derive(Debug, Parser)]
#[command(
    name = "londiste",
    bin_name = "londiste INI",
    version,
    disable_help_subcommand = true,
    override_usage = "londiste [OPTIONS] INI COMMAND [ARGUMENTS]",
    after_help = "Options may stand before or after INI and COMMAND. \"londiste INI COMMAND --help\" explains a command."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) options: Options,

    /// The node's ini file, with a section [londiste]
    #[arg(value_name = "INI")]
    pub(crate) ini: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Arguments {
    /// What is missing of the command line, if anything.
    pub(crate) fn incomplete(&self) -> Option<String> {
        if self.options.sample {
            return None;
        }
        let Some(ini) = &self.ini else {
            return Some("no ini file is named: londiste INI COMMAND (see londiste --help)".to_owned());
        };
        if self.options.signal().is_some() {
            let too_much = "-s, -k and -r stand with the ini file alone: they speak to its running worker";
            return self.command.is_some().then(|| too_much.to_owned());
        }
        match &self.command {
            None if super::arrange::is_command(ini.as_os_str()) => {
                Some(format!("no ini file is named: londiste INI {}", ini.display()))
            }
            None => Some(format!(
                "no command is named: londiste {} COMMAND; the commands are {}",
                ini.display(),
                super::arrange::commands()
            )),
            Some(Command::Worker(worker)) if worker.position().is_none() => None,
            Some(_) if self.options.background => {
                Some("-d is for the worker: londiste -d INI worker".to_owned())
            }
            Some(_) => None,
        }
    }
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print only warnings and errors; twice: only errors
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,

    /// Log more; twice: even more
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// worker: go to the background once the start-up checks have passed
    #[arg(short = 'd', long = "daemon")]
    pub(crate) background: bool,

    /// Let the running worker open its log file and read INI again (SIGHUP)
    #[arg(short, long, group = "control", conflicts_with = "background")]
    pub(crate) reload: bool,

    /// Stop the running worker after its batch (SIGINT)
    #[arg(short, long, group = "control", conflicts_with = "background")]
    pub(crate) stop: bool,

    /// Stop the running worker at once (SIGTERM)
    #[arg(short, long, group = "control", conflicts_with = "background")]
    pub(crate) kill: bool,

    /// Print a sample INI
    #[arg(long = "ini")]
    pub(crate) sample: bool,

    /// Put a value in the place of the one in INI (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) overrides: Vec<(String, String)>,
}

impl Options {
    /// What `-s`, `-k` or `-r` wants to be sent.
    pub(crate) fn signal(&self) -> Option<Signal> {
        match (self.stop, self.kill, self.reload) {
            (true, _, _) => Some(Signal::Stop),
            (_, true, _) => Some(Signal::Kill),
            (_, _, true) => Some(Signal::Reload),
            _ => None,
        }
    }

    /// How much is logged.
    pub(crate) fn verbosity(&self) -> Verbosity {
        Verbosity { quiet: self.quiet, verbose: self.verbose }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make this database the root node, where changes are born
    CreateRoot(create_root::Arguments),
    /// Make this database a leaf node, which takes changes from a provider
    CreateLeaf(create_leaf::Arguments),
    /// Take a node out of the queue, and undo what replication did to its tables
    DropNode(drop_node::Arguments),
    /// List the nodes of the queue
    Members(members::Arguments),
    /// Let the worker wait before its next batch
    Pause(flags::Whose),
    /// Let a paused worker go on
    Resume(flags::Whose),
    /// Wait until this node has what the root has now
    WaitRoot,
    /// Wait until this node has what its provider has now
    WaitProvider,
    /// Show all nodes, their tables and lags
    Status(status::Arguments),
    /// Show this node, its worker and its copies
    NodeStatus,
    /// The same as node-status
    NodeInfo,
    /// Take tables into replication on this node
    AddTable(add_table::Arguments),
    /// Take tables out of replication on this node
    RemoveTable(remove_table::Arguments),
    /// Show the tables of this node and their states
    Tables(tables::Arguments),
    /// Compare the root's triggers and functions with what they should be, and repair them
    CheckCapture(check_capture::Arguments),
    /// Compare the columns of tables here with the provider's
    Check(check::Arguments),
    /// List foreign keys of replicated tables, and those that are still to come back
    Fkeys,
    /// List tables and sequences of the queue that this node does not replicate
    Missing,
    /// Copy tables again
    Resync(resync::Arguments),
    /// Let parked tables go on from where they stand
    ResumeTable(resume_table::Arguments),
    /// Wait until tables are in sync
    WaitSync(wait_sync::Arguments),
    /// Take sequences into replication on this node
    AddSeq(add_seq::Arguments),
    /// Take sequences out of replication on this node
    RemoveSeq(remove_seq::Arguments),
    /// Show the sequences of this node
    Seqs,
    /// Run SQL scripts on every node
    Execute(execute::Arguments),
    /// Show what INI says in the end, and where each value comes from
    Config,
    /// Run this node's worker, which applies changes and copies tables
    Worker(worker::Arguments),
}
