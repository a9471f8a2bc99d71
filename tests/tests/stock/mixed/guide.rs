//! The guide with one side's tools on the other side's SQL.
use tests::Setup;
use tests::setup::Tools;

use super::application::{self, Load};
use super::{add_and_sync, pair};

#[test]
fn stock_tools_run_the_guide_on_our_sql() {
    let Some(pair) = pair(false) else { return };
    application::create(&pair);
    let setup = Setup::new(&pair);
    for name in ["pgqd", "source", "target"] {
        setup.use_tools(name, Tools::Stock);
    }
    let load = Load::start(&setup);
    setup.start_nodes();
    add_and_sync(&setup);
    for command in [
        &["target.ini", "status"][..],
        &["target.ini", "tables"],
        &["source.ini", "seqs"],
        &["target.ini", "missing"],
    ] {
        setup.londiste(command).expect_success();
    }
    let status = setup.londiste(&["target.ini", "status"]);
    assert!(status.stdout.contains("Tables: 9/0/0"), "{}", status.report());
    load.settle(&pair, &setup);
    setup.londiste(&["target.ini", "remove-table", "public.journal"]).expect_success();
    setup.londiste(&["source.ini", "remove-table", "public.journal"]).expect_success();
}

#[test]
fn our_tools_run_the_guide_on_the_stock_extensions() {
    let Some(pair) = pair(true) else { return };
    application::create(&pair);
    // ours replicate tables without a key on the stock extensions too
    pair.both("alter table pgbench_history drop hid");
    let setup = Setup::on_stock_extensions(&pair);
    let source = setup.source.connstr();
    let create = ["source.ini", "create-root", "primary", &source];
    setup.londiste(&create).expect_failure(1, &["pgq_admin", "londiste_writer"]);
    for side in [&pair.source, &pair.target] {
        side.admin().execute(&format!("grant pgq_admin, londiste_writer to {}", side.user));
    }
    let load = Load::start(&setup);
    setup.start_nodes();
    add_and_sync(&setup);
    let status = setup.londiste(&["target.ini", "status"]);
    assert!(status.stdout.contains("Tables: 9/0/0"), "{}", status.report());
    load.settle(&pair, &setup);
    for (name, side) in [("source.ini", &pair.source), ("target.ini", &pair.target)] {
        let extensions = "select count(*) from pg_extension where extname in ('pgq', 'pgq_node', 'londiste')";
        assert_eq!(side.number(extensions), 3, "{name}: the extensions stay");
    }
}
