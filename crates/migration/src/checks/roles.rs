//! Roles that own the source's objects or have rights on them.

use crate::beside::beside;
use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check = Check::code(
    "roles",
    Place::Target,
    "Has the target the roles that have rights on the source?",
    |context| Box::pin(ask(context)) as Found<'_>,
);

/// Whoever was granted something, but for the role that migrates. A dump that one role takes over has no owners.
const GRANTED: &str = "\
select distinct quote_ident(r.rolname)
  from rel cross join lateral aclexplode(rel.relacl) a join pg_roles r on r.oid = a.grantee
 where rel.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and a.grantee <> rel.relowner and r.rolname <> current_user";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let granted = catalog::rows(context.source()?, GRANTED).await?;
    let roles = beside(context, "select quote_ident(rolname) from pg_roles").await?;
    let missing = roles.iter().filter(|role| !role.there);
    let missing = missing.filter(|role| granted.iter().flatten().any(|name| *name == role.name));
    let found = missing.map(|role| {
        Finding::new(
            Verdict::Info,
            Place::Target,
            format!("role {}", role.name),
            "is missing: what it was granted on the source is granted to nobody",
            format!("create role {} -- with login and password where it logs in", role.name),
        )
    });
    Ok(found.collect())
}
