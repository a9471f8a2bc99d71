//! Watch over the ticks of a root's queue: does anybody make them?
//!
//! Ticks themselves tell it, since stock `pgqd` takes no lock. They are overdue when events have waited for longer than
//! the queue's `ticker_max_lag`, or an idle queue got none for longer than its `ticker_idle_period`, with some slack.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tokio_postgres::GenericClient;

use crate::call::{failed, row};
use crate::{Result, tick_lock};

/// Between two looks, and while a `pgqd` is there.
const LOOK: Duration = Duration::from_secs(2);
const LOOK_AT_PGQD: Duration = Duration::from_secs(4);
/// A ticker at work may be late by this.
const SLACK: Duration = Duration::from_secs(4);
/// The same of the ticks of an idle queue, which a ticker asks for seldom.
pub const IDLE_SLACK: Duration = Duration::from_secs(20);
/// Ticks of the stand-in and of others are counted over this time. One force_tick of a command is no ticker; ticks of
/// others in two such times running are.
const WINDOW: Duration = Duration::from_secs(16);

/// A queue's ticks at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The connected database.
    pub database: String,
    /// The last tick; `None` where there is none.
    pub tick: Option<i64>,
    /// Its age.
    pub age: Duration,
    /// There are events behind it.
    pub waiting: bool,
    /// `queue_ticker_max_lag`.
    pub max_lag: Duration,
    /// `queue_ticker_idle_period`.
    pub idle_period: Duration,
    /// A `pgqd` of ours is there, at work or standing by.
    pub pgqd: bool,
    /// The queue takes no ticks of a ticker: it is paused, or filled from elsewhere.
    pub closed: bool,
}

/// The lock is tried and given back in one statement: that costs less than a look at all locks of the server.
const SEEN: &str = "select current_database()::text, i.last_tick_id, \
            coalesce(extract(epoch from i.ticker_lag), 0)::float8, coalesce(i.ev_new, 0) > 0, \
            coalesce(extract(epoch from i.queue_ticker_max_lag), 0)::float8, \
            coalesce(extract(epoch from i.queue_ticker_idle_period), 0)::float8, \
            case when pg_try_advisory_lock(l.class, l.pgqd) then not pg_advisory_unlock(l.class, l.pgqd) \
                 else true end, \
            coalesce(i.queue_external_ticker or i.queue_ticker_paused, true) \
       from (select hashtext($2::text) as class, hashtext($3::text) as pgqd) l \
       left join pgq.get_queue_info($1) i on true";

/// Looks at the ticks of a queue.
pub async fn look<C: GenericClient>(client: &C, queue: &str) -> Result<Seen> {
    let row =
        row(client, "looking at the queue's ticks", SEEN, &[&queue, &tick_lock::CLASS, &tick_lock::PGQD])
            .await?;
    let seconds = |at| Duration::try_from_secs_f64(row.get(at)).unwrap_or_default();
    Ok(Seen {
        database: row.get(0),
        tick: row.get(1),
        age: seconds(2),
        waiting: row.get(3),
        max_lag: seconds(4),
        idle_period: seconds(5),
        pgqd: row.get(6),
        closed: row.get(7),
    })
}

/// Ticks of all queues that came at the time at which a ticker makes them, after `$1`: a tick that a command has forced
/// mostly comes earlier.
const DUE: &str = "select clock_timestamp(), count(*) filter (where t.tick_time > $1 and ( \
                t.events >= q.queue_ticker_max_count \
                or (t.events > 0 and t.gap >= q.queue_ticker_max_lag) \
                or (t.events = 0 and t.gap >= q.queue_ticker_max_lag / 2))) \
       from pgq.queue q, lateral ( \
            select s.tick_time, s.tick_time - lag(s.tick_time) over w as gap, \
                   s.tick_event_seq - lag(s.tick_event_seq) over w as events \
              from (select tick_id, tick_time, tick_event_seq from pgq.tick \
                     where tick_queue = q.queue_id order by tick_id desc limit 400) s \
            window w as (order by s.tick_id)) t \
      where not q.queue_external_ticker and not q.queue_ticker_paused";

/// How many ticks that look like a ticker's were made in the database after `since`, and the server's time now.
async fn due_ticks<C: GenericClient>(client: &C, since: SystemTime) -> Result<(SystemTime, i64)> {
    let row = row(client, "counting ticks", DUE, &[&since]).await?;
    Ok((row.get(0), row.get(1)))
}

/// What is known of the ticks so far.
#[derive(Debug)]
pub struct TickWatch {
    standing_in: Option<StandingIn>,
    tick: Option<i64>,
    /// Since when the last tick is the last one, and since when events wait behind it.
    since: Instant,
    waiting_since: Option<Instant>,
}

#[derive(Debug)]
struct StandingIn {
    /// A `pgqd` was there, which did not tick.
    despite_pgqd: bool,
    counted: Option<Count>,
    /// Windows running with ticks of others in them.
    windows: u8,
}

/// Where the count of a window began.
#[derive(Clone, Copy, Debug)]
struct Count {
    at: Instant,
    server_time: SystemTime,
    made: u64,
}

/// Why a stand-in does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yield {
    /// A `pgqd` has come.
    Pgqd,
    /// Somebody makes ticks without a lock, as stock `pgqd` does.
    Somebody,
    /// The queue takes no ticks of a ticker any more.
    Closed,
}

impl Default for TickWatch {
    fn default() -> Self {
        TickWatch { standing_in: None, tick: None, since: Instant::now(), waiting_since: None }
    }
}

impl Seen {
    /// When to look again.
    pub fn pause(&self) -> Duration {
        if self.pgqd { LOOK_AT_PGQD } else { LOOK }
    }
}

impl TickWatch {
    /// The stand-in makes the ticks.
    pub fn stands_in(&self) -> bool {
        self.standing_in.is_some()
    }

    /// Forgets what was seen, and lets go of the ticks.
    pub fn forget(&mut self) {
        *self = TickWatch::default();
    }

    /// Begins to stand in, if nobody does what it is for. `at_once`: without waiting until ticks are overdue, where the
    /// one who made them is known to be gone. True when it begins now.
    pub fn begins(&mut self, seen: &Seen, at_once: bool) -> bool {
        let now = Instant::now();
        if self.tick != seen.tick {
            (self.tick, self.since, self.waiting_since) = (seen.tick, now, None);
        }
        match (seen.waiting, self.waiting_since) {
            (true, None) => self.waiting_since = Some(now),
            (false, _) => self.waiting_since = None,
            (true, Some(_)) => {}
        }
        if self.stands_in() || seen.closed || !(self.overdue(seen, now) || (at_once && !seen.pgqd)) {
            return false;
        }
        self.standing_in = Some(StandingIn { despite_pgqd: seen.pgqd, counted: None, windows: 0 });
        true
    }

    fn overdue(&self, seen: &Seen, now: Instant) -> bool {
        let late = |since: Instant, after: Duration| now.duration_since(since) > after;
        let waits = self.waiting_since.is_some_and(|since| late(since, seen.max_lag + SLACK));
        // one look might fall into the moment before a tick
        let idle = seen.age > seen.idle_period + IDLE_SLACK && late(self.since, SLACK);
        waits || idle
    }

    /// Stops standing in, if somebody else makes the ticks now; `made` are the stand-in's own so far.
    ///
    /// # Errors
    /// Ticks could not be counted.
    pub async fn yields<C: GenericClient>(
        &mut self,
        client: &C,
        seen: &Seen,
        made: u64,
    ) -> Result<Option<Yield>> {
        let Some(standing_in) = &mut self.standing_in else { return Ok(None) };
        standing_in.despite_pgqd &= seen.pgqd;
        let to = if seen.closed {
            Some(Yield::Closed)
        } else if seen.pgqd
            && !standing_in.despite_pgqd
            && tick_lock::has_pgqd(client).await.map_err(failed("looking for a pgqd"))?
        {
            Some(Yield::Pgqd)
        } else {
            standing_in.count(client, made).await?.then_some(Yield::Somebody)
        };
        if to.is_some() {
            self.forget();
        }
        Ok(to)
    }
}

impl StandingIn {
    /// Whether others have made ticks in two windows running.
    async fn count<C: GenericClient>(&mut self, client: &C, made: u64) -> Result<bool> {
        let at = Instant::now();
        let Some(begun) = self.counted else {
            let (server_time, _) = due_ticks(client, SystemTime::now()).await?;
            self.counted = Some(Count { at, server_time, made });
            return Ok(false);
        };
        if at.duration_since(begun.at) < WINDOW {
            return Ok(false);
        }
        let (server_time, all) = due_ticks(client, begun.server_time).await?;
        self.counted = Some(Count { at, server_time, made });
        self.window(all, made - begun.made);
        Ok(self.windows >= 2)
    }

    /// A window in which there were no ticks says nothing.
    fn window(&mut self, all: i64, ours: u64) {
        if all > i64::try_from(ours).unwrap_or(i64::MAX) {
            self.windows += 1;
        } else if all > 0 {
            self.windows = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn seen(tick: i64, age: u64, waiting: bool) -> Seen {
        Seen {
            database: "db".to_owned(),
            tick: Some(tick),
            age: Duration::from_secs(age),
            waiting,
            max_lag: Duration::from_secs(3),
            idle_period: Duration::from_secs(60),
            pgqd: false,
            closed: false,
        }
    }

    /// Seconds until it stands in, looking at a queue whose state is a function of the time.
    async fn begins_after(state: impl Fn(u64) -> Seen) -> Option<u64> {
        let mut watch = TickWatch::default();
        for second in (0..120).step_by(2) {
            if watch.begins(&state(second), false) {
                return Some(second);
            }
            advance(LOOK).await;
        }
        None
    }

    #[tokio::test(start_paused = true)]
    async fn it_begins_when_events_wait_in_vain_and_not_while_somebody_ticks() {
        assert_eq!(begins_after(|second| seen(7, 30 + second, true)).await, Some(8));
        assert_eq!(begins_after(|second| seen((second / 4) as i64, second % 4, true)).await, None);
        // an idle queue is ticked each minute; its first event has not waited yet
        assert_eq!(begins_after(|second| seen((second / 60) as i64, second % 60, false)).await, None);
        // a ticker at work is late by 15 seconds at most
        assert_eq!(begins_after(|second| seen((second / 75) as i64, second % 75, false)).await, None);
        assert_eq!(begins_after(|second| seen(7, second, second >= 40)).await, Some(48));
        assert_eq!(begins_after(|second| seen(7, second, false)).await, Some(82));
        assert_eq!(begins_after(|second| seen(7, 600 + second, false)).await, Some(6));
        assert_eq!(begins_after(|second| Seen { closed: true, ..seen(7, second, true) }).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn it_begins_at_once_where_the_former_ticker_is_gone_and_no_pgqd_there() {
        assert!(TickWatch::default().begins(&seen(7, 1, false), true));
        assert!(!TickWatch::default().begins(&Seen { pgqd: true, ..seen(7, 1, false) }, true));
    }

    #[test]
    fn two_windows_with_ticks_of_others_make_a_ticker() {
        let mut standing_in = StandingIn { despite_pgqd: false, counted: None, windows: 0 };
        let mut after = |all, ours| {
            standing_in.window(all, ours);
            standing_in.windows
        };
        assert_eq!(
            [after(5, 5), after(6, 5), after(4, 5), after(6, 5), after(0, 0), after(6, 5)],
            [0, 1, 0, 1, 1, 2]
        );
    }
}
