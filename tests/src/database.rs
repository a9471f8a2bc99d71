//! One login to one database, and the ways to talk through it.
use std::process::Command;

use postgres::{Client, NoTls, SimpleQueryMessage};

use crate::installation::client;
use crate::invocation::{Invocation, Output};

/// Where a database is and who logs in.
#[derive(Clone)]
pub struct Database {
    /// Address, or the directory of a socket.
    pub host: String,
    /// Port of the server.
    pub port: u16,
    /// Name of the database.
    pub dbname: String,
    /// Role that logs in.
    pub user: String,
    /// Its password, where the server asks for one.
    pub password: Option<String>,
}

impl Database {
    /// libpq's key=value form, as the guide gives it to `londiste`.
    pub fn connstr(&self) -> String {
        format!("dbname={} {}", self.dbname, self.base_connstr())
    }

    /// The same without a database: `base_connstr` of `pgqd.ini`.
    pub fn base_connstr(&self) -> String {
        let password =
            self.password.as_ref().map(|password| format!(" password={password}")).unwrap_or_default();
        format!("host={} port={} user={}{password}", self.host, self.port, self.user)
    }

    /// The URI form, as the guide gives it to `psql`.
    pub fn uri(&self) -> String {
        let password = self.password.as_ref().map(|password| format!(":{password}")).unwrap_or_default();
        if self.host.starts_with('/') {
            return format!(
                "postgresql://{}{password}@/{}?host={}&port={}",
                self.user, self.dbname, self.host, self.port
            );
        }
        format!("postgresql://{}{password}@{}:{}/{}", self.user, self.host, self.port, self.dbname)
    }

    /// Runs statements through psql and returns what it printed: tuples only, unaligned. Panics on the first error.
    #[track_caller]
    pub fn psql(&self, sql: &str) -> String {
        let output = self.psql_with(&["-v", "ON_ERROR_STOP=1", "-Atqc", sql]);
        output.expect_success().stdout.trim_end().to_owned()
    }

    /// Runs a file through psql and panics on the first error.
    #[track_caller]
    pub fn psql_file(&self, file: &std::path::Path) -> Output {
        let file = file.to_str().expect("a path in UTF-8");
        let output = self.psql_with(&["-v", "ON_ERROR_STOP=1", "-qf", file]);
        output.expect_success();
        output
    }

    /// Runs psql with these arguments.
    #[track_caller]
    pub fn psql_with(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(client("psql"));
        command.arg("-X").arg(self.uri()).args(arguments);
        Invocation::new(command).run()
    }

    /// A blocking connection.
    #[track_caller]
    pub fn connect(&self) -> Client {
        self.try_connect()
            .unwrap_or_else(|error| panic!("cannot connect to {}@{}: {error:?}", self.user, self.dbname))
    }

    /// A blocking connection, or why there is none.
    pub fn try_connect(&self) -> Result<Client, postgres::Error> {
        let mut config = postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.dbname)
            .user(&self.user)
            .application_name("tests");
        if let Some(password) = &self.password {
            config.password(password);
        }
        config.connect(NoTls)
    }

    /// A tokio connection; its driver runs on the current runtime.
    pub async fn connect_async(&self) -> tokio_postgres::Client {
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.dbname)
            .user(&self.user)
            .application_name("tests");
        if let Some(password) = &self.password {
            config.password(password);
        }
        let (client, connection) =
            config.connect(tokio_postgres::NoTls).await.expect("the database accepts a login");
        tokio::spawn(connection);
        client
    }

    /// Runs statements that return nothing of interest, in one transaction. Panics on an error.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        if let Err(error) = self.connect().batch_execute(sql) {
            panic!("{sql}\n{error:?}");
        }
    }

    /// All rows of a query, every value in text form.
    #[track_caller]
    pub fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.try_rows(sql).unwrap_or_else(|error| panic!("{sql}\n{error:?}"))
    }

    /// The same for a server that may be away.
    pub fn try_rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, postgres::Error> {
        let messages = self.try_connect()?.simple_query(sql)?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    /// The first value of a query's first row; an empty string for NULL.
    #[track_caller]
    pub fn value(&self, sql: &str) -> String {
        let rows = self.rows(sql);
        let row = rows.first().unwrap_or_else(|| panic!("no row: {sql}"));
        row.first().cloned().flatten().unwrap_or_default()
    }

    /// The first value as a number.
    #[track_caller]
    pub fn number(&self, sql: &str) -> i64 {
        let value = self.value(sql);
        value.parse().unwrap_or_else(|_| panic!("{sql}\n{value:?} is not a number"))
    }
}
