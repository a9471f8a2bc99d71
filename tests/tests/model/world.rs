//! A world: a schema with tables of every kind that matters to replay, and what can be done to them.
use std::fmt::Write as _;

use crate::dice::Dice;

/// Tables of a world `~`; `{d}` makes foreign keys as a target has them while it is replicated.
const TABLES: &str = "
create table ~.keyed (id int primary key, email text unique, n numeric(8,2), note text);
create table ~.excluded (id int primary key, during int4range, exclude using gist (during with &&));
create table ~.keyless (a int, b text, f float8, j json);
create table ~.parent (id int primary key, name text unique);
create table ~.child (id int primary key, up int references ~.parent on delete cascade on update cascade {d}, v text);
create table ~.part_of (up int references ~.parent on delete cascade on update cascade {d}, n int, v text,
    primary key (up, n));
create table ~.loose (id int primary key, up int references ~.parent on delete set null on update set null {d}, v text);
create table ~.strict (id int primary key, up int references ~.child on delete restrict {d}, v text);
create table ~.plain (id int primary key, up int references ~.parent {d});
create table ~.tree (id int primary key, up int references ~.tree on delete cascade {d}, v text);
create table ~.rotating (k int primary key deferrable initially deferred, v text);
create table ~.late (id numeric primary key deferrable initially deferred, v text);
create table ~.decimal (k numeric primary key, v text);
create table ~.spanning (k interval primary key, v text);
create table ~.measured (id int, at date, v text, primary key (id, at)) partition by range (at);
create table ~.measured_1 partition of ~.measured for values from ('2026-01-01') to ('2026-02-01');
create table ~.measured_2 partition of ~.measured for values from ('2026-02-01') to ('2026-03-01');
create table ~.numbered (id int generated always as identity primary key, v text,
    twice text generated always as (v || v) stored);";

/// The tables that are captured: a partitioned one under its own name.
const CAPTURED: &[&str] = &[
    "keyed", "excluded", "keyless", "parent", "child", "part_of", "loose", "strict", "plain", "tree",
    "rotating", "late", "decimal", "spanning", "measured", "numbered",
];

/// What a session does: `@` are small numbers, `#` are words.
const STATEMENTS: &[&str] = &[
    "insert into ~.keyed values (@, '#', @, '#')",
    "insert into ~.keyed select g, 'mail' || g, g, '#' from generate_series(@, @ + 5) g on conflict do nothing",
    "update ~.keyed set note = '#' || id, n = n + 1.5 where id <= @",
    "update ~.keyed set email = '#' where id = @",
    "update ~.keyed set id = id + 20 where id = @",
    "update ~.keyed set email = null where id = @; update ~.keyed set email = 'mail@' where id = @",
    "with a as (select max(id) as x, min(id) as y from ~.keyed) \
     update ~.keyed k set email = email || '.' from a where id in (x, y)",
    "delete from ~.keyed where id = @",
    "delete from ~.keyed where email = '#'",
    "insert into ~.excluded values (@, int4range(@, @ + 3))",
    "update ~.excluded set during = int4range(@, @ + 2) where id = @",
    "delete from ~.excluded where id = @",
    "insert into ~.keyless values (@, '#', -0.0, '{\"a\":  @}'), (@, null, 'nan', null)",
    "insert into ~.keyless values (1, 'same', 1.1, '[1]'), (1, 'same', 1.1, '[1]')",
    "update ~.keyless set b = '#' where a = @",
    "update ~.keyless set f = f + 1 where ctid = (select ctid from ~.keyless where a = 1 limit 1)",
    "delete from ~.keyless where ctid = (select ctid from ~.keyless where b = '#' limit 1)",
    "insert into ~.keyless select g % 3, 'same', g % 2, null from generate_series(1, 40) g",
    "update ~.keyless set b = '#' where b = 'same'; delete from ~.keyless where f = 0",
    "insert into ~.parent values (@, '#')",
    "update ~.parent set name = '#' where id = @",
    "update ~.parent set id = id + 10 where id = @",
    "update ~.parent set id = id - 10 where id = @ + 10",
    "delete from ~.parent where id = @",
    "delete from ~.parent where id = @; insert into ~.parent values (@, '#')",
    "insert into ~.child select @, id, '#' from ~.parent limit 1",
    "insert into ~.child values (@, @, '#')",
    "update ~.child set up = @ where id = @",
    "update ~.child set v = '#', up = null where up = @",
    "update ~.child set up = (select max(id) from ~.parent) where up = (select min(id) from ~.parent); \
     delete from ~.parent where id = (select min(id) from ~.parent)",
    "delete from ~.child where id = @",
    "insert into ~.part_of select id, @, '#' from ~.parent on conflict do nothing",
    "update ~.part_of set v = '#' where n = @",
    "update ~.part_of set n = n + 10 where n = @",
    "delete from ~.part_of where n = @",
    "insert into ~.loose select @, id, '#' from ~.parent limit 1",
    "update ~.loose set up = @ where id = @",
    "delete from ~.loose where id = @",
    "insert into ~.strict select @, id, '#' from ~.child limit 1",
    "delete from ~.strict where up = @; delete from ~.child where id = @",
    "insert into ~.plain select @, id from ~.parent on conflict do nothing",
    "delete from ~.plain where up = @; delete from ~.parent where id = @",
    "insert into ~.tree values (@, null, '#'), (@ + 1, @, '#')",
    "update ~.tree set up = @ where id = @",
    "delete from ~.tree where id = @",
    "insert into ~.rotating values (@, '#')",
    "update ~.rotating set k = k + 1",
    "update ~.rotating set k = (select max(k) + min(k) from ~.rotating) - k \
      where k in (select max(k) from ~.rotating union select min(k) from ~.rotating)",
    "update ~.rotating set v = '#' where k = @",
    "delete from ~.rotating where k = @",
    "insert into ~.late values (@, '#')",
    "insert into ~.late select id, '#' from ~.late where id <= @; \
     delete from ~.late l using ~.late o where l.id = o.id and l.ctid < o.ctid",
    "insert into ~.late select id, '#' from ~.late where id <= @; \
     delete from ~.late l using ~.late o where l.id = o.id and l.ctid > o.ctid",
    "insert into ~.late select id, '#' from ~.late where id <= @; \
     update ~.late l set id = l.id + 10 from ~.late o where l.id = o.id and l.ctid < o.ctid",
    "insert into ~.late select id, v from ~.late where id <= @",
    "delete from ~.late l using ~.late o where l.id = o.id and l.ctid < o.ctid",
    "delete from ~.late l using ~.late o where l.id = o.id and l.ctid > o.ctid",
    "update ~.late set id = @ where id = @; delete from ~.late l using ~.late o where l.id = o.id and l.ctid < o.ctid",
    "update ~.late set id = @ where id = @; \
     update ~.late l set id = l.id + 20 from ~.late o where l.id = o.id and l.ctid < o.ctid",
    "update ~.late set id = 10 - id",
    "update ~.late set id = id + 1, v = '#' where id >= @",
    "update ~.late set id = id * 1.0 where id = @",
    "update ~.late set v = '#' where id = @",
    "delete from ~.late where id = @",
    "insert into ~.decimal values (@.0, '#')",
    "update ~.decimal set k = k * 1.0 where k = @",
    "update ~.decimal set v = '#' where k = @",
    "delete from ~.decimal where k = @",
    "insert into ~.spanning values ('@ hours', '#')",
    "insert into ~.spanning values ('@ days', '#')",
    "update ~.spanning set k = k + '24:00' - '1 day', v = '#' where k = '@ days'",
    "delete from ~.spanning where k = '@ days'",
    "insert into ~.measured values (@, '2026-01-@', '#'), (@, '2026-02-@', '#')",
    "update ~.measured set at = at + 15 where id = @",
    "update ~.measured set v = '#' where id = @",
    "delete from ~.measured where id = @",
    "insert into ~.numbered (v) values ('#'), ('#')",
    "update ~.numbered set v = '#' where id % 7 = @ % 7",
    "delete from ~.numbered where id % 5 = @ % 5",
    "update ~.numbered set id = default where id % 5 = @ % 5",
    "truncate ~.keyless",
    "truncate ~.plain, ~.strict",
    "truncate ~.parent cascade",
];

/// One statement, or a few that belong together.
pub(crate) fn statement(dice: &mut Dice, world: &World, calm: bool) -> String {
    let template = loop {
        let template = dice.one_of(STATEMENTS);
        // truncations are rare, or nothing would be left to go wrong
        let moves =
            ["set id = ", "set n = n", "set k = ", "set at = "].iter().any(|set| template.contains(set));
        if (!template.starts_with("truncate") || dice.roll(10) == 0) && !(calm && moves) {
            break template;
        }
    };
    let mut sql = String::new();
    for c in template.chars() {
        match c {
            '@' => write!(sql, "{}", 1 + dice.roll(9)).expect("written"),
            '#' => sql.push_str(dice.one_of(&["a", "b", "c", "d", "e", ""])),
            '~' => sql.push_str(&world.schema),
            c => sql.push(c),
        }
    }
    sql
}

pub(crate) struct World {
    schema: String,
    /// The target checks the rotating key at once, although the source does not.
    strict_rotation: bool,
}

impl World {
    pub(crate) fn new(number: usize) -> World {
        World { schema: format!("w{number}"), strict_rotation: number.is_multiple_of(2) }
    }

    fn sql(&self, template: &str) -> String {
        format!("create schema {0}; {1}", self.schema, template.replace('~', &self.schema))
    }

    pub(crate) fn source_tables(&self) -> String {
        self.sql(&TABLES.replace("{d}", ""))
    }

    pub(crate) fn target_tables(&self) -> String {
        let tables = TABLES.replace("{d}", "deferrable initially deferred");
        if self.strict_rotation {
            return self.sql(&tables.replace("primary key deferrable initially deferred", "primary key"));
        }
        self.sql(&tables)
    }

    /// Captured tables, `schema.table`.
    pub(crate) fn tables(&self) -> impl Iterator<Item = String> {
        CAPTURED.iter().map(|table| format!("{}.{table}", self.schema))
    }

    /// One transaction that leaves nothing: children before parents.
    pub(crate) fn emptying(&self) -> String {
        let deletes: Vec<String> =
            CAPTURED.iter().rev().map(|table| format!("delete from {}.{table};", self.schema)).collect();
        format!("begin; {} commit", deletes.concat())
    }
}

/// A query with one row for each world, which is the same where all its rows are the same.
pub(crate) fn comparison(worlds: &[World]) -> String {
    let of_table = |table: String| {
        format!("(select concat(count(*), ' ', sum(hashtextextended(t::text, 0))) from {table} t)")
    };
    let of_world = |world: &World| {
        let tables: Vec<String> = world.tables().map(of_table).collect();
        format!("select concat_ws(',', {})", tables.join(", "))
    };
    worlds.iter().map(of_world).collect::<Vec<_>>().join(" union all ")
}
