//! Change of places: from its first commit on the switch only goes forward, over as many connections as it takes.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use migration::switch as engine;
use pg::Session;
use pgq::switch::{LastTick, State};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::arguments::Arguments;
use super::both::{APPLICATION, Both, PATIENCE, state_of};
use super::steps::step;
use super::{back, hooks};
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::terminal::describe;

/// For so long it is tried again.
const STUBBORN: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);

/// Since when changes are refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Frozen {
    /// By this process, since then.
    Since(Instant),
    /// By another one, for so long when this one began.
    Before(Duration),
}

/// Lets both nodes change places, and tells the end.
pub(super) async fn run(
    job: &Job,
    arguments: &Arguments,
    both: &Both,
    id: &str,
    last: &LastTick,
    frozen: Frozen,
) -> Result<Outcome> {
    let began = Instant::now();
    let mut result = timeout(PATIENCE, engine::swap(&both.sides, id, last)).await;
    let mut told = false;
    let refused = loop {
        let trouble = match result {
            Ok(Ok(taken)) => break taken,
            Ok(Err(error)) => describe(&error.into()),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        // where that has led is told by the old root alone
        match timeout(PATIENCE, state_now(both, id)).await {
            Ok(Ok(Some(State::Frozen | State::Drained))) => {
                return back::after(job, both, id, since(frozen), anyhow::anyhow!(trouble)).await;
            }
            Ok(Ok(Some(State::Left | State::Settled))) => {}
            Ok(Ok(_)) => bail!(
                "{trouble}: the switch was taken back, and node {} takes changes",
                both.sides.old_node.name
            ),
            // it is asked again
            Ok(Err(_)) | Err(_) => {}
        }
        if began.elapsed() > STUBBORN {
            bail!(stuck(job, both, &trouble));
        }
        if !std::mem::replace(&mut told, true) {
            job.terminal.complain(&format!("{trouble}; trying again"));
        }
        sleep(PAUSE).await;
        result = match timeout(PATIENCE, Both::of(job)).await {
            Ok(Ok(again)) => timeout(PATIENCE, engine::swap(&again.sides, id, last)).await,
            Ok(Err(error)) => Ok(Err(migration::Error::Structure(describe(&error)))),
            Err(late) => Err(late),
        };
    };
    let (old, new) = (&both.sides.old_node.name, &both.sides.new_node.name);
    step(job, "swap", &format!("{new} is the root of {}, {old} follows it", job.queue()), began);
    let refused = match frozen {
        Frozen::Since(at) => refused.duration_since(at),
        Frozen::Before(already) => already + refused.duration_since(began),
    };
    end(job, arguments, both, last, refused).await
}

/// How far the old root is, over a new connection: the one at hand may hang.
async fn state_now(both: &Both, id: &str) -> Result<Option<State>> {
    let old = Session::connect(&both.old_at, APPLICATION).await?;
    state_of(&old, &both.sides.queue, id).await
}

fn since(frozen: Frozen) -> Instant {
    match frozen {
        Frozen::Since(at) => at,
        Frozen::Before(already) => Instant::now().checked_sub(already).unwrap_or_else(Instant::now),
    }
}

fn stuck(job: &Job, both: &Both, trouble: &str) -> String {
    let ini = job.ini.display();
    format!(
        "{trouble}. The old root may have left and node {} not taken over: neither takes changes until one of these is \
         done: londiste {ini} switchover (goes on), or londiste {ini} switchover --abort",
        both.sides.new_node.name
    )
}

/// The last words, and the hook. Its failure changes nothing any more, but the command says so.
async fn end(
    job: &Job,
    arguments: &Arguments,
    both: &Both,
    last: &LastTick,
    refused: Duration,
) -> Result<Outcome> {
    let (old, new) = (&both.sides.old_node.name, &both.sides.new_node.name);
    let facts = hooks::facts(both)
        .with("LONDISTE_TICK", last.tick)
        .with("LONDISTE_REFUSED_SECONDS", format!("{:.3}", refused.as_secs_f64()));
    let hook = hooks::run(job, "hook_after_switch", job.settings.hook_after_switch.as_deref(), &facts).await;
    let seconds = refused.as_secs_f64();
    if arguments.json {
        let answer = json!({ "version": 1, "queue": job.queue(), "switched": true, "from": old, "to": new,
                             "tick": last.tick, "refused_seconds": seconds, "application_at": both.new_place() });
        job.terminal.print(&answer.to_string());
    } else {
        job.terminal.say(&format!("switched at tick {}; changes were refused for {seconds:.1} s", last.tick));
        job.terminal.say(&format!("point the application at: {}", both.new_place()));
        job.terminal.say(&format!(
            "way back: the same command with the ini file of node {old}    end: londiste {} complete",
            job.ini.display()
        ));
    }
    match hook {
        Ok(()) => Ok(Outcome::Done),
        Err(error) => {
            job.terminal.complain(&format!("{}; the switch is done all the same", describe(&error)));
            Ok(Outcome::Partly)
        }
    }
}
