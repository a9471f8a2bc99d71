//! What queues need from pgqd: ticks in every listed database, retries, rotation.
use std::time::Duration;

use tests::{Pair, Setup, Side, wait_until};

const SETTLE: Duration = Duration::from_secs(30);

fn create_queue(side: &Side) {
    side.psql_file(&tests::repository().join("sql/init_noext.sql"));
    side.execute(
        "select pgq.create_queue('jobs'); \
         select pgq.set_queue_config('jobs', 'ticker_max_lag', '200 milliseconds')",
    );
}

fn wait_for_a_tick(side: &Side) {
    let ticks = || side.number("select max(tick_id) from pgq.tick");
    let before = ticks();
    side.execute("select pgq.insert_event('jobs', 'type', 'data')");
    wait_until(SETTLE, &format!("a tick in {}", side.dbname), || ticks() > before);
}

#[test]
fn queues_of_listed_databases_are_ticked() {
    let first = Pair::start();
    let second = first.another("_second");
    let setup = Setup::new(&first);
    for side in [&first.source, &second.source] {
        create_queue(side);
    }
    // One login for all: a role of its own database may tick the other one as well.
    second.source.admin().execute(&format!("grant {} to {}", second.source.user, first.source.user));
    setup.set("pgqd.ini", "database_list", &format!("{}, {}", first.source.dbname, second.source.dbname));
    setup.start_daemon("pgqd");
    wait_for_a_tick(&first.source);
    wait_for_a_tick(&second.source);
}

#[test]
fn failed_events_come_again_and_event_tables_rotate() {
    let pair = Pair::start();
    let source = &pair.source;
    create_queue(source);
    let setup = Setup::new(&pair);
    setup.set("pgqd.ini", "retry_period", "0.5");
    setup.set("pgqd.ini", "maint_period", "0.5");
    setup.start_daemon("pgqd");
    source.execute("select pgq.register_consumer('jobs', 'reader')");
    wait_for_a_tick(source);

    let batch = || source.value("select pgq.next_batch('jobs', 'reader')");
    // The tick may have come just before the event: then its batch is empty.
    wait_until(SETTLE, "a batch with the event", || {
        let id = batch();
        let found =
            !id.is_empty() && source.number(&format!("select count(*) from pgq.get_batch_events({id})")) == 1;
        if !found && !id.is_empty() {
            source.execute(&format!("select pgq.finish_batch({id})"));
        }
        found
    });
    let id = batch();
    source.execute(&format!(
        "select pgq.event_retry({id}, ev_id, 0) from pgq.get_batch_events({id}); \
         select pgq.finish_batch({id})"
    ));
    wait_until(SETTLE, "the event once more", || {
        let id = batch();
        let retried = !id.is_empty()
            && source.number(&format!("select count(*) from pgq.get_batch_events({id}) where ev_retry = 1"))
                == 1;
        if !id.is_empty() {
            source.execute(&format!("select pgq.finish_batch({id})"));
        }
        retried
    });

    let table = "select queue_cur_table from pgq.queue where queue_name = 'jobs'";
    let before = source.value(table);
    source.execute("select pgq.set_queue_config('jobs', 'rotation_period', '1 second')");
    wait_until(SETTLE, "a rotation", || {
        source.execute("select pgq.force_tick('jobs')");
        let id = batch();
        if !id.is_empty() {
            source.execute(&format!("select pgq.finish_batch({id})"));
        }
        source.value(table) != before
    });
}
