//! Commands of `londiste`, a file each.

pub(crate) mod add_seq;
pub(crate) mod add_table;
pub(crate) mod check;
pub(crate) mod check_capture;
pub(crate) mod compare;
pub(crate) mod complete;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod create_leaf;
pub(crate) mod create_root;
pub(crate) mod create_seq;
pub(crate) mod create_table;
pub(crate) mod drop_node;
pub(crate) mod execute;
pub(crate) mod fkeys;
pub(crate) mod init;
pub(crate) mod members;
pub(crate) mod migrate;
pub(crate) mod missing;
pub(crate) mod node_status;
pub(crate) mod pause;
pub(crate) mod preflight;
pub(crate) mod remove_seq;
pub(crate) mod remove_table;
pub(crate) mod repair;
pub(crate) mod reposition;
pub(crate) mod resume;
pub(crate) mod resume_table;
pub(crate) mod resync;
pub(crate) mod schema;
pub(crate) mod seqs;
pub(crate) mod status;
pub(crate) mod switchover;
pub(crate) mod tables;
pub(crate) mod throttle;
pub(crate) mod wait_provider;
pub(crate) mod wait_root;
pub(crate) mod wait_sync;
pub(crate) mod worker;

use crate::londiste::arguments::Command;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

/// Runs a command on the node of `job`.
pub(crate) async fn dispatch(job: &Job, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::CreateRoot(arguments) => create_root::run(job, arguments).await,
        Command::CreateLeaf(arguments) => create_leaf::run(job, arguments).await,
        Command::DropNode(arguments) => drop_node::run(job, &arguments).await,
        Command::Members(arguments) => members::run(job, &arguments).await,
        Command::Preflight(arguments) => preflight::run(job, &arguments).await,
        Command::Migrate(arguments) => migrate::run(job, &arguments).await,
        Command::Switchover(arguments) => switchover::run(job, &arguments).await,
        Command::Complete(arguments) => complete::run(job, &arguments).await,
        Command::Schema(arguments) => schema::run(job, &arguments).await,
        Command::Pause(whose) => pause::run(job, &whose).await,
        Command::Resume(whose) => resume::run(job, &whose).await,
        Command::Throttle(arguments) => throttle::run(job, &arguments),
        Command::WaitRoot => wait_root::run(job).await,
        Command::WaitProvider => wait_provider::run(job).await,
        Command::Status(arguments) => status::run(job, &arguments).await,
        Command::NodeStatus(answer) | Command::NodeInfo(answer) => node_status::run(job, answer).await,
        Command::AddTable(arguments) => add_table::run(job, &arguments).await,
        Command::RemoveTable(arguments) => remove_table::run(job, &arguments).await,
        Command::Tables(arguments) => tables::run(job, &arguments).await,
        Command::CheckCapture(arguments) => check_capture::run(job, &arguments).await,
        Command::Check(arguments) => check::run(job, &arguments).await,
        Command::Compare(arguments) => compare::run(job, &arguments).await,
        Command::Repair(arguments) => repair::run(job, &arguments).await,
        Command::Fkeys(answer) => fkeys::run(job, answer).await,
        Command::Missing(answer) => missing::run(job, answer).await,
        Command::Resync(arguments) => resync::run(job, &arguments).await,
        Command::ResumeTable(arguments) => resume_table::run(job, &arguments).await,
        Command::WaitSync(arguments) => wait_sync::run(job, &arguments).await,
        Command::AddSeq(arguments) => add_seq::run(job, &arguments).await,
        Command::RemoveSeq(arguments) => remove_seq::run(job, &arguments).await,
        Command::Seqs(answer) => seqs::run(job, answer).await,
        Command::Execute(arguments) => execute::run(job, &arguments).await,
        Command::Worker(arguments) => match arguments.position() {
            Some(position) => reposition::run(job, position).await,
            // it has a runtime of its own, made after the process has gone to the background
            None => Ok(Outcome::Done),
        },
        // need no node
        Command::Config(_) | Command::Init(_) | Command::Completions(_) => Ok(Outcome::Done),
    }
}
