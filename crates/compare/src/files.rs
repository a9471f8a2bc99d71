//! Files that hold a table's rows: what a snapshot sees of a table that is emptied or rewritten is not what it was.

use crate::Result;
use crate::error::During;
use crate::side::{Sides, texts};
use crate::subject::Subject;

/// The files that hold the rows of tables on both sides: others when a table was emptied or rewritten, or partitions
/// came or went.
pub(crate) async fn files(sides: &Sides, subjects: &[&Subject]) -> Result<Vec<String>> {
    let what = "looking at the files of tables";
    let sql = format!(
        "select coalesce((select string_agg(t.relid || ':' || coalesce(pg_catalog.pg_relation_filenode(t.relid), 0), ',' order by t.relid) \
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

/// Takes the lock that every reader takes, in both snapshots' sessions: from now on the files stay.
pub(crate) async fn hold(sides: &Sides, subject: &Subject) -> Result<()> {
    let what = format!("reading table {}", subject.name);
    for (session, relation) in [(&sides.source, &subject.source), (&sides.target, &subject.target)] {
        texts(session, &what, &format!("select from {} limit 0", relation.from)).await?;
    }
    Ok(())
}
