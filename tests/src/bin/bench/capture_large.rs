//! What capture makes of a large value that stays as it was: a counter beside a document of one megabyte.
use std::fmt::Write as _;

use tests::{Database, Pair};

use crate::capture::{median, pgbench};
use crate::capture_parties::parties;

const DOCUMENTS: u32 = 20;

const SCHEMA: &str = "create table document (id int primary key, n int, body jsonb);
    insert into document
    select i, 0, (select jsonb_build_object('text', string_agg(md5((i * j)::text), ''))
                    from generate_series(1, 32768) j)
      from generate_series(1, 20) i";

struct Stand {
    name: &'static str,
    admin: Database,
    tps: Vec<f64>,
    wal: Vec<f64>,
}

pub(crate) fn run(pair: &Pair) -> String {
    let mut stands = Vec::new();
    for (at, party) in parties(pair).into_iter().flatten().enumerate() {
        let pair = pair.another(&format!("_capture_large{at}"));
        let (owner, admin) = (pair.source.app().clone(), pair.source.admin());
        owner.execute(SCHEMA);
        (party.capture)(&owner, &admin, "document");
        stands.push(Stand { name: party.name, admin, tps: Vec::new(), wal: Vec::new() });
    }
    for _ in 0..crate::contest::runs() {
        for stand in &mut stands {
            stand.measure();
        }
    }
    let mut out = format!(
        "capture: an update of a counter beside 1 MB of jsonb that stays as it was (medians of {})\n",
        crate::contest::runs()
    );
    writeln!(out, "  {:<26}{:>15}{:>19}", "", "tps, 1 client", "WAL B/change")
        .expect("a string can be written to");
    for stand in &stands {
        writeln!(out, "  {:<26}{:>15.0}{:>19.0}", stand.name, median(&stand.tps), median(&stand.wal))
            .expect("a string can be written to");
    }
    out
}

impl Stand {
    fn measure(&mut self) {
        let position = "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn";
        self.admin.psql("checkpoint");
        let before = self.admin.number(position);
        let script =
            format!("\\set id random(1, {DOCUMENTS})\nupdate document set n = n + 1 where id = :id;\n");
        let rate = pgbench(&self.admin, &script, 1);
        self.tps.push(rate.tps);
        self.wal.push((self.admin.number(position) - before) as f64 / rate.transactions);
        // a few seconds of these are gigabytes
        let events = self.admin.rows(
            "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where c.relkind = 'r' and n.nspname = 'pgq' and c.relname ~ '^event_[0-9]+_[0-9]+$'",
        );
        for table in events.into_iter().flatten().flatten() {
            self.admin.execute(&format!("truncate {table}"));
        }
    }
}
