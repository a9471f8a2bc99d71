//! The stock triggers beside those of the stock C extension.
use std::time::{Duration, Instant};

use tests::{Database, Pair};

use crate::contest::Contest;

const ROWS: u32 = 50_000;
const SINGLE: u32 = 5_000;

/// How the rows are updated, and the trigger's arguments behind the queue.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// A transaction for each row, or all rows in one statement.
    pub(crate) single: bool,
    pub(crate) arguments: &'static str,
}

pub(crate) const ARGUMENTS: &str = ", 'ignore=updated', 'backup', 'when=amount > 0'";

/// The function is one of the three stock triggers.
pub(crate) fn run(pair: &Pair, function: &str, load: Load) -> String {
    let (amount, how) = if load.single { (SINGLE, "a transaction each") } else { (ROWS, "in one statement") };
    let call = format!("pgq.{function}('q'{})", load.arguments);
    let mut contest =
        Contest::new(&format!("sql: {amount} updates {how}, {call}"), f64::from(amount), "rows");
    let measure = |database: &Database, trigger: bool| measure(database, &call, load.single, trigger);
    contest.enter("londiste-rs", |run| {
        let pair = pair.another(&format!("_trigger{run}"));
        pair.source.psql_file(&tests::repository().join("sql/init_noext.sql"));
        measure(&pair.source, true)
    });
    contest.enter("no trigger", |run| {
        let pair = pair.another(&format!("_trigger{run}"));
        pair.source.psql_file(&tests::repository().join("sql/init_noext.sql"));
        measure(&pair.source, false)
    });
    let available = "select count(*) from pg_available_extensions where name = 'pgq'";
    if pair.source.number(available) == 0 {
        contest.skip("stock pgq (C)", "not installed");
        return contest.hold();
    }
    contest.enter("stock pgq (C)", |run| {
        let admin = pair.another(&format!("_trigger{run}")).source.admin();
        admin.execute("create extension pgq");
        measure(&admin, true)
    });
    contest.hold()
}

fn measure(database: &Database, call: &str, single: bool, trigger: bool) -> Duration {
    database.execute(&format!(
        "create table item (id int primary key, name text, region text, amount numeric(10,2), qty int,
             ok boolean, created timestamptz default now(),
             updated timestamptz default now(), note text, code varchar(20), num bigint);
         insert into item select i, 'name ' || i, 'eu', i * 1.5, i, true, now(), now(),
                                 'some note with & chars ' || i, 'c' || i, i from generate_series(1, {ROWS}) i;
         select pgq.create_queue('q')"
    ));
    if trigger {
        database.execute(&format!(
            "create trigger captured after insert or update or delete on item for each row execute function {call};
             update item set amount = amount + 1 where id = 1"
        ));
        // what pgqd does within two minutes
        database.execute(
            "do $$ begin if to_regprocedure('pgq._maint_row_functions()') is not null then \
                 perform pgq._maint_row_functions(); end if; end $$",
        );
    }
    database.execute("vacuum analyze item");
    let mut client = database.connect();
    client.batch_execute("set synchronous_commit = off").expect("anybody may");
    let update = client
        .prepare("update item set amount = amount + 1, updated = now() where id = $1")
        .expect("the statement is right");
    client.execute(&update, &[&1]).expect("a row is updated");
    let started = Instant::now();
    if single {
        for id in 1..=i32::try_from(SINGLE).expect("fits") {
            client.execute(&update, &[&id]).expect("a row is updated");
        }
    } else {
        client
            .batch_execute("update item set amount = amount + 1, updated = now()")
            .expect("rows are updated");
    }
    started.elapsed()
}
