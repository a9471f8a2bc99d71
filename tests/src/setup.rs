//! A run directory with `pgqd.ini`, `source.ini` and `target.ini`, and the executables under test at work in it.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::guardian::{Guardian, MARK};
use crate::{Daemon, Database, Invocation, Output, Pair, executable, guide, wait_for};

/// The queue of every setup.
pub const QUEUE: &str = "migq";
/// Job name and consumer name of the source's worker.
pub const SOURCE_JOB: &str = "source_app";
/// Job name and consumer name of the target's worker.
pub const TARGET_JOB: &str = "target_app";

/// Whose executables run in a [`Setup`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    /// The ones under test, as ordinary roles.
    Ours,
    /// The stock packages, to compare with: as superuser, with the stock extensions.
    Stock,
}

impl Tools {
    /// Whether these can be used on this server. Ours always can.
    pub fn are_installed(self, pair: &Pair) -> bool {
        let extensions =
            "select count(*) from pg_available_extensions where name in ('pgq', 'pgq_node', 'londiste')";
        self == Tools::Ours
            || (Path::new(STOCK).join("londiste").exists() && pair.source.admin().number(extensions) == 3)
    }
}

/// Where the stock packages put their executables.
const STOCK: &str = "/usr/bin";

/// Everything around one migration between the two sides of a [`Pair`].
pub struct Setup {
    tools: Tools,
    guardian: Mutex<Guardian>,
    directory: PathBuf,
    inis: Mutex<BTreeMap<&'static str, Ini>>,
    /// The ordinary role on the source.
    pub source: Database,
    /// The ordinary role on the target.
    pub target: Database,
}

struct Ini {
    section: &'static str,
    values: BTreeMap<String, String>,
}

impl Setup {
    /// Writes the three ini files; starts nothing.
    pub fn new(pair: &Pair) -> Setup {
        Setup::with(Tools::Ours, pair.source.app().clone(), pair.target.app().clone())
    }

    /// The same for the stock tools: logs in as superuser and creates the extensions.
    pub fn stock(pair: &Pair) -> Setup {
        let [source, target] = [&pair.source, &pair.target].map(|side| side.superuser_over_tcp());
        for database in [&source, &target] {
            database.execute("create extension pgq; create extension pgq_node; create extension londiste");
        }
        // The stock trigger writes events as the role that changed the row.
        source.execute(&format!("grant pgq_writer to {}", pair.source.user));
        Setup::with(Tools::Stock, source, target)
    }

    fn with(tools: Tools, source: Database, target: Database) -> Setup {
        let directory =
            tempfile::Builder::new().prefix("lr-run-").tempdir().expect("temporary directory").keep();
        let guardian = Guardian::over(&directory).into();
        let setup = Setup { tools, guardian, directory, inis: Mutex::default(), source, target };
        setup.add_pgqd_ini();
        setup.add_node_ini("source.ini", SOURCE_JOB, &setup.source);
        setup.add_node_ini("target.ini", TARGET_JOB, &setup.target);
        setup.set("target.ini", "parallel_copies", "4");
        setup
    }

    fn add_pgqd_ini(&self) {
        self.add_ini("pgqd.ini", "pgqd");
        for (key, value) in [
            ("logfile", self.path("pgqd.log")),
            ("pidfile", self.path("pgqd.pid")),
            ("base_connstr", self.source.base_connstr()),
            ("initial_database", self.source.dbname.clone()),
            ("database_list", self.source.dbname.clone()),
            ("syslog", "0".to_owned()),
            ("retry_period", "2".to_owned()),
            ("ticker_period", "0.5".to_owned()),
        ] {
            self.set("pgqd.ini", key, &value);
        }
    }

    fn add_node_ini(&self, file: &'static str, job: &str, database: &Database) {
        self.add_ini(file, "londiste");
        let name = file.trim_end_matches(".ini");
        for (key, value) in [
            ("db", database.connstr()),
            ("queue_name", QUEUE.to_owned()),
            ("job_name", job.to_owned()),
            ("logfile", self.path(&format!("{name}.log"))),
            ("pidfile", self.path(&format!("{name}.pid"))),
            ("exception_sleep", "1".to_owned()),
        ] {
            self.set(file, key, &value);
        }
    }

    fn add_ini(&self, file: &'static str, section: &'static str) {
        self.inis.lock().expect("inis").insert(file, Ini { section, values: BTreeMap::new() });
    }

    /// Sets a value in one of the ini files and writes the file.
    #[track_caller]
    pub fn set(&self, file: &str, key: &str, value: &str) {
        let mut inis = self.inis.lock().expect("inis");
        let ini = inis.get_mut(file).unwrap_or_else(|| panic!("no such file: {file}"));
        ini.values.insert(key.to_owned(), value.to_owned());
        let mut text = format!("[{}]\n", ini.section);
        for (key, value) in &ini.values {
            writeln!(text, "{key} = {}", value.replace('%', "%%")).expect("a string can be written to");
        }
        std::fs::write(self.directory.join(file), text).expect("the ini file can be written");
    }

    /// The run directory: ini files, pidfiles, logs.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, file: &str) -> String {
        self.directory.join(file).display().to_string()
    }

    /// Path of `londiste` or `pgqd`.
    #[track_caller]
    pub fn executable(&self, name: &str) -> PathBuf {
        match self.tools {
            Tools::Ours => executable(name),
            Tools::Stock => Path::new(STOCK).join(name),
        }
    }

    /// A command of ours (or any other) in the run directory, ended together with this setup.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.directory).env(MARK, &self.directory);
        command
    }

    /// Runs `londiste` with these arguments to its end.
    #[track_caller]
    pub fn londiste(&self, arguments: &[&str]) -> Output {
        self.run("londiste", arguments)
    }

    /// Runs `pgqd` with these arguments to its end.
    #[track_caller]
    pub fn pgqd(&self, arguments: &[&str]) -> Output {
        self.run("pgqd", arguments)
    }

    #[track_caller]
    fn run(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(self.executable(name));
        command.args(arguments);
        Invocation::new(command).run()
    }

    /// Starts an executable in the foreground, its output into `<log>.out`; it is killed when dropped.
    #[track_caller]
    pub fn foreground(&self, name: &str, arguments: &[&str], log: &str) -> Foreground {
        let mut command = self.command(self.executable(name));
        let out = std::fs::File::create(self.directory.join(format!("{log}.out"))).expect("output file");
        command.args(arguments).stdin(Stdio::null());
        command.stderr(out.try_clone().expect("output file")).stdout(out);
        Foreground { child: command.spawn().expect("the executable runs") }
    }

    /// The ticker.
    pub fn ticker(&self) -> Daemon {
        self.daemon("pgqd")
    }

    /// The worker of the root.
    pub fn source_worker(&self) -> Daemon {
        self.daemon("source")
    }

    /// The worker of the leaf, which also copies.
    pub fn target_worker(&self) -> Daemon {
        self.daemon("target")
    }

    fn daemon(&self, name: &str) -> Daemon {
        Daemon {
            pidfile: self.directory.join(format!("{name}.pid")),
            logfile: self.directory.join(format!("{name}.log")),
        }
    }

    /// Starts one of the three daemons in the background, by name: `pgqd`, `source` or `target`.
    #[track_caller]
    pub fn start_daemon(&self, name: &str) {
        let ini = format!("{name}.ini");
        let output =
            if name == "pgqd" { self.pgqd(&["-d", &ini]) } else { self.londiste(&["-d", &ini, "worker"]) };
        output.expect_success();
        self.daemon(name).expect_pid();
    }

    /// Runs the guide up to two running workers: installs, starts the ticker, creates root and leaf. Nothing is added yet.
    #[track_caller]
    pub fn start_nodes(&self) {
        let install = if self.tools == Tools::Ours { guide::install(self) } else { Vec::new() };
        for step in install.into_iter().chain(guide::nodes(self)) {
            step.run(self).expect_success();
        }
    }

    /// Adds all sequences and tables on both sides as the guide does.
    #[track_caller]
    pub fn add_all(&self) {
        for step in guide::add() {
            step.run(self).expect_success();
        }
    }

    /// From nothing to every table `ok`, with the target's foreign keys dropped before and restored after the copy.
    #[track_caller]
    pub fn replicate(&self) {
        self.start_nodes();
        for step in guide::drop_foreign_keys(self) {
            step.run(self).expect_success();
        }
        self.add_all();
        self.wait_ok(Duration::from_secs(180));
        for step in guide::restore_foreign_keys(self) {
            step.run(self).expect_success();
        }
    }

    /// State of each table registered on the target, in name order: `new` while it is not copied.
    pub fn table_states(&self) -> Vec<(String, String)> {
        let sql = format!(
            "select table_name, coalesce(merge_state, 'new') from londiste.get_table_list('{QUEUE}') where local order by 1"
        );
        let rows = self.target.try_rows(&sql).unwrap_or_default();
        rows.into_iter()
            .map(|row| (row[0].clone().unwrap_or_default(), row[1].clone().unwrap_or_default()))
            .collect()
    }

    /// Waits until every table of the target is `ok`.
    #[track_caller]
    pub fn wait_ok(&self, timeout: Duration) {
        wait_for(timeout, "all tables ok", || {
            let states = self.table_states();
            let waiting: Vec<_> = states.iter().filter(|(_, state)| state != "ok").collect();
            if waiting.is_empty() && !states.is_empty() {
                Ok(())
            } else {
                Err(format!("{waiting:?}\n{}", self.logs()))
            }
        });
    }

    /// Waits until the target has applied everything that was committed on the source before this call.
    #[track_caller]
    pub fn wait_caught_up(&self, timeout: Duration) {
        let reached = self.source.value("select txid_current()");
        self.source.execute(&format!("select pgq.force_tick('{QUEUE}')"));
        let tick = wait_for(timeout, "a tick beyond the last commit", || {
            let sql = format!(
                "select min(tick_id) from pgq.tick join pgq.queue on queue_id = tick_queue
                 where queue_name = '{QUEUE}' and txid_snapshot_xmin(tick_snapshot) > {reached}"
            );
            let rows = self.source.try_rows(&sql).unwrap_or_default();
            rows.first().and_then(|row| row[0].clone()).ok_or_else(|| self.ticker().log_end())
        });
        let tick: i64 = tick.parse().expect("a tick id");
        wait_for(timeout, "the target to reach the tick", || {
            let sql = format!("select completed_tick, cur_error from pgq_node.get_worker_state('{QUEUE}')");
            let rows = self.target.try_rows(&sql).map_err(|error| error.to_string())?;
            let completed: i64 = rows[0][0].as_deref().unwrap_or("0").parse().expect("a tick id");
            if completed >= tick {
                Ok(())
            } else {
                Err(format!("at {completed} of {tick}: {:?}\n{}", rows[0][1], self.logs()))
            }
        });
    }

    /// Ends of all logs, for messages.
    pub fn logs(&self) -> String {
        [self.ticker(), self.source_worker(), self.target_worker()].map(|daemon| daemon.log_end()).join("\n")
    }

    /// Leaves the daemons running when this process ends; [`Guardian::clean`] of the run directory ends them.
    pub fn keep(&self) {
        self.guardian.lock().expect("guardian").keep();
    }
}

/// A program in the foreground; killed when dropped.
pub struct Foreground {
    child: Child,
}

impl Foreground {
    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end and returns its exit code, -1 where a signal ended it.
    #[track_caller]
    pub fn wait(&mut self, timeout: Duration) -> i32 {
        let status = wait_for(timeout, "a program in the foreground ends", || {
            self.child.try_wait().expect("the child can be waited for").ok_or_else(String::new)
        });
        status.code().unwrap_or(-1)
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
