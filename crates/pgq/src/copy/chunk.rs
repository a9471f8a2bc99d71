//! Chunk of a table's rows that is copied: `londiste_rs.copy_chunk`.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// A chunk that was copied.
#[derive(Clone, Debug)]
pub struct Copied<'a> {
    /// The relation's object id on the source, as text.
    pub relation: &'a str,
    /// Its first page.
    pub first_page: i64,
    /// The page behind its last one; `None`: it goes to the relation's end.
    pub end_page: Option<i64>,
    /// The snapshot that it was read under.
    pub snapshot: &'a str,
    /// Its rows.
    pub rows: i64,
    /// Their bytes on the way.
    pub bytes: i64,
    /// How long it took.
    pub seconds: f64,
    /// The file of the relation that it was read from, where that was not there at the first snapshot.
    pub file: Option<String>,
}

/// Records a chunk, in the transaction that writes its rows.
pub async fn insert<C: GenericClient>(
    client: &C,
    queue: &str,
    table: &str,
    chunk: &Copied<'_>,
) -> Answer<()> {
    let sql = "insert into londiste_rs.copy_chunk \
                      (queue_name, table_name, relation, first_page, end_page, snapshot, rows, bytes, seconds, file) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let Copied { relation, first_page, end_page, snapshot, rows, bytes, seconds, file } = chunk;
    client
        .execute(sql, &[&queue, &table, relation, first_page, end_page, snapshot, rows, bytes, seconds, file])
        .await?;
    Ok(())
}

/// The pages of a chunk that is there.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The relation's object id on the source, as text.
    pub relation: String,
    /// Its first page.
    pub first: i64,
    /// The page behind its last one; `None`: it goes to the relation's end.
    pub end: Option<i64>,
    /// Its rows.
    pub rows: i64,
    /// Their bytes on the way.
    pub bytes: i64,
}

/// The chunks of a table that are there.
pub async fn list<C: GenericClient>(client: &C, queue: &str, table: &str) -> Answer<Vec<Pages>> {
    let sql = "select relation, first_page, end_page, rows, bytes from londiste_rs.copy_chunk \
                where queue_name = $1 and table_name = $2";
    let found = client.query(sql, &[&queue, &table]).await?;
    let pages = |row: &tokio_postgres::Row| Pages {
        relation: row.get(0),
        first: row.get(1),
        end: row.get(2),
        rows: row.get(3),
        bytes: row.get(4),
    };
    Ok(found.iter().map(pages).collect())
}

/// Files of the source that chunks were read from: the relation's object id, and the file.
pub async fn files<C: GenericClient>(client: &C, queue: &str, table: &str) -> Answer<Vec<(String, String)>> {
    let sql = "select distinct relation, file from londiste_rs.copy_chunk \
                where queue_name = $1 and table_name = $2 and file is not null";
    let found = client.query(sql, &[&queue, &table]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}
