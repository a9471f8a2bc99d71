use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{sleep, timeout};

use crate::schedule::permits::*;
use crate::throttle::state::State;

fn permits(copies: usize) -> CopyPermits {
    CopyPermits::new(Gate::new(State { copies, ..State::default() }))
}

/// A place with its rank.
fn entry<'a>(permits: &'a CopyPermits, table: &str, rank: Rank) -> Waiter<'a> {
    let place = permits.enlist(table, true);
    permits.rank(std::iter::once((place.number, rank)));
    place
}

/// The permit, where it is this one's turn.
async fn now(place: &mut Waiter<'_>) -> Option<Permit> {
    match timeout(Duration::from_millis(1), place.turn()).await {
        Ok(Turn::Connect(permit)) => Some(permit),
        Ok(Turn::Taken(_)) | Err(_) => None,
    }
}

const RANKS: [Rank; 5] = [Rank::Begins, Rank::InCopy, Rank::WannaSync, Rank::CatchingUp, Rank::DoSync];

#[tokio::test(start_paused = true)]
async fn turns_come_by_rank_and_among_equals_by_who_came_first() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let permits = permits(1);
        let permit = permits.spare().unwrap();
        let mut expected = Vec::new();
        let mut turns: FuturesUnordered<_> = (0..30)
            .map(|n| {
                let rank = random.choice(RANKS).unwrap();
                expected.push((Reverse(rank), n));
                let mut place = entry(&permits, &format!("t{n}"), rank);
                let permits = &permits;
                async move {
                    let Turn::Connect(permit) = place.turn().await else { panic!("nobody takes it") };
                    assert_eq!(permits.waiting.borrow().lent, 1);
                    drop(permit);
                    n
                }
            })
            .collect();
        drop(permit);
        let order: Vec<_> = turns.by_ref().collect().await;
        expected.sort_unstable();
        assert_eq!(order, expected.into_iter().map(|(_, n)| n).collect::<Vec<_>>(), "seed {seed}");
        assert!(permits.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_not_ranked_yet_waits_and_a_rank_may_change() {
    let permits = permits(1);
    let mut unknown = permits.enlist("unknown", true);
    assert!(now(&mut unknown).await.is_none());
    let mut begins = entry(&permits, "begins", Rank::Begins);
    let (mut early, mut late) =
        (entry(&permits, "early", Rank::WannaSync), entry(&permits, "late", Rank::WannaSync));
    assert!(now(&mut begins).await.is_none(), "others come first");
    permits.rank(std::iter::once((late.number, Rank::DoSync)));
    assert!(now(&mut early).await.is_none());
    let permit = now(&mut late).await.unwrap();
    assert!(now(&mut early).await.is_none(), "there is but one");
    drop(permit);
    drop(early);
    assert!(now(&mut begins).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn who_begins_waits_for_the_gate_and_who_has_begun_does_not() {
    let permits = permits(2);
    permits.gate.set(|state| state.held = true);
    let (mut begins, mut begun) =
        (entry(&permits, "begins", Rank::Begins), entry(&permits, "begun", Rank::InCopy));
    assert!(now(&mut begins).await.is_none());
    assert!(now(&mut begun).await.is_some());
    let open = async {
        sleep(Duration::from_secs(5)).await;
        permits.gate.set(|state| state.held = false);
    };
    let (turn, ()) = tokio::join!(begins.turn(), open);
    assert!(matches!(turn, Turn::Connect(_)));
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_permits_as_copies_at_any_time() {
    let permits = permits(1);
    let mut places: Vec<_> = (0..4).map(|n| entry(&permits, &format!("t{n}"), Rank::InCopy)).collect();
    let one = now(&mut places[0]).await.unwrap();
    assert!(now(&mut places[1]).await.is_none());
    let more = async {
        sleep(Duration::from_secs(1)).await;
        permits.gate.set(|state| state.copies = 2);
    };
    let (turn, ()) = tokio::join!(places[1].turn(), more);
    assert!(matches!(turn, Turn::Connect(_)), "at once, not when somebody leaves");
    permits.gate.set(|state| state.copies = 1);
    let again = now(&mut places[2]).await;
    assert!(again.is_none(), "the first one has not left yet");
    drop(one);
    drop(turn);
    assert!(now(&mut places[2]).await.is_some());
    assert!(now(&mut places[3]).await.is_some());
    assert!(permits.spare().is_some(), "nobody waits any more");
}

#[tokio::test(start_paused = true)]
async fn helpers_get_only_what_nobody_waits_for() {
    let permits = permits(2);
    let waits = permits.enlist("waits", true);
    assert!(permits.spare().is_none());
    drop(waits);
    let (one, two) = (permits.spare(), permits.spare());
    assert!(one.is_some() && two.is_some() && permits.spare().is_none());
}

/// For each rank of one that holds and one that waits: whether the holder leaves while it has something to do, and when
/// it has had nothing for long.
#[tokio::test(start_paused = true)]
async fn who_leaves_for_whom() {
    for own in RANKS {
        for other in RANKS {
            let permits = permits(1);
            let mut permit = permits.spare().unwrap();
            let _other = entry(&permits, "other", other);
            let busy = other > own;
            let wanted = timeout(Duration::from_secs(1), permit.wanted(own)).await;
            assert_eq!(wanted.is_ok(), busy, "{own:?} {other:?}");
            assert_eq!(permit.must_leave(own, false), busy, "{own:?} {other:?}");
            let idle = busy || other != Rank::WannaSync;
            assert_eq!(permit.must_leave(own, true), idle, "{own:?} {other:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_leave_than_are_wanted() {
    let permits = permits(3);
    let mut held = [(); 3].map(|()| permits.spare().unwrap());
    let mut due = entry(&permits, "due", Rank::DoSync);
    let leaves = held.each_mut().map(|permit| permit.must_leave(Rank::WannaSync, true));
    assert_eq!(leaves, [true, false, false]);
    assert!(now(&mut due).await.is_none(), "not before the connections are back");
    let [gone, mut stays, _] = held;
    drop(gone);
    assert!(!stays.must_leave(Rank::WannaSync, true), "there is one for who waits");
    let permit = now(&mut due).await;
    assert!(permit.is_some());
    let waiting = entry(&permits, "begins", Rank::Begins);
    permits.gate.set(|state| state.held = true);
    assert!(!stays.must_leave(Rank::WannaSync, true), "who waits could not begin");
    permits.gate.set(|state| state.held = false);
    assert!(stays.must_leave(Rank::WannaSync, true));
    // whether it is still wanted or not: it was said that it comes
    drop(waiting);
    drop(stays);
    let state = permits.waiting.borrow();
    assert_eq!((state.lent, state.leaving), (2, 0));
}

/// With a single permit: one that waits for the worker, which waits for something else, keeps nobody from beginning;
/// when the worker comes, it has its turn before all others.
#[tokio::test(start_paused = true)]
async fn nobody_starves() {
    let permits = permits(1);
    let mut permit = permits.spare().unwrap();
    let (mut begins, mut later) =
        (entry(&permits, "begins", Rank::Begins), entry(&permits, "later", Rank::Begins));
    assert!(!permit.must_leave(Rank::WannaSync, false));
    assert!(permit.must_leave(Rank::WannaSync, true));
    drop(permit);
    let mut first = permits.enlist("first", true);
    let mut permit = now(&mut begins).await.unwrap();
    permits.rank(std::iter::once((first.number, Rank::WannaSync)));
    assert!(!permit.must_leave(Rank::CatchingUp, false) && !permit.must_leave(Rank::WannaSync, false));
    permits.rank(std::iter::once((first.number, Rank::DoSync)));
    assert!(permit.must_leave(Rank::WannaSync, false), "without having waited");
    drop(permit);
    assert!(now(&mut later).await.is_none());
    assert!(now(&mut first).await.is_some());
    assert!(now(&mut later).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn who_is_dropped_leaves_nothing_behind() {
    for seed in 0..50 {
        let mut random = fastrand::Rng::with_seed(seed);
        let permits = permits(2);
        {
            let mut places: Vec<_> =
                (0..12).map(|n| entry(&permits, &format!("t{n}"), random.choice(RANKS).unwrap())).collect();
            let mut held = Vec::new();
            for _ in 0..60 {
                match random.usize(0..5) {
                    0 if places.len() > 1 => drop(places.swap_remove(random.usize(0..places.len()))),
                    1 if !held.is_empty() => drop(held.swap_remove(random.usize(0..held.len()))),
                    2 => {
                        if let Some(permit) = held.first_mut() {
                            let permit: &mut Permit = permit;
                            permit.must_leave(random.choice(RANKS).unwrap(), random.bool());
                        }
                    }
                    3 => drop(permits.take("lead")),
                    _ => {
                        let place = random.usize(0..places.len());
                        held.extend(now(&mut places[place]).await);
                    }
                }
                assert!(held.len() <= 2);
            }
        }
        let left = permits.waiting.borrow();
        assert!(left.entries.is_empty() && left.lent == 0 && left.leaving == 0, "seed {seed}: {left:?}");
    }
}

#[test]
fn who_begins_is_shared_among_the_copies() {
    let permits = permits(2);
    let begin = |n| -> Vec<_> { (0..n).map(|n| entry(&permits, &format!("t{n}"), Rank::Begins)).collect() };
    let nine = begin(9);
    let (_copied, _unknown) = (entry(&permits, "copied", Rank::CatchingUp), permits.enlist("unknown", true));
    assert_eq!(permits.take("a").tables(), ["t0", "t1", "t2", "t3"]);
    permits.gate.set(|state| state.copies = 1);
    assert_eq!(permits.take("b").tables(), ["t4", "t5", "t6", "t7", "t8"]);
    assert!(permits.take("c").is_empty());
    drop(nine);
    let _many = begin(100);
    assert_eq!(permits.take("lead").tables().len(), small::TOGETHER - 1);
}

#[tokio::test(start_paused = true)]
async fn who_has_left_or_goes_alone_is_not_taken() {
    let permits = permits(1);
    permits.copies_alone("alone");
    let (left, _alone) = (entry(&permits, "left", Rank::Begins), entry(&permits, "alone", Rank::Begins));
    let _leads = permits.enlist("leads", false);
    drop(left);
    assert!(permits.take("lead").is_empty());
    let mut taken = entry(&permits, "taken", Rank::Begins);
    assert!(permits.take("alone").is_empty(), "nor does it take others along");
    let group = permits.take("lead");
    assert!(matches!(taken.turn().await, Turn::Taken(_)));
    assert_eq!(group.tables(), ["taken"]);
    let _copied = [("here", Rank::CatchingUp), ("begins", Rank::Begins), ("there", Rank::DoSync)]
        .map(|(table, rank)| entry(&permits, table, rank));
    assert_eq!(permits.copied("lead"), ["here", "there"]);
    assert!(permits.copied("alone").is_empty());
    assert_eq!(permits.take_these(&["gone".to_owned(), "there".to_owned()]).tables(), ["there"]);
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_spare_as_soon_as_it_is_back_and_nobody_waits() {
    let permits = permits(2);
    let [one, two] = [(); 2].map(|()| permits.spare().unwrap());
    assert!(!permits.has_spare());
    let began = tokio::time::Instant::now();
    let waits = permits.enlist("t", true);
    let third = Duration::from_secs(3);
    tokio::join!(permits.become_spare(), async {
        sleep(Duration::from_secs(1)).await;
        drop(one);
        // somebody waits for it
        sleep(Duration::from_secs(1)).await;
        assert!(!permits.has_spare());
        sleep(Duration::from_secs(1)).await;
        drop(waits);
    });
    assert_eq!(began.elapsed(), third);
    assert!(permits.has_spare());
    drop(two);
}
