//! Plan of a destination table: its columns as the target has them, its key, its unique indexes, and mappings of rows.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::Client;

use crate::target::column::{TargetColumn, sameness};
use crate::target::mapping::Mapping;
use crate::target::reading::{FIRST_OF_OTHERS, JOINS, READING, Reading};
use crate::target::survey::CatalogEntry;
use crate::{Columns, Error, MissingColumns, Result, Row, Source};

/// Mappings kept for one table: with partial SQL each set of changed columns has one.
const MAPPINGS: usize = 512;

/// A unique index or exclusion constraint.
#[derive(Debug)]
pub(crate) struct Unique {
    /// Positions of the columns; `None` of an exclusion constraint, or of an index with expressions.
    columns: Option<Vec<usize>>,
    immediate: bool,
    /// The index finds every row by the values of its columns.
    finds_rows: bool,
}

/// What is known about a destination table.
#[derive(Debug)]
pub(crate) struct Plan {
    /// `schema.table`, plain: for messages.
    pub(crate) table: String,
    pub(crate) quoted: String,
    /// One relation, whose inheritance children are tables of their own.
    pub(crate) alone: bool,
    /// Rows of other tables go or change when one of this table goes, by foreign keys.
    pub(crate) acts_on_others: bool,
    pub(crate) catalog_entry: CatalogEntry,
    pub(crate) columns: Vec<TargetColumn>,
    pub(crate) uniques: Vec<Unique>,
    /// The target's own key: for rows whose event does not tell one.
    pub(crate) key: Vec<usize>,
    pub(crate) mappings: Vec<Mapping>,
    /// What the source says about the table, where that had to be asked.
    pub(crate) source: Option<Arc<Source>>,
    pub(crate) missing_columns: MissingColumns,
}

const TABLES: &str = "
select format('%I.%I', n.nspname, c.relname), c.relkind = 'r',
       exists (select from pg_catalog.pg_constraint k
                where k.contype = 'f' and k.confrelid = c.oid and k.confdeltype not in ('a', 'r')),
       c.oid
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.oid = any ($1)";

const COLUMNS: &str = "
select a.attname::text, quote_ident(a.attname), $READING, a.attgenerated <> '', a.attidentity = 'a',
       b.oid, b.typtype = 'e',
       coalesce((select l.collisdeterministic from pg_catalog.pg_collation l where l.oid = a.attcollation), true),
       $EQUALS,
       a.attnum, a.atttypid <> b.oid, a.attrelid
  from pg_catalog.pg_attribute a$BASE_TYPE$JOINS
 where a.attrelid = any ($1) and a.attnum > 0 and not a.attisdropped
 order by a.attrelid, a.attnum";

const UNIQUES: &str = "
select array(select k.attnum from unnest(i.indkey::int2[]) with ordinality k(attnum, pos)
              where k.pos <= i.indnkeyatts)::int2[],
       i.indisunique and i.indexprs is null and not i.indisexclusion, i.indimmediate, i.indrelid,
       i.indpred is null and i.indisvalid
       and not exists (select from unnest(i.indkey::int2[], i.indcollation::oid[],
                                          i.indclass::oid[]) with ordinality k(attnum, coll, class, pos)
                         join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                         join pg_catalog.pg_opclass o on o.oid = k.class
                        where k.pos <= i.indnkeyatts and (k.coll <> a.attcollation or not o.opcdefault))
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
 where i.indrelid = any ($1) and (i.indisunique or i.indisexclusion)
 order by i.indisprimary desc, i.indnkeyatts, c.relname";

/// What the catalogs tell of a table, while it is read.
struct Structure {
    quoted: String,
    alone: bool,
    acts_on_others: bool,
    columns: Vec<TargetColumn>,
    /// The columns' numbers.
    numbers: Vec<i16>,
    uniques: Vec<Unique>,
}

impl Structure {
    fn of(row: &tokio_postgres::Row) -> Structure {
        Structure {
            quoted: row.get(0),
            alone: row.get(1),
            acts_on_others: row.get(2),
            columns: Vec::new(),
            numbers: Vec::new(),
            uniques: Vec::new(),
        }
    }

    fn add_column(&mut self, row: &tokio_postgres::Row) {
        self.columns.push(TargetColumn {
            name: row.get(0),
            quoted: row.get(1),
            type_name: row.get(2),
            built_in: row.get::<_, u32>(3) < FIRST_OF_OTHERS,
            reading: Reading::of(row, 2),
            equals: row.get(13),
            domain: row.get(15),
            generated: row.get(8),
            identity_always: row.get(9),
            sameness: sameness(row.get(10), row.get(11), row.get(12)),
        });
        self.numbers.push(row.get(14));
    }

    fn add_unique(&mut self, row: &tokio_postgres::Row) {
        let attributes: Vec<i16> = row.get(0);
        let at: Option<Vec<usize>> =
            attributes.iter().map(|number| self.numbers.iter().position(|n| n == number)).collect();
        let columns = at.filter(|_| row.get(1));
        self.uniques.push(Unique { columns, immediate: row.get(2), finds_rows: row.get(4) });
    }

    fn into_plan(self, table: &str, catalog_entry: CatalogEntry, key: &[String]) -> Plan {
        let Structure { quoted, alone, acts_on_others, columns, uniques, .. } = self;
        let mut key: Vec<usize> =
            key.iter().filter_map(|name| columns.iter().position(|column| column.name == *name)).collect();
        key.sort_unstable();
        Plan {
            table: if table.contains('.') { table.to_owned() } else { format!("public.{table}") },
            quoted,
            alone,
            acts_on_others,
            catalog_entry,
            columns,
            uniques,
            key,
            mappings: Vec::new(),
            source: None,
            missing_columns: MissingColumns::Hold,
        }
    }
}

impl Plan {
    /// Reads the structure of tables, all with as many questions as one has; in the same order, `None` for one that
    /// went meanwhile.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub(crate) async fn load(
        client: &Client,
        wanted: Vec<(String, CatalogEntry)>,
    ) -> Result<Vec<Option<Plan>>> {
        let failed = || match wanted.as_slice() {
            [(table, _)] => Error::server(format!("reading the structure of table {table} on the target")),
            tables => {
                Error::server(format!("reading the structure of {} tables on the target", tables.len()))
            }
        };
        let oids: Vec<u32> = wanted.iter().map(|(_, entry)| entry.oid).collect();
        let mut read: HashMap<u32, Structure> = HashMap::new();
        for row in client.query(TABLES, &[&oids]).await.map_err(failed())? {
            read.insert(row.get(3), Structure::of(&row));
        }
        let asked = [
            ("$READING", READING),
            ("$EQUALS", pg::EQUALS),
            ("$BASE_TYPE", pg::BASE_TYPE),
            ("$JOINS", JOINS),
        ];
        let asked = asked.iter().fold(COLUMNS.to_owned(), |sql, (name, part)| sql.replace(name, part));
        for row in client.query(&asked, &[&oids]).await.map_err(failed())? {
            if let Some(structure) = read.get_mut(&row.get(16)) {
                structure.add_column(&row);
            }
        }
        for row in client.query(UNIQUES, &[&oids]).await.map_err(failed())? {
            if let Some(structure) = read.get_mut(&row.get(3)) {
                structure.add_unique(&row);
            }
        }
        let mut keys = pg::late_key_columns(client, &oids).await.map_err(failed())?;
        let plans = wanted.into_iter().map(|(table, entry)| {
            let names = keys.remove(&entry.oid).unwrap_or_default();
            Some(read.remove(&entry.oid)?.into_plan(&table, entry, &names))
        });
        Ok(plans.collect())
    }

    /// Position in `mappings` of the mapping of rows of those columns, made when it is new.
    ///
    /// # Errors
    /// [`Error::KeyColumnMissing`].
    pub(crate) fn map(&mut self, columns: &Arc<Columns>, event_id: i64) -> Result<usize> {
        let known = self.mappings.iter().position(|m| Arc::ptr_eq(&m.columns, columns));
        let known = known.or_else(|| self.mappings.iter().position(|m| m.columns == *columns));
        if let Some(at) = known {
            return Ok(at);
        }
        let mapping = Mapping::new(&self.table, &self.columns, columns, event_id)?;
        self.mappings.push(mapping);
        Ok(self.mappings.len() - 1)
    }

    /// Forgets mappings when there have come to be too many. Positions given by [`map`](Self::map) become void.
    pub(crate) fn trim(&mut self) {
        if self.mappings.len() > MAPPINGS {
            self.mappings.clear();
        }
    }

    /// The target numbers rows by itself (`generated always as identity`), in a column outside the key: it takes a
    /// number of ours in an insert, never in an update.
    pub(crate) fn numbers_rows(&self, key: &[usize]) -> bool {
        self.columns.iter().enumerate().any(|(at, column)| column.identity_always && !key.contains(&at))
    }

    /// Rows of different keys can be in each other's way while they change: there is a unique index or exclusion
    /// constraint besides the key that is checked at once.
    pub(crate) fn can_collide(&self, key: &[usize]) -> bool {
        self.uniques.iter().any(|unique| {
            unique.immediate
                && !unique
                    .columns
                    .as_ref()
                    .is_some_and(|columns| !key.is_empty() && key.iter().all(|k| columns.contains(k)))
        })
    }

    /// A row may be gone, or changed, by a foreign key's action before its own change arrives.
    pub(crate) fn may_cascade(&self, bypass: bool) -> bool {
        !bypass && self.catalog_entry.parents.iter().any(|parent| parent.acts)
    }

    /// The key's uniqueness is checked at the transaction's end only, or never.
    pub(crate) fn key_is_deferred(&self, key: &[usize]) -> bool {
        self.indexes_of(key).all(|unique| !unique.immediate)
    }

    /// The key may have several rows until the transaction ends, on the source as on the target by all that the
    /// target's table tells: an
    /// event that tells no more than the key does not say which one it means.
    pub(crate) fn may_have_several(&self, key: &[usize]) -> bool {
        self.indexes_of(key).next().is_some() && self.key_is_deferred(key)
    }

    /// The target's own key and its values in a row, for messages.
    pub(crate) fn describe_own_key(&self, row: &Row, mapping: usize) -> String {
        let value = |to: &usize| self.mappings.get(mapping)?.position(*to).and_then(|at| row.values.get(at));
        let part = |to: &usize| format!("{}={}", self.columns[*to].name, value(to).unwrap_or("NULL"));
        self.key.iter().map(part).collect::<Vec<_>>().join(", ")
    }

    /// An index finds the rows of each key.
    pub(crate) fn finds_rows_by(&self, key: &[usize]) -> bool {
        let as_they_are = |k: &usize| self.columns[*k].compared("").is_empty();
        key.iter().all(as_they_are)
            && self.uniques.iter().filter(|unique| unique.finds_rows).any(|unique| {
                unique.columns.as_ref().is_some_and(|columns| columns.iter().all(|at| key.contains(at)))
            })
    }

    fn indexes_of(&self, key: &[usize]) -> impl Iterator<Item = &Unique> {
        self.uniques.iter().filter(move |unique| {
            unique.columns.as_ref().is_some_and(|c| c.len() == key.len() && key.iter().all(|k| c.contains(k)))
        })
    }

    /// The change means its row by all of its values, since the source has no key that identifies it at any time; the
    /// target has one, which
    /// does when the transaction ends.
    pub(crate) fn identifies_late(&self, mapping: usize) -> bool {
        let Some(mapping) = self.mappings.get(mapping) else { return false };
        mapping.key.is_empty()
            && mapping.columns.are_all()
            && !self.key.is_empty()
            && self.key.iter().all(|to| mapping.position(*to).is_some())
    }
}
