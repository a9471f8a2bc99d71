//! The words of the command line and their types. Where options may stand is [`super::arrange`]'s business.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::londiste::command::{
    add_seq, add_table, check, check_capture, compare, complete, completions, create_leaf, create_root,
    drop_node, execute, init, members, migrate, preflight, remove_seq, remove_table, repair, resume_table,
    resync, schema, status, switchover, tables, throttle, wait_sync, worker,
};
use crate::londiste::flags;

use crate::londiste::options::Options;

/// Replication of tables and sequences by triggers: administration, and the worker of a node.
#[derive(Debug, Parser)]
#[command(
    name = "londiste",
    bin_name = "londiste INI",
    version = crate::version::TEXT,
    disable_help_subcommand = true,
    override_usage = "londiste [OPTIONS] INI COMMAND [ARGUMENTS]",
    after_help = "Options may stand before or after INI and COMMAND. \
                  \"londiste INI COMMAND --help\" explains a command."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) options: Options,

    #[allow(rustdoc::broken_intra_doc_links, reason = "sections of an ini file, as help shows them")]
    /// The node's ini file, with a section [londiste]
    #[arg(value_name = "INI")]
    pub(crate) ini: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check both servers and this machine before a migration; nothing has to be installed
    Preflight(preflight::Arguments),
    /// Write what a shell needs to complete command lines
    Completions(completions::Arguments),
    /// Write the three ini files of a migration from two connect strings
    Init(init::Arguments),
    /// Compare the schemas of source and target, or take the source's over
    Schema(schema::Arguments),
    /// Do the whole way up to "ready to switch", step by step; given again it goes on
    Migrate(migrate::Arguments),
    /// Make this node the root, where changes are born, and the root its leaf; the way back is the same
    Switchover(switchover::Arguments),
    /// End the migration: no way back, nothing of ours is left on either side
    Complete(complete::Arguments),
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
    /// Show or set how fast a worker that runs may copy and compare
    Throttle(throttle::Arguments),
    /// Wait until this node has what the root has now
    WaitRoot,
    /// Wait until this node has what its provider has now
    WaitProvider,
    /// Show all nodes, their tables and lags
    Status(status::Arguments),
    /// Show this node, its worker and its copies
    NodeStatus(flags::Answer),
    /// The same as node-status
    NodeInfo(flags::Answer),
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
    /// Compare the rows of tables here with the root's while both work
    Compare(compare::Arguments),
    /// Write rows that differ as the root has them
    Repair(repair::Arguments),
    /// List foreign keys of replicated tables, and those that are still to come back
    Fkeys(flags::Answer),
    /// List tables and sequences of the queue that this node does not replicate
    Missing(flags::Answer),
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
    Seqs(flags::Answer),
    /// Run SQL scripts on every node
    Execute(execute::Arguments),
    /// Show what INI says in the end, and where each value comes from
    Config(flags::Answer),
    /// Run this node's worker, which applies changes and copies tables
    Worker(worker::Arguments),
}
