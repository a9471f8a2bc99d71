//! Files that hold a table's rows: what a snapshot sees of a table that is emptied or rewritten is not what it was.

use crate::Result;
use crate::error::During;
use crate::side::{Sides, texts};
use crate::subject::{Relation, Subject};

/// The files that hold the rows of tables on both sides: others when a table was emptied or rewritten, or partitions
/// came or went.
pub(crate) async fn files(sides: &Sides, subjects: &[&Subject]) -> Result<Vec<String>> {
    let what = "looking at the files of tables";
    let sql = format!(
        "select coalesce((select string_agg(\
             t.relid || ':' || coalesce(pg_catalog.pg_relation_filenode(t.relid), 0), ',' order by t.relid) \
                            from {} t), '') \
           from unnest($1::pg_catalog.oid[]) with ordinality u (relid, place) order by u.place",
        pg::partition_tree("u.relid")
    );
    let oids = |of: fn(&Subject) -> u32| subjects.iter().map(|subject| of(subject)).collect::<Vec<u32>>();
    let source = sides.provider.query(&sql, &[&oids(|subject| subject.source.oid)]).await.during(what)?;
    let target = sides.record.query(&sql, &[&oids(|subject| subject.target.oid)]).await.during(what)?;
    let both = source.iter().zip(&target);
    Ok(both
        .map(|(there, here)| format!("{} {}", there.get::<_, String>(0), here.get::<_, String>(0)))
        .collect())
}

/// Takes the lock that every reader takes, in both snapshots' sessions: from now on the files stay. Answers the bytes
/// of each table, on the side where they are more.
pub(crate) async fn hold(sides: &Sides, subjects: &[&Subject]) -> Result<Vec<i64>> {
    let Some(first) = subjects.first() else { return Ok(Vec::new()) };
    let others = if subjects.len() > 1 { " and others" } else { "" };
    let what = format!("reading table {}{others}", first.name);
    let relations = |of: fn(&Subject) -> &Relation| -> Vec<&Relation> {
        subjects.iter().map(|subject| of(subject)).collect()
    };
    let (source, target) = (relations(|subject| &subject.source), relations(|subject| &subject.target));
    let (there, here) =
        tokio::try_join!(held(&sides.source, &source, &what), held(&sides.target, &target, &what))?;
    Ok(there.into_iter().zip(here).map(|(there, here)| there.max(here)).collect())
}

async fn held(session: &pg::Session, relations: &[&Relation], what: &str) -> Result<Vec<i64>> {
    let locks: String =
        relations.iter().map(|relation| format!("select from {} limit 0; ", relation.from)).collect();
    let oids: Vec<String> = relations.iter().map(|relation| relation.oid.to_string()).collect();
    // asked by the session that has the locks: another one could wait behind somebody who waits for them
    let sizes = format!(
        "select coalesce((select sum(pg_catalog.pg_relation_size(t.relid)) from {} t), 0)::int8 \
           from pg_catalog.unnest('{{{}}}'::pg_catalog.oid[]) with ordinality u (relid, place) order by u.place",
        pg::partition_tree("u.relid"),
        oids.join(",")
    );
    let rows = texts(session, what, &format!("{locks}{sizes}")).await?;
    let bytes = |row: &Vec<Option<String>>| row.first()?.as_deref()?.parse().ok();
    Ok(rows.iter().filter_map(bytes).collect())
}
