//! One definition, written by servers of two versions: the target writes the source's as it writes its own.

use pg::Session;
use tokio_postgres::SimpleQueryMessage;

use super::kind::Spelling;

/// Whether two texts that differ mean the same. What the target does not understand differs.
pub(crate) async fn same(
    target: &Session,
    spelling: Spelling,
    parent: &str,
    source: &str,
    own: &str,
) -> bool {
    let (source, own) = match spelling {
        Spelling::Exact => return false,
        Spelling::Query => {
            let of_source = viewed(target, source).await;
            return of_source.as_deref() == Some(own);
        }
        Spelling::Expression => {
            let query =
                |text: &str| format!("select {} from {parent}", text.strip_prefix("CHECK ").unwrap_or(text));
            (viewed(target, &query(source)).await, viewed(target, &query(own)).await)
        }
        Spelling::Function => (function(target, source).await, function(target, own).await),
    };
    source.is_some() && source == own
}

/// A query as the target writes it back. A temporary view is made for it, and rolled back.
async fn viewed(target: &Session, query: &str) -> Option<String> {
    let make = format!("create temporary view \"spelled by londiste\" as {query}");
    let read = "select rtrim(pg_get_viewdef('pg_temp.\"spelled by londiste\"'::regclass), E'; \\n')";
    rolled_back(target, &make, read).await
}

/// A function as the target writes it back, under another name.
async fn function(target: &Session, create: &str) -> Option<String> {
    let at = create.find('(')?;
    let make = format!("create function pg_temp.spelled_by_londiste{}", &create[at..]);
    let read = "select pg_get_functiondef(p.oid) from pg_proc p where p.proname = 'spelled_by_londiste'
                   and p.pronamespace = pg_my_temp_schema()";
    let make = if create.starts_with("CREATE OR REPLACE PROCEDURE") {
        make.replacen("create function", "create procedure", 1)
    } else {
        make
    };
    rolled_back(target, &make, read).await
}

async fn rolled_back(target: &Session, make: &str, read: &str) -> Option<String> {
    let sql = format!("begin read write; set local check_function_bodies = off; {make}; {read}; rollback");
    let answered = target.simple_query(&sql).await;
    if answered.is_err() {
        _ = target.batch_execute("rollback").await;
    }
    let rows = answered.ok()?;
    rows.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    })
}
