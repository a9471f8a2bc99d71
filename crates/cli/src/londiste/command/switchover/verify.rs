//! Verification: what can be known before the freeze, and rows and sequences while nobody writes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use compare::{Config, Difference, Observer, Outcome, Resting, Sides};
use pgq::comparison::{self, Verdict};
use pgq::switch::{self, LastTick};
use pgq::table::{self, TableInfo};
use tokio::time::sleep;

use super::arguments::Verify;
use super::both::{APPLICATION, Both};
use crate::londiste::command::compare::{config_of, sides};
use crate::londiste::support::job::{Job, Node};
use crate::terminal::Terminal;

/// Comparisons before the freeze, and how long one may take that needs no other one behind it.
const ROUNDS: usize = 3;
const SHORT: Duration = Duration::from_secs(2);
/// A comparison of the worker's is asked to stop, and ends within this time.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(250);

/// What was prepared for the comparison at rest.
pub(super) struct Verification {
    tables: Vec<TableInfo>,
    connections: Vec<Sides>,
    config: Config,
    resting: Resting,
    /// What was found before, in a few words.
    pub(super) before: String,
    pub(super) began: Instant,
}

impl Verification {
    /// Opens connections and looks at the tables. While both sides work (`online`), rows that have changed since the
    /// last comparison are compared first: the fewer are left for the outage.
    ///
    /// # Errors
    /// Rows differ, or a table cannot be compared.
    pub(super) async fn prepare(
        job: &Job,
        both: &Both,
        what: Verify,
        online: bool,
    ) -> Result<Option<Verification>> {
        if what == Verify::None {
            return Ok(None);
        }
        let began = Instant::now();
        let local = Node { session: job.connect().await?, info: both.sides.new_node.clone() };
        let tables = table::list(&*local.session, job.queue()).await?;
        let tables: Vec<TableInfo> = tables.into_iter().filter(|info| info.local).collect();
        let mut connections = Vec::new();
        for _ in 0..job.settings.compare_connections.min(tables.len()) {
            connections.push(sides(job, &local).await?);
        }
        let config = Config { changed: true, ..config_of(job, &local) };
        let mut before = "rows are compared in the outage".to_owned();
        if online && what == Verify::Changed {
            let mut rows = 0;
            // what changes while many rows are compared is compared by another round, not in the outage
            for _ in 0..ROUNDS {
                let round = Instant::now();
                let compared = online_comparison(job, &local, (&connections, &config, &tables)).await?;
                judge(&compared)?;
                rows += compared.iter().map(|outcome| outcome.rows).sum::<i64>();
                if round.elapsed() < SHORT {
                    break;
                }
            }
            before = format!("{rows} changed rows of {} tables equal up to now", tables.len());
        }
        let resting = match connections.first() {
            Some(first) => compare::before_rest(first, &config, &tables, what == Verify::Full).await?,
            None => Resting::default(),
        };
        if resting.unknown() > 0 && what == Verify::Changed {
            before.push_str(&format!("; {} tables are read as a whole in the outage", resting.unknown()));
        }
        Ok(Some(Verification { tables, connections, config, resting, before, began }))
    }

    /// Compares what is left, now that nobody writes; answers what was verified, in a few words.
    ///
    /// # Errors
    /// Rows differ, or a table cannot be compared.
    async fn at_rest(&self, job: &Job, last: &LastTick) -> Result<String> {
        let config = Config { last_tick: Some(last.tick), ..self.config.clone() };
        let mut voice = Quiet(job.terminal);
        let limits = job.read_limits(Some("0"))?;
        let (connections, tables) = (&self.connections, &self.tables);
        let found =
            compare::at_rest(connections, &config, &self.resting, tables, &mut voice, &|| limits.valve())
                .await
                .context("comparing while nobody writes")?;
        if !found.differ.is_empty() {
            bail!("rows differ: {}; compare tells which", found.differ.join(", "));
        }
        if let Some((table, why)) = found.unverified.first() {
            bail!("{} tables could not be compared: {table}, {why}", found.unverified.len());
        }
        Ok(format!("{} changed rows of {} tables equal", found.rows, found.tables))
    }
}

impl Verification {
    /// Keeps on the old root, which is a leaf now, that its tables are equal to the new root's: the way back needs no
    /// comparison of all rows.
    ///
    /// # Errors
    /// A side is lost: the next comparison reads everything.
    pub(super) async fn keep(&self, job: &Job, both: &Both, last: &LastTick) -> Result<()> {
        let sides = Sides::connect(&both.old_at, &both.new_at, APPLICATION).await?;
        let consumer = both.sides.old_node.worker.as_deref().unwrap_or_default();
        let config = Config::new(job.queue(), consumer, job.settings.limits());
        compare::known_equal(&sides, &config, &self.tables, last.tick).await?;
        Ok(())
    }
}

/// Verifies rows and sequences.
pub(super) async fn run(
    job: &Job,
    both: &Both,
    last: &LastTick,
    verification: Option<&Verification>,
) -> Result<String> {
    let sequences = follow_sequences(both).await?;
    let rows = match verification {
        None => "rows not compared (--verify none)".to_owned(),
        Some(verification) => verification.at_rest(job, last).await?,
    };
    Ok(format!("{rows} · {sequences} sequences ahead"))
}

/// The new root's sequences go on behind the old one's.
async fn follow_sequences(both: &Both) -> Result<usize> {
    let positions = switch::sequences(&*both.sides.old).await?;
    let behind = switch::follow_sequences(&*both.sides.new, &positions).await?;
    if !behind.is_empty() {
        let all: Vec<String> = behind.iter().map(|(name, why)| format!("{name} {why}")).collect();
        bail!("sequences of the new root would give values out again: {}", all.join("; "));
    }
    Ok(positions.len())
}

/// Compares while both sides work. A comparison of the worker's gives way.
async fn online_comparison(
    job: &Job,
    local: &Node,
    (connections, config, tables): (&[Sides], &Config, &[TableInfo]),
) -> Result<Vec<Outcome>> {
    let (mut voice, limits) = (Quiet(job.terminal), job.read_limits(None)?);
    let began = Instant::now();
    loop {
        match compare::run(connections, config, tables, &mut voice, &|| limits.valve()).await {
            Err(compare::Error::Busy { .. }) if began.elapsed() < PATIENCE => {
                comparison::ask_to_stop(&*local.session, job.queue()).await?;
                sleep(LOOK).await;
            }
            compared => return compared.context("comparing before the freeze"),
        }
    }
}

/// Refuses what differs. What could not be compared is read in the outage.
fn judge(compared: &[Outcome]) -> Result<()> {
    let differ = compared.iter().filter(|outcome| outcome.verdict == Verdict::Differs);
    let differ: Vec<&str> = differ.map(|outcome| outcome.table.as_str()).collect();
    if !differ.is_empty() {
        bail!("rows differ: {}; compare tells which; changes are taken as before", differ.join(", "));
    }
    Ok(())
}

/// Who hears of a comparison: only that it waits is said, and why.
struct Quiet(Terminal);

impl Observer for Quiet {
    fn waits(&mut self, why: &str) {
        self.0.say(why);
    }

    fn is_at(&mut self, _table: &str, _rows: i64, _expected: i64) {}

    fn differs(&mut self, _table: &str, _key: &str, _difference: &Difference) {}

    fn ended(&mut self, _outcome: &Outcome) {}
}
