//! Remains of replication in a database, as its catalogs tell: what is left after a queue was taken away.

use tokio_postgres::GenericClient;

use crate::call::rows;
use crate::install::SCHEMAS;
use crate::{Result, uninstall};

/// One thing that is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remain {
    /// `schema`, `trigger`, `event trigger`, `lock`, `rows`, …
    pub kind: String,
    /// Which one.
    pub object: String,
    /// What to do about it.
    pub remedy: String,
}

/// A session of a worker, a ticker or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Its server process.
    pub pid: i32,
    /// Its `application_name`.
    pub application: String,
    /// The machine that it comes from.
    pub machine: String,
    /// The ticker's: it serves other queues of the server as well.
    pub is_ticker: bool,
}

/// Objects that refer to our schemas, or are in them, and locks. `staying`: schemas that are meant to stay.
const OBJECTS: &str = "
select 'schema' as kind, quote_ident(n.nspname) as object, format('drop schema %I cascade', n.nspname) as remedy
  from pg_catalog.pg_namespace n where n.nspname = any ($1) and n.nspname <> all ($2)
union all
select case c.relkind when 'S' then 'sequence' else 'relation' end, format('%I.%I', n.nspname, c.relname),
       'it goes with its schema'
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = any ($1) and n.nspname <> all ($2) and c.relkind in ('r', 'p', 'S', 'v')
union all
select 'function', p.oid::regprocedure::text, 'it goes with its schema'
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where n.nspname = any ($1) and n.nspname <> all ($2)
union all
select 'event trigger', quote_ident(e.evtname), format('drop event trigger %I', e.evtname)
  from pg_catalog.pg_event_trigger e join pg_catalog.pg_proc p on p.oid = e.evtfoid
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = any ($1)
union all
select 'lock', format('advisory lock of server process %s (%s)', l.pid, coalesce(a.application_name, '')),
       format('let it come to its end, or: select pg_terminate_backend(%s)', l.pid)
  from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'advisory' and l.granted and l.pid <> pg_backend_pid()
   and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
   and l.classid::int8 = any (array(select hashtext(c)::int8 & 4294967295
                                      from unnest(array['londiste_rs.worker', 'londiste_rs.migrate',
                                                        'londiste_rs.switch', 'londiste_fk']) c))
order by 1, 2";

/// What is left of a queue and of our schemas, but for the schemas `staying`.
///
/// # Errors
/// A statement fails.
pub async fn objects<C: GenericClient>(client: &C, queue: &str, staying: &[String]) -> Result<Vec<Remain>> {
    let found = rows(client, "looking for remains", OBJECTS, &[&SCHEMAS.as_slice(), &staying]).await?;
    let mut remains: Vec<Remain> = found
        .iter()
        .map(|row| Remain { kind: row.get("kind"), object: row.get("object"), remedy: row.get("remedy") })
        .collect();
    let gone: Vec<String> =
        SCHEMAS.iter().map(|name| (*name).to_owned()).filter(|name| !staying.contains(name)).collect();
    for trigger in uninstall::triggers(client, queue, &gone).await? {
        remains.push(Remain {
            kind: "trigger".to_owned(),
            object: format!("{} of {}", trigger.name, trigger.table),
            remedy: format!("drop trigger {} on {}", trigger.name, trigger.table),
        });
    }
    for rows in uninstall::kept(client, queue).await? {
        let remedy = "give the command again".to_owned();
        remains.push(Remain { kind: "rows".to_owned(), object: rows, remedy });
    }
    Ok(remains)
}

/// Sessions that workers of these jobs, tickers, and commands that last have in the connected database.
///
/// # Errors
/// The statement fails.
pub async fn sessions<C: GenericClient>(client: &C, jobs: &[String]) -> Result<Vec<Connected>> {
    let sql = "select a.pid, a.application_name, coalesce(host(a.client_addr), 'this machine') as machine, \
                      a.application_name = 'pgqd' as is_ticker \
                 from pg_catalog.pg_stat_activity a \
                where a.datname = current_database() and a.pid <> pg_backend_pid() \
                  and (a.application_name = 'pgqd' \
                       or a.application_name ~ '^londiste (migrate|switchover|compare|schema)' \
                       or exists (select from unnest($1::text[]) job \
                                   where starts_with(a.application_name, job || ' '))) \
                order by 2, 1";
    let found = rows(client, "looking for sessions", sql, &[&jobs]).await?;
    let connected = found.iter().map(|row| Connected {
        pid: row.get("pid"),
        application: row.get("application_name"),
        machine: row.get("machine"),
        is_ticker: row.get("is_ticker"),
    });
    Ok(connected.collect())
}
