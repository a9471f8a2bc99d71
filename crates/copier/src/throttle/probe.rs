//! Probe of the source while its tables are read: one tiny query a second, over a connection of its own, by one reader
//! for all of the node.

use std::convert::Infallible;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use pg::Session;
use pgq::maintenance::WAITING;
use pgq::queue::CONSUMER_LAG;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use crate::error::During;
use crate::throttle::brake::{Brake, Look};
use crate::throttle::gate::{Gate, Limits};
use crate::throttle::state::Braked;
use crate::{Copier, Result};

/// Between two looks; also how long an answer may take until its being late is noticed.
const PERIOD: Duration = Duration::from_secs(1);

/// Whose reading of the source is braked.
struct Reader<'a> {
    job: &'a str,
    queue: &'a str,
    /// The worker's consumer, whose lag is looked at.
    worker: &'a str,
    gate: &'a Gate,
    /// Where there has to be room.
    directories: &'a [PathBuf],
}

/// Sessions that are at work, as far as our role may see, but those of the job `$1` itself, and a ticker's that waits
/// (`$2`).
const ACTIVE_SESSIONS: &str = "\
select count(*) from pg_catalog.pg_stat_activity
 where state = 'active' and backend_type = 'client backend' and pid <> pg_catalog.pg_backend_pid()
   and not pg_catalog.starts_with(application_name, $1::text || ' ')
   and pg_catalog.strpos(query, $2::text) = 0";

/// Looks at the source for the copies of a node.
pub(crate) async fn attend(copier: &Copier) -> Infallible {
    let (job, queue) = (copier.config.job_name.as_str(), copier.config.queue_name.as_str());
    let reader = Reader {
        job,
        queue,
        worker: copier.config.worker(),
        gate: &copier.gate,
        directories: &copier.config.directories,
    };
    reader.attend(&copier.brake, || copier.connections.probe()).await
}

impl Limits {
    /// Looks at the source for others than copies who read large tables of it, over a connection that `connect` makes.
    /// Never ends.
    pub async fn attend<C, F>(&self, job: &str, queue: &str, worker: &str, connect: C) -> Infallible
    where
        C: Fn() -> F,
        F: Future<Output = pg::Result<Session>>,
    {
        let (gate, directories) = (&self.gate, &*self.directories);
        let reader = Reader { job, queue, worker, gate, directories };
        reader.attend(&self.brake, || async { connect().await.during("the provider") }).await
    }
}

impl Reader<'_> {
    /// Presses and releases the brake as long as thresholds are set. Never ends.
    async fn attend<C, F>(&self, brake: &Mutex<Brake>, connect: C) -> Infallible
    where
        C: Fn() -> F,
        F: Future<Output = Result<Session>>,
    {
        let mut changes = self.gate.changes();
        let mut brake = brake.lock().await;
        loop {
            if changes.borrow_and_update().thresholds.is_none() {
                *brake = Brake::default();
                self.gate.set(|limits| limits.braked = None);
                self.gate.saw(None);
                // the sender lives as long as the gate
                let _ = changes.changed().await;
                continue;
            }
            if !changes.borrow().thresholds.ask_the_source() {
                self.gate.saw(None);
                look_at_disk(self, &mut brake).await;
                continue;
            }
            let looked = async { look(self, &connect().await?, &mut brake).await };
            if let Err(error) = looked.await {
                let (job, queue) = (self.job, self.queue);
                debug!(job, queue, "the source could not be looked at, trying again: {error}");
                sleep(PERIOD).await;
            }
        }
    }
}

/// Looks at the disk alone, as long as nobody wants to know of the source.
async fn look_at_disk(reader: &Reader<'_>, brake: &mut Brake) {
    let mut speed = Speed::of(reader.gate);
    loop {
        let thresholds = reader.gate.limits().thresholds;
        if thresholds.is_none() || thresholds.ask_the_source() {
            return;
        }
        let look = Look { room: room(reader.directories), ..Look::default() };
        press(reader, brake, look, speed.since_last(reader.gate));
        sleep(PERIOD).await;
    }
}

/// The least room of all directories.
fn room(directories: &[PathBuf]) -> Option<u64> {
    let room = |directory: &PathBuf| {
        let there = rustix::fs::statvfs(directory).ok()?;
        Some(there.f_bavail.saturating_mul(there.f_frsize))
    };
    directories.iter().filter_map(room).min()
}

/// Bytes a second that copies have read between two looks.
struct Speed {
    passed: u64,
    since: Instant,
}

impl Speed {
    fn of(gate: &Gate) -> Speed {
        Speed { passed: gate.passed(), since: Instant::now() }
    }

    fn since_last(&mut self, gate: &Gate) -> f64 {
        let now = Speed::of(gate);
        let seconds = self.since.elapsed().as_secs_f64().max(0.001);
        let speed = now.passed.saturating_sub(self.passed) as f64 / seconds;
        *self = now;
        speed
    }
}

/// Looks until nobody wants to know of the source any more.
async fn look(reader: &Reader<'_>, source: &Session, brake: &mut Brake) -> Result<()> {
    let gate = reader.gate;
    let what = "looking at the source";
    let statement = source.prepare(CONSUMER_LAG).await.during(what)?;
    let named: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&reader.queue, &reader.worker];
    let mut speed = Speed::of(gate);
    let mut judge = |brake: &mut Brake, look: Look| press(reader, brake, look, speed.since_last(gate));
    while gate.limits().thresholds.ask_the_source() {
        let asked = Instant::now();
        let mut answer = pin!(source.query_opt(&statement, &named));
        let row = loop {
            match timeout(PERIOD, &mut answer).await {
                Ok(row) => break row.during(what)?,
                Err(_) => judge(brake, Look { latency: asked.elapsed(), ..Look::default() }),
            }
        };
        let latency = asked.elapsed();
        let lag = row.map_or(0.0, |row| row.get::<_, f64>(0));
        let lag = Duration::try_from_secs_f64(lag).unwrap_or_default();
        let mut sessions = 0;
        if gate.limits().thresholds.sessions.is_some() {
            let row = source.query_one(ACTIVE_SESSIONS, &[&reader.job, &WAITING]).await.during(what)?;
            sessions = row.get::<_, i64>(0).unsigned_abs();
        }
        judge(brake, Look { latency, lag, sessions, room: room(reader.directories) });
        sleep(PERIOD).await;
    }
    Ok(())
}

fn press(reader: &Reader<'_>, brake: &mut Brake, look: Look, speed: f64) {
    let &Reader { job, queue, gate, .. } = reader;
    let limits = gate.limits();
    let exceeded = limits.thresholds.exceeded(&look);
    let limit = brake.judge(exceeded.is_some(), speed);
    let before = limits.braked;
    match (&before, limit) {
        (None, Some(limit)) => {
            let why = exceeded.as_deref().unwrap_or_default();
            warn!(job, queue, bytes_per_second = limit, "copies are slowed down: {why}");
        }
        (Some(_), None) => info!(job, queue, "all is well again: copies are not slowed down any more"),
        _ => {}
    }
    // while the speed grows again, the reason for lowering it stays in the report
    let why = exceeded.or_else(|| before.map(|before| before.why)).unwrap_or_default();
    gate.saw(Some(look.latency));
    gate.set(|limits| limits.braked = limit.map(|bytes_per_second| Braked { bytes_per_second, why }));
}
