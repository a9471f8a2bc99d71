//! Jobs and their parts as they are now.

use std::path::PathBuf;

use parts::report::Facts;
use pgq::outlook::Outlook;

use crate::supervise::{PartStatus, State};

/// One job as it is now.
#[derive(Debug)]
pub(crate) struct JobStatus {
    pub(crate) name: String,
    pub(crate) section: &'static str,
    pub(crate) file: PathBuf,
    pub(crate) parts: Vec<PartNow>,
}

/// One of its parts, with what it told.
#[derive(Debug)]
pub(crate) struct PartNow {
    pub(crate) status: PartStatus,
    pub(crate) facts: Facts,
}

impl JobStatus {
    /// Whether its work has once gone well since it was started.
    pub(crate) fn is_ready(&self) -> bool {
        self.parts.iter().any(|part| part.is_main() && part.facts.last_progress.is_some())
    }

    /// Whether all that it is there for is done by another process, and it takes over when that is gone.
    pub(crate) fn stands_by(&self) -> bool {
        let mut main = self.parts.iter().filter(|part| part.is_main()).peekable();
        main.peek().is_some() && main.all(|part| part.facts.standby.is_some())
    }

    /// Its worker, if it has one.
    pub(crate) fn worker(&self) -> Option<&PartNow> {
        self.parts.iter().find(|part| part.status.name == "worker")
    }

    /// Its node, as the worker has seen it last.
    pub(crate) fn outlook(&self) -> Option<&Outlook> {
        self.worker()?.facts.outlook.as_deref()
    }

    /// Whether a part is failing now.
    pub(crate) fn fails(&self) -> bool {
        self.parts.iter().any(|part| part.status.last_error.is_some())
    }
}

impl PartNow {
    /// The work that the job is there for.
    pub(crate) fn is_main(&self) -> bool {
        self.status.name == "worker" || self.status.name.starts_with("database ")
    }
}

impl State {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Waiting => "waiting",
            State::Ended => "ended",
        }
    }
}
