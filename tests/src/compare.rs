//! Every row of every table, on both sides.
use std::collections::HashMap;
use std::fmt::Write as _;

use postgres::Client;

use crate::{Database, Pair};

/// How much was compared and found equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Equal {
    /// Tables; a partitioned one counts once.
    pub tables: usize,
    /// Rows on each side.
    pub rows: u64,
    /// Bytes of the rows' text on each side.
    pub bytes: u64,
}

/// Schemas of the replication.
const OURS: &str = "('pgq', 'pgq_node', 'londiste', 'londiste_rs', 'londiste_fk')";

/// A row's text must not depend on who asks.
const PINNED: &str = "set search_path = pg_catalog; set datestyle = 'ISO, YMD';
    set intervalstyle = 'postgres'; set timezone = 'UTC';
    set extra_float_digits = 1; set bytea_output = 'hex'; set lc_monetary = 'C';
    set max_parallel_workers_per_gather = 0;
    begin transaction isolation level repeatable read read only";

/// Panics unless every table of the application holds the same rows on both sides.
#[track_caller]
pub fn assert_equal(pair: &Pair) -> Equal {
    databases(&pair.source.admin(), &pair.target.admin()).unwrap_or_else(|difference| panic!("{difference}"))
}

/// Compares every table that is on the source and no part of the replication itself; `Err` names each table that
/// differs, with up to five of its rows.
pub fn databases(source: &Database, target: &Database) -> Result<Equal, String> {
    these(source, target, &tables(source))
}

/// Rows and bytes on disk (without indexes) of all the application's tables.
pub fn size(database: &Database) -> (u64, u64) {
    let mut client = database.connect();
    let count = |sql: &str, client: &mut Client| -> u64 {
        let row = client.query_one(sql, &[]).unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
        u64::try_from(row.get::<_, i64>(0)).expect("not negative")
    };
    tables(database).iter().fold((0, 0), |(rows, bytes), table| {
        // An ordinary table has no partition tree.
        let name = literal(table);
        let size = format!(
            "select greatest(pg_table_size({name}), \
                             (select sum(pg_table_size(relid))::int8 from pg_partition_tree({name})))"
        );
        (
            rows + count(&format!("select count(*) from {table}"), &mut client),
            bytes + count(&size, &mut client),
        )
    })
}

/// The application's tables, a partitioned one under its parent's name, as SQL names them.
fn tables(database: &Database) -> Vec<String> {
    let rows = database.rows(&format!(
        "select format('%I.%I', nspname, relname) from pg_class join pg_namespace n on n.oid = relnamespace
         where relkind in ('r', 'p') and not relispartition and nspname !~ '^pg_' and nspname <> 'information_schema'
         and nspname not in {OURS} order by 1"
    ));
    rows.into_iter().filter_map(|mut row| row.remove(0)).collect()
}

fn literal(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// The same for these tables, named as SQL names them.
pub fn these(source: &Database, target: &Database, tables: &[String]) -> Result<Equal, String> {
    let mut sides = [Reader::on(source), Reader::on(target)];
    let mut equal = Equal::default();
    let mut differences = String::new();
    for table in tables {
        let columns = sides[0].columns(table)?;
        let [digest, other] = std::thread::scope(|scope| {
            sides
                .each_mut()
                .map(|side| scope.spawn(|| side.digest(table, &columns)))
                .map(|thread| thread.join().expect("the digest is computed"))
        });
        let (digest, other) = (digest?, other?);
        if digest == other {
            equal.tables += 1;
            equal.rows += digest.rows;
            equal.bytes += digest.bytes;
            continue;
        }
        writeln!(differences, "{table}: {} rows on the source, {} on the target", digest.rows, other.rows)
            .expect("written");
        differences.push_str(&differing_rows(&mut sides, table, &columns)?);
    }
    if differences.is_empty() { Ok(equal) } else { Err(differences) }
}

#[derive(PartialEq, Eq)]
struct Digest {
    rows: u64,
    bytes: u64,
    sums: [Option<String>; 2],
}

struct Reader {
    client: Client,
    place: String,
}

impl Reader {
    fn on(database: &Database) -> Reader {
        let mut client = database.connect();
        client.batch_execute(PINNED).expect("settings can be pinned");
        Reader { client, place: format!("{}:{}", database.dbname, database.port) }
    }

    /// Sums do not depend on the order of rows and count equal rows as often as they are there.
    fn digest(&mut self, table: &str, columns: &str) -> Result<Digest, String> {
        let sql = format!(
            "select count(*), coalesce(sum(octet_length(t)), 0)::int8, sum(hashtextextended(t, 0))::text,
                    sum(('x' || left(md5(t), 16))::bit(64)::int8)::text
             from (select row({columns})::text collate \"C\" as t from {table}) as rows"
        );
        let row = self.client.query_one(&sql, &[]).map_err(|error| self.failed(table, &error))?;
        let number = |at: usize| u64::try_from(row.get::<_, i64>(at)).expect("not negative");
        Ok(Digest { rows: number(0), bytes: number(1), sums: [row.get(2), row.get(3)] })
    }

    /// Column list in name order: the order may differ between the sides.
    fn columns(&mut self, table: &str) -> Result<String, String> {
        let sql =
            "select string_agg(quote_ident(attname), ', ' order by attname collate \"C\") from pg_attribute
                   where attrelid = $1::text::regclass and attnum > 0 and not attisdropped";
        let row = self.client.query_one(sql, &[&table]).map_err(|error| self.failed(table, &error))?;
        Ok(row.get::<_, Option<String>>(0).unwrap_or_default())
    }

    fn failed(&self, table: &str, error: &postgres::Error) -> String {
        format!("{table} cannot be read on {}: {error:?}", self.place)
    }
}

fn differing_rows(sides: &mut [Reader; 2], table: &str, columns: &str) -> Result<String, String> {
    let mut balance: HashMap<String, i64> = HashMap::new();
    for (side, step) in sides.iter_mut().zip([1, -1]) {
        let sql = format!("select row({columns})::text from {table}");
        for row in side.client.query(&sql, &[]).map_err(|error| side.failed(table, &error))? {
            *balance.entry(row.get(0)).or_default() += step;
        }
    }
    let mut rows: Vec<_> = balance.into_iter().filter(|(_, count)| *count != 0).collect();
    rows.sort();
    let mut text = format!("  {} differ ({columns})\n", rows.len());
    for (row, count) in rows.iter().take(5) {
        let side = if *count > 0 { "source" } else { "target" };
        let short: String = row.chars().take(400).collect();
        writeln!(text, "  {} more on the {side}: {short}", count.abs()).expect("written");
    }
    Ok(text)
}
