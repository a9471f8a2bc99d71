//! Random histories on the source, replayed in random batches and chunks: both sides are equal after each batch.

use std::fmt::Write;

use apply::{Applier, Options};
use tokio_postgres::Client;

use crate::capture::{capture, events, install, replay, rows};
use crate::cluster::Cluster;

/// Tables of schema `{s}`; `{d}` makes foreign keys as a target has them while it is replicated.
const TABLES: &str = "
create table {s}.keyed (id int primary key, email text unique, n numeric(8,2), note text);
create table {s}.excluded (id int primary key, during int4range, exclude using gist (during with &&));
create table {s}.keyless (a int, b text, f float8, j json);
create table {s}.parent (id int primary key, name text unique);
create table {s}.child (id int primary key, up int references {s}.parent on delete cascade on update cascade {d}, v text);
create table {s}.part_of (up int references {s}.parent on delete cascade on update cascade {d}, n int, v text, primary key (up, n));
create table {s}.loose (id int primary key, up int references {s}.parent on delete set null on update set null {d}, v text);
create table {s}.strict (id int primary key, up int references {s}.child on delete restrict {d}, v text);
create table {s}.plain (id int primary key, up int references {s}.parent {d});
create table {s}.tree (id int primary key, up int references {s}.tree on delete cascade {d}, v text);
create table {s}.rotating (k int primary key deferrable initially deferred, v text);
create table {s}.decimal (k numeric primary key, v text);
create table {s}.spanning (k interval primary key, v text);
create table {s}.measured (id int, at date, v text, primary key (id, at)) partition by range (at);
create table {s}.measured_1 partition of {s}.measured for values from ('2026-01-01') to ('2026-02-01');
create table {s}.measured_2 partition of {s}.measured for values from ('2026-02-01') to ('2026-03-01');
create table {s}.numbered (id int generated always as identity primary key, v text, twice text generated always as (v || v) stored);";

/// Tables and their keys.
const CAPTURED: &[(&str, &str)] = &[
    ("keyed", "id"),
    ("excluded", "id"),
    ("keyless", ""),
    ("parent", "id"),
    ("child", "id"),
    ("part_of", "up,n"),
    ("loose", "id"),
    ("strict", "id"),
    ("plain", "id"),
    ("tree", "id"),
    ("rotating", "k"),
    ("decimal", "k"),
    ("spanning", "k"),
    ("measured", "id,at"),
    ("numbered", "id"),
];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as u64) as usize]
    }
}

/// A statement on the source; `@` are small numbers, `#` are words.
const STATEMENTS: &[&str] = &[
    "insert into src.keyed values (@, '#', @, '#')",
    "insert into src.keyed select g, 'mail' || g, g, '#' from generate_series(@, @ + 5) g on conflict do nothing",
    "update src.keyed set note = '#' || id, n = n + 1.5 where id <= @",
    "update src.keyed set email = '#' where id = @",
    "update src.keyed set id = id + 20 where id = @",
    "update src.keyed set email = null where id = @; update src.keyed set email = 'mail@' where id = @",
    "with a as (select max(id) as x, min(id) as y from src.keyed) update src.keyed k set email = email || '.' from a where id in (x, y)",
    "delete from src.keyed where id = @",
    "delete from src.keyed where email = '#'",
    "insert into src.excluded values (@, int4range(@, @ + 3))",
    "update src.excluded set during = int4range(@, @ + 2) where id = @",
    "delete from src.excluded where id = @",
    "insert into src.keyless values (@, '#', -0.0, '{\"a\":  @}'), (@, null, 'nan', null)",
    "insert into src.keyless values (1, 'same', 1.1, '[1]'), (1, 'same', 1.1, '[1]')",
    "update src.keyless set b = '#' where a = @",
    "update src.keyless set f = f + 1 where ctid = (select ctid from src.keyless where a = 1 limit 1)",
    "delete from src.keyless where ctid = (select ctid from src.keyless where b = '#' limit 1)",
    "insert into src.keyless select g % 3, 'same', g % 2, null from generate_series(1, 40) g",
    "update src.keyless set b = '#' where b = 'same'; delete from src.keyless where f = 0",
    "insert into src.parent values (@, '#')",
    "update src.parent set name = '#' where id = @",
    "update src.parent set id = id + 10 where id = @",
    "update src.parent set id = id - 10 where id = @ + 10",
    "delete from src.parent where id = @",
    "delete from src.parent where id = @; insert into src.parent values (@, '#')",
    "insert into src.child select @, id, '#' from src.parent limit 1",
    "insert into src.child values (@, @, '#')",
    "update src.child set up = @ where id = @",
    "update src.child set v = '#', up = null where up = @",
    "update src.child set up = (select max(id) from src.parent) where up = (select min(id) from src.parent); delete from src.parent where id = (select min(id) from src.parent)",
    "delete from src.child where id = @",
    "insert into src.part_of select id, @, '#' from src.parent on conflict do nothing",
    "update src.part_of set v = '#' where n = @",
    "update src.part_of set n = n + 10 where n = @",
    "delete from src.part_of where n = @",
    "insert into src.loose select @, id, '#' from src.parent limit 1",
    "update src.loose set up = @ where id = @",
    "delete from src.loose where id = @",
    "insert into src.strict select @, id, '#' from src.child limit 1",
    "delete from src.strict where up = @; delete from src.child where id = @",
    "insert into src.plain select @, id from src.parent on conflict do nothing",
    "delete from src.plain where up = @; delete from src.parent where id = @",
    "insert into src.tree values (@, null, '#'), (@ + 1, @, '#')",
    "update src.tree set up = @ where id = @",
    "delete from src.tree where id = @",
    "insert into src.rotating values (@, '#')",
    "update src.rotating set k = k + 1",
    "update src.rotating set k = (select max(k) + min(k) from src.rotating) - k where k in (select max(k) from src.rotating union select min(k) from src.rotating)",
    "update src.rotating set v = '#' where k = @",
    "delete from src.rotating where k = @",
    "insert into src.decimal values (@.0, '#')",
    "update src.decimal set k = k * 1.0 where k = @",
    "update src.decimal set v = '#' where k = @",
    "delete from src.decimal where k = @",
    "insert into src.spanning values ('@ hours', '#')",
    "insert into src.spanning values ('@ days', '#')",
    "update src.spanning set k = k + '24:00' - '1 day', v = '#' where k = '@ days'",
    "delete from src.spanning where k = '@ days'",
    "insert into src.measured values (@, '2026-01-@', '#'), (@, '2026-02-@', '#')",
    "update src.measured set at = at + 15 where id = @",
    "update src.measured set v = '#' where id = @",
    "delete from src.measured where id = @",
    "insert into src.numbered (v) values ('#'), ('#')",
    "update src.numbered set v = '#' where id % 7 = @ % 7",
    "delete from src.numbered where id % 5 = @ % 5",
    "update src.numbered set id = default where id % 5 = @ % 5",
    "truncate src.keyless",
    "truncate src.plain, src.strict",
    "truncate src.parent cascade",
];

async fn history(client: &Client, dice: &mut Dice, statements: u64) -> String {
    let calm = dice.roll(2) == 0;
    let mut log = String::new();
    for _ in 0..statements {
        let mut sql = String::new();
        let template = loop {
            let template = dice.one_of(STATEMENTS);
            // truncations are rare, or nothing would be left to go wrong; changes of keys stay away now and then, or nothing would be folded
            let moves =
                ["set id = ", "set n = n", "set k = ", "set at = "].iter().any(|set| template.contains(set));
            if (!template.starts_with("truncate") || dice.roll(10) == 0) && !(calm && moves) {
                break template;
            }
        };
        for c in template.chars() {
            match c {
                '@' => write!(sql, "{}", 1 + dice.roll(9)).unwrap(),
                '#' => sql.push_str(dice.one_of(&["a", "b", "c", "d", "e", ""])),
                c => sql.push(c),
            }
        }
        let verb = if dice.roll(8) == 0 { "rollback" } else { "commit" };
        // several statements in one transaction make deferred states
        let sql = format!(
            "begin; {sql}; {}{verb}",
            if dice.roll(2) == 0 { format!("{sql}; ") } else { String::new() }
        );
        let done = client.batch_execute(&sql).await;
        if done.is_err() {
            client.batch_execute("rollback").await.unwrap();
        }
        writeln!(log, "{sql} -- {}", if done.is_ok() { "ok" } else { "failed" }).unwrap();
    }
    log
}

async fn run(cluster: &Cluster, seed: u64, bypass: bool) {
    let client = cluster.connect().await;
    client.batch_execute("drop schema if exists src, dst cascade; drop table if exists public.event; drop function if exists public.capture")
        .await
        .unwrap();
    install(&client).await;
    client.batch_execute(&TABLES.replace("{s}", "src").replace("{d}", "")).await.unwrap();
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    // the target's rotating key may be checked at once
    let mut dest = TABLES.replace("{s}", "dst").replace("{d}", "deferrable initially deferred");
    if dice.roll(2) == 0 {
        dest = dest.replace("primary key deferrable initially deferred", "primary key");
    }
    client.batch_execute(&dest).await.unwrap();
    for (table, key) in CAPTURED {
        capture(&client, table, key).await;
    }
    let target = cluster.connect().await;
    apply::pin_session(&target).await.unwrap();
    if bypass {
        target.batch_execute("set session_replication_role = replica").await.unwrap();
    }
    let chunk_changes = [1, 3, 10, 20_000][dice.roll(4) as usize];
    let mut applier = Applier::new(Options { bypass_triggers: bypass, chunk_changes, ..Options::default() });
    let mut done = 0;
    for _ in 0..6 {
        let statements = 1 + dice.roll(60);
        let log = history(&client, &mut dice, statements).await;
        let batch = events(&client, done).await;
        done = batch.last().map_or(done, |event| event.id);
        let context =
            || format!("seed {seed}, bypass {bypass}, chunks of {chunk_changes}, after:\n{log}\n{batch:#?}");
        if let Err(error) = replay(&target, &mut applier, &batch).await {
            panic!("{error}\n{}", context());
        }
        for (table, _) in CAPTURED {
            let (source, dest) =
                (rows(&client, &format!("src.{table}")).await, rows(&client, &format!("dst.{table}")).await);
            assert_eq!(source, dest, "{table}: {}", context());
        }
    }
}

/// `APPLY_SEEDS=first-last` runs others than the usual ones.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let given = std::env::var("APPLY_SEEDS").unwrap_or("1-8".to_owned());
    let (first, last) = given.split_once('-').unwrap_or((&given, &given));
    first.parse().unwrap()..=last.parse().unwrap()
}

#[tokio::test]
async fn random_histories_arrive_where_foreign_keys_are_in_force() {
    let cluster = Cluster::start().await;
    for seed in seeds() {
        run(&cluster, seed, false).await;
    }
}

#[tokio::test]
async fn random_histories_arrive_where_triggers_are_bypassed() {
    let cluster = Cluster::start().await;
    cluster.make_superuser().await;
    for seed in seeds() {
        run(&cluster, seed, true).await;
    }
}
