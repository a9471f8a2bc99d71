//! The application: statements that are repeated while rows are compared.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tests::Database;

pub(crate) struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Writer {
    pub(crate) fn start(database: &Database, changes: &'static [&'static str]) -> Writer {
        let (stop, database) = (Arc::<AtomicBool>::default(), database.clone());
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut client = database.connect();
            client
                .batch_execute(
                    "set datestyle = 'SQL, DMY'; set intervalstyle = iso_8601; set extra_float_digits = 0",
                )
                .expect("settings");
            let mut rounds = 0;
            while !stopped.load(Ordering::Relaxed) {
                for change in changes {
                    client.batch_execute(change).expect("the application sees no error");
                }
                rounds += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            rounds
        });
        Writer { stop, thread }
    }

    /// Answers how often all statements were run.
    pub(crate) fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the writer has not failed")
    }
}
