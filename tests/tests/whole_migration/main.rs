//! A whole migration: before it, its guide from the first command to the last, as one command, and from version to
//! version.
#![cfg(test)]

mod migrate;
mod preflight;
mod runbook;
mod schema;
mod shop;
mod upgrade;
mod versions;
