//! Both sides of a comparison of schemas: how they are asked for objects of a kind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use pg::Session;

use super::kind::{Kind, Object};
use super::options::{Options, renamed};
use super::scope::Scope;
use crate::catalog::LeftOut;
use crate::error::{Error, Result};
use crate::{Place, catalog};

/// Sessions to both sides, and the roles that they know.
pub(crate) struct Sides<'a> {
    pub(crate) source: &'a Session,
    pub(crate) target: &'a Session,
    pub(crate) options: &'a Options,
    pub(crate) scope: &'a Scope,
    /// Schemas of source and target that are called otherwise on the other side.
    moved: [BTreeMap<String, String>; 2],
    /// Queries for roles: of the source, with what they are on the target; of the target.
    roles: [String; 2],
    /// Tables that somebody holds against everybody: they are left out, since the server waits for them where it writes
    /// an expression.
    locked: Mutex<[BTreeMap<String, String>; 2]>,
}

/// Objects of a kind are read so many times more where one was dropped meanwhile.
const TRIES: usize = 3;

/// Tables of the application that are held against everybody, or will be, by somebody else.
const LOCKED: &str = "\
select distinct rel.oid, rel.name from pg_locks l join rel on rel.oid = l.relation
 where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.pid <> pg_backend_pid()
   and l.database = (select oid from pg_database where datname = current_database())";

impl<'a> Sides<'a> {
    /// # Errors
    /// A side cannot be asked for its roles.
    pub(crate) async fn new(
        source: &'a Session,
        target: &'a Session,
        options: &'a Options,
        scope: &'a Scope,
    ) -> Result<Sides<'a>> {
        let roles = roles(source, target, options).await?;
        let moved = moved(source, target, options).await?;
        Ok(Sides { source, target, options, scope, moved, roles, locked: Mutex::default() })
    }

    pub(crate) fn session(&self, place: Place) -> &'a Session {
        if place == Place::Target { self.target } else { self.source }
    }

    /// Whether the servers are of different major versions.
    pub(crate) fn versions_differ(&self) -> bool {
        self.source.server_version() / 10_000 != self.target.server_version() / 10_000
    }

    /// The objects of a kind, with the same names for schemas and roles on both sides.
    pub(crate) async fn objects(&self, kind: &Kind, place: Place) -> Result<Vec<Object>> {
        let mut rows = self.rows(kind, place).await;
        // the server's functions look up what the catalog's snapshot still has, and somebody has just dropped
        for _ in 0..TRIES {
            match &rows {
                Err(Error::Server(error)) if error.sqlstate() == Some(&pg::SqlState::INTERNAL_ERROR) => {
                    rows = self.rows(kind, place).await;
                }
                _ => break,
            }
        }
        let rows = match rows {
            Err(Error::Server(error)) if error.sqlstate() == Some(&pg::SqlState::LOCK_NOT_AVAILABLE) => {
                self.look_for_locks(place).await?;
                self.rows(kind, place).await?
            }
            answered => answered?,
        };
        Ok(rows.into_iter().map(|row| self.object(kind, row, place)).collect())
    }

    /// Names of tables that are locked on a side.
    pub(crate) fn locked(&self, place: Place) -> Vec<String> {
        let locked = self.locked.lock().unwrap_or_else(PoisonError::into_inner);
        locked[side(place)].values().cloned().collect()
    }

    async fn look_for_locks(&self, place: Place) -> Result<()> {
        let found = catalog::rows(self.session(place), LOCKED).await?;
        let mut locked = self.locked.lock().unwrap_or_else(PoisonError::into_inner);
        locked[side(place)].extend(found.into_iter().map(|row| (row[0].clone(), row[1].clone())));
        Ok(())
    }

    async fn rows(&self, kind: &Kind, place: Place) -> Result<Vec<Vec<String>>> {
        let roles = &self.roles[side(place)];
        let locked = {
            let locked = self.locked.lock().unwrap_or_else(PoisonError::into_inner);
            locked[side(place)].keys().cloned().collect::<Vec<_>>()
        };
        let sql = format!(
            ", spot as (select n.oid, quote_ident(n.nspname) as name from pg_namespace n
                         where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname not in
                             (select schema from ours)),
             member as (select classid, objid from pg_depend where deptype = 'e'), {roles}\n{}",
            (kind.sql)()
        );
        let limit = crate::session::ALL_OBJECTS;
        let but = self.scope.relations.as_ref().map(|relations| relations[side(place)].as_slice());
        let left_out = LeftOut { schemas: &self.options.excluded, relations: &locked, but };
        catalog::rows_without(self.session(place), left_out, limit, &sql).await
    }

    fn object(&self, kind: &Kind, row: Vec<String>, place: Place) -> Object {
        let moved = &self.moved[side(place)];
        let is_other = place == Place::Source && !self.scope.renames.is_empty();
        let fields = row.into_iter().map(|field| {
            let field = if moved.is_empty() { field } else { renamed(&field, moved) };
            if is_other { self.scope.renamed(&field) } else { field }
        });
        let mut fields = fields.fuse();
        let mut next = || fields.next().unwrap_or_default();
        let (name, parent, create, drop) = (next(), next(), next(), next());
        let values = kind.properties.iter().map(|_| (next(), next())).collect();
        Object { name, parent, create, drop, values, rest: fields.collect() }
    }
}

fn side(place: Place) -> usize {
    usize::from(place == Place::Target)
}

/// The schemas of each side whose objects are in another one on the other side: where the two have changed places, they
/// are the target's.
async fn moved(
    source: &Session,
    target: &Session,
    options: &Options,
) -> Result<[BTreeMap<String, String>; 2]> {
    if options.moved.is_empty() {
        return Ok([BTreeMap::new(), BTreeMap::new()]);
    }
    let all = "select nspname from pg_namespace";
    let has = |rows: &[Vec<String>], schema: &str| rows.iter().any(|row| row[0] == schema);
    let (there, here) = (catalog::rows(source, all).await?, catalog::rows(target, all).await?);
    let pairs = options.moved.clone().into_iter();
    let (of_target, of_source) = pairs.partition(|(old, _)| !has(&there, old) && has(&here, old));
    Ok([of_source, of_target])
}

/// `role`: oid, name on the target (none: left out), owner on the target, missing there. `target_login`: our role
/// there.
async fn roles(source: &Session, target: &Session, options: &Options) -> Result<[String; 2]> {
    let used = "select r.oid, r.rolname, r.rolname = current_user from pg_roles r
                 where r.rolname = current_user or r.oid in (select refobjid from pg_shdepend
                       where refclassid = 'pg_authid'::regclass and dbid = (select oid from pg_database where
                           datname = current_database()))
                    or r.oid in (10, 6171)";
    let of_source = catalog::rows(source, used).await?;
    let of_target = catalog::rows(target, "select rolname, rolname = current_user from pg_roles").await?;
    let login = of_target.iter().find(|row| row[1] == "t").map(|row| row[0].clone()).unwrap_or_default();
    let there = |name: &str| of_target.iter().any(|row| row[0] == name);
    let mut values = Vec::new();
    for row in &of_source {
        let [oid, name, own] = row.as_slice() else { continue };
        let mapped = options.roles.get(name);
        let known = match mapped {
            Some(to) => (!to.is_empty()).then_some(to),
            None if own == "t" => Some(&login),
            None => Some(name),
        };
        let owner = mapped.filter(|to| !to.is_empty()).unwrap_or(&login);
        let missing = known.is_some_and(|name| !there(name));
        let known = known.map_or_else(|| "null".to_owned(), |name| pg::literal(name));
        values.push(format!("({oid}::oid, {known}::text, {}::text, {missing})", pg::literal(owner)));
    }
    values.push("(0::oid, null, null, false)".to_owned());
    let login = format!("target_login(name) as (select {}::text)", pg::literal(&login));
    Ok([
        format!("role(oid, name, owner, missing) as (values {}), {login}", values.join(", ")),
        format!(
            "role(oid, name, owner, missing) as (select oid, rolname::text, rolname::text, false from pg_roles),
                {login}"
        ),
    ])
}
