//! A throw-away PostgreSQL server.
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::guardian::Guardian;
use crate::installation::{Installation, give_to_server_user};
use crate::template::{self, ADMIN};
use crate::{Database, place, wait_until};

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Sessions are ended, a checkpoint is made.
    Fast,
    /// No checkpoint: the next start recovers.
    Immediate,
}

/// A running server in a temporary directory, on a free port of 127.0.0.1; gone when dropped or when this process ends.
pub struct Cluster {
    installation: Installation,
    guardian: std::sync::Mutex<Guardian>,
    directory: PathBuf,
    port: u16,
}

/// Quick but crash-safe as long as the machine stays up: only `fsync` is off.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("shared_buffers", "128MB"),
    ("max_wal_size", "2GB"),
    ("max_connections", "120"),
    ("password_encryption", "scram-sha-256"),
    ("log_line_prefix", "%m [%p] %u@%d %a "),
    ("log_lock_waits", "on"),
];

impl Cluster {
    /// Starts a server; over TCP every login needs its password (scram), over the socket only the harness gets in.
    /// `name` is `source` or `target` (it chooses the version, see [`Installation::find`]) or anything else.
    pub fn start(name: &str) -> Cluster {
        Cluster::start_with(name, &[])
    }

    /// The same with settings of `postgresql.conf` on top.
    pub fn start_with(name: &str, settings: &[(&str, &str)]) -> Cluster {
        let installation = Installation::find(name);
        let directory = tempfile::Builder::new()
            .prefix(&format!("lr-{name}-"))
            .tempdir_in(place::of_clusters())
            .expect("temporary directory")
            .keep();
        let guardian = Guardian::over(&directory);
        give_to_server_user(&directory);
        template::copy_into(&directory.join("data"), &installation);
        let hba = format!(
            "local all {ADMIN} trust\nhost all all samenet scram-sha-256\n\
             host replication all 127.0.0.1/32 scram-sha-256\n"
        );
        std::fs::write(directory.join("data/pg_hba.conf"), hba).expect("pg_hba.conf can be written");
        let mut cluster = Cluster { installation, guardian: guardian.into(), directory, port: 0 };
        cluster.start_on_a_free_port(settings);
        cluster
    }

    fn start_on_a_free_port(&mut self, settings: &[(&str, &str)]) {
        let fixed = std::fs::read_to_string(self.data().join("postgresql.conf"))
            .expect("postgresql.conf can be read");
        for attempt in 1.. {
            self.port = free_port();
            let mut conf = fixed.clone();
            let socket =
                format!("unix_socket_directories = '{}'\nport = {}\n", self.directory.display(), self.port);
            conf.push_str(&socket);
            for (name, value) in SETTINGS.iter().chain(settings) {
                writeln!(conf, "{name} = '{value}'").expect("a string can be written to");
            }
            std::fs::write(self.data().join("postgresql.conf"), conf)
                .expect("postgresql.conf can be written");
            let output = self.pg_ctl(&["start"]);
            if output.status.success() {
                return;
            }
            assert!(attempt < 5, "the server does not start:\n{}", self.log());
        }
    }

    /// Starts the server again after [`Cluster::stop`] or [`Cluster::kill`].
    pub fn start_again(&self) {
        // After a kill the old shared memory segment may linger until the last backend is gone.
        wait_until(Duration::from_secs(60), "the server starts again", || {
            self.pg_ctl(&["start"]).status.success()
        });
    }

    /// Stops the server and waits for it.
    pub fn stop(&self, shutdown: Shutdown) {
        let mode = match shutdown {
            Shutdown::Fast => "fast",
            Shutdown::Immediate => "immediate",
        };
        let output = self.pg_ctl(&["stop", "-m", mode]);
        assert!(output.status.success(), "the server does not stop:\n{}", self.log());
    }

    /// Stops and starts, as a maintenance window of a managed service does.
    pub fn restart(&self, shutdown: Shutdown) {
        self.stop(shutdown);
        self.start_again();
    }

    /// Lets transaction ids go on several times 2^32 later, as after years of use. False where the server's programs do
    /// not include pg_resetwal.
    pub fn advance_epoch(&self, epoch: u32) -> bool {
        if !self.installation.bin.join("pg_resetwal").exists() {
            return false;
        }
        self.stop(Shutdown::Fast);
        let mut command = self.installation.server_command("pg_resetwal");
        let output =
            command.arg(format!("--epoch={epoch}")).arg(self.data()).output().expect("pg_resetwal runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.start_again();
        true
    }

    /// Moves the write-ahead log into `directory`, which the server's user may write. The server is restarted.
    pub fn move_log_to(&self, directory: &Path) {
        self.stop(Shutdown::Fast);
        let log = self.data().join("pg_wal");
        let moved = directory.join("pg_wal");
        let status = Command::new("cp").arg("-a").args([&log, &moved]).status().expect("cp runs");
        assert!(status.success(), "the log does not fit into {}", directory.display());
        std::fs::remove_dir_all(&log).expect("the log can be removed");
        std::os::unix::fs::symlink(&moved, &log).expect("the log can be linked");
        self.start_again();
    }

    /// Keeps a copy of all its data as they are now: a backup, or a replica that gets no further. The server is
    /// restarted.
    pub fn keep_backup(&self) {
        self.stop(Shutdown::Fast);
        copy_directory(&self.data(), &self.backup());
        self.start_again();
    }

    /// Goes on from the copy that was kept last, as after a restore or a failover: what was written since is gone. A
    /// crash comes before.
    pub fn go_back(&self) {
        self.stop(Shutdown::Immediate);
        copy_directory(&self.backup(), &self.data());
        self.start_again();
    }

    fn backup(&self) -> PathBuf {
        self.directory.join("backup")
    }

    /// Starts the server where it has given up, as the supervisor of a managed service does.
    pub fn come_back(&self) {
        if !self.pg_ctl(&["status"]).status.success() {
            self.start_again();
        }
    }

    /// SIGKILL for the postmaster and everything it started: a crash.
    pub fn kill(&self) {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).expect("the server runs");
        let postmaster = file.lines().next().expect("postmaster.pid has a pid").to_owned();
        let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"))
            .unwrap_or_default();
        for pid in std::iter::once(postmaster.as_str()).chain(children.split_whitespace()) {
            crate::process::signal("KILL", pid);
        }
        wait_until(Duration::from_secs(20), "the postmaster is gone", || {
            !Path::new("/proc").join(&postmaster).exists()
        });
    }

    /// Ends every session but the harness's own: a network that broke.
    pub fn terminate_sessions(&self) -> usize {
        let ended = self.admin(ADMIN).rows(&format!(
            "select pg_terminate_backend(pid) from pg_stat_activity \
              where backend_type = 'client backend' and usename <> '{ADMIN}'"
        ));
        ended.len()
    }

    /// Major version, 13 to 18.
    pub fn major(&self) -> u32 {
        self.installation.major
    }

    /// TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Superuser's way to a database, over the socket. For the harness only: what is under test logs in as an ordinary
    /// role.
    pub fn admin(&self, dbname: &str) -> Database {
        Database {
            host: self.directory.display().to_string(),
            port: self.port,
            dbname: dbname.to_owned(),
            user: ADMIN.to_owned(),
            password: None,
        }
    }

    /// The server's log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Directory of everything that belongs to this cluster.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Leaves the server running when this process ends; [`Guardian::clean`] of its directory ends it.
    pub fn keep(&self) {
        self.guardian.lock().expect("guardian").keep();
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Output {
        let mut command = self.installation.server_command("pg_ctl");
        command
            .arg("-D")
            .arg(self.data())
            .arg("-l")
            .arg(self.directory.join("log"))
            .args(["-w", "-t", "60", "-s"]);
        // The server inherits what pg_ctl has: a pipe would never see its end.
        let command = command.args(arguments).current_dir(&self.directory).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).output().expect("pg_ctl runs")
    }
}

/// With owners and rights, in place of what is there.
fn copy_directory(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).expect("a directory can be removed");
    }
    let status = Command::new("cp").arg("-a").args([from, to]).status().expect("cp runs");
    assert!(status.success(), "{} does not fit into {}", from.display(), to.display());
}

/// Below the range that outgoing connections take their ports from: a client that retries against a stopped server must
/// not meet itself there.
fn free_port() -> u16 {
    let taken = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_err();
    let mut candidates = std::iter::repeat_with(|| fastrand::u16(15_000..32_000)).take(1000);
    candidates.find(|port| !taken(port)).expect("a free port between 15000 and 32000")
}
