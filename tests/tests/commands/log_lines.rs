//! What the logs say, how often, and at which switches.

use std::time::Duration;

use tests::{Pair, Setup, Shutdown, wait_until};

const QUICK: Duration = Duration::from_secs(30);

#[test]
fn a_batch_is_a_line_only_where_it_is_asked_for_and_an_error_is_not_repeated() {
    let pair = Pair::start();
    pair.both("create table t (id bigint primary key)");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "keepalive_stats", "1");
    setup.set("pgqd.ini", "stats_period", "1");
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(QUICK);
    let target = setup.target_worker();
    let says = |words: &str| {
        wait_until(QUICK, &format!("the log says {words:?}\n{}", target.log_end()), || {
            target.log().contains(words)
        });
    };
    let arrives = |row: i64| {
        pair.source.execute(&format!("insert into t values ({row})"));
        wait_until(QUICK, "a row arrives", || pair.target.number("select count(*) from t") == row);
    };
    arrives(1);
    says("statistics");
    says("changes=1");
    wait_until(QUICK, "the ticker counts", || setup.ticker().log().contains("{ticks: "));
    assert!(!target.log().contains("batch applied"), "{}", target.log());

    pair.source.cluster.stop(Shutdown::Fast);
    says(" ERROR ");
    // exception_sleep is a second: it is tried several times
    std::thread::sleep(Duration::from_secs(6));
    let errors: Vec<String> =
        target.log().lines().filter(|line| line.contains(" ERROR ")).map(str::to_owned).collect();
    assert!(errors.len() <= 3, "{errors:#?}");
    assert!(errors[0].contains("job=target_app part=\"worker\""), "{errors:#?}");
    pair.source.cluster.start_again();
    arrives(2);
    setup.stop_daemon("target");

    let begun = |switch: &str| {
        std::fs::remove_file(&target.logfile).unwrap();
        let worker = setup.foreground("londisted", &[switch, "target.ini"], "londisted");
        wait_until(QUICK, "it runs", || target.pid().is_some());
        worker
    };
    let worker = begun("-v");
    arrives(3);
    says("batch applied");
    drop(worker);
    let worker = begun("-q");
    arrives(4);
    assert_eq!(target.log(), "", "nothing is wrong");
    drop(worker);
}
