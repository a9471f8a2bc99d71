//! Objects of the application that replication has changed and that are not back, each with the statement for it.

use pg::literal;
use pgq::own_form::{ForeignKey, OwnForm};
use tokio_postgres::GenericClient;

use crate::error::Result;

/// An object that is not as it was before replication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotBack {
    /// `foreign key x of public.t`.
    pub object: String,
    /// What makes it as it was.
    pub statement: String,
}

/// What of `form` is not as it was, as the catalogs tell.
///
/// # Errors
/// The server refuses, or the connection is lost.
pub async fn not_back<C: GenericClient>(client: &C, form: &OwnForm) -> Result<Vec<NotBack>> {
    let mut found: Vec<NotBack> = Vec::new();
    for fkey in &form.foreign_keys {
        let statement = statement(client, fkey).await?;
        let object = format!("foreign key {} of {}", fkey.name, fkey.table);
        if let Some(statement) = statement
            && !found.iter().any(|known| known.object == object)
        {
            found.push(NotBack { object, statement });
        }
    }
    for trigger in &form.triggers {
        found.push(NotBack {
            object: format!("trigger {} of {}", trigger.name, trigger.table),
            statement: format!("alter table {} {} trigger {}", trigger.table, trigger.enabled, trigger.name),
        });
    }
    for index in &form.indexes {
        found.push(NotBack {
            object: format!("index {} of {}", index.name, index.table),
            statement: index.statements.clone(),
        });
    }
    Ok(found)
}

/// What makes a foreign key as it was; `None` where it is, or where its table is gone.
async fn statement<C: GenericClient>(client: &C, fkey: &ForeignKey) -> Result<Option<String>> {
    let (table, name) = (&fkey.table, &fkey.name);
    let sql = format!(
        "select k.convalidated, k.condeferrable, k.condeferred \
           from pg_catalog.pg_class c \
           left join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype = 'f' and k.conname = {} \
          where c.oid = pg_catalog.to_regclass({})",
        literal(&fkey.plain[2]),
        literal(table)
    );
    let Some(row) = client.query_opt(&sql, &[]).await.map_err(pg::Error::from)? else { return Ok(None) };
    let Some(is_valid) = row.get::<_, Option<bool>>(0) else {
        let not_valid = if fkey.valid { "" } else { " not valid" };
        return Ok(Some(format!("alter table {table} add constraint {name} {}{not_valid}", fkey.definition)));
    };
    let own = fkey.definition.to_uppercase();
    let own = own.split(" NOT ENFORCED").next().unwrap_or_default();
    let is_deferred = own.ends_with(" INITIALLY DEFERRED");
    let is_deferrable = own.ends_with(" DEFERRABLE") && !own.ends_with(" NOT DEFERRABLE");
    let wanted = (is_deferrable || is_deferred, is_deferred);
    if wanted != (row.get(1), row.get(2)) {
        let deferrability = match wanted {
            (_, true) => "deferrable initially deferred",
            (true, false) => "deferrable initially immediate",
            (false, false) => "not deferrable",
        };
        return Ok(Some(format!("alter table {table} alter constraint {name} {deferrability}")));
    }
    let to_validate = fkey.valid && !is_valid && !fkey.definition.ends_with(" NOT ENFORCED");
    Ok(to_validate.then(|| format!("alter table {table} validate constraint {name}")))
}
