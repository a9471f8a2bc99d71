//! The tables: every kind of key, dealt with columns of every type, and what else can be on a table.
use std::fmt::Write as _;

use fastrand::Rng;
use tests::Pair;

use super::key::{self, Key};
use super::kind::Kind;
use super::types::Type;

/// Rows that a table begins with; statements choose keys among twice as many.
pub(crate) const ROWS: i64 = 40;
/// Role that writes without owning anything.
pub(crate) const WRITER: &str = "torture_writer";

pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) of: Type,
}

pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
    /// No two rows have the same key.
    pub(crate) unique: bool,
    /// That is checked at once.
    pub(crate) upsert: bool,
    /// Keys may change hands within one statement.
    pub(crate) swap: bool,
    pub(crate) columns: Vec<Column>,
}

struct Form {
    name: &'static str,
    keys: &'static [Key],
    unique: bool,
    upsert: bool,
    swap: bool,
    constraint: &'static str,
    /// `partition by …` and the like, behind the columns.
    tail: &'static str,
    /// Statements on both sides when the table is there.
    then: &'static str,
}

const ID: &[Key] = &[("id", "int", key::int)];
const PLAIN: Form = Form {
    name: "torture.by_int",
    keys: ID,
    unique: true,
    upsert: true,
    swap: false,
    constraint: "primary key (id)",
    tail: "",
    then: "",
};

const KEYLESS: Form =
    Form { keys: &[("n", "int", key::small)], unique: false, upsert: false, swap: true, ..PLAIN };

/// A table with these keys, and nothing else on it.
const fn by(name: &'static str, keys: &'static [Key], constraint: &'static str) -> Form {
    Form { name, keys, constraint, ..PLAIN }
}

const FORMS: &[Form] = &[
    PLAIN,
    by("torture.by_numeric", &[("k", "numeric", key::numeric)], "primary key (k)"),
    by("torture.by_domain", &[("k", "public.positive", key::numeric)], "primary key (k)"),
    by("torture.\"By text\"", &[("\"K ,\"\"1\"", "text", key::word)], "primary key (\"K ,\"\"1\")"),
    by("torture.by_char", &[("k", "char(8)", key::padded)], "primary key (k)"),
    by("torture.by_uuid", &[("k", "uuid", key::uuid)], "primary key (k)"),
    by("torture.by_two", &[("a", "text", key::word), ("b", "int", key::int)], "primary key (b, a)"),
    by("torture.by_moment", &[("k", "timestamptz", key::moment)], "primary key (k)"),
    by("torture.by_float", &[("k", "float8", key::float)], "primary key (k)"),
    by("torture.by_list", &[("k", "int[]", key::list)], "primary key (k)"),
    by("torture.by_document", &[("k", "jsonb", key::document)], "primary key (k)"),
    Form {
        name: "torture.deferrable",
        constraint: "primary key (id) deferrable initially immediate",
        upsert: false,
        swap: true,
        ..PLAIN
    },
    Form {
        name: "torture.by_index",
        constraint: "other int unique, gone text",
        then: "alter table {t} alter id set not null; create unique index on {t} (id); \
               alter table {t} drop column gone",
        ..PLAIN
    },
    Form {
        name: "torture.keyless",
        constraint: "gone int",
        then: "alter table {t} drop column gone",
        ..KEYLESS
    },
    Form { name: "torture.keyless_too", constraint: "o int", ..KEYLESS },
    Form {
        name: "torture.parts",
        keys: &[("id", "int", key::int), ("part", "int", key::part)],
        constraint: "primary key (part, id)",
        tail: "partition by list (part)",
        then: "create table torture.part_a partition of {t} for values in (0, 1);
               create table torture.part_b partition of {t} for values in (2, 3) partition by hash (id);
               create table torture.part_b0 partition of torture.part_b for values with (modulus 2, remainder 0);
               create table torture.part_b1 partition of torture.part_b for values with (modulus 2, remainder 1);
               create table torture.part_rest (like {t} including all, gone int);
               alter table torture.part_rest drop column gone;
               alter table {t} attach partition torture.part_rest default",
        ..PLAIN
    },
    Form {
        name: "torture.parent",
        then: "create table torture.heir (own text default 'x\"y', primary key (id)) inherits ({t})",
        ..PLAIN
    },
    Form {
        name: "torture.computed",
        constraint: "primary key (id), twice int generated always as (id * 2) stored, \
                     {virtual} seq bigint generated always as identity",
        ..PLAIN
    },
    Form {
        name: "torture.triggered",
        constraint: "primary key (id), note int default 0",
        then: "create function torture.before() returns trigger language plpgsql as $$ begin
                 if tg_op = 'DELETE' then
                     if old.id % 13 = 0 then return null; end if;
                     return old;
                 end if;
                 if new.id % 11 = 0 then return null; end if;
                 new.note := coalesce(new.note, 0) + 1;
                 return new;
               end $$;
               create trigger \"A before\" before insert or update or delete on {t} for each row
                   execute function torture.before();
               create table torture.audit (seq bigint generated always as identity primary key, what text,
                   at timestamptz default now(), id int);
               create table torture.counter (id int primary key, n bigint);
               create function torture.after() returns trigger language plpgsql as $$ begin
                 insert into torture.audit (what, id) values (tg_op, coalesce(new.id, old.id));
                 insert into torture.counter values (coalesce(new.id, old.id) % 4, 1)
                     on conflict (id) do update set n = torture.counter.n + 1;
                 return null;
               end $$;
               create trigger zz_after after insert or update or delete on {t} for each row
                   execute function torture.after();
               create constraint trigger at_commit after update on {t} deferrable initially deferred
                   for each row execute function torture.after()",
        ..PLAIN
    },
    Form {
        name: "torture.nested",
        constraint: "primary key (id), note int default 0",
        then: "create function torture.again() returns trigger language plpgsql as $$ begin
                 if pg_trigger_depth() < 2 then update torture.nested set note = note + 1 where id = new.id; end if;
                 return null;
               end $$;
               create trigger \"AA again\" after insert or update on {t} for each row execute function torture.again();
               create function torture.other() returns trigger language plpgsql as $$ begin
                 if pg_trigger_depth() < 2 then update torture.nested set note = -note where id = new.id + 1; end if;
                 return new;
               end $$;
               create trigger other before update on {t} for each row execute function torture.other();
               create function torture.bump(which int) returns int language plpgsql as $$ begin
                 update torture.nested set note = note + 100 where id = which;
                 return 7;
               end $$",
        ..PLAIN
    },
    Form {
        name: "torture.guarded",
        constraint: "primary key (id), hidden boolean default false",
        then: "alter table {t} enable row level security;
               create policy p on {t} using (not hidden) with check (true)",
        ..PLAIN
    },
];

const REST: &str = "
create table torture.top (id int primary key, v text);
create table torture.below (id int primary key, top int references torture.top on update cascade on delete cascade,
    other int references torture.top on update cascade on delete set null);
create table torture.tree (id int primary key,
    up int references torture.tree on update cascade on delete cascade, v int default 0);
create view torture.window as select id, v from torture.top where id < 1000;
create function torture.touch(which int) returns void language plpgsql as $$ begin
    update torture.tree set v = v + 1 where id = which;
    update torture.top set v = 'touched' where id = which;
end $$;
";

/// Functions and an operator that would be mistaken for PostgreSQL's, were the search_path not pinned.
const FALSE_FRIENDS: &str = "
create schema false_friends;
create function false_friends.now() returns timestamptz language sql as $$ select 'infinity'::timestamptz $$;
create function false_friends.nextval(regclass) returns bigint language sql as $$ select 1::bigint $$;
create function false_friends.row_to_json(record) returns json language plpgsql as $$ begin return '0'::json; end $$;
create function false_friends.never(record, record) returns boolean language plpgsql as $$ begin return false; end $$;
create operator false_friends.*<> (function = false_friends.never, leftarg = record, rightarg = record);
";

/// Creates all tables on both sides, and their rows on the source.
pub(crate) fn create(pair: &Pair, types: &[Type], rng: &mut Rng) -> Vec<Table> {
    pair.both("create schema torture");
    let mut deck: Vec<&Type> = types.iter().collect();
    rng.shuffle(&mut deck);
    let mut tables: Vec<Table> = FORMS
        .iter()
        .map(|form| Table {
            name: form.name,
            keys: form.keys,
            unique: form.unique,
            upsert: form.upsert,
            swap: form.swap,
            columns: Vec::new(),
        })
        .collect();
    for (at, of) in deck.into_iter().enumerate() {
        let columns = &mut tables[at % FORMS.len()].columns;
        columns.push(Column { name: format!("c{}", columns.len()), of: of.clone() });
    }
    for table in &mut tables {
        table
            .columns
            .push(Column { name: "large".to_owned(), of: Type { sql: "text", kind: Kind::Scalar(large) } });
    }
    for (form, table) in FORMS.iter().zip(&tables) {
        for side in [&pair.source, &pair.target] {
            let computed = "doubly int generated always as (id * 2) virtual,";
            let constraint =
                form.constraint.replace("{virtual}", if side.cluster.major() >= 18 { computed } else { "" });
            let mut columns: Vec<String> =
                table.columns.iter().map(|c| format!("{} {}", c.name, c.of.sql)).collect();
            columns.extend(form.keys.iter().map(|(name, sql, _)| format!("{name} {sql}")));
            // the order of columns is each side's own
            rng.shuffle(&mut columns);
            side.execute(&format!(
                "create table {} ({}, {constraint}) {}",
                form.name,
                columns.join(", "),
                form.tail
            ));
            side.execute(&form.then.replace("{t}", form.name));
        }
        let mut client = pair.source.connect();
        for n in 0..ROWS {
            let insert = table.insert(&[n], "", rng);
            client.batch_execute(&insert).unwrap_or_else(|error| panic!("{insert}\n{error:?}"));
        }
    }
    pair.both(REST);
    pair.source.execute(
        "insert into torture.top select i, 'v' || i from generate_series(1, 40) i;
         insert into torture.below select i, i, 41 - i from generate_series(1, 40) i;
         insert into torture.tree select i, nullif(i / 2, 0) from generate_series(1, 60) i;
         insert into torture.heir (id) select i from generate_series(1000, 1020) i",
    );
    pair.source.execute(FALSE_FRIENDS);
    let grants = format!(
        "create role {WRITER} login password 'writer-Secret4';
         grant usage on schema torture, public, false_friends to {WRITER};
         grant all on all tables in schema torture to {WRITER};
         grant usage on all sequences in schema torture to {WRITER};
         alter default privileges for role {0} in schema torture grant all on tables to {WRITER}",
        pair.source.user
    );
    pair.source.admin().execute(&grants);
    pretend_large(pair, rng);
    tables
}

/// Mostly out of line, now and then not.
fn large(rng: &mut Rng) -> String {
    let length = [0, 10, 900, 1100, 3000, 6000][rng.usize(..6)];
    (0..length).map(|_| rng.alphanumeric()).collect()
}

/// Some of the tables have updates leave out large values, as if they had many of them.
fn pretend_large(pair: &Pair, rng: &mut Rng) {
    let admin = pair.source.admin();
    for form in FORMS.iter().filter(|_| rng.bool()) {
        admin.execute(&format!(
            "update pg_class t set relpages = 1000
               from pg_class c
              where t.oid = c.reltoastrelid
                and (c.oid = '{0}'::regclass or c.oid in (select relid from pg_partition_tree('{0}')))",
            form.name
        ));
    }
}

/// A literal that is read alike with and without `standard_conforming_strings`.
pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

impl Column {
    /// A value, or NULL.
    pub(crate) fn value(&self, rng: &mut Rng) -> String {
        let sql = self.of.sql.split(" collate").next().unwrap_or_default();
        match rng.u8(..6) {
            0 => format!("null::{sql}"),
            // its input depends on lc_monetary
            _ if sql == "money" => format!("'{}'::numeric::money", self.of.kind.text(rng)),
            _ => format!("{}::{sql}", literal(&self.of.kind.text(rng))),
        }
    }
}

impl Table {
    /// The key columns, as a list.
    pub(crate) fn key_names(&self) -> String {
        self.keys.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
    }

    /// The key of a number, as a list.
    pub(crate) fn key(&self, n: i64, rng: &mut Rng) -> String {
        self.keys.iter().map(|(_, _, make)| make(n, rng)).collect::<Vec<_>>().join(", ")
    }

    /// A condition for the rows of these numbers.
    pub(crate) fn is(&self, numbers: &[i64], rng: &mut Rng) -> String {
        let keys: Vec<String> = numbers.iter().map(|n| format!("({})", self.key(*n, rng))).collect();
        format!("({}) in ({})", self.key_names(), keys.join(", "))
    }

    /// All columns that can be written, as a list.
    pub(crate) fn names(&self) -> String {
        let columns = self.columns.iter().map(|c| c.name.as_str());
        self.keys.iter().map(|(name, ..)| *name).chain(columns).collect::<Vec<_>>().join(", ")
    }

    /// Inserts rows of these numbers.
    pub(crate) fn insert(&self, numbers: &[i64], more: &str, rng: &mut Rng) -> String {
        let row = |n: &i64, rng: &mut Rng| {
            let mut values = self.key(*n, rng);
            for column in &self.columns {
                write!(values, ", {}", column.value(rng)).expect("written");
            }
            format!("({values})")
        };
        let rows: Vec<String> = numbers.iter().map(|n| row(n, rng)).collect();
        format!("insert into {} ({}) values {}{more}", self.name, self.names(), rows.join(", "))
    }

    /// Assignments of new values to one to three columns.
    pub(crate) fn assignments(&self, rng: &mut Rng) -> String {
        let mut columns: Vec<&Column> = self.columns.iter().collect();
        rng.shuffle(&mut columns);
        let count = rng.usize(1..4).min(columns.len());
        let set: Vec<String> = columns[..count]
            .iter()
            .map(|column| format!("{} = {}", column.name, column.value(rng)))
            .collect();
        set.join(", ")
    }
}
