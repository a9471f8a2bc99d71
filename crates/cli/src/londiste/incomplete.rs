//! Command lines that lack something.

use crate::londiste::arguments::{Arguments, Command};
use crate::londiste::arrange;

/// What is missing of the command line, if anything.
pub(crate) fn incomplete(arguments: &Arguments) -> Option<String> {
    if arguments.options.sample {
        return None;
    }
    let Some(ini) = &arguments.ini else {
        return Some("no ini file is named: londiste INI COMMAND (see londiste --help)".to_owned());
    };
    if arguments.options.signal().is_some() {
        let too_much = "-s, -k and -r stand with the ini file alone: they speak to its running worker";
        return arguments.command.is_some().then(|| too_much.to_owned());
    }
    match &arguments.command {
        None if arrange::is_command(ini.as_os_str()) => {
            Some(format!("no ini file is named: londiste INI {}", ini.display()))
        }
        None => Some(format!(
            "no command is named: londiste {} COMMAND; the commands are {}",
            ini.display(),
            arrange::commands()
        )),
        Some(Command::Worker(worker)) if worker.position().is_none() => None,
        Some(_) if arguments.options.background => {
            Some("-d is for the worker: londiste -d INI worker".to_owned())
        }
        Some(_) => None,
    }
}
