//! Random histories, captured by the real triggers, cut by real ticks into random batches, applied by the real applier:
//! after each tick the target is what the source is.
//!
//! A history is what several sessions do to the tables of one world (a schema). A round plays one history in each of
//! its worlds at once, so that batches mix their changes. `MODEL_HISTORIES` says how many histories there are; a round
//! that failed is played again by `MODEL_SEED`, which the failure's message tells.
#![cfg(test)]

mod dice;
mod follower;
mod round;
mod world;

use tests::Pair;
use tokio_postgres::{Client, Statement};

use follower::Follower;
use round::Round;
use world::World;

/// Histories of both tests together, unless `MODEL_HISTORIES` says another number.
const HISTORIES: u64 = 1_000;
/// Worlds, each of which lives one history in a round.
const WORLDS: usize = 25;

/// The seeds of the rounds to be played by one of the two tests.
fn seeds() -> Vec<u64> {
    let number = |name| {
        let value = std::env::var(name).ok()?;
        Some(value.parse::<u64>().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
    };
    if let Some(seed) = number("MODEL_SEED") {
        return vec![seed];
    }
    let rounds = number("MODEL_HISTORIES").unwrap_or(HISTORIES).div_ceil(2 * WORLDS as u64);
    // others every day would find more, and fail in changes that are not to blame
    (1..=rounds).collect()
}

struct Stage {
    source: Client,
    sessions: Vec<Client>,
    worlds: Vec<World>,
    digest: Statement,
}

async fn prepare(pair: &Pair, bypass: bool) -> (Stage, Follower) {
    pair.source.psql_file(&tests::repository().join("sql/init_noext.sql"));
    pair.target.psql_file(&tests::repository().join("sql/init_noext.sql"));
    let (source, target) = (pair.source.connect_async().await, pair.target.connect_async().await);
    let node = "select pgq_node.register_location('model', 'root', 'dbname=none', false);
                select pgq_node.create_node('model', 'root', 'root', 'root_worker', null, null, null);
                select pgq.register_consumer('model', 'follower')";
    source.batch_execute(node).await.expect("a root");
    let worlds: Vec<World> = (0..WORLDS).map(World::new).collect();
    for world in &worlds {
        source.batch_execute(&world.source_tables()).await.expect("tables of a world");
        target.batch_execute(&world.target_tables()).await.expect("tables of a world");
        for table in world.tables() {
            let sql = "select londiste_rs.capture_table('model', $1)";
            source.query(sql, &[&table]).await.expect("a captured table");
        }
    }
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let session = pair.source.connect_async().await;
        // who meets another session's lock gives up: the sessions take turns in one task
        session.batch_execute("set lock_timeout = '2ms'").await.expect("a setting");
        sessions.push(session);
    }
    let provider = pair.source.connect_async().await;
    let comparison = world::comparison(&worlds);
    let digest = source.prepare(&comparison).await.expect("a comparison");
    let other = target.prepare(&comparison).await.expect("a comparison");
    let follower = Follower::start(provider, target, other, bypass).await;
    (Stage { source, sessions, worlds, digest }, follower)
}

fn play(bypass: bool) {
    let pair = Pair::start();
    pair.forbid_silencing();
    if bypass {
        // where an ordinary role may set session_replication_role depends on the version
        pair.target.admin().execute(&format!("alter role {} superuser", pair.target.user));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (stage, mut follower) = Box::pin(prepare(&pair, bypass)).await;
        for seed in seeds() {
            Box::pin(Round::play(&stage, &mut follower, seed)).await;
        }
        assert!(follower.changes > 0, "no change came to the target");
    });
}

#[test]
fn random_histories_arrive_where_foreign_keys_are_in_force() {
    play(false);
}

#[test]
fn random_histories_arrive_where_triggers_are_bypassed() {
    play(true);
}
