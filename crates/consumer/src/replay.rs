//! Replay of a batch: its changes and the position in one transaction of the target.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use apply::{Applied, Applier, Control, Decoded, Decoder};
use parts::fail_point;
use pg::Session;
use pgq::reading::Selection;
use pgq::table::{self, MergeState, TableInfo};
use pgq::{Batch, Snapshot, identity, position, replay, skipped};
use tokio::sync::Mutex;
use tracing::{debug, info, warn};

use crate::conflicts::Conflicts;
use crate::due::Due;
use crate::error::During;
use crate::parking::Parkings;
use crate::progress::Progress;
use crate::read_ahead::{Next, ReadAhead};
use crate::{Error, Result, Worker, batch_start, control, unknown};

/// How often the source is asked again about columns that the target lacks.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// Writes batches into the target; keeps the plans of its tables between them.
pub(crate) struct Replay<'a> {
    worker: &'a Worker,
    decoder: Arc<Mutex<Decoder>>,
    applier: Applier,
    bypass_triggers: bool,
    conflicts: Conflicts,
    /// The deferred constraints are checked table by table before the commit, which has failed and told no table.
    checks: bool,
    /// When the source is asked again about columns that the target lacks.
    asked: Due,
    /// Some of the tables that the last batch has written to: the next one is likely to.
    lately: Vec<Arc<str>>,
}

/// More tables are looked at when their changes come.
const LATELY: usize = 16;

/// What was applied.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) changes: u64,
    /// Of the values of these changes, as they came.
    pub(crate) bytes: u64,
    pub(crate) conflicts: apply::ConflictsByTable,
    /// The root has told of partitions that have gone.
    pub(crate) partitions_gone: bool,
    /// The tables that were written to.
    tables: HashSet<Arc<str>>,
}

const COMMITTING: &str = "committing the batch";

/// What is to be done with a table's changes.
enum Part {
    /// All of them are applied.
    Whole,
    /// Those that the copy has not seen are applied.
    Unseen(Snapshot),
    /// None: its copy does it, or it is not replicated here.
    Nothing,
}

impl<'a> Replay<'a> {
    pub(crate) async fn start(worker: &'a Worker, target: &Session) -> Result<Replay<'a>> {
        apply::pin_session(target).await?;
        let bypass_triggers = replay::may_bypass_triggers(&**target).await?;
        let on_conflict = worker.config.on_conflict;
        let missing_columns = worker.config.missing_columns;
        let options = apply::Options {
            bypass_triggers,
            on_conflict,
            missing_columns,
            isolate: true,
            ..apply::Options::default()
        };
        let applier = Applier::new(options);
        Ok(Replay {
            worker,
            decoder: Arc::default(),
            applier,
            bypass_triggers,
            conflicts: Conflicts::default(),
            checks: false,
            asked: Due::now(),
            lately: Vec::new(),
        })
    }

    /// Applies a batch without the tables to be parked, and parks these. After a failure nothing of it is left behind.
    pub(crate) async fn apply(
        &mut self,
        provider: &Session,
        target: &Session,
        batch: &Batch,
        tables: &[TableInfo],
        parkings: &Parkings<'_>,
    ) -> Result<Done> {
        let written = self.write(provider, target, batch, tables, parkings).await;
        match written {
            Ok(done) => {
                fail_point::reached("batch-before-commit");
                if let Err(error) = pg::commit(target).await {
                    self.applier.reset();
                    return match apply::Error::at_commit(&error) {
                        Some(of_table) => Err(of_table.into()),
                        None => Err(error).during(COMMITTING),
                    };
                }
                let (job, queue) = (&self.worker.config.job_name, &self.worker.config.queue_name);
                debug!(job, queue, tick = batch.tick, changes = done.changes, "batch applied");
                Ok(done)
            }
            Err(error) => {
                self.applier.reset();
                // where even this fails the connection is lost, and the server rolls back
                let _ = target.batch_execute("rollback").await;
                Err(error)
            }
        }
    }

    /// Prepares another try for tables whose rows were in each other's way; true when there is one that may help.
    pub(crate) async fn disentangle(&mut self, target: &Session, error: &Error) -> Result<bool> {
        let mut any = false;
        if let Error::Tables(failures) = error {
            for failure in failures.iter().filter(|failure| failure.error.is_collision()) {
                any |= self.applier.gather(target, &failure.table).await?;
            }
        }
        Ok(any)
    }

    /// Prepares another try of a batch whose commit was refused without a word of the table; false when that has been
    /// tried.
    pub(crate) fn check_before_commit(&mut self, error: &Error) -> bool {
        let refused = matches!(error, Error::Pg { what, .. } if *what == COMMITTING);
        refused && !std::mem::replace(&mut self.checks, true)
    }

    /// Prepares another try of a batch that was refused for a reason that may pass: the server may have lost the
    /// prepared statements.
    pub(crate) fn afresh(&mut self) {
        self.applier.forget_all();
    }

    /// Asks the provider about tables whose events have columns that the target lacks; true when there was one to ask
    /// about.
    pub(crate) async fn ask(&mut self, provider: &Session, target: &Session, error: &Error) -> Result<bool> {
        let Error::Tables(failures) = error else { return Ok(false) };
        let mut any = false;
        for failure in failures {
            if let apply::Error::SourceUnknown { columns, .. } = &failure.error {
                self.learn(provider, target, &failure.table, columns.clone()).await?;
                any = true;
            }
        }
        // what was learned of the others is needed by the next try; forgotten before it, both would take turns for ever
        if !any {
            for failure in failures {
                if matches!(failure.error, apply::Error::ColumnMissing { .. }) {
                    // somebody will mend it
                    self.applier.forget(&failure.table);
                }
            }
        }
        Ok(any)
    }

    async fn learn(
        &mut self,
        provider: &Session,
        target: &Session,
        table: &str,
        columns: Vec<String>,
    ) -> Result<()> {
        let mut skipped = skipped::list(&**target, &self.worker.config.queue_name).await?;
        let skipped = skipped.remove(table).unwrap_or_default();
        let source = apply::Source::ask(provider, table, columns, skipped).await?;
        self.applier.learn(table, source);
        Ok(())
    }

    /// Learns anew what it has asked before: columns may have come to be skipped, or not any more.
    async fn ask_again(&mut self, provider: &Session, target: &Session) -> Result<()> {
        let known = self.applier.learned().map(|(table, asked)| (table.to_owned(), asked.to_vec()));
        let known: Vec<_> = known.collect();
        if !known.is_empty() && self.asked.comes(ASK_AGAIN) {
            for (table, asked) in known {
                self.learn(provider, target, &table, asked).await?;
            }
        }
        Ok(())
    }

    /// The batch is over, whatever became of it.
    pub(crate) fn settle(&mut self) {
        self.applier.gather_no_more();
        self.checks = false;
    }

    async fn write(
        &mut self,
        provider: &Session,
        target: &Session,
        batch: &Batch,
        tables: &[TableInfo],
        parkings: &Parkings<'_>,
    ) -> Result<Done> {
        let (queue, consumer) = (self.worker.config.queue_name.as_str(), self.worker.config.consumer());
        let mut parts = self.parts(tables, parkings);
        self.ask_again(provider, target).await?;
        let wanted = parts.iter().filter(|(_, part)| !matches!(part, Part::Nothing));
        let wanted: HashSet<String> = wanted.map(|(table, _)| table.clone()).collect();
        let tables_here: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let selection = if self.worker.config.local_only {
            Selection::ChangesOf { tables: &tables_here, changes: apply::CHANGES }
        } else {
            Selection::All
        };
        let (begun, looked, events) = tokio::join!(
            biased;
            batch_start::begin(self.worker, target, batch, self.bypass_triggers),
            self.applier.look_ahead(target, &self.lately),
            batch_start::ask(self.worker, &self.decoder, provider, batch, selection)
        );
        begun?;
        looked?;
        let events = events?;
        let mut ahead = ReadAhead::read(&self.decoder, events, wanted);
        let mut progress = Progress::of(self.worker, batch);
        let mut done = Done::default();
        let mut writing = self.applier.writing(target);
        while let Some(next) = ahead.next(&mut progress).await? {
            let Next::Item(decoded) = next else {
                writing.settle().await?;
                progress.tell(target).await?;
                continue;
            };
            match decoded {
                Ok(Decoded::Change(change)) => {
                    let wanted = match parts.get(&*change.table) {
                        Some(Part::Whole) => true,
                        Some(Part::Unseen(snapshot)) => !snapshot.contains(change.txid),
                        Some(Part::Nothing) | None => false,
                    };
                    if wanted {
                        done.bytes += change.text_bytes();
                        writing.push(change).await?;
                    }
                }
                Ok(Decoded::Control(control)) => {
                    done.add(writing.flush().await?);
                    done.partitions_gone |= matches!(&control, Control::Partition { bounds: Some(_), .. });
                    if let Some(table) =
                        control::perform(self.worker, target, self.bypass_triggers, control).await?
                    {
                        parts.remove(&table);
                        writing.forget(&table);
                    }
                }
                // the reader has made it an error
                Ok(Decoded::Unknown) => {}
                Err(apply::Error::UnknownEvent { event_id, txid, kind, extra1 }) => {
                    drop(ahead);
                    return Err(unknown::event(self.worker, provider, event_id, txid, kind, extra1).await?);
                }
                // told of a time before the table's copy
                Err(error) if is_seen(&parts, &error) => {}
                Err(error) => match error.table().map(Arc::from).filter(|_| error.is_of_its_table()) {
                    Some(table) => writing.isolate(&table, error),
                    None => return Err(error.into()),
                },
            }
        }
        drop(ahead);
        done.add(writing.finish().await?);
        if self.checks {
            self.applier.check_deferred(target).await?;
        }
        let failures = self.applier.failures();
        if !failures.is_empty() {
            return Err(Error::Tables(failures));
        }
        parkings.write(target).await?;
        self.conflicts.keep(self.worker, target, &done.conflicts).await?;
        self.forget_snapshots(target, batch, tables, parkings).await?;
        self.lately.clear();
        self.lately.extend(done.tables.iter().take(LATELY).cloned());
        let written: Vec<&str> = done.tables.iter().map(|table| &**table).collect();
        let (exchanged, completed) = tokio::join!(
            identity::exchanged_here(target, queue, &written),
            position::complete(target, queue, consumer, batch.tick, &batch.mark)
        );
        let exchanged = exchanged?;
        if !exchanged.is_empty() {
            return Err(Error::Exchanged(exchanged));
        }
        completed?;
        Ok(done)
    }

    fn parts(&mut self, tables: &[TableInfo], parkings: &Parkings<'_>) -> HashMap<String, Part> {
        let mut parts = HashMap::new();
        for table in tables {
            let ours = table.local && table.state == MergeState::Ok && !parkings.has(&table.name);
            let part = match (ours, &table.snapshot) {
                (false, _) => Part::Nothing,
                (true, None) => Part::Whole,
                (true, Some(snapshot)) => match snapshot.parse() {
                    Ok(snapshot) => Part::Unseen(snapshot),
                    Err(error) => {
                        warn!(table = table.name, "custom_snapshot is ignored: {error}");
                        Part::Whole
                    }
                },
            };
            self.applier.set_dest(&table.name, table.dest());
            parts.insert(table.name.clone(), part);
        }
        parts
    }

    /// A copy's snapshot has served once the next batch cannot hold anything that it saw.
    async fn forget_snapshots(
        &self,
        target: &Session,
        batch: &Batch,
        tables: &[TableInfo],
        parkings: &Parkings<'_>,
    ) -> Result<()> {
        let queue = self.worker.config.queue_name.as_str();
        let ours = |t: &&TableInfo| t.local && t.state == MergeState::Ok && !parkings.has(&t.name);
        let with_snapshot = tables.iter().filter(ours).filter(|t| t.snapshot.is_some());
        let now = batch.mark.snapshot.parse::<Snapshot>().ok();
        let mut behind: Vec<&str> = Vec::new();
        for table in with_snapshot {
            let seen = table.snapshot.as_deref().and_then(|text| text.parse::<Snapshot>().ok());
            if let (Some(now), Some(seen)) = (&now, seen)
                && seen.is_behind(now)
            {
                behind.push(&table.name);
            }
        }
        if !behind.is_empty() {
            table::set_states(&**target, queue, &behind, MergeState::Ok, None).await?;
        }
        for table in behind {
            info!(queue, table, "all that the copy saw lies behind: its snapshot is forgotten");
        }
        Ok(())
    }
}

/// Whether a table's copy has seen what the error tells.
fn is_seen(parts: &HashMap<String, Part>, error: &apply::Error) -> bool {
    match (error.table().and_then(|table| parts.get(table)), error.txid()) {
        (Some(Part::Unseen(snapshot)), Some(txid)) => snapshot.contains(txid),
        _ => false,
    }
}

impl Done {
    /// How many conflicts there were.
    pub(crate) fn conflicts(&self) -> u64 {
        self.conflicts.values().map(|conflicts| conflicts.count).sum()
    }

    fn add(&mut self, applied: Applied) {
        self.changes += applied.tables.values().map(|table| table.changes).sum::<u64>();
        self.tables.extend(applied.tables.into_keys());
        for (table, conflicts) in applied.conflicts {
            self.conflicts.entry(table).or_default().append(conflicts);
        }
    }
}
