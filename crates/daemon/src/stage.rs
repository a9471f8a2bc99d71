//! Stage of a migration as people and machines read it, in `status` of both programs and on the status page.

use pgq::outlook::{Next, Stage, State};
use serde_json::{Value, json};

/// A command that comes next, or mends what blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The whole command, to be pasted.
    pub text: String,
    /// What it is for; empty: that is clear.
    pub what: &'static str,
}

/// The commands that come next. `ini` knows the ini files of nodes.
pub fn commands(stage: &Stage, ini: impl Fn(&str) -> Option<String>) -> Vec<Command> {
    let command = |next: &Next| {
        let ini = ini(&next.node).unwrap_or_else(|| format!("<ini of {}>", next.node));
        Command { text: next.with(&ini), what: next.what }
    };
    stage.next.iter().map(command).collect()
}

/// The same as lines of text, the state first.
pub fn lines(stage: &Stage, commands: &[Command]) -> Vec<String> {
    let (first, others) = match (stage.state, commands.split_first()) {
        // what mends it belongs to the state
        (State::Blocked, Some((first, others))) => {
            (format!("state: {}: {}", stage.words, first.text), others)
        }
        _ => (format!("state: {}", stage.words), commands),
    };
    let width = others.iter().map(|command| command.text.chars().count()).max().unwrap_or_default();
    let line = |command: &Command| {
        format!("next:  {:<width$}  {}", command.text, command.what).trim_end().to_owned()
    };
    std::iter::once(first).chain(others.iter().map(line)).collect()
}

/// The same for machines.
pub fn object(queue: &str, stage: &Stage, commands: &[Command]) -> Value {
    let command = |command: &Command| json!({ "command": command.text, "what": command.what });
    json!({
        "queue": queue,
        "state": stage.state.as_str(),
        "words": stage.words,
        "tables": stage.tables,
        "tables_to_come": stage.to_come,
        "seconds_to_go": stage.to_go.map(|time| time.as_secs_f64().round()),
        "switch_step": stage.step.map(pgq::switch::State::name),
        "next": commands.iter().map(command).collect::<Vec<_>>(),
    })
}
