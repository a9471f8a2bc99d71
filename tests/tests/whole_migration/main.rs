//! A whole migration: the guide from its first command to its last, and from version to version.
#![cfg(test)]

mod runbook;
mod shop;
mod versions;
