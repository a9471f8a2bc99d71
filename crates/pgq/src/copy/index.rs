//! Index that a copy has dropped and brings back: `londiste_rs.copy_index`. `londiste.table_info.dropped_ddl` repeats
//! it where the stock worker looks for it.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// An index as it is recorded.
#[derive(Clone, Debug)]
pub struct Dropped<'a> {
    /// The relation that it is on, quoted; empty: the table itself.
    pub relation: String,
    /// Its name.
    pub name: &'a str,
    /// Levels of partitions below its relation.
    pub height: i32,
    /// The index that it is a part of.
    pub parent: Option<&'a str>,
    /// Building it locks the table against everybody.
    pub alone: bool,
    /// The statement that creates it.
    pub create: String,
    /// The constraint that it belongs to.
    pub constraint: Option<&'a str>,
    /// The statement that makes it that constraint's.
    pub create_constraint: Option<String>,
    /// Statements that bring its comments and marks back.
    pub marks: Option<String>,
}

/// Records indexes of a table; `place` orders those of one size. A row that is there stays: it is of an attempt that
/// was broken off, and holds what was true then.
pub async fn insert<C: GenericClient>(
    client: &C,
    dest_table: &str,
    place: i32,
    indexes: &[Dropped<'_>],
) -> Answer<()> {
    let sql = "insert into londiste_rs.copy_index \
                      (dest_table, relation, index_name, height, parent_index, place, alone, create_sql, \
                       constraint_name, constraint_sql, mark_sql) \
               select $1, k.relation, k.index_name, k.height, k.parent_index, $2, k.alone, k.create_sql, \
                      k.constraint_name, k.constraint_sql, k.mark_sql \
                 from unnest($3::text[], $4::text[], $5::int4[], $6::text[], $7::bool[], $8::text[], $9::text[], \
                             $10::text[], $11::text[]) \
                      as k (relation, index_name, height, parent_index, alone, create_sql, constraint_name, \
                            constraint_sql, mark_sql) \
               on conflict (dest_table, relation, index_name) do update set created = false";
    let of = |text: fn(&Dropped<'_>) -> Option<String>| indexes.iter().map(text).collect::<Vec<_>>();
    let relations = of(|index| Some(index.relation.clone()));
    let names = of(|index| Some(index.name.to_owned()));
    let heights: Vec<i32> = indexes.iter().map(|index| index.height).collect();
    let parents = of(|index| index.parent.map(str::to_owned));
    let alone: Vec<bool> = indexes.iter().map(|index| index.alone).collect();
    let creates = of(|index| Some(index.create.clone()));
    let constraints = of(|index| index.constraint.map(str::to_owned));
    let create_constraints = of(|index| index.create_constraint.clone());
    let marks = of(|index| index.marks.clone());
    client
        .execute(
            sql,
            &[
                &dest_table,
                &place,
                &relations,
                &names,
                &heights,
                &parents,
                &alone,
                &creates,
                &constraints,
                &create_constraints,
                &marks,
            ],
        )
        .await?;
    Ok(())
}

/// How many indexes of a table are dropped.
pub async fn count<C: GenericClient>(client: &C, dest_table: &str) -> Answer<i64> {
    let sql = "select count(*) from londiste_rs.copy_index where dest_table = $1";
    Ok(client.query_one(sql, &[&dest_table]).await?.get(0))
}

/// Forgets those that are there again.
pub async fn forget_present<C: GenericClient>(client: &C, dest_table: &str) -> Answer<()> {
    let sql = "delete from londiste_rs.copy_index where dest_table = $1 \
                  and londiste_rs.copy_has_index(londiste_rs.copy_relation(dest_table, relation), index_name)";
    client.execute(sql, &[&dest_table]).await?;
    Ok(())
}

/// Takes over what the stock worker's copy has recorded as dropped.
pub async fn adopt<C: GenericClient>(client: &C, queue: &str, table: &str, dest_table: &str) -> Answer<()> {
    let sql = "select londiste_rs.copy_adopt_dropped($1, $2, $3)";
    client.query(sql, &[&queue, &table, &dest_table]).await?;
    Ok(())
}

/// Records what is dropped where the stock worker looks for it.
pub async fn tell_stock<C: GenericClient>(
    client: &C,
    queue: &str,
    table: &str,
    dest_table: &str,
) -> Answer<()> {
    let sql = "select londiste_rs.copy_note_dropped($1, $2, $3)";
    client.query(sql, &[&queue, &table, &dest_table]).await?;
    Ok(())
}

/// An index that is to be built.
#[derive(Clone, Debug)]
pub struct Build {
    /// Its name.
    pub name: String,
    /// The partition, quoted; empty: the table itself.
    pub relation: String,
    /// Building it locks the table against everybody.
    pub alone: bool,
    /// The statement that creates it.
    pub create: String,
}

/// The indexes still to be built on relations that hold rows: the biggest of the biggest first, those that need the
/// table alone at the end.
pub async fn to_build<C: GenericClient>(client: &C, dest_table: &str) -> Answer<Vec<Build>> {
    let sql = "select index_name, relation, alone, create_sql \
                 from londiste_rs.copy_index \
                cross join lateral londiste_rs.copy_relation(dest_table, relation) r (oid) \
                where dest_table = $1 and not created and height = 0 and (r.oid is not null or relation = '') \
                order by alone, pg_relation_size(r.oid) desc, place, relation, index_name";
    let rows = client.query(sql, &[&dest_table]).await?;
    let build = |row: &tokio_postgres::Row| Build {
        name: row.get(0),
        relation: row.get(1),
        alone: row.get(2),
        create: row.get(3),
    };
    Ok(rows.iter().map(build).collect())
}

/// Whether an index is there, however it came.
pub async fn is_present<C: GenericClient>(client: &C, dest_table: &str, index: &Build) -> Answer<bool> {
    let sql = "select londiste_rs.copy_has_index(londiste_rs.copy_relation($1, $2), $3)";
    Ok(client.query_one(sql, &[&dest_table, &index.relation, &index.name]).await?.get(0))
}

/// Records that an index is built.
pub async fn set_built<C: GenericClient>(
    client: &C,
    queue: &str,
    table: &str,
    dest_table: &str,
    index: &Build,
) -> Answer<()> {
    let sql = "select londiste_rs.copy_index_created($1, $2, $3, $4, $5)";
    client.query_one(sql, &[&queue, &table, &dest_table, &index.relation, &index.name]).await?;
    Ok(())
}

/// Brings constraints, marks and comments back and forgets what was dropped; answers what was refused.
pub async fn restore<C: GenericClient>(client: &C, dest_table: &str) -> Answer<Vec<String>> {
    let sql = "select x from londiste_rs.copy_restore_dropped($1) x";
    Ok(client.query(sql, &[&dest_table]).await?.iter().map(|row| row.get(0)).collect())
}
