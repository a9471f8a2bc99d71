//! Course of one run: its ini files, its lock and record, and what its steps know.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result};
use migration::steps::{Entry, Record, Step};
use pg::Session;
use pgq::migration::{self as recorded, Recorded};

use crate::londiste::command::migrate::arguments::Arguments;
use crate::londiste::command::migrate::ini_files;
use crate::londiste::command::migrate::scope::Scope;
use crate::londiste::command::migrate::side::Side;
use crate::londiste::support::job::Job;
use crate::londiste::support::kind::Kind;

/// A run of `migrate`.
pub(super) struct Course<'a> {
    pub(super) target: Job,
    pub(super) source: Job,
    /// None: the source's process makes the ticks.
    pub(super) pgqd_ini: Option<PathBuf>,
    pub(super) arguments: &'a Arguments,
    sessions: RefCell<[Option<Rc<Session>>; 2]>,
    /// None in a dry run.
    pub(super) record: Option<Record>,
    /// What this run has brought to its end.
    pub(super) entries: Vec<Entry>,
    /// What the steps of this run know besides the servers.
    pub(super) memory: Memory,
}

/// What the steps of one run know besides the servers.
#[derive(Default)]
pub(super) struct Memory {
    /// What preflight has found, where nothing blocks.
    pub(super) passed: Option<String>,
    /// The source's schema was taken over.
    pub(super) has_schema: bool,
    /// Something blocks.
    pub(super) is_blocked: bool,
    /// Tables that were vacuumed: the server tells of it a little later.
    pub(super) vacuumed: Vec<String>,
}

impl<'a> Course<'a> {
    /// Reads the other two ini files.
    pub(super) fn new(target: Job, arguments: &'a Arguments) -> Result<Course<'a>> {
        let source = ini_files::source(&target, arguments.source_ini.as_deref())?;
        let pgqd_ini = ini_files::pgqd(&target, &source, arguments.pgqd_ini.as_deref())?;
        let (sessions, memory) = (RefCell::default(), Memory::default());
        let (record, entries) = (None, Vec::new());
        Ok(Course { target, source, pgqd_ini, arguments, sessions, record, entries, memory })
    }

    /// The target's ini file, for commands to paste.
    pub(super) fn ini(&self) -> String {
        self.target.ini.display().to_string()
    }

    /// Takes the lock of the migration.
    pub(super) async fn claim_first(&mut self) -> Result<()> {
        let at = self.target.settings.db.within(self.target.settings.limits());
        let claimed = Record::claim(&at, self.target.queue(), &application()).await;
        self.record =
            Some(claimed.with_context(|| format!("the target (db in {})", self.target.ini.display()))?);
        Ok(())
    }

    /// What is migrated.
    pub(super) async fn scope(&self) -> Result<(Side, Scope)> {
        let source = self.source_side().await?;
        let scope = Scope::of(&self.source, &self.target, &self.arguments.tables, &source).await?;
        Ok((source, scope))
    }

    /// The target as it is now.
    pub(super) async fn target_side(&self) -> Result<Side> {
        Side::of(&self.target, self.session(1).await?).await.context("the target")
    }

    /// The source as it is now.
    pub(super) async fn source_side(&self) -> Result<Side> {
        Side::of(&self.source, self.session(0).await?).await.context("the source")
    }

    /// A session to the source (0) or the target (1): one for the whole run, another one where it was lost.
    pub(super) async fn session(&self, side: usize) -> Result<Rc<Session>> {
        let known = self.sessions.borrow_mut()[side].take();
        let session = match known {
            Some(session) if session.batch_execute("select 1").await.is_ok() => session,
            _ => Rc::new([&self.source, &self.target][side].connect().await?),
        };
        self.sessions.borrow_mut()[side] = Some(Rc::clone(&session));
        Ok(session)
    }

    /// What is recorded of a step.
    pub(super) async fn recorded(&self, step: Step) -> Result<Option<Recorded>> {
        let found = self.all_recorded().await?;
        Ok(found.into_iter().find(|recorded| recorded.step == step.name()))
    }

    /// All that is recorded.
    pub(super) async fn all_recorded(&self) -> Result<Vec<Recorded>> {
        let session = self.session(1).await?;
        match recorded::is_known(&**session).await? {
            true => Ok(recorded::list(&**session, self.target.queue()).await?),
            false => Ok(Vec::new()),
        }
    }

    /// Another migration begins on the target: the record keeps what this run has done.
    pub(super) async fn start_over(&mut self) -> Result<()> {
        if let Some(record) = &mut self.record {
            record.start_over(&self.entries).await?;
        }
        Ok(())
    }

    /// Whether everything has entered replication on both sides.
    pub(super) async fn is_all_added(&self) -> Result<bool> {
        let (source, scope) = self.scope().await?;
        let target = self.target_side().await?;
        for (kind, names) in [(Kind::Table, &scope.tables), (Kind::Sequence, &scope.sequences)] {
            for side in [&source, &target] {
                let added = side.replicated(kind, self.target.queue()).await?;
                if names.iter().any(|name| !added.contains(name)) {
                    return Ok(false);
                }
            }
        }
        Ok(target.node.is_some())
    }

    /// Whether preflight has found a blocker.
    pub(super) fn is_blocked(&self) -> bool {
        self.memory.is_blocked
    }
}

/// `application_name` of the session with the lock: who is asked to let go of it.
fn application() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("londiste migrate, process {} on {}", std::process::id(), host.trim())
}
