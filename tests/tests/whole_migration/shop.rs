//! The shop's own schema and writers, without any replication: what they do must be free of errors of its own.
use std::collections::BTreeMap;
use std::time::Duration;

use tests::load::shop;
use tests::{Pair, compare};

#[test]
fn every_operation_runs_and_two_writers_never_fail() {
    let pair = Pair::start();
    shop::create(&pair);
    let empty: i64 = pair.target.number("select count(*) from shop.customer");
    assert_eq!(empty, 0);
    assert!(
        compare::databases(&pair.source.admin(), &pair.target.admin()).unwrap_err().contains("shop.customer")
    );

    let writers = shop::Writers::start(&pair.source, 2, Duration::ZERO);
    std::thread::sleep(Duration::from_secs(8));
    let report = writers.stop();
    report.expect_clean();
    let operations: BTreeMap<_, _> = shop::operations().map(|(name, weight, _)| (name, weight)).collect();
    assert!(
        report.transactions > 500,
        "only {} transactions of {} operations",
        report.transactions,
        operations.len()
    );
    for changed in
        ["shop.audit", "shop.payment", "shop.cart_archive", "shop.setting where key like 'caught%'"]
    {
        assert!(pair.source.number(&format!("select count(*) from {changed}")) > 0, "{changed}");
    }
    assert!(pair.source.number("select count(*) from shop.product where sku like 'NEW-%'") > 0);
    assert!(pair.source.number("select count(*) from shop.event_log where id > 1000000") > 0);
}
