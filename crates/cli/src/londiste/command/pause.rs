//! `pause`: the worker waits before its next batch.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use pg::Session;
use pgq::node;

use crate::londiste::flags::Whose;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

const LOOK_AGAIN: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) async fn run(job: &Job, whose: &Whose) -> Result<Outcome> {
    set(job, whose, true).await
}

/// Sets the flag and waits until the worker has seen it. The flag stays when this wait is broken off.
pub(crate) async fn set(job: &Job, whose: &Whose, paused: bool) -> Result<Outcome> {
    let queue = job.queue();
    let done = if paused { "paused" } else { "resumed" };
    let (session, name, worker) = find(job, whose).await?;
    let consumer = match &whose.consumer {
        Some(consumer) => consumer.clone(),
        None => worker.with_context(|| format!("node {name} of queue {queue} has no worker"))?,
    };
    let state = node::consumer_state(&*session, queue, &consumer).await?;
    let Some(state) = state else {
        bail!("consumer {consumer} is not registered on node {name} of queue {queue}; see node-status");
    };
    if state.paused == paused && state.uptodate {
        job.terminal.say(&format!("consumer {consumer} on node {name} is {done} already"));
        return Ok(Outcome::Done);
    }
    node::set_paused(&*session, queue, &consumer, paused).await?;
    job.terminal.say(&format!("consumer {consumer} on node {name} is told; waiting for its answer"));
    let started = Instant::now();
    let mut patient = true;
    loop {
        let state = node::consumer_state(&*session, queue, &consumer).await?;
        let Some(state) = state else { bail!("consumer {consumer} has left node {name} meanwhile") };
        if state.paused != paused {
            bail!("somebody else has told consumer {consumer} on node {name} the opposite meanwhile");
        }
        if state.uptodate {
            job.terminal.say(&format!("consumer {consumer} on node {name} has {done}"));
            return Ok(Outcome::Done);
        }
        if patient && started.elapsed() > PATIENCE {
            patient = false;
            job.terminal.warn(&format!(
                "no answer yet: the worker may be in a long batch, or not running; once it is, it will have {done} \
                 (breaking off this wait changes nothing)"
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// A connection to the node meant, its name, and the name of its worker.
async fn find(job: &Job, whose: &Whose) -> Result<(Session, String, Option<String>)> {
    let local = job.local().await?;
    let Some(name) = whose.node.as_ref().filter(|name| **name != local.info.name) else {
        return Ok((local.session, local.info.name, local.info.worker));
    };
    let members = node::locations(&*local.session, job.queue()).await?;
    let Some(member) = members.iter().find(|member| member.node == *name) else {
        bail!("queue {} has no node {name}; see members", job.queue());
    };
    let session = job.connect_to(name, &member.connect_string).await?;
    let info = node::require(&*session, job.queue()).await.with_context(|| format!("node {name}"))?;
    Ok((session, info.name, info.worker))
}
