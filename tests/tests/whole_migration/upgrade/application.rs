//! The application of a half-done migration: the shop, pgbench with foreign keys, and a table that can be parked.

use tests::Pair;
use tests::load::{pgbench, shop};

const BESIDES: &str = "
    alter table pgbench_tellers add foreign key (bid) references pgbench_branches;
    alter table pgbench_history add constraint history_branch foreign key (bid) references pgbench_branches;
    alter table pgbench_history add constraint history_account foreign key (aid) references pgbench_accounts;
    create table reading (id int primary key, v int);
    create sequence ticket increment 5";

/// Makes it on both sides and fills it on the source.
#[track_caller]
pub(super) fn create(pair: &Pair) {
    shop::create(pair);
    pgbench::create(pair, 1);
    pair.both(BESIDES);
    pair.source.execute(
        "insert into reading select i, i from generate_series(1, 50) i; select setval('ticket', 51)",
    );
    // the target's rows are to lack what the first foreign keys need
    pgbench::transactions(&pair.source, 1, 50);
}

/// No number of the source's sequences can come again on the target.
#[track_caller]
pub(super) fn assert_sequences_lead(pair: &Pair) {
    let names = pair.source.rows("select seq_name from londiste.get_seq_list('migq') order by 1");
    assert!(names.len() >= 10, "{names:?}");
    for name in names.iter().filter_map(|row| row[0].as_deref()) {
        let last = format!("select pgq.seq_getval('{}')", name.replace('\'', "''"));
        let [source, target] = [&pair.source, &pair.target].map(|side| side.number(&last));
        assert!(target >= source, "{name}: {source} on the source, {target} on the target");
    }
}
