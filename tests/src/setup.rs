//! A run directory with `pgqd.ini`, `source.ini` and `target.ini`, and the executables under test at work in it.
mod chunks;
mod ini_files;
mod progress;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use ini_files::IniFiles;

use crate::guardian::{Guardian, MARK};
use crate::{Daemon, Database, Invocation, Output, Pair, executable, guide, wait_for, wait_until};

pub use ini_files::{QUEUE, SOURCE_JOB, TARGET_JOB};

/// Whose executables run in a [`Setup`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    /// The ones under test, as ordinary roles.
    Ours,
    /// The stock packages, to compare with: as superuser, with the stock extensions.
    Stock,
}

impl Tools {
    /// Whether `pgqd` and `londiste` can be run. Ours always can.
    pub fn have_executables(self) -> bool {
        self == Tools::Ours || ["londiste", "pgqd"].iter().all(|name| Path::new(STOCK).join(name).exists())
    }

    /// Whether these can be used on this server. Ours always can.
    pub fn are_installed(self, pair: &Pair) -> bool {
        let extensions =
            "select count(*) from pg_available_extensions where name in ('pgq', 'pgq_node', 'londiste')";
        self == Tools::Ours || (self.have_executables() && pair.source.admin().number(extensions) == 3)
    }
}

fn create_extensions(database: &Database) {
    database.execute("create extension pgq; create extension pgq_node; create extension londiste");
}

/// Where the stock packages put their executables.
const STOCK: &str = "/usr/bin";

/// Everything around one migration between the two sides of a [`Pair`].
pub struct Setup {
    tools: Mutex<BTreeMap<&'static str, Tools>>,
    schema: Tools,
    guardian: Mutex<Guardian>,
    directory: PathBuf,
    inis: Mutex<IniFiles>,
    /// The ordinary role on the source.
    pub source: Database,
    /// The ordinary role on the target.
    pub target: Database,
}

impl Setup {
    /// Writes the three ini files; starts nothing.
    pub fn new(pair: &Pair) -> Setup {
        Setup::with(Tools::Ours, Tools::Ours, pair.source.app().clone(), pair.target.app().clone())
    }

    /// The same for the SQL API of the stock extensions: the superuser creates them on both sides. Nothing is granted
    /// to the ordinary roles.
    pub fn on_stock_extensions(pair: &Pair) -> Setup {
        for side in [&pair.source, &pair.target] {
            create_extensions(&side.admin());
        }
        Setup::with(Tools::Ours, Tools::Stock, pair.source.app().clone(), pair.target.app().clone())
    }

    /// The same for the stock tools: logs in as superuser and creates the extensions.
    pub fn stock(pair: &Pair) -> Setup {
        let [source, target] = [&pair.source, &pair.target].map(|side| side.superuser_over_tcp());
        for database in [&source, &target] {
            create_extensions(database);
        }
        // The stock trigger writes events as the role that changed the row.
        source.execute(&format!("grant pgq_writer to {}", pair.source.user));
        Setup::with(Tools::Stock, Tools::Stock, source, target)
    }

    fn with(tools: Tools, schema: Tools, source: Database, target: Database) -> Setup {
        let directory =
            tempfile::Builder::new().prefix("lr-run-").tempdir().expect("temporary directory").keep();
        let guardian = Guardian::over(&directory).into();
        let inis = IniFiles::write(&directory, &source, &target).into();
        let tools = ["pgqd", "source", "target"].map(|name| (name, tools)).into();
        Setup { tools: Mutex::new(tools), schema, guardian, directory, inis, source, target }
    }

    /// The same ini files in another run directory, as on a second machine.
    pub fn on_another_machine(&self) -> Setup {
        Setup::with(Tools::Ours, self.schema, self.source.clone(), self.target.clone())
    }

    /// From now on, commands with `<name>.ini` (`pgqd`, `source` or `target`) run these tools.
    pub fn use_tools(&self, name: &'static str, tools: Tools) {
        self.tools.lock().expect("tools").insert(name, tools);
    }

    /// Whose tools run commands with `<name>.ini`.
    pub fn tools_of(&self, name: &str) -> Tools {
        self.tools.lock().expect("tools").get(name).copied().unwrap_or(Tools::Ours)
    }

    /// Sets a value in one of the ini files and writes the file.
    #[track_caller]
    pub fn set(&self, file: &str, key: &str, value: &str) {
        self.inis.lock().expect("inis").set(file, key, value);
    }

    /// The run directory: ini files, pidfiles, logs.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Path of `londiste` or `pgqd`, by the ini file that is among its arguments.
    #[track_caller]
    pub fn executable<T: AsRef<str>>(&self, name: &str, arguments: &[T]) -> PathBuf {
        let ini = arguments.iter().find_map(|word| word.as_ref().strip_suffix(".ini"));
        match self.tools_of(ini.unwrap_or_default()) {
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

    /// Runs `londisted` with these arguments to its end.
    #[track_caller]
    pub fn londisted(&self, arguments: &[&str]) -> Output {
        self.run("londisted", arguments)
    }

    /// Runs `pgqd` with these arguments to its end.
    #[track_caller]
    pub fn pgqd(&self, arguments: &[&str]) -> Output {
        self.run("pgqd", arguments)
    }

    #[track_caller]
    fn run(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(self.executable(name, arguments));
        command.args(arguments);
        Invocation::new(command).run()
    }

    /// Starts an executable in the foreground, its output into `<log>.out`; it is killed when dropped.
    #[track_caller]
    pub fn foreground(&self, name: &str, arguments: &[&str], log: &str) -> Foreground {
        self.foreground_in(name, arguments, log, &[])
    }

    /// The same with variables in its environment.
    #[track_caller]
    pub fn foreground_in(
        &self,
        name: &str,
        arguments: &[&str],
        log: &str,
        environment: &[(&str, &str)],
    ) -> Foreground {
        let mut command = self.command(self.executable(name, arguments));
        command.envs(environment.iter().copied());
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
        if self.tools_of(name) == Tools::Stock {
            // The stock tools answer before they have written their pidfile.
            wait_until(Duration::from_secs(20), "a stock daemon runs", || self.daemon(name).pid().is_some());
        }
        self.daemon(name).expect_pid();
    }

    /// Asks one of the three daemons to stop after the work in hand, with its own tools, and waits until it is gone.
    #[track_caller]
    pub fn stop_daemon(&self, name: &str) {
        let (daemon, ini) = (self.daemon(name), format!("{name}.ini"));
        let output = if name == "pgqd" { self.pgqd(&["-s", &ini]) } else { self.londiste(&["-s", &ini]) };
        output.expect_success();
        daemon.wait_gone(Duration::from_secs(30));
    }

    /// Runs the guide up to two running workers: installs, starts the ticker, creates root and leaf. Nothing is added
    /// yet.
    #[track_caller]
    pub fn start_nodes(&self) {
        let install = if self.schema == Tools::Ours { guide::install(self) } else { Vec::new() };
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
