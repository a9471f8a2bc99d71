//! Random sequences of definitions under sessions that stay: each event has the columns, the types and the values that
//! its row had, in every form of capture, whatever has been planned before and whenever the worker looks.
use std::fmt::Write as _;
use std::time::Duration;

use postgres::{Client, Statement};
use tests::wait_until;

use crate::dice::Dice;
use crate::root::{Root, root};

/// Whatever the order of columns is, `n` tells which change of which row it was.
const SETTING: &str = "
create sequence ids; create sequence counter; create table older (tbl text);
create table audited (tbl text, op text, n bigint, fields jsonb, types jsonb);
create function audit() returns trigger language plpgsql as $$
declare
    r jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
begin
    insert into audited values (tg_argv[0], case tg_op when 'DELETE' then 'D' else 'W' end, (r ->> 'n')::bigint,
        (select jsonb_object_agg(key, value) from jsonb_each_text(r)),
        case when current_setting('transaction_isolation') = 'read committed'
                  and not exists (select from older where tbl = tg_argv[0]) then (
            select jsonb_object_agg(a.attname, t.typnamespace::regnamespace || '.' || t.typname)
              from pg_attribute a join pg_type t on t.oid = a.atttypid
             where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped) end);
    return null;
end $$;
create function texts(data text, left_out jsonb, description json) returns jsonb language sql as $$
    select jsonb_object_agg(coalesce(c.col ->> 0, 'no name ' || pos),
                            f.v) - array(select jsonb_array_elements_text(left_out))
      from json_array_elements(description -> 'columns') with ordinality c (col, pos)
      full join unnest(pgq._record_fields(data)) with ordinality f (v, pos) using (pos) $$;
create view told as
select e.ev_id, replace(e.ev_extra1, 'public.', '') as tbl,
       case when e.ev_type = 'rec.D' or e.ev_data is null then 'D' else 'W' end as op,
       texts(coalesce(e.ev_data, e.ev_extra2), o.o, d.d) as fields,
       (select jsonb_object_agg(c ->> 0, c ->> 1) from json_array_elements(d.d -> 'columns') c) as types,
       array(select jsonb_array_elements_text(o.o)) as left_out,
       not exists (select from json_array_elements_text(d.d -> 'key') k
                    where k not in (select c ->> 0 from json_array_elements(d.d -> 'columns') c)) as sound
  from pgq.event_1 e left join londiste_rs.shape s on s.shape_id::text = e.ev_extra3
 cross join lateral (select coalesce(s.description, e.ev_extra3)::json) d (d)
 cross join lateral (select coalesce(e.ev_extra4, '[]')::jsonb) o (o)
 where e.ev_type like 'rec.%'
union all
select e.ev_id, 'encoded', case left(e.ev_type, 1) when 'D' then 'D' else 'W' end,
       (select jsonb_object_agg(split_part(p, '=', 1), case when strpos(p, '=') > 0 then split_part(p, '=', 2) end)
          from unnest(string_to_array(e.ev_data, '&')) p), null, '{}', true
  from pgq.event_1 e where e.ev_extra1 = 'public.encoded'
union all
select e.ev_id, 'object', case e.ev_type::json ->> 'op' when 'DELETE' then 'D' else 'W' end,
       (select jsonb_object_agg(key, value) from json_each_text(e.ev_data::json)), null, '{}', true
  from pgq.event_1 e where e.ev_extra1 = 'public.object'
union all
select e.ev_id, 'statements', 'W',
       (select jsonb_object_agg(name, nullif(btrim(value, ''''), 'null'))
          from unnest(string_to_array(substring(e.ev_data from '^[(](.*?)[)] values'), ','),
                      string_to_array(substring(e.ev_data from ' values [(](.*)[)]$'), ',')) f (name, value)),
       null, '{}', true
  from pgq.event_1 e where e.ev_extra1 = 'public.statements' and e.ev_type = 'I';
create view wrong as
select coalesce(a.tbl, e.tbl) as tbl, e.ev_id, coalesce(a.op, e.op) as op, a.fields as was, e.fields as told,
       a.types as types, e.types as told_types
  from audited a full join told e on e.tbl = a.tbl and e.op = a.op and e.fields ->> 'n' = a.n::text
 where (a.fields - coalesce(e.left_out, '{}') is distinct from e.fields or a.types <> e.types or not e.sound)
   and not (e.tbl is null and a.tbl = 'statements')";

/// Each with its triggers of capture, or what makes them.
const TABLES: &[(&str, &str)] = &[
    ("statement", ""),
    (
        "light",
        "alter table light add body text, alter body set storage external; \
         insert into light (n, body) \
         select nextval('counter'), \
                (select string_agg(md5(i || ' ' || j), '') from generate_series(1, 200) j) \
           from generate_series(1, 200) i; analyze light",
    ),
    ("keyless", "alter table keyless drop constraint keyless_pkey"),
    ("parts", ""),
    ("mother", "create table child () inherits (mother)"),
    (
        "encoded",
        "create trigger c after insert or update or delete on encoded for each row execute function pgq.logutriga('q')",
    ),
    (
        "object",
        "create trigger c after insert or update or delete on object for each row \
             execute function pgq.jsontriga('q', 'backup')",
    ),
    (
        "statements",
        "create trigger c after insert or update or delete on statements for each row \
             execute function pgq.sqltriga('q')",
    ),
];

/// Bounds of the partitions of `parts`.
const BOUNDS: [&str; 3] = ["from (minvalue) to (300)", "from (300) to (500)", "from (500) to (maxvalue)"];

/// A table as the test has defined it.
struct Model {
    name: &'static str,
    columns: Vec<(String, &'static str)>,
    key: String,
    keyed: bool,
    next: u32,
}

impl Model {
    fn create(root: &Root, name: &'static str, more: &str) -> Model {
        let partitioned = if name == "parts" { " partition by range (id)" } else { "" };
        root.app.execute(&format!(
            "create table {name} (id int default nextval('ids') constraint {name}_pkey primary key, \
                 n bigint, c0 int default 1, c1 text default 'x'){partitioned}"
        ));
        for (number, bounds) in BOUNDS.iter().enumerate().filter(|_| name == "parts") {
            root.app.execute(&format!("create table parts_{number} partition of parts for values {bounds}"));
        }
        root.app.execute(&format!(
            "{more}; create function write_{name}() returns void language plpgsql as $$ begin
                 insert into {name} (n) values (nextval('counter'));
                 update {name} set n = nextval('counter') where n = (select min(n) from {name});
             end $$"
        ));
        root.app.execute(&format!(
            "create trigger audit after insert or update or delete on {name} for each row \
                 execute function audit('{name}')"
        ));
        if !more.contains("pgq.") {
            root.app.execute(&format!("select londiste_rs.capture_table('q', 'public.{name}')"));
        }
        let column = |name: &str, kind| (name.to_owned(), kind);
        let keyed = name != "keyless";
        Model {
            name,
            columns: vec![column("c0", "int"), column("c1", "text")],
            key: "id".to_owned(),
            keyed,
            next: 2,
        }
    }

    fn is_stock(&self) -> bool {
        matches!(self.name, "encoded" | "object" | "statements")
    }

    /// A change of its definition.
    fn change(&mut self, dice: &mut Dice) -> String {
        let table = self.name;
        self.next += 1;
        let fresh = format!("c{}", self.next);
        let at = (!self.columns.is_empty()).then(|| dice.roll(self.columns.len() as u64) as usize);
        match (dice.roll(9), at) {
            (0, Some(at)) => {
                let (gone, _) = self.columns.remove(at);
                format!("alter table {table} drop column {gone}")
            }
            (1, Some(at)) => {
                let old = std::mem::replace(&mut self.columns[at].0, fresh.clone());
                format!("alter table {table} rename {old} to {fresh}")
            }
            (2, Some(at)) => {
                let (name, kind) = &mut self.columns[at];
                *kind = if *kind == "int" {
                    "bigint"
                } else if *kind == "text" {
                    "varchar"
                } else {
                    "text"
                };
                format!("alter table {table} alter {name} type {kind}")
            }
            (3, Some(at)) => {
                let (name, kind) = self.columns.remove(at);
                let sql =
                    format!("alter table {table} drop column {name}; alter table {table} add {name} {kind}");
                self.columns.push((name, kind));
                sql
            }
            (4, _) => {
                let old = std::mem::replace(&mut self.key, format!("id{}", self.next));
                format!("alter table {table} rename {old} to {}", self.key)
            }
            (5, _) if !self.is_stock() && table != "keyless" => {
                self.keyed = !self.keyed;
                if self.keyed {
                    format!("alter table {table} add constraint {table}_pkey primary key ({})", self.key)
                } else {
                    format!("alter table {table} drop constraint {table}_pkey")
                }
            }
            (6, Some(at)) if table == "parts" => {
                let (name, kind) = &self.columns[at];
                let number = dice.roll(3) as usize;
                format!(
                    "alter table parts detach partition parts_{number};
                     alter table parts_{number} drop column {name}, add {name} {kind} default '7';
                     alter table parts attach partition parts_{number} for values {}",
                    BOUNDS[number]
                )
            }
            (7, _) => format!("analyze {table}"),
            (_, _) => {
                let kind = if dice.roll(2) == 0 { "int" } else { "text" };
                let sql = format!("alter table {table} add {fresh} {kind} default '{}'", self.next);
                self.columns.push((fresh, kind));
                sql
            }
        }
    }
}

/// A client whose plans stay.
struct Writer {
    client: Client,
    prepared: Vec<Vec<Statement>>,
}

const WRITES: usize = 4;

fn writes(table: &str) -> [String; WRITES] {
    [
        format!("insert into {table} (n) values (nextval('counter'))"),
        format!("update {table} set n = nextval('counter') where n = (select max(n) from {table})"),
        format!("update {table} set n = nextval('counter') where n > (select max(n) - 8 from {table})"),
        format!("delete from {table} where n = (select min(n) from {table})"),
    ]
}

impl Writer {
    fn new(root: &Root) -> Writer {
        let mut client = root.app.connect();
        let prepare = |(table, _): &(&str, &str)| {
            writes(table).iter().map(|sql| client.prepare(sql).unwrap()).collect()
        };
        let prepared = TABLES.iter().map(prepare).collect();
        Writer { client, prepared }
    }

    /// One change of rows, from within a function or not, prepared or not.
    fn write(&mut self, table: usize, dice: &mut Dice) -> String {
        let way = dice.roll(WRITES as u64) as usize;
        let name = TABLES[table].0;
        let sql = match dice.roll(5) {
            0 => format!("select write_{name}()"),
            1 => format!("do $$ begin {}; end $$", writes(name)[way]),
            2 => writes(name)[way].clone(),
            _ => {
                let done = self.client.execute(&self.prepared[table][way], &[]);
                done.unwrap_or_else(|error| panic!("{}: {error:?}", writes(name)[way]));
                return format!("prepared {}", writes(name)[way]);
            }
        };
        self.client.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        sql
    }
}

fn wrong(root: &Root, history: &[String]) {
    let wrong = root.app.rows("select * from wrong order by tbl, ev_id limit 5");
    let mut steps = String::new();
    for step in history {
        let _ = writeln!(steps, "{step};");
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{steps}");
}

#[test]
fn every_event_tells_the_columns_that_its_row_had() {
    let seed = std::env::var("SHAPES_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(3);
    let mut dice = Dice::new(seed);
    let root = root();
    root.app.execute(SETTING);
    let mut models: Vec<Model> = TABLES.iter().map(|(name, more)| Model::create(&root, name, more)).collect();
    root.app.execute("truncate audited, pgq.event_1_0");
    let forms =
        "select string_agg(c.layouts::json ->> 'form', ' ' order by c.table_name) from londiste_rs.capture c";
    assert_eq!(root.app.value(forms), "row statement row row statement statement");
    // its updates are light from the beginning: what its size is reaches the statistics a moment later
    wait_until(Duration::from_secs(30), "the table's size is known", || {
        root.app.value(
            "select pg_stat_get_live_tuples(reltoastrelid) >= 512 from pg_class \
              where oid = 'light'::regclass",
        ) == "t"
    });
    root.app.execute("select londiste_rs.capture_table('q', 'public.light')");
    root.app.execute("update light set n = nextval('counter') where n = (select min(n) from light)");
    let mut owner = root.app.connect();
    let mut writers: Vec<Writer> = (0..3).map(|_| Writer::new(&root)).collect();
    let mut history = Vec::new();
    for step in 0..250 {
        let table = dice.roll(TABLES.len() as u64) as usize;
        let writer = &mut writers[dice.roll(3) as usize];
        match dice.roll(10) {
            0..=3 => history.push(writer.write(table, &mut dice)),
            4..=6 => {
                let changes: Vec<String> =
                    (0..=dice.roll(3)).map(|_| models[table].change(&mut dice)).collect();
                let sql = format!("begin; {}; commit", changes.join("; "));
                owner.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
                history.push(sql);
            }
            7 => {
                // changes of the definition by the one who writes
                writer.client.batch_execute("begin").unwrap();
                for _ in 0..=dice.roll(3) {
                    history.push(writer.write(table, &mut dice));
                    let change = models[table].change(&mut dice);
                    writer
                        .client
                        .batch_execute(&change)
                        .unwrap_or_else(|error| panic!("{change}: {error:?}"));
                    history.push(change);
                }
                history.push(writer.write(table, &mut dice));
                writer.client.batch_execute("commit").unwrap();
            }
            8 => {
                // the catalogs as this one sees them are older than the rows it writes
                writer.client.batch_execute("begin isolation level repeatable read; select 1").unwrap();
                let change = models[table].change(&mut dice);
                owner.batch_execute(&change).unwrap_or_else(|error| panic!("{change}: {error:?}"));
                history.push(change);
                let insert = format!("insert into {} (n) values (nextval('counter'))", TABLES[table].0);
                writer.client.batch_execute(&format!("{insert}; {insert}; commit")).unwrap();
                // types may be those of before until the worker looks, names never
                owner.batch_execute(&format!("insert into older values ('{}')", TABLES[table].0)).unwrap();
                history.push(format!("repeatable read: {insert}"));
            }
            _ => {
                let look = "select londiste_rs.capture_table('q', t) from londiste_rs.stale_captures('q') t; \
                            select pgq._maint_row_functions(); truncate older";
                owner.batch_execute(look).unwrap();
                history.push("the worker looks".to_owned());
            }
        }
        if step % 50 == 49 {
            wrong(&root, &history);
        }
    }
    let told =
        |condition: &str| root.app.number(&format!("select count(*) from pgq.event_1 where {condition}"));
    for (table, _) in TABLES {
        assert!(told(&format!("ev_extra1 = 'public.{table}'")) > 10, "{table}");
    }
    for kind in ["I", "U", "D", "P", "L"] {
        assert!(told(&format!("ev_type = 'rec.{kind}'")) > 0, "{kind}");
    }
    assert!(told("ev_extra3 like '{%'") > 50, "changes before the worker has looked");
}
