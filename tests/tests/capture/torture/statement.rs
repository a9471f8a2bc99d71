//! Random statements of every kind that an application may send.
use fastrand::Rng;

use super::table::{ROWS, Table};

/// Numbers of rows that do not collide with what other sessions insert, and those that do.
pub(crate) struct Numbers {
    next: i64,
}

impl Numbers {
    pub(crate) fn of_session(session: usize) -> Numbers {
        Numbers { next: 10_000 * (session as i64 + 1) }
    }

    pub(crate) fn fresh(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    fn any(&mut self, rng: &mut Rng) -> i64 {
        match rng.u8(..6) {
            0 => self.fresh(),
            1 => self.next,
            _ => rng.i64(0..ROWS * 2),
        }
    }

    fn some(&mut self, rng: &mut Rng) -> Vec<i64> {
        let mut numbers: Vec<i64> = (0..rng.usize(1..5)).map(|_| self.any(rng)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Statements on tables that belong together.
const SPECIAL: &[&str] = &[
    "update torture.top set id = id + 100 where id = {n} and not exists (select from torture.top where id = {n} + 100)",
    "update torture.top set id = id - 100 where id = {n} + 100 and not exists (select from torture.top where id = {n})",
    "delete from torture.top where id = {n}",
    "insert into torture.top values ({n}, 'again') on conflict (id) do update set v = torture.top.v || '+'",
    "insert into torture.below \
     select {n}, min(id), max(id) from torture.top on conflict (id) do update set other = excluded.other",
    "update torture.below set top = other where id between {n} and {n} + 5",
    "delete from torture.tree where id = {n}",
    "insert into torture.tree select {n}, (select max(id) from torture.tree where id < {n}) on conflict do nothing",
    "update torture.tree set id = id + 1000 \
      where id = {n} and not exists (select from torture.tree where id = {n} + 1000)",
    "update torture.window set v = v || 'w' where id = {n}",
    "delete from torture.window where id = {n}",
    "insert into torture.window values ({n}, 'through the view') on conflict do nothing",
    "select torture.touch({n})",
    "update torture.parent set id = id where id >= 1000",
    "update only torture.parent set id = id where id < {n}",
    "insert into torture.heir (id, own) values ({n} + 1000, 'o') on conflict (id) do update set own = 'again'",
    "delete from torture.parent where id = {n} + 1000",
    "update torture.triggered set note = note + 1 where id between {n} and {n} + 4",
    "insert into torture.triggered (id) select i from generate_series({n}, {n} + 4) i on conflict do nothing",
    "update torture.computed set id = -id where id = {n}",
    "insert into torture.computed (id, seq) overriding system value values ({n}, {n} * 7) on conflict do nothing",
    "update torture.by_index set other = {n} \
      where id = {n} and not exists (select from torture.by_index where other = {n})",
    "update torture.parts set part = (part + 1) % 5 where id = {n} and not exists
         (select from torture.parts p where p.id = {n} and p.part = (torture.parts.part + 1) % 5)",
    "update torture.nested set note = torture.bump({n}) where id = {n} + 1",
    "update torture.nested set note = torture.bump({n}) where id = {n}",
    "insert into torture.nested (id, note) select {n}, torture.bump({n}) on conflict do nothing",
    "delete from torture.audit where seq % 3 = {n} % 3",
    "with d as (delete from torture.top where id = {n} returning id)
     update torture.tree set v = v + 1 where id in (select id + 1 from d)",
    "with a as (insert into torture.counter values ({n}, 1) on conflict do nothing returning id),
          b as (update torture.tree set v = v - 1 where id = {n} returning id),
          c as (delete from torture.keyless where n = {n} % 20)
     select * from a, b",
];

/// A statement on one of the tables, or on those that belong together. `major` is the server's version.
pub(crate) fn any(tables: &[Table], numbers: &mut Numbers, major: u32, rng: &mut Rng) -> String {
    if rng.u8(..4) == 0 {
        return SPECIAL[rng.usize(..SPECIAL.len())].replace("{n}", &rng.i64(1..60).to_string());
    }
    let t = &tables[rng.usize(..tables.len())];
    let name = t.name;
    let some = numbers.some(rng);
    match rng.u8(..40) {
        0..6 => {
            let conflict = if t.upsert { " on conflict do nothing" } else { "" };
            let numbers = if t.upsert { some } else { vec![numbers.fresh(), numbers.fresh()] };
            t.insert(&numbers, conflict, rng)
        }
        6..10 if t.upsert => {
            let more = format!(" on conflict ({}) do update set {}", t.key_names(), t.assignments(rng));
            t.insert(&some, &more, rng)
        }
        6..16 => format!("update {name} set {} where {}", t.assignments(rng), t.is(&some, rng)),
        16 => format!("update {name} set {0} = {0}", t.columns[rng.usize(..t.columns.len())].name),
        17 => format!("update {name} set {} where false", t.assignments(rng)),
        18 => format!("delete from {name} where false"),
        19 => format!("insert into {name} ({0}) select {0} from {name} where false", t.names()),
        20..24 if t.keys.len() == 1 => {
            let key = t.key(numbers.any(rng), rng);
            format!("update {name} set {} = {key} where {}", t.key_names(), t.is(&some[..1], rng))
        }
        20..24 => {
            let key = t.key(numbers.any(rng), rng);
            format!("update {name} set ({}) = row({key}) where {}", t.key_names(), t.is(&some[..1], rng))
        }
        24..26 if t.swap => swap(t, rng),
        24..30 => format!("delete from {name} where {}", t.is(&some, rng)),
        30..32 => format!(
            "with d as (delete from {name} where {} returning *) insert into {name} ({1}) select {1} from d",
            t.is(&some, rng),
            t.names()
        ),
        32..34 => {
            let (first, second) = some.split_at(some.len() / 2);
            if first.is_empty() || !t.upsert {
                return format!("update {name} set {} where {}", t.assignments(rng), t.is(second, rng));
            }
            format!(
                "with u as (update {name} set {} where {} returning 1), d as (delete from {name} where {}) \
                 select count(*) from u",
                t.assignments(rng),
                t.is(first, rng),
                t.is(second, rng)
            )
        }
        34..37 if major >= 15 && t.upsert => merge(t, &some, rng),
        34..37 if !t.unique => {
            format!("insert into {name} ({0}) select {0} from {name} where {1}", t.names(), t.is(&some, rng))
        }
        _ => t.insert(&[numbers.fresh()], "", rng),
    }
}

/// Two rows change keys, or all move on by one.
fn swap(t: &Table, rng: &mut Rng) -> String {
    let (name, key) = (t.name, t.keys[0].0);
    let (a, b) = (rng.i64(0..ROWS), rng.i64(0..ROWS));
    match rng.u8(..3) {
        0 => format!("update {name} set {key} = {key} + 1"),
        1 => format!("update {name} set {key} = {a} + {b} - {key} where {key} between {a} and {b}"),
        _ => format!(
            "update {name} set {key} = case {key} when {a} then {b} else {a} end where {key} in ({a}, {b})"
        ),
    }
}

fn merge(t: &Table, numbers: &[i64], rng: &mut Rng) -> String {
    let column = &t.columns[rng.usize(..t.columns.len())];
    let rows: Vec<String> =
        numbers.iter().map(|n| format!("({}, {})", t.key(*n, rng), column.value(rng))).collect();
    let with =
        |prefix: &str| t.keys.iter().map(|(k, ..)| format!("{prefix}.{k}")).collect::<Vec<_>>().join(", ");
    let deletes = if rng.bool() { "when matched and md5(s.v::text) < '6' then delete" } else { "" };
    format!(
        "merge into {name} as t using (values {rows}) as s ({keys}, v) on ({t_keys}) = ({s_keys}) {deletes}
         when matched then update set {set} = s.v when not matched then insert ({keys}, {set}) values ({s_keys}, s.v)",
        name = t.name,
        rows = rows.join(", "),
        keys = t.key_names(),
        t_keys = with("t"),
        s_keys = with("s"),
        set = column.name,
    )
}

/// TRUNCATE of one to three tables; only their owner may restart their sequences.
pub(crate) fn truncate(tables: &[Table], owner: bool, rng: &mut Rng) -> String {
    let mut names: Vec<&str> = (0..rng.usize(1..4)).map(|_| tables[rng.usize(..tables.len())].name).collect();
    match rng.u8(..6) {
        0 => names.push("torture.part_b0"),
        1 => return "truncate torture.top cascade".to_owned(),
        2 => names.extend(["torture.below", "torture.top"]),
        _ => {}
    }
    let restart = if owner && rng.bool() { " restart identity" } else { "" };
    format!("truncate {}{restart}", names.join(", "))
}
