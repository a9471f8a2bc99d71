//! A hundred small tables, from `add-table` on the target until all of them are ok.
use std::time::{Duration, Instant};

use tests::{Pair, Setup};

use crate::contest::{Contest, with_stock};

const TABLES: u32 = 100;
const LIMIT: Duration = Duration::from_secs(900);

pub(crate) fn run(pair: &Pair) -> String {
    let mut contest =
        Contest::new("sync100: 100 tables of 200 rows until all are ok", f64::from(TABLES), "tables");
    contest.enter("londiste-rs", |run| {
        let pair = fresh(pair, run);
        measure(&Setup::new(&pair))
    });
    if with_stock(pair) {
        contest.enter_once("stock londiste", |run| {
            let pair = fresh(pair, run);
            measure(&Setup::stock(&pair))
        });
    } else {
        contest.skip("stock londiste", "not installed");
    }
    contest.hold()
}

fn fresh(pair: &Pair, run: usize) -> Pair {
    let pair = pair.another(&format!("_sync{run}"));
    for table in 1..=TABLES {
        pair.both(&format!("create table t{table} (id serial primary key, a text, b int)"));
        pair.source.execute(&format!(
            "insert into t{table} (a, b) select 'row' || g, g from generate_series(1, 200) g"
        ));
    }
    pair
}

fn measure(setup: &Setup) -> Duration {
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    let started = Instant::now();
    setup.londiste(&["target.ini", "add-table", "--all", "--no-triggers"]).expect_success();
    setup.wait_ok(LIMIT);
    started.elapsed()
}
