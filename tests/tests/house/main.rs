//! The repository itself: floor plan, modules, documentation, installation, image, harness, columns.
#![cfg(test)]

mod columns;
mod containerfile;
mod documentation;
mod floor_plan;
mod harness;
mod make_install;
mod modules;
mod repository;
mod sql_api_docs;
