//! What capture costs the application: single rows by pgbench, and statements of 50 000 rows.
use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use tests::{Database, Invocation, Pair, installation};

use crate::capture_parties::{NONE, OURS, Party, STOCK, parties};

const ROWS: u32 = 50_000;
const SECONDS: &str = "3";

/// What is measured, in the order of its numbers.
const BULK: [&str; 4] = ["UPDATE", "INSERT … SELECT", "DELETE", "COPY in"];

/// A table and what is done to it.
pub(crate) struct Scene {
    title: &'static str,
    pub(crate) table: &'static str,
    key: &'static str,
    pub(crate) schema: &'static str,
    /// One transaction of pgbench.
    script: &'static str,
    /// Sets a column.
    touch: &'static str,
}

pub(crate) const WIDE: Scene = Scene {
    title: "11 columns",
    table: "wide",
    key: "id",
    schema: "create table wide (id bigserial primary key, email text, name text, addr text,
                 ts timestamptz default now(),
                 upd timestamptz default now(), amount numeric(12,2), flags jsonb, cnt int, active boolean, note text);
             insert into wide (email, name, addr, amount, flags, cnt, active, note)
             select 'user' || i || '@example.com', 'Name ' || i, i || ' Main St, Suite ' || i, i * 1.5,
                    '{\"a\":1,\"b\":[1,2,3]}', i, i % 2 = 0,
                    repeat('x', 50) from generate_series(1, 100000) i",
    script: "\\set id random(1, 100000)\nupdate wide set cnt = cnt + 1, upd = now() where id = :id;\n",
    touch: "cnt = cnt + 1",
};

const ACCOUNTS: Scene = Scene {
    title: "pgbench_accounts, 4 columns",
    table: "pgbench_accounts",
    key: "aid",
    schema: "create table pgbench_accounts (aid int primary key, bid int, abalance int,
                 filler char(84)) with (fillfactor = 100);
             insert into pgbench_accounts select i, 1, 0, '' from generate_series(1, 100000) i",
    script: "\\set aid random(1, 100000)\nupdate pgbench_accounts set abalance = abalance + 1 where aid = :aid;\n",
    touch: "abalance = abalance + 1",
};

/// One party's database and what has been measured there.
struct Stand {
    party: Party,
    owner: Database,
    admin: Database,
    bulk: [Vec<f64>; 4],
    tps: [Vec<f64>; 2],
    wal: f64,
    events: f64,
}

pub(crate) fn wide(pair: &Pair) -> String {
    compare(pair, &WIDE)
}

pub(crate) fn accounts(pair: &Pair) -> String {
    compare(pair, &ACCOUNTS)
}

fn compare(pair: &Pair, scene: &Scene) -> String {
    let mut stands: Vec<Option<Stand>> = Vec::new();
    for (at, party) in parties(pair).into_iter().enumerate() {
        stands.push(party.map(|party| Stand::set_up(pair, scene, party, at)));
    }
    // in turn, so that what disturbs the machine disturbs all
    for _ in 0..crate::contest::runs() {
        for stand in stands.iter_mut().flatten() {
            stand.bulk(scene);
        }
        for clients in [1, 4] {
            for stand in stands.iter_mut().flatten() {
                stand.single(scene, clients);
            }
        }
    }
    report(scene, &stands)
}

impl Stand {
    fn set_up(pair: &Pair, scene: &Scene, party: Party, at: usize) -> Stand {
        let pair = pair.another(&format!("_capture_{}{at}", scene.key));
        let (owner, admin) = (pair.source.app().clone(), pair.source.admin());
        owner.execute(scene.schema);
        (party.capture)(&owner, &admin, scene.table);
        Stand {
            party,
            owner,
            admin,
            bulk: Default::default(),
            tps: Default::default(),
            wal: 0.0,
            events: 0.0,
        }
    }

    fn bulk(&mut self, scene: &Scene) {
        let (table, key) = (scene.table, scene.key);
        let rows = if self.party.slow { ROWS / 20 } else { ROWS };
        let file = format!("/tmp/londiste-bench-{}-{}.copy", std::process::id(), self.owner.dbname);
        self.owner.execute(&format!(
            "drop table if exists spare; create unlogged table spare as \
             select * from {table} where {key} <= {rows}"
        ));
        self.admin.psql(&format!("vacuum full {table}"));
        self.admin.psql(&format!("copy spare to '{file}'"));
        let statements = [
            format!("update {table} set {} where {key} <= {rows}", scene.touch),
            format!("insert into {table} select * from spare"),
            format!("delete from {table} where {key} <= {rows}"),
            format!("copy {table} from '{file}'"),
        ];
        let empty = format!("delete from {table} where {key} <= {rows}");
        // UPDATE, then DELETE, INSERT … SELECT, DELETE again to make room for COPY
        for (at, statement) in [(0, 0), (2, 2), (1, 1)]
            .map(|(at, s)| (at, statements[s].as_str()))
            .into_iter()
            .chain([(4, empty.as_str()), (3, statements[3].as_str())])
        {
            self.clear();
            let (wal, took) = self.timed(statement);
            if at == 0 {
                self.wal = wal / f64::from(rows);
                self.events = self.written() / f64::from(rows);
            }
            if let Some(times) = self.bulk.get_mut(at) {
                times.push(took * f64::from(ROWS) / f64::from(rows));
            }
        }
        std::fs::remove_file(&file).expect("the copied file can be removed");
    }

    /// Bytes of log and seconds of a statement.
    fn timed(&self, statement: &str) -> (f64, f64) {
        let position = "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn";
        let mut client = self.admin.connect();
        let before = self.admin.number(position);
        let started = Instant::now();
        client.batch_execute(statement).expect("the statement succeeds");
        let took = started.elapsed().as_secs_f64();
        ((self.admin.number(position) - before) as f64, took)
    }

    fn event_tables(&self) -> Vec<Vec<Option<String>>> {
        self.admin.rows(&format!(
            "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where c.relkind = 'r' and n.nspname || '.' || c.relname like '{}'",
            self.party.events
        ))
    }

    fn clear(&self) {
        for table in self.event_tables().into_iter().flatten().flatten() {
            self.admin.execute(&format!("truncate {table}"));
        }
        self.admin.psql("checkpoint");
    }

    fn written(&self) -> f64 {
        let size = |table: &String| self.admin.number(&format!("select pg_total_relation_size('{table}')"));
        self.event_tables().iter().flatten().flatten().map(size).sum::<i64>() as f64
    }

    /// Transactions of one row, in a second; prepared, so that parsing does not hide what is measured.
    fn single(&mut self, scene: &Scene, clients: usize) {
        self.clear();
        self.admin.psql(&format!("vacuum full {}", scene.table));
        // as the application: an ordinary role
        let tps = pgbench(&self.owner, scene.script, clients).tps;
        self.tps[usize::from(clients > 1)].push(tps);
    }
}

/// What pgbench tells of a run.
pub(crate) struct Rate {
    pub(crate) tps: f64,
    pub(crate) transactions: f64,
}

/// A script's transactions for some seconds.
pub(crate) fn pgbench(database: &Database, script: &str, clients: usize) -> Rate {
    pgbench_with(database, script, clients, &["-M", "prepared"])
}

/// The same, with arguments of pgbench.
pub(crate) fn pgbench_with(database: &Database, script: &str, clients: usize, arguments: &[&str]) -> Rate {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), script).expect("the script can be written");
    let mut command = Command::new(installation::client("pgbench"));
    let clients = clients.to_string();
    command.arg("-n").args(arguments).args(["-T", SECONDS, "-c", &clients, "-j", "2", "-f"]);
    command.arg(file.path()).arg(database.uri());
    let said = Invocation::new(command).run().expect_success().stdout.clone();
    let number = |label: &str| {
        let rest = said.split(label).nth(1).expect("pgbench tells its rate");
        let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        number.parse().expect("a number")
    };
    Rate { tps: number("tps = "), transactions: number("actually processed: ") }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn report(scene: &Scene, stands: &[Option<Stand>]) -> String {
    let mut out = format!(
        "capture: {} (medians of {}; 50 000 rows in one statement: seconds, and added time relative to stock C's)\n",
        scene.title,
        crate::contest::runs()
    );
    write!(out, "  {:<26}", "").expect("a string can be written to");
    for name in ["tps, 1 client", "tps, 4 clients"].iter().chain(&BULK) {
        write!(out, "{name:>19}").expect("a string can be written to");
    }
    writeln!(out, "{:>19}{:>19}", "WAL B/change", "events B/change").expect("a string can be written to");
    let of = |at: usize, kind: usize| stands.get(at).and_then(Option::as_ref).map(|s| median(&s.bulk[kind]));
    for stand in stands.iter().flatten() {
        write!(out, "  {:<26}", stand.party.name).expect("a string can be written to");
        for (kind, tps) in stand.tps.iter().enumerate() {
            let ours = stands[OURS].as_ref().map_or(f64::NAN, |ours| median(&ours.tps[kind]));
            let relative = format!("{:.0} ({:.2})", median(tps), median(tps) / ours);
            write!(out, "{relative:>19}").expect("a string can be written to");
        }
        for kind in 0..BULK.len() {
            let (took, none) = (median(&stand.bulk[kind]), of(NONE, kind).unwrap_or(f64::NAN));
            let added = of(STOCK, kind).map(|stock| format!(" ({:+.2})", (took - none) / (stock - none)));
            write!(out, "{:>19}", format!("{took:.2}{}", added.unwrap_or_default()))
                .expect("a string can be written to");
        }
        writeln!(out, "{:>19.0}{:>19.0}", stand.wal, stand.events).expect("a string can be written to");
    }
    for (at, stand) in stands.iter().enumerate() {
        if stand.is_none() && at == STOCK {
            out.push_str("  stock logutriga (C)       skipped: not installed\n");
        }
    }
    out
}
