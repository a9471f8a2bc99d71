//! Public connect string of a new node: it must lead other nodes to the very database that `db` names.

use anyhow::{Context, Result, bail};
use pg::{ConnectString, Session};

use crate::londiste::support::job::Job;

/// The two halves of the advisory lock's key, as `pg_locks` shows them.
const SIGHTED: &str = "\
select exists (select from pg_catalog.pg_locks l join pg_catalog.pg_database d on d.oid = l.database
                where l.locktype = 'advisory' and l.granted and l.objsubid = 2
                  and l.classid::bigint = $1::int4 and l.objid::bigint = $2::int4
                  and d.datname = pg_catalog.current_database())";

/// Warns about a string that works on this machine only.
pub(crate) fn warn_without_host(job: &Job, location: &ConnectString) {
    let named = |key| location.get(key).is_some_and(|value| !value.is_empty());
    if !named("host") && !named("hostaddr") && !named("service") {
        job.terminal.warn(&format!(
            "the public connect string names no host ({location}): nodes on other machines cannot reach this one by it"
        ));
    }
}

/// Takes a lock with a random key through one connection and looks for it through the other.
///
/// # Errors
/// The connect string reaches nothing, or another database.
pub(crate) async fn check(job: &Job, local: &mut Session, location: &ConnectString) -> Result<()> {
    let through = with_own_password(location, &job.settings.db).within(job.settings.limits());
    let other = Session::connect(&through, "londiste")
        .await
        .context("the public connect string does not work from here (--nocheck skips this check)")?;
    let transaction = local.transaction().await.map_err(pg::Error::from)?;
    let key = "select (random() * 2147483646)::int4, (random() * 2147483646)::int4";
    let key = transaction.query_one(key, &[]).await.map_err(pg::Error::from)?;
    let key: (i32, i32) = (key.get(0), key.get(1));
    let lock = "select pg_catalog.pg_advisory_xact_lock($1, $2)";
    transaction.query_one(lock, &[&key.0, &key.1]).await.map_err(pg::Error::from)?;
    let sighted = other.query_one(SIGHTED, &[&key.0, &key.1]).await.map_err(pg::Error::from)?;
    transaction.rollback().await.map_err(pg::Error::from)?;
    if !sighted.get::<_, bool>(0) {
        bail!(
            "the public connect string ({through}) reaches another database than db in {} ({}): correct one of them \
             (--nocheck skips this check)",
            job.ini.display(),
            job.settings.db
        );
    }
    Ok(())
}

/// The string as it works from here: other nodes add what they keep for it, this one has a password for its own
/// database.
fn with_own_password(location: &ConnectString, db: &ConnectString) -> ConnectString {
    let own = db.get("password").filter(|_| location.get("user") == db.get("user"));
    match own.filter(|_| location.get("password").is_none()) {
        Some(password) => location.with("password", password),
        None => location.clone(),
    }
}

/// Whether two public connect strings lead to the same place, as far as they say.
pub(crate) fn same_place(one: &ConnectString, other: &ConnectString) -> bool {
    let place = |location: &ConnectString| {
        ["host", "hostaddr", "port", "dbname", "service"].map(|key| {
            let value = location.get(key).filter(|value| !value.is_empty());
            value.or(if key == "port" { Some("5432") } else { None }).map(str::to_owned)
        })
    };
    place(one) == place(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_db_goes_to_its_own_user() {
        let read = |text: &str| text.parse::<ConnectString>().unwrap();
        let db = read("host=a user=x password=own");
        let password =
            |location: &str| with_own_password(&read(location), &db).get("password").map(str::to_owned);
        assert_eq!(password("host=b user=x").as_deref(), Some("own"));
        assert_eq!(password("host=b user=x password=given").as_deref(), Some("given"));
        assert_eq!(password("host=b user=y"), None);
    }

    #[test]
    fn a_place_is_the_same_with_another_password() {
        let read = |text: &str| text.parse::<ConnectString>().unwrap();
        let known = read("dbname=shop host=a port=5432 user=x password=old");
        assert!(same_place(&known, &read("postgresql://y:new@a/shop")));
        assert!(!same_place(&known, &read("dbname=shop host=a port=5433")));
        assert!(!same_place(&known, &read("dbname=shop2 host=a")));
    }
}
