//! Options that several commands share.

use anyhow::{Result, bail};
use clap::Args;

use crate::londiste::support::job::Job;

/// Name and address of a node that is to be created.
#[derive(Debug, Args)]
pub(crate) struct NewNode {
    /// Name of the node (default: node_name of INI)
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// How the other nodes reach this database (default: public_node_location of INI)
    #[arg(value_name = "CONNSTR")]
    pub(crate) location: Option<String>,

    /// Do not check that CONNSTR reaches this database
    #[arg(long)]
    pub(crate) nocheck: bool,
}

impl NewNode {
    /// The name from the command line or the ini file.
    pub(crate) fn name(&self, job: &Job) -> Result<String> {
        match self.name.as_ref().or(job.settings.node_name.as_ref()) {
            Some(name) if !name.trim().is_empty() => Ok(name.clone()),
            _ => bail!(
                "the node needs a name: give it behind the command, or set node_name in {}",
                job.ini.display()
            ),
        }
    }

    /// The public connect string from the command line or the ini file.
    pub(crate) fn location(&self, job: &Job) -> Result<pg::ConnectString> {
        match (&self.location, &job.settings.public_node_location) {
            (Some(text), _) => Ok(text.parse()?),
            (None, Some(read)) => Ok(read.clone()),
            (None, None) => bail!(
                "the node needs a public connect string, by which the other nodes reach it: give it behind the name, \
                 or set public_node_location in {}",
                job.ini.display()
            ),
        }
    }
}

/// How a command answers that only reads.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Answer {
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose worker is meant.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// A node of the queue (default: this one)
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<String>,

    /// A consumer of that node (default: its worker)
    #[arg(long, value_name = "NAME")]
    pub(crate) consumer: Option<String>,
}
