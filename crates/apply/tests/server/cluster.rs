//! A throw-away PostgreSQL cluster for one test, reached over a socket in its own directory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

pub(crate) struct Cluster {
    bin: PathBuf,
    dir: TempDir,
}

/// Name of the ordinary role that owns the test database, and of that database.
const APP: &str = "app";

impl Cluster {
    /// Starts a cluster with a database that an ordinary role owns.
    pub(crate) async fn start() -> Cluster {
        let dir = tempfile::Builder::new().prefix("apply-").tempdir().unwrap();
        let cluster = Cluster { bin: bin_dir(), dir };
        if is_root() {
            let path = cluster.dir.path().to_str().unwrap();
            assert!(Command::new("chown").args(["postgres", path]).status().unwrap().success());
        }
        let data = cluster.dir.path().join("data");
        let data = data.to_str().unwrap();
        cluster.run(
            "initdb",
            &["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        );
        let options =
            format!("-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off", cluster.socket());
        let log = cluster.dir.path().join("log");
        cluster.run("pg_ctl", &["-D", data, "-w", "-o", &options, "-l", log.to_str().unwrap(), "start"]);
        let admin = cluster.connect_as("postgres", "postgres").await;
        admin.batch_execute(&format!("create role {APP} login")).await.unwrap();
        admin.batch_execute(&format!("create database {APP} owner {APP}")).await.unwrap();
        cluster
    }

    fn socket(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    fn run(&self, program: &str, args: &[&str]) {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let status =
            command.args(args).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{} {args:?}", program.display());
    }

    async fn connect_as(&self, user: &str, database: &str) -> Client {
        let config = format!("host={} user={user} dbname={database}", self.socket());
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// A connection of the ordinary role through a [`Proxy`](crate::proxy::Proxy).
    pub(crate) async fn connect_through(&self, proxy: &crate::proxy::Proxy) -> Client {
        let stream = proxy.before(&Path::new(self.socket()).join(".s.PGSQL.5432"));
        let mut config = tokio_postgres::Config::new();
        config.user(APP).dbname(APP);
        let (client, connection) = config.connect_raw(stream, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// A connection of the ordinary role.
    pub(crate) async fn connect(&self) -> Client {
        self.connect_as(APP, APP).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.dir.path().join("data");
        self.run("pg_ctl", &["-D", data.to_str().unwrap(), "-w", "-m", "immediate", "stop"]);
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

/// `PG_BIN`, or the newest server of Debian's layout.
fn bin_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("PG_BIN") {
        return dir.into();
    }
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").expect("set PG_BIN to PostgreSQL's bin directory");
    let mut dirs: Vec<PathBuf> =
        versions.map(|d| d.unwrap().path().join("bin")).filter(|d| d.join("initdb").exists()).collect();
    let version = |dir: &Path| dir.parent().and_then(|d| d.file_name()?.to_str()?.parse::<u32>().ok());
    dirs.sort_by_key(|dir| version(dir));
    dirs.pop().expect("set PG_BIN to PostgreSQL's bin directory")
}
