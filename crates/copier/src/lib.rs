//! Initial copy of tables: plan, stream, rebuild, catch up, hand over.
#![allow(missing_docs)]
use tokio_util::sync::CancellationToken;
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Config { pub job_name: String }
#[derive(Debug, thiserror::Error)]
pub enum Error { #[error("stub")] Stub }
pub struct Copier { _config: Config }
impl Copier {
    pub fn new(config: Config, _bell: pgq::Bell, _table: String) -> Self { Self { _config: config } }
    pub async fn run(&self, stop: CancellationToken) -> Result<(), Error> { stop.cancelled().await; Ok(()) }
}
