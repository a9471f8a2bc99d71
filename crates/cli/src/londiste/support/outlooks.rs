//! Outlook of a node, with what its provider has to tell of tables that wait for their copies.

use std::time::Duration;

use anyhow::Result;
use pg::Client;
use pgq::node::NodeInfo;
use pgq::outlook::{self, Outlook};

use crate::londiste::support::job::Job;

/// How long the provider may take to tell sizes.
const LIMIT: Duration = Duration::from_secs(3);

/// Looks at the node of `session`. Where the provider does not answer, the time to go is not told.
pub(crate) async fn look(job: &Job, session: &Client, info: &NodeInfo) -> Result<Outlook> {
    let mut seen = outlook::look(session, job.queue()).await?;
    let waiting = |table: &&mut outlook::TableOutlook| table.is_to_come() && table.bytes_to_go().is_none();
    let names: Vec<String> = seen.tables.iter_mut().filter(waiting).map(|table| table.name.clone()).collect();
    let (Some(name), Some(location), false) = (&info.provider, &info.provider_location, names.is_empty())
    else {
        return Ok(seen);
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sizes = async {
        let provider = job.connect_to(name, location).await?;
        Ok::<_, anyhow::Error>(outlook::sizes(&*provider, &names).await?)
    };
    if let Ok(Ok(sizes)) = tokio::time::timeout(LIMIT, sizes).await {
        for table in seen.tables.iter_mut() {
            table.size = sizes.get(&table.name).copied();
        }
    }
    Ok(seen)
}
