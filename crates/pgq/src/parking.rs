//! Parked tables: each has failed for a cause of its own and waits for the operator, while the others go on.

use std::time::{Duration, SystemTime};

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{failed, message, row, rows};

/// The code of tables that this version does not serve: parked from the start, whatever their state.
pub const NOT_SERVED: &str = "LR005";

/// The code of tables that are others than their copies have filled, here or on the root.
pub const OTHER_TABLE: &str = "LR006";

/// The shortest pause before a table is tried again.
const SOON: Duration = Duration::from_secs(5);

/// Why a table is parked.
#[derive(Clone, Debug)]
pub struct Parking<'a> {
    /// The failure and its remedy, for people.
    pub error: &'a str,
    /// SQLSTATE, where a server refused something.
    pub code: Option<&'a str>,
    /// `ev_id` of the event that failed.
    pub event: Option<i64>,
    /// The table has everything up to this tick.
    pub tick: Option<i64>,
}

/// A parked table.
#[derive(Clone, Debug)]
pub struct Parked {
    /// `schema.table`, as the queue names it.
    pub table: String,
    /// The failure and its remedy.
    pub error: String,
    /// SQLSTATE, where a server refused something.
    pub code: Option<String>,
    /// `ev_id` of the event that failed.
    pub event: Option<i64>,
    /// The table has everything up to this tick.
    pub tick: Option<i64>,
    /// When it failed first in this way.
    pub since: SystemTime,
    /// When it failed last, by the target's clock, and how long ago that is.
    pub tried: SystemTime,
    /// Time since then, in seconds.
    pub tried_ago: f64,
}

impl Parked {
    /// The cause may pass without anybody's doing: the server was short of disk or memory (class 53), took offence at
    /// something that
    /// was changed at the same time (XX000), or gave a refusal that says nothing of the table, again and again
    /// ([`is_own_cause`]).
    pub fn may_pass(&self) -> bool {
        self.code
            .as_deref()
            .is_some_and(|code| code.starts_with("53") || code == "XX000" || !is_own_cause(code))
    }

    /// Whether it is time to try again: soon at first, then after pauses as long as it has been failing, up to
    /// `longest`.
    pub fn is_due(&self, longest: Duration) -> bool {
        let failing = self.tried.duration_since(self.since).unwrap_or_default();
        let pause = failing.clamp(SOON.min(longest), longest);
        // before now, unless the server's clock was set back
        self.tried_ago < 0.0 || self.tried_ago >= pause.as_secs_f64()
    }
}

/// Whether a server's refusal is about the table that was being written, so that the other tables can go on without it.
/// It is not when the whole server, session or transaction is concerned: connection, shutdown, cancellation, deadlock,
/// lock timeout, a server that only reads, prepared statements that are gone.
pub fn is_own_cause(code: &str) -> bool {
    let elsewhere = ["08", "24", "25", "26", "28", "34", "3D", "40", "55", "57", "53300", "42P05"];
    !elsewhere.iter().any(|class| code.starts_with(class))
}

/// Parks a table; answers whether it is, which it is not where it is in no copy's hands any more. State and position
/// are the caller's, in the same transaction where they change.
pub async fn park<C: GenericClient>(
    client: &C,
    queue: &str,
    table: &str,
    parking: &Parking<'_>,
) -> Result<bool> {
    let sql = "select londiste_rs.park_table($1, $2, londiste_rs.storable($3), $4, $5, $6)";
    let Parking { error, code, event, tick } = parking;
    let error = message(error);
    let parked =
        row(client, "londiste_rs.park_table", sql, &[&queue, &table, &error, code, event, tick]).await?;
    Ok(parked.get(0))
}

/// The parked tables of a queue.
pub async fn parked<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Parked>> {
    let sql = "select p.*, extract(epoch from now() - p.tried)::float8 as tried_ago \
                 from londiste_rs.parked_tables($1) p";
    let rows = rows(client, "londiste_rs.parked_tables", sql, &[&queue]).await?;
    Ok(rows
        .iter()
        .map(|row| Parked {
            table: row.get("table_name"),
            error: row.get("error"),
            code: row.get("code"),
            event: row.get("ev_id"),
            tick: row.get("tick_id"),
            since: row.get("since"),
            tried: row.get("tried"),
            tried_ago: row.get("tried_ago"),
        })
        .collect())
}

/// Lets a parked table go on from where it stands; false when it is not parked. Its error stays on record until it is
/// ok.
pub async fn resume<C: GenericClient>(client: &C, queue: &str, table: &str) -> Result<bool> {
    let sql = "select londiste_rs.resume_table($1, $2)";
    Ok(client.query_one(sql, &[&queue, &table]).await.map_err(failed("londiste_rs.resume_table"))?.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_failed_is_tried_soon_and_then_less_often() {
        let since = SystemTime::UNIX_EPOCH;
        let is_due = |failing: u64, tried_ago: f64| {
            let tried = since + Duration::from_secs(failing);
            let (table, error) = ("public.t".to_owned(), "disk full".to_owned());
            let parked =
                Parked { table, error, code: None, event: None, tick: None, since, tried, tried_ago };
            parked.is_due(Duration::from_secs(300))
        };
        assert_eq!([4.0, 5.0].map(|ago| is_due(0, ago)), [false, true]);
        assert_eq!([30.0, 40.0].map(|ago| is_due(40, ago)), [false, true]);
        assert_eq!([299.0, 300.0].map(|ago| is_due(9000, ago)), [false, true]);
        assert!(is_due(9000, -86_400.0), "the clock was set back");
    }

    #[test]
    fn a_constraint_is_the_tables_own_a_shutdown_is_not() {
        for own in ["23505", "22003", "42703", "42501", "53100", "54000", "P0001", "XX001"] {
            assert!(is_own_cause(own), "{own}");
        }
        for other in ["08006", "25006", "40P01", "55P03", "57014", "57P01", "53300", "26000"] {
            assert!(!is_own_cause(other), "{other}");
        }
    }
}
