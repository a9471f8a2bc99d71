//! An application that writes to whichever side takes changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tests::{Database, Pair};

/// What one side accepted: the row, and when the application began and heard of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted {
    pub(crate) id: i64,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

/// Two writers, one at each side, that both write all the time: at any moment at most one of them may succeed.
pub(crate) struct Writers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Accepted>>>,
}

/// The table that they write to.
pub(crate) const TABLE: &str =
    "create table written (id bigint primary key, side text not null, n int not null default 0);
    create table counted (side text primary key, n bigint not null)";

impl Writers {
    pub(crate) fn start(pair: &Pair) -> Writers {
        let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(1)));
        let sides = [("source", pair.source.app().clone()), ("target", pair.target.app().clone())];
        let threads = sides.map(|(side, database)| {
            let (stop, next) = (stop.clone(), next.clone());
            std::thread::spawn(move || write(side, &database, &stop, &next))
        });
        Writers { stop, threads: threads.into() }
    }

    /// What source and target accepted.
    pub(crate) fn stop(self) -> [Vec<Accepted>; 2] {
        self.stop.store(true, Ordering::Relaxed);
        let mut accepted = self.threads.into_iter().map(|thread| thread.join().expect("the writer ends"));
        [accepted.next().expect("source"), accepted.next().expect("target")]
    }
}

fn write(side: &str, database: &Database, stop: &AtomicBool, next: &AtomicI64) -> Vec<Accepted> {
    let mut accepted = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut client) = database.try_connect() else {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        while !stop.load(Ordering::Relaxed) {
            let id = next.fetch_add(1, Ordering::Relaxed);
            let began = Instant::now();
            let sql = format!(
                "begin; insert into written (id, side) values ({id}, '{side}');
                 update written set n = n + 1 where id = {id};
                 insert into counted values ('{side}', 1) on conflict (side) do update set n = counted.n + 1; commit"
            );
            match client.batch_execute(&sql) {
                Ok(()) => accepted.push(Accepted { id, began, ended: Instant::now() }),
                Err(error) => match error.code() {
                    // refused here: the application would connect to the other side
                    Some(code) if code.code() == "25006" => {
                        client.batch_execute("rollback").ok();
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    // the server was killed, or comes back
                    Some(code) if code.code().starts_with("57P") => break,
                    Some(code) if !client.is_closed() => panic!("{side}: {} {error:?}", code.code()),
                    _ => break,
                },
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    accepted
}

/// Panics where both sides took changes at the same time: a side's change began after the other one's was committed,
/// and was committed before another one of the other side's began.
#[track_caller]
pub(crate) fn assert_never_both(accepted: &[Vec<Accepted>; 2]) {
    let mut all: Vec<(usize, Accepted)> = Vec::new();
    for (side, list) in accepted.iter().enumerate() {
        all.extend(list.iter().map(|one| (side, *one)));
    }
    // each change was committed somewhere between its begin and its end: sides may take turns, but a run of one side
    // must not lie within a run of the other
    all.sort_by_key(|(_, one)| one.ended);
    for window in all.windows(3) {
        let [(a, first), (b, middle), (c, last)] = window else { continue };
        let is_between = a == c && a != b;
        assert!(
            !(is_between && first.ended < middle.began && middle.ended < last.began),
            "both sides took changes at once: {window:?}"
        );
    }
}
