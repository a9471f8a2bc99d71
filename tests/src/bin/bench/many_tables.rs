//! What a table costs in commands over many tables: `add-table --all` on both nodes, and `check-capture`.
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::contest::with_stock;
use tests::wait::wait_until;
use tests::{Pair, Setup};

const LIMIT: Duration = Duration::from_secs(900);

/// A step and its command; the stock tools have no `check-capture`.
const STEPS: &[(&str, &[&str], bool)] = &[
    ("add-table on the root", &["source.ini", "add-table", "--all"], true),
    ("add-table on the target", &["target.ini", "add-table", "--all", "--expect-sync"], true),
    ("check-capture, first", &["source.ini", "check-capture"], false),
    ("check-capture, unchanged", &["source.ini", "check-capture"], false),
];

/// `BENCH_TABLES`, else 300.
fn tables() -> u32 {
    let told = std::env::var("BENCH_TABLES").ok().and_then(|value| value.parse().ok());
    told.filter(|tables| *tables > 0).unwrap_or(300)
}

pub(crate) fn run(pair: &Pair) -> String {
    let ours = measure(&Setup::new(&fresh(pair, "ours")), true);
    let stock = with_stock(pair).then(|| measure(&Setup::stock(&fresh(pair, "stock")), false));
    let mut text = format!(
        "many-tables: {} tables, ms a table\n  {:<26} {:>12} {:>12} {:>16}\n",
        tables(),
        "",
        "stock/ours",
        "londiste-rs",
        "stock londiste"
    );
    for (at, (step, _, in_stock)) in STEPS.iter().enumerate() {
        let ours = ours[at].expect("a step of ours");
        let (ratio, theirs) = match stock.as_ref().map(|costs| costs[at]) {
            None => ("-".to_owned(), "skipped: not installed".to_owned()),
            Some(Some(theirs)) if *in_stock => (format!("{:.2}", theirs / ours), format!("{theirs:.2}")),
            Some(_) => ("-".to_owned(), "has none".to_owned()),
        };
        writeln!(text, "  {step:<26} {ratio:>12} {ours:>12.2} {theirs:>16}").expect("written");
    }
    text
}

fn fresh(pair: &Pair, party: &str) -> Pair {
    let pair = pair.another(&format!("_many_{party}"));
    pair.both(&format!(
        "do $$ begin for i in 1 .. {} loop
             execute format('create table t%s (id int primary key, a text, b numeric, c timestamptz)', i);
         end loop; end $$",
        tables()
    ));
    pair
}

/// Milliseconds a table for each step; `None` for one that the tools do not have.
fn measure(setup: &Setup, is_ours: bool) -> Vec<Option<f64>> {
    setup.start_nodes();
    let steps = STEPS.iter().map(|(_, words, in_stock)| {
        if !is_ours && !in_stock {
            return None;
        }
        if words[0] == "target.ini" {
            // the target has to hear of the tables first, which is the ticker's time
            wait_until(LIMIT, "the target knows all tables", || {
                setup.target.number("select count(*) from londiste.table_info") == i64::from(tables())
            });
        }
        let started = Instant::now();
        setup.londiste(words).expect_success();
        Some(started.elapsed().as_secs_f64() * 1000.0 / f64::from(tables()))
    });
    steps.collect()
}
