//! The way to the source, for commands that are given with the target's ini file, before there is a node or after.

use std::time::Duration;

use anyhow::{Context, Result};
use pg::ConnectString;
use pgq::node;

use crate::londiste::support::job::Job;

/// The target is asked for its node within this time.
const PATIENCE: Duration = Duration::from_secs(20);

/// The way to the source, or why it is not known.
pub(crate) async fn find(
    job: &Job,
    given: Option<&str>,
) -> Result<std::result::Result<ConnectString, String>> {
    let named = match given {
        Some(text) => Some(text.parse::<ConnectString>().context("--source")?),
        None => job.settings.initial_provider_location.clone(),
    };
    if let Some(named) = named {
        return Ok(Ok(job.reaching(&named)));
    }
    let unknown = || {
        let ini = job.ini.display();
        format!("no source is named, and {ini} has no initial_provider_location and no node with a provider")
    };
    // Where the target cannot be asked, the check of its reachability says why.
    let asked = tokio::time::timeout(PATIENCE, provider(job)).await;
    Ok(asked.ok().and_then(Result::ok).flatten().ok_or_else(unknown))
}

/// The provider of this node, where there is a node.
async fn provider(job: &Job) -> Result<Option<ConnectString>> {
    let session = job.connect().await?;
    if pgq::install::require(&session).await.is_err() {
        return Ok(None);
    }
    let node = node::info(&*session, job.queue()).await?;
    let location = node.and_then(|node| node.provider_location);
    Ok(location.and_then(|text| text.parse().ok()).map(|at| job.reaching(&at)))
}
