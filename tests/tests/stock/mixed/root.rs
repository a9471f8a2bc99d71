//! The root's worker and its ticker change over between the stock tools and ours.
use tests::Setup;
use tests::setup::Tools;

use super::application::{self, Load};
use super::{SYNC, add_and_sync, pair};

#[test]
fn ticker_and_root_worker_change_over_and_back_under_load() {
    let Some(pair) = pair(false) else { return };
    application::create(&pair);
    let setup = Setup::new(&pair);
    setup.start_nodes();
    let load = Load::start(&setup);
    add_and_sync(&setup);
    for (tools, killed) in
        [(Tools::Stock, false), (Tools::Ours, true), (Tools::Stock, true), (Tools::Ours, false)]
    {
        for name in ["pgqd", "source"] {
            let daemon = if name == "pgqd" { setup.ticker() } else { setup.source_worker() };
            if killed {
                let pid = daemon.expect_pid();
                daemon.kill();
                super::wait_reaped(pid);
            } else {
                setup.stop_daemon(name);
            }
            setup.use_tools(name, tools);
            setup.start_daemon(name);
        }
        // Sequences come with the root's worker, changes with the ticker.
        pair.source.execute("select nextval('journal_id_seq') from generate_series(1, 40000)");
        let used = pair.source.number("select last_value from journal_id_seq");
        tests::wait_until(SYNC, "the sequence has arrived with its margin", || {
            pair.target.number("select last_value from journal_id_seq") > used
        });
        let ticks = pair.source.number("select max(tick_id) from pgq.tick");
        tests::wait_until(SYNC, "the ticker ticks by itself and the leaf follows", || {
            pair.target.number("select max(last_tick_id) from pgq_node.local_state") > ticks + 1
        });
        setup.wait_caught_up(SYNC);
    }
    load.settle(&pair, &setup);
    assert_eq!(pair.source.number("select count(*) from pgq.queue"), 1);
}
