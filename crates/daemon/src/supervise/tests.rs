use std::collections::BTreeSet;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use std::sync::Mutex;

use tokio::sync::mpsc;

use super::*;

fn supervisor() -> Supervisor {
    Supervisor::new("test", Backoff::default())
}

fn only(supervisor: &Supervisor) -> PartStatus {
    let [status] = supervisor.status().try_into().unwrap();
    status
}

#[tokio::test(start_paused = true)]
async fn a_part_that_ends_well_is_not_started_again() {
    let runs = Arc::new(AtomicU32::new(0));
    let supervisor = supervisor();
    let counted = runs.clone();
    supervisor.start("once", move |_| {
        counted.fetch_add(1, SeqCst);
        async { Ok(()) }
    });
    supervisor.finished().await;
    assert_eq!(runs.load(SeqCst), 1);
    assert_eq!(only(&supervisor).state, State::Ended);
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_with_pauses_that_grow_up_to_the_longest() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let supervisor = supervisor();
    let noted = times.clone();
    supervisor.start("failing", move |_| {
        noted.lock().unwrap().push(Instant::now());
        async { Err("no luck".into()) }
    });
    sleep(Duration::from_secs(300)).await;
    let status = only(&supervisor);
    assert_eq!(status.state, State::Waiting);
    assert_eq!(status.last_error.as_deref(), Some("no luck"));
    let times = times.lock().unwrap().clone();
    assert_eq!(status.failures as usize, times.len());
    let pauses: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses[0] >= Duration::from_millis(200) && pauses[0] <= Duration::from_millis(450), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= Duration::from_secs(31)), "{pauses:?}");
    assert!(*pauses.last().unwrap() >= Duration::from_secs(29), "{pauses:?}");
    assert!(times.len() < 30, "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_failure_of_its_part_alone() {
    let supervisor = supervisor();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    supervisor.start("a", move |_| {
        let run = counted.fetch_add(1, SeqCst);
        async move {
            assert!(run > 0, "the first run breaks");
            Ok(())
        }
    });
    supervisor.start("b", |stop| async move {
        stop.cancelled().await;
        Ok(())
    });
    sleep(Duration::from_millis(100)).await;
    let [a, b] = supervisor.status().try_into().unwrap();
    assert!(a.last_error.unwrap().contains("panic: the first run breaks"));
    assert_eq!((b.state, b.failures), (State::Running, 0));
    sleep(Duration::from_secs(10)).await;
    assert_eq!(runs.load(SeqCst), 2);
    supervisor.stop();
    supervisor.finished().await;
}

#[tokio::test(start_paused = true)]
async fn a_healthy_while_forgets_the_failures() {
    let supervisor = supervisor();
    let runs = Arc::new(AtomicU32::new(0));
    supervisor.start("recovering", move |stop| {
        let run = runs.fetch_add(1, SeqCst);
        async move {
            if run < 8 {
                return Err("not yet".into());
            }
            stop.cancelled().await;
            Ok(())
        }
    });
    sleep(Duration::from_secs(60)).await;
    assert_eq!(only(&supervisor).failures, 8);
    sleep(Duration::from_secs(60)).await;
    let status = only(&supervisor);
    assert_eq!((status.state, status.failures, status.last_error), (State::Running, 0, None));
}

#[tokio::test(start_paused = true)]
async fn stopping_lets_a_part_finish_and_aborting_does_not() {
    for graceful in [true, false] {
        let done = Arc::new(AtomicU32::new(0));
        let supervisor = supervisor();
        let noted = done.clone();
        supervisor.start("busy", move |stop| {
            let done = noted.clone();
            async move {
                stop.cancelled().await;
                sleep(Duration::from_secs(5)).await;
                done.fetch_add(1, SeqCst);
                Ok(())
            }
        });
        sleep(Duration::from_secs(1)).await;
        let begun = Instant::now();
        if graceful {
            supervisor.stop();
        } else {
            supervisor.abort();
        }
        supervisor.finished().await;
        assert_eq!(done.load(SeqCst), u32::from(graceful));
        assert_eq!(begun.elapsed() >= Duration::from_secs(5), graceful);
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_does_not_wait_out_a_pause() {
    let supervisor = supervisor();
    supervisor.start("failing", |_| async { Err("no luck".into()) });
    sleep(Duration::from_secs(200)).await;
    let begun = Instant::now();
    supervisor.stop();
    supervisor.finished().await;
    assert!(begun.elapsed() < Duration::from_secs(1));
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn running(supervisor: &Supervisor) -> Vec<String> {
    supervisor.status().into_iter().map(|status| status.name).collect()
}

#[tokio::test(start_paused = true)]
async fn parts_follow_the_set() {
    let supervisor = supervisor();
    let (wanted, seen) = watch::channel(names(&["a", "b"]));
    supervisor.follow("copy", seen, |_, _| {
        |stop: CancellationToken| async move {
            stop.cancelled().await;
            Ok(())
        }
    });
    sleep(Duration::from_secs(1)).await;
    assert_eq!(running(&supervisor), ["copy a", "copy b"]);
    wanted.send_replace(names(&["b", "c"]));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(running(&supervisor), ["copy b", "copy c"]);
    drop(wanted);
    supervisor.finished().await;
    assert_eq!(running(&supervisor), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_comes_back_waits_for_its_old_part() {
    let supervisor = supervisor();
    let (wanted, seen) = watch::channel(names(&["a"]));
    let (at_once, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let runs = Arc::new(AtomicU32::new(0));
    let seen_by_test = (most.clone(), runs.clone());
    supervisor.follow("copy", seen, move |_, _| {
        let (at_once, most, runs) = (at_once.clone(), most.clone(), runs.clone());
        move |stop: CancellationToken| {
            let (at_once, most, runs) = (at_once.clone(), most.clone(), runs.clone());
            async move {
                runs.fetch_add(1, SeqCst);
                most.fetch_max(at_once.fetch_add(1, SeqCst) + 1, SeqCst);
                stop.cancelled().await;
                sleep(Duration::from_secs(5)).await;
                at_once.fetch_sub(1, SeqCst);
                Ok(())
            }
        }
    });
    sleep(Duration::from_secs(1)).await;
    wanted.send_replace(names(&[]));
    sleep(Duration::from_secs(1)).await;
    wanted.send_replace(names(&["a"]));
    sleep(Duration::from_secs(10)).await;
    assert_eq!((seen_by_test.0.load(SeqCst), seen_by_test.1.load(SeqCst)), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_part_that_ends_while_it_is_wanted_is_started_again() {
    let supervisor = supervisor();
    let (_wanted, seen) = watch::channel(names(&["a"]));
    let runs = Arc::new(AtomicU32::new(0));
    let twice = Arc::new(Notify::new());
    let (counted, told) = (runs.clone(), twice.clone());
    supervisor.follow("copy", seen, move |_, _| {
        let (runs, twice) = (counted.clone(), told.clone());
        move |_| {
            if runs.fetch_add(1, SeqCst) == 1 {
                twice.notify_one();
            }
            async { Ok(()) }
        }
    });
    twice.notified().await;
    assert!(runs.load(SeqCst) >= 2);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_without_progress_is_given_up_and_one_with_progress_is_not() {
    for progresses in [false, true] {
        let (over, mut told) = mpsc::unbounded_channel();
        let supervisor = supervisor().losing_patience(Some(Patience { failures: 5, over }));
        let report = Report::default();
        let own = report.clone();
        supervisor.start_reporting("failing", report, move |_| {
            let report = own.clone();
            async move {
                if progresses {
                    report.progress();
                }
                // longer than what counts as healthy: time alone is no progress
                sleep(Duration::from_secs(40)).await;
                Err("no luck".into())
            }
        });
        sleep(Duration::from_secs(1000)).await;
        match told.try_recv() {
            Ok(text) => {
                assert!(!progresses && text.contains("failing") && text.contains("no luck"), "{text}")
            }
            Err(_) => assert!(progresses),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_with_a_limit_drops_what_still_runs_then() {
    let supervisor = supervisor();
    supervisor.start("stubborn", |_| std::future::pending());
    sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    supervisor.stop_within(Duration::from_secs(7));
    supervisor.finished().await;
    assert_eq!(begun.elapsed().as_secs(), 7);
}
