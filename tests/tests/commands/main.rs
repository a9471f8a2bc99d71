//! Commands and processes as people meet them: words, switches, passwords, logs.
#![cfg(test)]

mod administration;
mod container;
mod hooks;
mod json;
mod log_files;
mod log_lines;
mod londisted;
mod page;
mod passwords;
mod pgqd;
mod stage;
mod startup;
mod tables;
mod true_words;
