//! A session of the application: transactions of random statements under random settings.
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use fastrand::Rng;
use postgres::error::SqlState;
use postgres::{Client, Error};
use tests::Database;

use super::statement::{self, Numbers};
use super::table::Table;

/// Settings that an application may have, each with some of its values. None may change what is captured.
const SETTINGS: &[(&str, &[&str])] = &[
    ("DateStyle", &["'ISO, MDY'", "'SQL, DMY'", "'German'", "'Postgres, MDY'", "'ISO, YMD'"]),
    ("IntervalStyle", &["postgres", "postgres_verbose", "sql_standard", "iso_8601"]),
    ("TimeZone", &["'UTC'", "'America/St_Johns'", "'Asia/Kathmandu'", "'Pacific/Apia'", "'<-03:30>3:30'"]),
    ("extra_float_digits", &["-15", "0", "1", "3"]),
    ("bytea_output", &["hex", "escape"]),
    ("lc_monetary", &["'C'", "'POSIX'"]),
    ("search_path", &["public", "torture, public", "false_friends, pg_catalog, public", "''", "pg_temp"]),
    ("standard_conforming_strings", &["on", "off"]),
    ("escape_string_warning", &["on", "off"]),
    ("backslash_quote", &["on", "safe_encoding"]),
    ("transform_null_equals", &["on", "off"]),
    ("quote_all_identifiers", &["on", "off"]),
    ("array_nulls", &["on"]),
    ("xmlbinary", &["hex", "base64"]),
    ("plan_cache_mode", &["auto", "force_generic_plan", "force_custom_plan"]),
    ("work_mem", &["'64kB'", "'4MB'"]),
    ("enable_seqscan", &["on", "off"]),
    ("enable_indexscan", &["on", "off"]),
    ("plpgsql.extra_errors", &["'none'", "'all'"]),
    ("check_function_bodies", &["on", "off"]),
    ("client_min_messages", &["warning", "error"]),
    ("synchronous_commit", &["off", "on"]),
    ("default_transaction_isolation", &["'read committed'", "'repeatable read'", "'serializable'"]),
];

/// What an application that collides with others must live with. Nothing else may come.
const COLLISIONS: &[SqlState] = &[
    SqlState::UNIQUE_VIOLATION,
    SqlState::FOREIGN_KEY_VIOLATION,
    SqlState::T_R_DEADLOCK_DETECTED,
    SqlState::T_R_SERIALIZATION_FAILURE,
    // a row that a trigger of the application's has changed under its statement
    SqlState::TRIGGERED_DATA_CHANGE_VIOLATION,
    // or under its ON CONFLICT DO UPDATE, before it came to it
    SqlState::CARDINALITY_VIOLATION,
];

/// What a session did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) committed: u64,
    pub(crate) statements: u64,
    pub(crate) collisions: u64,
    pub(crate) errors: Vec<String>,
}

pub(crate) struct Session<'a> {
    pub(crate) number: usize,
    pub(crate) database: Database,
    pub(crate) owner: bool,
    pub(crate) tables: &'a [Table],
    pub(crate) major: u32,
    pub(crate) rng: Rng,
    /// All that was sent, for whoever looks for a failure.
    pub(crate) log: PathBuf,
}

impl Session<'_> {
    /// Sends transactions until then.
    pub(crate) fn run(mut self, until: Instant) -> Done {
        let mut client = self.database.connect();
        let mut log = File::create(&self.log).expect("the statements can be logged");
        let mut numbers = Numbers::of_session(self.number);
        let mut done = Done::default();
        while Instant::now() < until && done.errors.len() < 5 {
            if self.rng.u8(..4) == 0 {
                let (name, values) = SETTINGS[self.rng.usize(..SETTINGS.len())];
                let set = format!("set {name} = {}", values[self.rng.usize(..values.len())]);
                writeln!(log, "{set};").expect("logged");
                client.batch_execute(&set).expect("an application may set this");
            }
            if self.rng.u8(..50) == 0 {
                self.copy(&mut numbers, &mut log, &mut done);
                continue;
            }
            let statements = self.transaction(&mut numbers);
            match self.send(&mut client, &statements, &mut log) {
                Ok(()) => {
                    done.committed += 1;
                    done.statements += statements.len() as u64;
                }
                Err((statement, error)) => {
                    writeln!(log, "-- {error:?}\nrollback;").expect("logged");
                    if is_collision(&error, self.owner) {
                        done.collisions += 1;
                    } else {
                        done.errors.push(format!("{statement}\n{error:?}"));
                    }
                    client.batch_execute("rollback").expect("a transaction can be rolled back");
                }
            }
        }
        done
    }

    fn transaction(&mut self, numbers: &mut Numbers) -> Vec<String> {
        let mut statements = Vec::new();
        let rng = &mut self.rng;
        if rng.u8(..8) == 0 {
            return vec![statement::any(self.tables, numbers, self.major, rng)];
        }
        statements.push(match rng.u8(..6) {
            0 => "begin isolation level repeatable read".to_owned(),
            1 => "begin isolation level serializable".to_owned(),
            _ => "begin isolation level read committed".to_owned(),
        });
        if rng.u8(..10) == 0 {
            statements.push("set constraints all deferred".to_owned());
        }
        for _ in 0..rng.usize(1..7) {
            let truncates = rng.u8(..40) == 0;
            let undone = rng.u8(..6) == 0;
            if undone || truncates {
                statements.push("savepoint s".to_owned());
            }
            statements.push(if truncates {
                statement::truncate(self.tables, self.owner, rng)
            } else {
                statement::any(self.tables, numbers, self.major, rng)
            });
            if undone || (truncates && rng.u8(..3) > 0) {
                statements.push("rollback to s".to_owned());
            }
        }
        statements.push(if rng.u8(..10) == 0 { "rollback" } else { "commit" }.to_owned());
        statements
    }

    /// One by one, all at once, or with the extended protocol.
    fn send(
        &mut self,
        client: &mut Client,
        statements: &[String],
        log: &mut File,
    ) -> Result<(), (String, Error)> {
        for statement in statements {
            writeln!(log, "{statement};").expect("logged");
        }
        match self.rng.u8(..3) {
            0 => {
                let all = statements.join(";\n");
                client.batch_execute(&all).map_err(|error| (all, error))
            }
            1 => statements
                .iter()
                .try_for_each(|s| client.batch_execute(s).map_err(|error| (s.clone(), error))),
            _ => statements
                .iter()
                .try_for_each(|s| client.execute(s, &[]).map(|_| ()).map_err(|error| (s.clone(), error))),
        }
    }

    /// Rows of a table come again, under keys of their own, by COPY.
    fn copy(&mut self, numbers: &mut Numbers, log: &mut File, done: &mut Done) {
        let table = &self.tables[self.rng.usize(..self.tables.len())];
        if table.name == "torture.guarded" {
            // COPY FROM refuses tables with row security
            return;
        }
        let file = self.log.with_extension("copy");
        let key = table.key(numbers.fresh(), &mut self.rng);
        let columns: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        let list = columns.join(", ");
        let format = ["text", "csv"][self.rng.usize(..2)];
        let out = format!(
            "\\copy (select {key}, {list} from {} limit 1) to '{}' (format {format})",
            table.name,
            file.display()
        );
        let into =
            format!("\\copy {} ({}) from '{}' (format {format})", table.name, table.names(), file.display());
        writeln!(log, "{out}\n{into}").expect("logged");
        let sqlstate = ["-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-qc", &out, "-c", &into];
        let output = self.database.psql_with(&sqlstate);
        if output.code == 0 {
            done.committed += 1;
        } else if COLLISIONS.iter().any(|code| output.stderr.contains(code.code())) {
            done.collisions += 1;
        } else {
            done.errors.push(format!("{into}\n{}", output.stderr));
        }
    }
}

/// The application's own fault, raised by nothing of the replication.
fn is_collision(error: &Error, owner: bool) -> bool {
    let Some(told) = error.as_db_error() else { return false };
    let in_capture = told.where_().is_some_and(|place| place.contains("londiste_rs"));
    let waited =
        matches!(*told.code(), SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE);
    let hidden = !owner && told.message().contains("row-level security");
    // the application's own deferred trigger waits
    let busy = told.message().contains("\"triggered\" because it has pending trigger events");
    hidden || busy || (COLLISIONS.contains(told.code()) && (waited || !in_capture))
}
