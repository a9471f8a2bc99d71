//! Values that updates leave out because they stayed as they were (`rec.L`): a copy in chunks has to have them where it
//! writes the row.
//!
//! A key's last event leaves a value out only if no later one tells it. So the value is that of the last event that
//! tells it; if none does, it has been the same since the copy began, and stands in every version of the row that a
//! chunk has brought. Where no chunk has, since the row moved from page to page before they came, it is read from the
//! source: if it has changed meanwhile an event tells it, and if the row has gone an event tells that, so what is read
//! needs only to be older than the tick that the table is brought to.

use pg::{Client, Ident, Table, literal};
use pgq::copy::record::CopyRecord;
use pgq::table::TableInfo;
use tracing::debug;

use crate::Copier;
use crate::chunked::staging::{Staging, list};
use crate::error::During;
use crate::outcome::{End, Going};
use crate::schedule::connections::Sides;
use crate::states::copy_record;

/// Keys that are asked for together.
const KEYS: usize = 500;

impl Staging {
    /// Columns that kept changes leave out.
    async fn lacking(&self, client: &Client) -> Going<Vec<String>> {
        let sql = format!("select distinct unnest(londiste_left_out) from {}", self.name);
        let rows = client.query(&sql, &[]).await.during(format!("looking at {}", self.name))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Reads rows that changes leave something out of and the target has no version of, and keeps them as their first
    /// change. Returns how many rows: then changes have to be drained up to a tick made afterwards.
    pub(crate) async fn fetch_left_out(
        &self,
        copier: &Copier,
        sides: &mut Sides,
        (source, info, run): (&Table, &TableInfo, &CopyRecord),
    ) -> Going<u64> {
        if self.lacking(&sides.target).await?.is_empty() {
            return Ok(0);
        }
        let what = || format!("reading from {} what its updates leave out", source.name);
        let (name, key) = (&self.name, list(&self.key, ""));
        let texts: Vec<String> =
            self.key.iter().map(|k| format!("pg_catalog.concat(s.{})", Ident::new(k))).collect();
        let sql = format!(
            "select array[{}] from (select distinct on ({key}) * from {name} order by {key}, londiste_seq desc) as s \
              where not s.londiste_gone and cardinality(s.londiste_left_out) > 0 \
                and not exists (select from {}{} as t where {})",
            texts.join(", "),
            self.only,
            self.target,
            self.same_key("t", "s")
        );
        let rows = sides.target.query(&sql, &[]).await.during(what())?;
        if rows.is_empty() {
            return Ok(0);
        }
        let writing = sides.target.transaction().await.during(what())?;
        let into: &Client = writing.client();
        let keys =
            rows.iter().map(|row| row.try_get(0)).collect::<std::result::Result<Vec<Vec<String>>, _>>();
        let keys = keys.during(what())?;
        let columns = list(&self.columns, "");
        let copy_in = format!("copy {name} (londiste_seq, londiste_gone, {columns}) from stdin");
        let mut found = 0;
        for keys in keys.chunks(KEYS) {
            let keys: Vec<String> = keys.iter().map(|key| self.has_key(source, key)).collect();
            let copy_out = format!(
                "copy (select 0, false, {columns} from {}{} where {}) to stdout",
                source.only(),
                source.name,
                keys.join(" or ")
            );
            let mut valve = copier.valve(None, None);
            let copied = pg::pipe(&sides.provider, &copy_out, into, &copy_in, &mut valve).await;
            found += copied.during(what())?.map_or(0, |copied| copied.rows);
            copier.report.sign();
        }
        if !copy_record::holds(into, &copier.config.queue_name, &info.name, run.attempt).await? {
            return Err(End::Left);
        }
        writing.commit().await.during(what())?;
        debug!(table = %source.name, keys = keys.len(), found, "values that updates leave out are read");
        Ok(keys.len() as u64)
    }

    /// SQL: a row of the source has that key. A literal is read by its type's input function; the type is named, lest
    /// the application's casts have a say in which operator that is.
    fn has_key(&self, source: &Table, key: &[String]) -> String {
        let same = |(name, text): (&String, &String)| {
            let column = source.columns.iter().find(|column| column.name == *name);
            let (of, equals) = column.map_or(("pg_catalog.text", "operator(pg_catalog.=)"), |column| {
                (&column.value_type, &column.equals)
            });
            format!("{}::{of} {equals} {}::{of}", Ident::new(name), literal(text))
        };
        format!("({})", self.key.iter().zip(key).map(same).collect::<Vec<_>>().join(" and "))
    }

    /// Gives each key's last change what it leaves out, in the caller's transaction. Only that one: it may be a large
    /// value a thousand times.
    pub(crate) async fn fill_left_out(&self, client: &Client) -> Going<()> {
        let what = || format!("filling in what the changes kept in {} leave out", self.name);
        let (name, only, target) = (&self.name, self.only, &self.target);
        let key = list(&self.key, "");
        let lacking = self.lacking(client).await?;
        for column in &lacking {
            let (text, column) = (literal(column), Ident::new(column));
            let sql = format!(
                "update {name} as s \
                    set {column} = f.{column}, londiste_left_out = array_remove(s.londiste_left_out, {text}) \
                   from (select distinct on ({key}) {key}, {column} from ( \
                             select {key}, {column}, londiste_seq from {name} \
                              where not londiste_gone and ({text} = any (londiste_left_out)) is not true \
                             union all \
                             select {of_target}, t.{column}, -1 from {only}{target} as t \
                              where exists (select from {name} as k where {text} = any (k.londiste_left_out) \
                                               and {same_in_target})) as v \
                          order by {key}, londiste_seq desc) as f \
                  where {text} = any (s.londiste_left_out) and {same} \
                    and s.londiste_seq in (select max(londiste_seq) from {name} group by {key})",
                of_target = list(&self.key, "t."),
                same_in_target = self.same_key("t", "k"),
                same = self.same_key("f", "s"),
            );
            client.batch_execute(&sql).await.during(what())?;
        }
        if !lacking.is_empty() {
            let sql = format!(
                "select exists (select from (select distinct on ({key}) * from {name} \
                                              order by {key}, londiste_seq desc) as s \
                                 where not s.londiste_gone and cardinality(s.londiste_left_out) > 0)"
            );
            if client.query_one(&sql, &[]).await.during(what())?.get(0) {
                return Err(End::StartOver("a value that an update left out is nowhere to be found"));
            }
        }
        Ok(())
    }
}
