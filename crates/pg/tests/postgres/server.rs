//! A PostgreSQL server of one test's own, on a free port of this machine.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pg::{ConnectString, Session};
use tempfile::TempDir;

const STARTS: usize = 5;

pub(crate) struct Server {
    directory: TempDir,
    bin: PathBuf,
    pub(crate) port: u16,
}

impl Server {
    /// Everybody may connect as anybody; the superuser is `boss`.
    pub(crate) fn start() -> Self {
        Self::prepare("local all all trust\nhost all all 127.0.0.1/32 trust", "", |_| {})
    }

    /// With its own `pg_hba.conf`, settings, and files put into the data directory.
    pub(crate) fn prepare(hba: &str, settings: &str, files: impl FnOnce(&Path)) -> Self {
        let directory = TempDir::with_prefix("pg-test-").unwrap();
        let mut server = Self { directory, bin: bin_directory(), port: 0 };
        server.own();
        server.run(
            "initdb",
            &["-D", &server.data(), "-U", "boss", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"],
        );
        let data = server.path().join("data");
        fs::write(data.join("pg_hba.conf"), format!("{hba}\n")).unwrap();
        files(&data);
        for _ in 0..STARTS {
            server.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let text = format!(
                "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\nfsync = off\n\
                 max_connections = 30\nautovacuum = off\nlc_messages = 'C'\n\
                 password_encryption = 'scram-sha-256'\n{settings}\n",
                server.port,
                server.path().display()
            );
            fs::write(data.join("postgresql.auto.conf"), text).unwrap();
            server.own();
            let log = server.path().join("log");
            let started =
                server.command("pg_ctl", &["-D", &server.data(), "-w", "-l", log.to_str().unwrap(), "start"]);
            if started.status.success() {
                return server;
            }
            eprintln!("{}", fs::read_to_string(log).unwrap_or_default());
        }
        panic!("the server did not start in {STARTS} tries");
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    fn data(&self) -> String {
        self.path().join("data").display().to_string()
    }

    /// A connect string by TCP as the superuser, with more put behind it.
    pub(crate) fn string(&self, more: &str) -> ConnectString {
        let base: ConnectString =
            format!("host=127.0.0.1 port={} user=boss dbname=postgres", self.port).parse().unwrap();
        base.merged(&more.parse().unwrap())
    }

    pub(crate) async fn connect(&self, more: &str) -> pg::Result<Session> {
        Session::connect(&self.string(more), "test").await
    }

    pub(crate) async fn session(&self) -> Session {
        self.connect("").await.unwrap()
    }

    fn own(&self) {
        if root() {
            let directory = self.path().to_str().unwrap();
            assert!(Command::new("chown").args(["-R", "postgres:", directory]).status().unwrap().success());
        }
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program, arguments);
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Output {
        let program = self.bin.join(program);
        let mut command = match root() {
            true => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        // The server inherits the pipes of pg_ctl: reading them to their end would wait for the server's.
        let errors = self.path().join("errors");
        let file = fs::File::create(&errors).unwrap();
        command.args(arguments).current_dir(self.path()).env_clear().env("PATH", "/usr/bin:/bin");
        let status = command
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .stdin(std::process::Stdio::null())
            .status();
        Output { status: status.unwrap(), stdout: Vec::new(), stderr: fs::read(errors).unwrap_or_default() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.command("pg_ctl", &["-D", &self.data(), "-w", "-m", "immediate", "stop"]);
    }
}

fn root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn bin_directory() -> PathBuf {
    if let Some(given) = std::env::var_os("PG_BIN") {
        return given.into();
    }
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is not installed (set PG_BIN to its bin directory)")
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect("no initdb below /usr/lib/postgresql (set PG_BIN)").1
}

pub(crate) async fn text(session: &Session, query: &str) -> String {
    use tokio_postgres::SimpleQueryMessage;
    let answer = session.simple_query(query).await.unwrap();
    let rows: Vec<_> = answer
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
            _ => None,
        })
        .collect();
    rows.join("\n")
}
