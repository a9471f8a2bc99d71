//! `switchover`: this ini file's node becomes the root, and the root becomes its leaf. The way back is the same command
//! with the other node's file.

mod arguments;
mod back;
mod both;
mod forward;
mod guard;
mod hooks;
mod lock;
mod show;
mod steps;
mod swap;
mod verify;
mod wait;

use anyhow::Result;

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

pub(crate) use arguments::Arguments;
pub(crate) use lock::Lock;

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    if arguments.status {
        show::run(job, arguments.json).await
    } else if arguments.abort {
        back::run(job).await
    } else {
        forward::run(job, arguments).await
    }
}
