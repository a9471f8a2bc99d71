//! Connections that are needed, and those that are free.

use pg::Session;

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Config, Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("connections", Place::Both, "Are enough connections free?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// Besides those of copies: ticker and its upkeep, the workers of both nodes, the writer of progress, the look at
/// definitions, a command.
const ALWAYS: usize = 7;

/// Limits of server, role and database, less what is taken of them by others.
const FREE: &str = "\
, taken as (select datname, usename from pg_stat_activity where datname is not null and pid <> pg_backend_pid())
select 'the server', (select setting::int from pg_settings where name = 'max_connections')
       - (select sum(setting::int) from pg_settings where name in ('superuser_reserved_connections',
         'reserved_connections'))
       - (select count(*) from taken)
union all
select 'role ' || quote_ident(rolname), rolconnlimit - (select count(*) from taken where usename = rolname)
  from pg_roles where rolname = current_user and rolconnlimit >= 0
union all
select 'database ' || quote_ident(d.datname),
  datconnlimit - (select count(*) from taken t where t.datname = d.datname)
  from pg_database d where d.datname = current_database() and datconnlimit >= 0";

/// Connections to each side.
pub(crate) fn needed(config: &Config) -> usize {
    config.parallel_copies + ALWAYS
}

/// Free connections by the narrowest limit.
pub(crate) async fn least_free(side: &Session) -> Result<Option<i64>> {
    let free = catalog::rows(side, FREE).await?;
    Ok(free.iter().filter_map(|row| row.get(1)?.parse().ok()).min())
}

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let needed = needed(&context.config);
    let mut findings = Vec::new();
    for place in [Place::Source, Place::Target] {
        for row in catalog::rows(context.session(place)?, FREE).await? {
            let [whose, free] = row.as_slice() else { continue };
            let number = free.parse::<i64>().unwrap_or(i64::MAX);
            if number >= i64::try_from(needed).unwrap_or(i64::MAX) {
                continue;
            }
            let verdict = if number <= 3 { Verdict::Blocker } else { Verdict::Warning };
            let remedy = match whose.split_once(' ') {
                Some(("role", name)) => format!("alter role {name} connection limit -1"),
                Some(("database", name)) => format!("alter database {name} connection limit -1"),
                _ => "raise max_connections, or lower parallel_copies in the ini file".to_owned(),
            };
            findings.push(Finding::new(
                verdict,
                place,
                format!("connections of {whose}"),
                format!(
                    "{free} are free, {needed} are needed with parallel_copies = {}",
                    context.config.parallel_copies
                ),
                remedy,
            ));
        }
    }
    Ok(findings)
}
