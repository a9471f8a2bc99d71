//! A target database with foreign keys, and the scripts run against it.
use std::path::Path;
use std::process::Command;

use tests::installation::client;
use tests::{Cluster, Database, Invocation, Output, repository};

/// A target database of an ordinary role.
pub(crate) struct Target {
    pub(crate) cluster: Cluster,
    pub(crate) app: Database,
}

impl Target {
    pub(crate) fn start() -> Target {
        let cluster = Cluster::start("target");
        let mut app = cluster.admin("postgres");
        app.execute("create role cloud_owner login password 'x' nosuperuser nocreatedb nocreaterole");
        app.execute("create database cloud owner cloud_owner template template0");
        app.host = "127.0.0.1".to_owned();
        app.dbname = "cloud".to_owned();
        app.user = "cloud_owner".to_owned();
        app.password = Some("x".to_owned());
        Target { cluster, app }
    }

    /// With every kind of foreign key that the server knows.
    pub(crate) fn with_every_kind() -> Target {
        let target = Target::start();
        target.app.execute(include_str!("schema.sql"));
        if target.cluster.major() >= 15 {
            target.app.execute(include_str!("schema-15.sql"));
        }
        if target.cluster.major() >= 18 {
            target.app.execute(include_str!("schema-18.sql"));
        }
        target
    }

    /// One parent with two rows, and children that reference it.
    pub(crate) fn with_children(children: &[&str]) -> Target {
        let target = Target::start();
        target.app.execute("create table parent (id int primary key); insert into parent values (1), (2)");
        for child in children {
            target.app.execute(&format!(
                "create table {child} (id int primary key, p int constraint {child}_fk references parent);
                 insert into {child} values (1, 1), (2, 2)"
            ));
        }
        target
    }

    /// `psql … -f <name>_fks.sql` in `sql/`.
    #[track_caller]
    pub(crate) fn script(&self, name: &str) -> Output {
        self.script_with(name, &[], None)
    }

    #[track_caller]
    pub(crate) fn script_with(&self, name: &str, arguments: &[&str], psqlrc: Option<&Path>) -> Output {
        let mut command = Command::new(client("psql"));
        command.current_dir(repository().join("sql")).arg(self.app.uri()).args(arguments);
        command.args(["-f", &format!("{name}_fks.sql")]);
        command.env("PSQLRC", psqlrc.unwrap_or(Path::new("/dev/null")));
        // Invocation takes away what begins with PG, which PSQLRC does not.
        Invocation::new(command).run()
    }

    /// Several scripts that must go through.
    #[track_caller]
    pub(crate) fn scripts(&self, names: &str) {
        for name in names.split_whitespace() {
            let output = self.script(name);
            output.expect_success();
            assert_eq!(output.stderr, "", "{}", output.report());
            assert!(!output.stdout.contains("ERROR"), "{}", output.report());
        }
    }

    #[track_caller]
    pub(crate) fn snapshot(&self) -> Vec<Vec<Option<String>>> {
        self.app.execute("create schema if not exists londiste_fk");
        self.app.rows(include_str!("snapshot.sql"))
    }

    /// Definitions on a table, as the server prints them.
    #[track_caller]
    pub(crate) fn definitions(&self, table: &str) -> String {
        self.app.value(&format!(
            "select string_agg(conname || ': ' || pg_get_constraintdef(oid), '; ' order by conname)
               from pg_constraint where contype = 'f' and conrelid = '{table}'::regclass"
        ))
    }

    /// State and error of a remembered foreign key.
    #[track_caller]
    pub(crate) fn remembered(&self, fkey: &str) -> (String, String) {
        let rows = self
            .app
            .rows(&format!("select state, error from londiste_fk.foreign_key where fkey_name = '{fkey}'"));
        let [row] = rows.as_slice() else { panic!("{fkey} is remembered {} times", rows.len()) };
        (row[0].clone().unwrap_or_default(), row[1].clone().unwrap_or_default())
    }

    #[track_caller]
    pub(crate) fn assert_state(&self, fkey: &str, state: &str) {
        assert_eq!(self.remembered(fkey), (state.to_owned(), String::new()), "{fkey}");
    }
}
