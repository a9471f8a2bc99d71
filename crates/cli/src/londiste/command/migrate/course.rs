//! Course of one run: its ini files, its lock and record, and the way from a step to the file that does it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use migration::steps::{Conductor, Ending, Entry, Record, Standing, State, Step};
use pgq::migration::{self as recorded, Recorded};

use crate::londiste::command::migrate::scope::Scope;
use crate::londiste::command::migrate::side::Side;
use crate::londiste::command::migrate::{
    Arguments, comparison, copies, daemon, fkeys, ini_files, install, members, nodes, preflight, schema,
    vacuum,
};
use crate::londiste::support::job::Job;
use crate::londiste::support::kind::Kind;
use crate::londiste::view::migration as view;
use crate::terminal::describe;

/// A run of `migrate`.
pub(super) struct Course<'a> {
    pub(super) target: Job,
    pub(super) source: Job,
    pub(super) pgqd_ini: PathBuf,
    pub(super) arguments: &'a Arguments,
    /// None in a dry run.
    record: Option<Record>,
    /// What this run has brought to its end.
    entries: Vec<Entry>,
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
        let pgqd_ini = ini_files::pgqd(&target, arguments.pgqd_ini.as_deref())?;
        let (record, entries, memory) = (None, Vec::new(), Memory::default());
        Ok(Course { target, source, pgqd_ini, arguments, record, entries, memory })
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
        let source = Side::of(&self.source).await.context("the source")?;
        let scope = Scope::of(self, &source).await?;
        Ok((source, scope))
    }

    /// The target as it is now.
    pub(super) async fn target_side(&self) -> Result<Side> {
        Side::of(&self.target).await.context("the target")
    }

    /// What is recorded of a step.
    pub(super) async fn recorded(&self, step: Step) -> Result<Option<Recorded>> {
        let found = self.all_recorded().await?;
        Ok(found.into_iter().find(|recorded| recorded.step == step.name()))
    }

    /// All that is recorded.
    pub(super) async fn all_recorded(&self) -> Result<Vec<Recorded>> {
        let session = self.target.connect().await?;
        match recorded::is_known(&*session).await? {
            true => Ok(recorded::list(&*session, self.target.queue()).await?),
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

impl Conductor for Course<'_> {
    type Error = anyhow::Error;

    async fn claim(&mut self) -> Result<()> {
        if let Some(record) = &mut self.record {
            record.hold().await?;
        }
        Ok(())
    }

    async fn look(&mut self, step: Step) -> Result<Standing> {
        match step {
            Step::Preflight => preflight::look(self).await,
            Step::Schema => schema::look(self).await,
            Step::Install => install::look(self).await,
            Step::Nodes => nodes::look(self).await,
            Step::Daemon => daemon::look(self).await,
            Step::DropFkeys => fkeys::look_before(self).await,
            Step::Sequences => members::look(self, Kind::Sequence).await,
            Step::Tables => members::look(self, Kind::Table).await,
            Step::Copies => copies::look(self).await,
            Step::RestoreFkeys => fkeys::look_after(self).await,
            Step::Vacuum => vacuum::look(self).await,
            Step::Compare => comparison::look(self).await,
        }
    }

    async fn act(&mut self, step: Step) -> Result<Ending> {
        match step {
            Step::Preflight => preflight::act(self).await,
            Step::Schema => schema::act(self).await,
            Step::Install => install::act(self).await,
            Step::Nodes => nodes::act(self).await,
            Step::Daemon => daemon::act(self).await,
            Step::DropFkeys => fkeys::drop(self).await,
            Step::Sequences => members::act(self, Kind::Sequence).await,
            Step::Tables => members::act(self, Kind::Table).await,
            Step::Copies => copies::act(self).await,
            Step::RestoreFkeys => fkeys::restore(self).await,
            Step::Vacuum => vacuum::act(self).await,
            Step::Compare => comparison::act(self).await,
        }
    }

    async fn begins(&mut self, step: Step, what: &str) {
        self.target.terminal.say(&view::begins(step, what));
        // the servers tell where the migration stands: a record that cannot be written now is none the worse
        if let Some(record) = &mut self.record {
            _ = record.begin(step.name()).await;
        }
    }

    async fn ended(&mut self, entry: &Entry) {
        let line = view::ended(entry, self.arguments.dry_run);
        match entry.state {
            State::Failed | State::Partly | State::Unverified => self.target.terminal.complain(&line),
            _ => self.target.terminal.say(&line),
        }
        self.entries.push(entry.clone());
        if let Some(record) = &mut self.record {
            _ = record.end(entry).await;
        }
    }

    fn describe(&self, error: &anyhow::Error) -> String {
        describe(error)
    }
}

/// `application_name` of the session with the lock: who is asked to let go of it.
fn application() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("londiste migrate, process {} on {}", std::process::id(), host.trim())
}
