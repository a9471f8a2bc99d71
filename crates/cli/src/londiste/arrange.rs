//! Arrangement of the command line: options may stand anywhere, and are put where clap looks for them.

use std::ffi::{OsStr, OsString};

use clap::{Arg, CommandFactory};

use super::arguments::Arguments;
use super::not_yet;

/// Answers `londiste <options of every command> INI COMMAND <options of the command> -- <arguments>`.
///
/// # Errors
/// An option or a command that does not exist: the text names those that do, or says what to do instead of one of the
/// stock tool.
pub(crate) fn arranged(words: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, String> {
    let mut definition = Arguments::command();
    definition.build();
    let mut everywhere = Vec::new();
    let mut of_command: Vec<(String, OsString)> = Vec::new();
    let mut places = Vec::new();
    let mut help = None;
    let words: Vec<OsString> = words.collect();
    // Commands have options of one name of which only some take a value: the command that is named first knows.
    let named_commands: Vec<&clap::Command> = words
        .iter()
        .filter_map(|word| definition.get_subcommands().find(|command| *word == command.get_name()))
        .collect();
    let mut words = words.iter().cloned().peekable();
    while let Some(word) = words.next() {
        if word == "--" {
            places.extend(words.by_ref());
        } else if word == "-h" || word == "--help" {
            help = Some(word);
        } else if let Some(name) = option_name(&word) {
            // behind its command, an option that both have is the command's
            let command = places.get(1).or(places.first());
            let command = command.and_then(|word: &OsString| definition.find_subcommand(word));
            let own = command.and_then(|command| command.get_arguments().find(|o| is_named(o, &name)));
            let global = definition.get_arguments().find(|o| own.is_none() && is_named(o, &name));
            let option = own.or(global).or_else(|| {
                let commands = named_commands.iter().copied().chain(definition.get_subcommands());
                commands.flat_map(clap::Command::get_arguments).find(|o| is_named(o, &name))
            });
            // What nobody knows is refused below, once the command is known.
            let takes = option.map_or_else(|| not_yet::takes_value(&name), |o| o.get_action().takes_values());
            let takes_next = takes && !word.to_string_lossy().contains('=');
            let value = if takes_next { words.next() } else { None };
            if global.is_some() || !name.starts_with("--") {
                everywhere.push(word);
                everywhere.extend(value);
            } else {
                of_command.push((name.clone(), word));
                of_command.extend(value.map(|value| (name, value)));
            }
        } else {
            places.push(word);
        }
    }
    let named = |word: &OsStr| definition.get_subcommands().find(|command| word == command.get_name());
    // Help on a command needs no ini file, init makes them, and completions are of none.
    let first = places.first().and_then(|word| named(word));
    let alone = match first.map(clap::Command::get_name) {
        Some("init") => places.len() == 1,
        Some("completions") => places.len() == 2,
        _ => false,
    };
    let command_first = alone || (help.is_some() && first.is_some());
    let mut places = places.into_iter();
    let ini = if command_first { None } else { places.next() };
    let word = places.next();
    let command = match &word {
        None => None,
        Some(word) => Some(named(word).ok_or_else(|| unknown_command(word))?),
    };
    refuse_unknown(command, &of_command)?;

    let mut arranged = vec![OsString::from("londiste")];
    arranged.extend(everywhere);
    if help.is_none() {
        arranged.extend(ini);
    }
    arranged.extend(word);
    arranged.extend(of_command.into_iter().map(|(_, word)| word));
    match help {
        Some(help) => arranged.push(help),
        None if command.is_some_and(|command| command.get_positionals().next().is_some()) => {
            arranged.push("--".into());
            arranged.extend(places);
        }
        None => arranged.extend(places),
    }
    Ok(arranged)
}

/// All commands, for messages.
pub(crate) fn commands() -> String {
    let names: Vec<String> =
        Arguments::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    names.join(", ")
}

/// Whether a word is the name of a command.
pub(crate) fn is_command(word: &OsStr) -> bool {
    Arguments::command().get_subcommands().any(|command| word == command.get_name())
}

/// `--name` of a long option, the word itself for short ones, nothing for everything else.
fn option_name(word: &OsStr) -> Option<String> {
    let text = word.to_string_lossy();
    if !text.starts_with('-') || text == "-" {
        return None;
    }
    Some(text.split_once('=').map_or(text.to_string(), |(name, _)| name.to_owned()))
}

fn is_named(option: &Arg, name: &str) -> bool {
    option.get_long().is_some_and(|long| name.strip_prefix("--") == Some(long))
}

fn unknown_command(word: &OsStr) -> String {
    not_yet::command(word).unwrap_or_else(|| {
        format!("unknown command \"{}\"; the commands are {}", word.to_string_lossy(), commands())
    })
}

fn refuse_unknown(command: Option<&clap::Command>, options: &[(String, OsString)]) -> Result<(), String> {
    let known: Vec<String> = command
        .into_iter()
        .flat_map(clap::Command::get_arguments)
        .filter_map(|option| option.get_long().map(|long| format!("--{long}")))
        .collect();
    let Some((name, _)) = options.iter().find(|(name, _)| !known.contains(name)) else { return Ok(()) };
    if let Some(reason) = not_yet::option(name) {
        return Err(reason);
    }
    Err(match command {
        None => format!(
            "unknown option {name}, or its command is missing: londiste INI COMMAND (see londiste --help)"
        ),
        Some(command) if known.is_empty() => format!("{} has no option {name}", command.get_name()),
        Some(command) => {
            format!("{} has no option {name}; its options are {}", command.get_name(), known.join(", "))
        }
    })
}

#[cfg(test)]
#[path = "arrange_tests.rs"]
mod tests;
