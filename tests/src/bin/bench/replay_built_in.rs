//! The same changes by built-in logical replication.
use tests::{Pair, wait_until};

use crate::contest::Measured;
use crate::replay::{Case, LIMIT, measure};

/// A subscription of all tables, without its initial copy's time.
pub(crate) struct Subscription<'a> {
    pair: &'a Pair,
    name: String,
}

impl<'a> Subscription<'a> {
    /// Subscribes, and waits for the end of the initial copy.
    pub(crate) fn start(pair: &'a Pair, name: String) -> Subscription<'a> {
        let (source, target) = (pair.source.superuser_over_tcp(), pair.target.superuser_over_tcp());
        source.execute("create publication bench for all tables");
        // Neither statement may run inside a transaction block of several statements.
        target.execute(&format!(
            "create subscription {name} connection '{}' publication bench",
            source.connstr()
        ));
        wait_until(LIMIT, "the initial copy", || {
            target.number("select count(*) from pg_subscription_rel where srsubstate <> 'r'") == 0
        });
        Subscription { pair, name }
    }

    fn alter(&self, how: &str) {
        self.pair.target.admin().execute(&format!("alter subscription {} {how}", self.name));
    }
}

impl Drop for Subscription<'_> {
    fn drop(&mut self) {
        self.pair.target.admin().execute(&format!("drop subscription {}", self.name));
    }
}

pub(crate) fn built_in(case: &Case, pair: &Pair, run: usize) -> Measured {
    let subscription = Subscription::start(pair, format!("bench{run}"));
    subscription.alter("disable");
    let idle = "select count(*) from pg_stat_subscription where pid is not null";
    wait_until(LIMIT, "the subscription to stop", || pair.target.admin().number(idle) == 0);
    (case.write)(pair);
    measure(case, pair, || subscription.alter("enable"))
}
