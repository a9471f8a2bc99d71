//! Launch of a process from ini files.
//!
//! In the background: the pidfiles are locked first, so that a second start is refused on the terminal; then the
//! process forks, and the daemon opens its log and makes its start-up checks while the command on the terminal waits
//! for its word. A start that fails leaves no pidfile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::background::{Announce, Side, fork};
use crate::log::{Destinations, LogFile};
use crate::order::Launch;
use crate::pidfile::Pidfile;
use crate::process::Process;
use crate::service::Service;
use crate::signals::Signals;
use crate::{Error, log};

/// How long the runtime may take to let go of what it still does when everything has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Refuses jobs that would get into each other's way.
fn apart(services: &[Service]) -> Result<(), Error> {
    let mut taken: BTreeMap<String, &Path> = BTreeMap::new();
    for service in services {
        let pidfile = service.pidfile.as_ref().map(|path| format!("pidfile {}", path.display()));
        let job = format!("job_name {}", service.job);
        for what in service.works_on().into_iter().chain(pidfile).chain([job]) {
            let file = service.ini.file();
            if let Some(other) = taken.insert(what.clone(), file) {
                return Err(Error::SameTwice { what, first: other.into(), second: file.into() });
            }
        }
    }
    Ok(())
}

impl Launch {
    /// Runs until the process is told to stop, or, in the background, until the daemon is ready. Must be called before
    /// any thread is started.
    ///
    /// # Errors
    /// A file says what cannot be, the job already runs, or a start-up check failed; nothing runs then.
    pub fn run(self) -> Result<(), Error> {
        let services = self.read()?;
        for line in services.iter().flat_map(Service::warnings).filter(|_| self.background) {
            eprintln!("WARNING: {line}");
        }
        let mut pidfiles = Vec::new();
        for path in services.iter().filter_map(|service| service.pidfile.as_deref()) {
            pidfiles.push(Pidfile::lock(path)?);
        }
        if !self.background {
            return self.run_here(services, pidfiles, None);
        }
        match fork()? {
            Side::Terminal(waiting) => {
                pidfiles.iter_mut().for_each(Pidfile::hand_over);
                waiting.wait()
            }
            Side::Daemon(announce) => {
                // The word goes out when the pidfiles are gone again.
                let mut announce = Some(announce);
                let ran = self.run_here(services, pidfiles, Some(&mut announce));
                if let (Err(error), Some(announce)) = (&ran, announce) {
                    announce.failed(error);
                }
                ran
            }
        }
    }

    fn read(&self) -> Result<Vec<Service>, Error> {
        let read = |file: &PathBuf| Service::read(file, &self.overrides, self.section);
        let services = Error::all(self.expanded()?.iter().map(read))?;
        for service in services.iter().filter(|_| self.background) {
            let needed = |key| Error::KeyNeeded { file: service.ini.file().into(), key, why: "-d needs it" };
            service.pidfile.as_ref().ok_or_else(|| needed("pidfile"))?;
            service.logfile.as_ref().ok_or_else(|| needed("logfile"))?;
        }
        apart(&services)?;
        Ok(services)
    }

    /// The rest, in the process that stays.
    fn run_here(
        &self,
        services: Vec<Service>,
        mut pidfiles: Vec<Pidfile>,
        announce: Option<&mut Option<Announce>>,
    ) -> Result<(), Error> {
        // whoever reads the pidfile may send a signal at once: from here on it is heard
        let signals = Signals::hear().map_err(Error::Runtime)?;
        pidfiles.iter_mut().try_for_each(Pidfile::write)?;
        let logs = self.start_log(&services)?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Runtime)?;
        let ran = runtime.block_on(async {
            let jobs = services.into_iter().zip(logs).collect();
            let mut process = Process::new(jobs, self.clone(), signals);
            process.last_words();
            let go_on = process.check().await;
            match &go_on {
                Err(error) if self.background => tracing::error!("{error}"),
                _ => {}
            }
            if go_on? {
                if let Some(announce) = announce.and_then(Option::take) {
                    announce.ready();
                }
                process.run().await?;
            }
            Ok(())
        });
        runtime.shutdown_timeout(LAST_WORDS);
        drop(pidfiles);
        ran
    }

    /// Opens each job's log file, the same one only once, and starts logging.
    fn start_log(&self, services: &[Service]) -> Result<Vec<Option<Arc<LogFile>>>, Error> {
        let mut files: Vec<Arc<LogFile>> = Vec::new();
        let mut open = |path: &Path, format, rotation| match files.iter().find(|file| file.path() == path) {
            Some(file) => Ok(file.clone()),
            None => log::open(path, format, rotation).inspect(|file| files.push(file.clone())),
        };
        let logs = services.iter().map(|service| {
            let path = service.logfile.as_deref();
            path.map(|path| open(path, service.log_format, service.log_rotation)).transpose()
        });
        let logs = logs.collect::<Result<Vec<_>, _>>()?;
        let format = services.first().map(|service| service.log_format).unwrap_or_default();
        let syslog = services.iter().find_map(|service| service.syslog.as_ref());
        log::start(Destinations { terminal: !self.background, files, format, syslog }, self.verbosity);
        Ok(logs)
    }
}
