//! `--status`: how far a switch is.

use anyhow::Result;
use migration::switch::Standing;
use pgq::switch;
use serde_json::json;

use super::both::Both;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::comparison::clock;

pub(super) async fn run(job: &Job, as_json: bool) -> Result<Outcome> {
    let both = Both::of(job).await?;
    let (old, new) = (&both.sides.old_node.name, &both.sides.new_node.name);
    let (state, text) = match &both.standing {
        Standing::None => ("none", format!("no switch is under way; node {old} takes changes")),
        Standing::Before(_) => {
            ("prepared", format!("node {new} is prepared; node {old} takes changes as before"))
        }
        Standing::Closed(known) => (
            known.state.name(),
            format!(
                "node {old} refuses changes since {:.1} s, and opens again by itself at the deadline; go on \
                 with switchover, or take it back with switchover --abort",
                known.frozen_for.unwrap_or_default().as_secs_f64()
            ),
        ),
        Standing::Between(_) => (
            "left",
            format!(
                "node {old} has left, and node {new} has not taken over: neither takes changes; \
                 go on with switchover, or take it back with switchover --abort"
            ),
        ),
        Standing::Taken(_) => ("taken", format!("node {new} takes changes; node {old} has not noticed yet")),
        Standing::Done(_) => ("done", format!("node {new} is the root; node {old} follows it")),
    };
    let known = both.standing.recorded();
    if as_json {
        let answer = json!({
            "version": 1, "queue": job.queue(), "state": state, "from": old, "to": new,
            "who": known.map(|known| &known.who),
            "began": known.map(|known| clock(known.began)), "changed": known.map(|known| clock(known.changed)),
            "behind": behind(&both).await?, "tick": known.and_then(|known| known.last).map(|last| last.tick),
        });
        job.terminal.print(&answer.to_string());
    } else {
        job.terminal.print(&text);
        if let Some(known) = known {
            job.terminal.print(&format!(
                "begun {} by {}; last step {}",
                clock(known.began),
                known.who,
                clock(known.changed)
            ));
        }
        if let Some(care) = behind(&both).await?.filter(|care| care != "done") {
            job.terminal.print(&format!("behind the switch, materialized views and statistics: {care}"));
        }
    }
    Ok(Outcome::Done)
}

/// How far the new root's worker is with what the outage did not wait for.
async fn behind(both: &Both) -> Result<Option<String>> {
    let known = switch::recorded(&*both.sides.new, &both.sides.queue).await?;
    Ok(known.filter(|known| !known.gives).and_then(|known| known.care))
}
