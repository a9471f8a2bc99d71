//! Poolers in transaction mode: settings and locks of a session get lost behind them.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check =
    Check::code("pooler", Place::Both, "Does no pooler lend the servers by transaction?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for place in [Place::Source, Place::Target] {
        context.session(place)?;
        let Some(at) = context.location(place) else { continue };
        match pg::refuse_transaction_pooler(at, context.config.application).await {
            Ok(_) => {}
            Err(error @ pg::Error::TransactionPooler(_)) => findings.push(Finding::new(
                Verdict::Blocker,
                place,
                "server",
                error.to_string(),
                "name the server itself in the connect string, or pool_mode = session in pgbouncer.ini",
            )),
            Err(error) => return Err(Error::Server(error)),
        }
    }
    Ok(findings)
}
