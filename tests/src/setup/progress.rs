//! How far the replication of a [`Setup`] has come.
use std::time::Duration;

use super::Setup;
use crate::wait_for;

impl Setup {
    /// State of each table registered on the target, in name order: `new` while it is not copied.
    pub fn table_states(&self) -> Vec<(String, String)> {
        let queue = self.queue_literal();
        let sql = format!(
            "select table_name, coalesce(merge_state, 'new') from londiste.get_table_list({queue}) \
              where local order by 1"
        );
        let rows = self.target.try_rows(&sql).unwrap_or_default();
        rows.into_iter()
            .map(|row| (row[0].clone().unwrap_or_default(), row[1].clone().unwrap_or_default()))
            .collect()
    }

    /// Waits until every table of the target is `ok`.
    #[track_caller]
    pub fn wait_ok(&self, timeout: Duration) {
        wait_for(timeout, "all tables ok", || {
            let states = self.table_states();
            self.expect_daemons();
            let waiting: Vec<_> = states.iter().filter(|(_, state)| state != "ok").collect();
            if waiting.is_empty() && !states.is_empty() {
                Ok(())
            } else {
                // the end of a long output is what is read
                Err(format!("{}\n{waiting:?}", self.logs()))
            }
        });
    }

    /// Waits until the target has applied everything that was committed on the source before this call.
    #[track_caller]
    pub fn wait_caught_up(&self, timeout: Duration) {
        let queue = self.queue_literal();
        let reached = self.source.value("select txid_current()");
        // Forced again each time: a tick that meets a transaction still in progress does not count.
        let tick = wait_for(timeout, "a tick beyond the last commit", || {
            let sql = format!(
                "select pgq.force_tick({queue}), min(tick_id) from pgq.tick join pgq.queue on queue_id = tick_queue
                 where queue_name = {queue} and txid_snapshot_xmin(tick_snapshot) > {reached}"
            );
            let rows = self.source.try_rows(&sql).unwrap_or_default();
            rows.first().and_then(|row| row[1].clone()).ok_or_else(|| self.ticker().log_end())
        });
        let tick: i64 = tick.parse().expect("a tick id");
        wait_for(timeout, "the target to reach the tick", || {
            self.expect_daemons();
            let sql = format!("select completed_tick, cur_error from pgq_node.get_worker_state({queue})");
            let rows = self.target.try_rows(&sql).map_err(|error| error.to_string())?;
            let completed: i64 = rows[0][0].as_deref().unwrap_or("0").parse().expect("a tick id");
            if completed >= tick {
                Ok(())
            } else {
                Err(format!("at {completed} of {tick}: {:?}\n{}", rows[0][1], self.logs()))
            }
        });
    }

    fn queue_literal(&self) -> String {
        let inis = self.inis.lock().expect("inis");
        format!("'{}'", inis.value("target.ini", "queue_name").expect("a queue").replace('\'', "''"))
    }

    /// Waiting is in vain once a daemon has died: a pidfile whose process is gone.
    #[track_caller]
    fn expect_daemons(&self) {
        for daemon in [self.ticker(), self.source_worker(), self.target_worker()] {
            let dead = daemon.pidfile.exists() && daemon.pid().is_none();
            // A daemon that ends in order removes its pidfile between these two looks.
            assert!(
                !dead || !daemon.pidfile.exists(),
                "{} died\n{}",
                daemon.pidfile.display(),
                daemon.log_end()
            );
        }
    }

    /// Ends of all logs, for messages.
    pub fn logs(&self) -> String {
        [self.ticker(), self.source_worker(), self.target_worker()].map(|daemon| daemon.log_end()).join("\n")
    }
}
