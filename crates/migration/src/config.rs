//! What preflight is told.

use std::path::PathBuf;

use crate::schema::Options;
use pg::ConnectString;

/// What preflight is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The way to the source, or why it is not known.
    pub source: Result<ConnectString, String>,
    /// The way to the target.
    pub target: ConnectString,
    /// The queue, whose tables may be replicated already.
    pub queue: String,
    /// The worker's job: its sessions are known by that name.
    pub job: String,
    /// How many tables are copied at once.
    pub parallel_copies: usize,
    /// Directories of log files and pidfiles.
    pub directories: Vec<PathBuf>,
    /// Under which names the schemas are compared.
    pub schema: Options,
    /// `application_name` of the sessions.
    pub application: &'static str,
}
