//! A node's worker: batch after batch from the provider into this node, and the states of its tables.
#![allow(missing_docs)]
use std::collections::BTreeSet;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Config { pub job_name: String, pub queue_name: String }
#[derive(Debug, thiserror::Error)]
pub enum Error { #[error("stub")] Stub }
pub struct Worker { _config: Config, copies: watch::Sender<BTreeSet<String>> }
impl Worker {
    pub fn new(config: Config, _bell: pgq::Bell, copies: watch::Sender<BTreeSet<String>>) -> Self { Self { _config: config, copies } }
    pub async fn run(&self, stop: CancellationToken) -> Result<(), Error> { self.copies.send_replace(BTreeSet::new()); stop.cancelled().await; Ok(()) }
    pub async fn check(&self) -> Result<(), Error> { Ok(()) }
}
