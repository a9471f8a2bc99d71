//! Which events a batch has is told by transaction ids and snapshots of 64 bits: they go on beyond 2^32.

use postgres::Client;
use tests::{Cluster, Database};

fn queue() -> (Cluster, Database) {
    let cluster = Cluster::start_with("txid", &[("max_prepared_transactions", "5")]);
    let admin = cluster.admin("postgres");
    admin.execute("create role keeper login password 'txid-Secret1' nosuperuser");
    admin.execute("create database queue owner keeper template template0");
    let owner = Database {
        host: "127.0.0.1".to_owned(),
        port: cluster.port(),
        dbname: "queue".to_owned(),
        user: "keeper".to_owned(),
        password: Some("txid-Secret1".to_owned()),
    };
    owner.psql_file(&tests::repository().join("sql/init_noext.sql"));
    owner.execute(
        "select pgq.create_queue('jobs'); select pgq.register_consumer('jobs', 'reader'); \
         select pgq.set_queue_config('jobs', 'rotation_period', '0')",
    );
    (cluster, owner)
}

fn write(client: &mut Client, data: &str) {
    client.execute("select pgq.insert_event('jobs', 'n', $1)", &[&data]).unwrap();
}

fn tick(client: &mut Client) {
    client.batch_execute("select pgq.force_tick('jobs')").unwrap();
    client.batch_execute("select pgq.ticker('jobs')").unwrap();
}

/// Data of the events of all batches there are.
fn read(client: &mut Client) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(batch) =
        client.query_one("select pgq.next_batch('jobs', 'reader')", &[]).unwrap().get::<_, Option<i64>>(0)
    {
        let events =
            client.query("select ev_data from pgq.get_batch_events($1) order by 1", &[&batch]).unwrap();
        seen.extend(events.iter().map(|row| row.get::<_, String>(0)));
        client.execute("select pgq.finish_batch($1)", &[&batch]).unwrap();
    }
    seen
}

#[test]
fn a_queue_goes_on_when_transaction_ids_pass_32_bits() {
    let (cluster, owner) = queue();
    let mut client = owner.connect();
    write(&mut client, "written before");
    tick(&mut client);
    write(&mut client, "read after");
    drop(client);
    if !cluster.advance_epoch(3) {
        println!("skipped: no pg_resetwal beside this server");
        return;
    }
    let mut client = owner.connect();
    assert!(owner.number("select txid_current()") > 3 << 32);
    let mut open = owner.connect();
    open.batch_execute("begin").unwrap();
    write(&mut open, "long open");
    tick(&mut client);
    assert_eq!(read(&mut client), ["written before", "read after"]);
    client.batch_execute("begin").unwrap();
    write(&mut client, "kept");
    client.batch_execute("savepoint s").unwrap();
    write(&mut client, "undone");
    client.batch_execute("rollback to s; commit").unwrap();
    for _ in 0..2 {
        client.batch_execute("select pgq.maint_rotate_tables_step1('jobs')").unwrap();
        client.batch_execute("select pgq.maint_rotate_tables_step2()").unwrap();
    }
    client.batch_execute("begin").unwrap();
    write(&mut client, "prepared late");
    client.batch_execute("prepare transaction 'late'").unwrap();
    tick(&mut client);
    assert_eq!(read(&mut client), ["kept"]);
    client.batch_execute("commit prepared 'late'").unwrap();
    open.batch_execute("commit").unwrap();
    tick(&mut client);
    assert_eq!(read(&mut client), ["long open", "prepared late"]);
    let rotated = owner.number("select queue_switch_step1 from pgq.queue");
    assert!(rotated > 3 << 32, "{rotated}");
}

#[test]
fn batches_are_cut_by_snapshots_on_both_sides_of_32_bits() {
    let (_cluster, owner) = queue();
    // Two ticks on either side of 2^32 = 4294967296, each with transactions in progress.
    owner.execute(
        "select setval('pgq.event_1_tick_seq', 102);
         insert into pgq.tick (tick_queue, tick_id, tick_snapshot, tick_event_seq) values
             (1, 101, '4294967290:4294967300:4294967290,4294967295,4294967297', 1),
             (1, 102, '4294967295:4294967310:4294967295,4294967305', 2);
         update pgq.subscription set sub_last_tick = 101;
         insert into pgq.event_1_0 (ev_id, ev_time, ev_txid, ev_data)
         select t, now(), t, case t when 4294967290 then 'was in progress' when 4294967295
                                        then 'is in progress' when 4294967297 then 'was in progress too'
                                    when 4294967305 then 'is in progress too'
                                    when 4294967299 then 'seen before' when 4294967300 then 'new'
                                    when 4294967309 then 'last'
                                    else 'other' end
           from unnest(array[4294967289, 4294967290, 4294967295, 4294967296, 4294967297, 4294967299,
                             4294967300, 4294967305, 4294967309, 4294967310]) t",
    );
    let mut client = owner.connect();
    let mut seen = read(&mut client);
    seen.sort();
    assert_eq!(seen, ["last", "new", "was in progress", "was in progress too"]);
}
