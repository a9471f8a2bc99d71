//! Words of `schema` and `migrate` for names that are others on the target.

use anyhow::{Result, bail};
use clap::Args;
use migration::schema::{NameMap, Options};

use crate::londiste::support::job::Job;

/// Names that are others on the target; they go before those of the ini file.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SchemaNames {
    /// Put a role of the target in the place of one of the source; without NEW it is left out (repeatable)
    #[arg(long, value_name = "OLD=NEW", value_parser = NameMap::pair)]
    role_map: Vec<(String, String)>,

    /// Take schema OLD of the source, where a provider keeps extensions, as if it were NEW (repeatable)
    #[arg(long, value_name = "OLD=NEW", value_parser = NameMap::pair)]
    extension_schema: Vec<(String, String)>,
}

impl SchemaNames {
    /// These, and those of the ini file.
    ///
    /// # Errors
    /// A schema has no new name.
    pub(crate) fn options(&self, job: &Job) -> Result<Options> {
        let mut options = job.settings.schema_names();
        options.roles.extend(self.role_map.iter().cloned());
        options.moved.extend(self.extension_schema.iter().cloned());
        if let Some((old, _)) = options.moved.iter().find(|(_, new)| new.is_empty()) {
            bail!("extension_schema: {old}= names no schema of the target");
        }
        Ok(options)
    }
}
