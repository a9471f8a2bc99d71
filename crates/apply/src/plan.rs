//! What is known about a destination table: its columns as the target has them, its unique indexes, its prepared statements.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::{Client, Statement};

use crate::mapping::Mapping;
use crate::spool::Spool;
use crate::statement::Shape;
use crate::survey::Sight;
use crate::{Columns, Error, MissingColumns, Result, Source};

/// Mappings kept for one table: with partial SQL each set of changed columns has one.
const MAPPINGS: usize = 512;
/// Statements kept for one table.
const STATEMENTS: usize = 512;

/// When two texts of a column's values mean that the values differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sameness {
    /// Always.
    Text,
    /// Where the output settings were pinned.
    PinnedText,
    /// Where they differ in more than trailing blanks.
    Blanks,
    /// Where they differ in more than zeros at the end of the fraction.
    Numeric,
    /// As `PinnedText`, but for minus zero.
    Float,
    /// Only the server knows.
    Unknown,
}

#[derive(Debug)]
pub(crate) struct TargetColumn {
    pub(crate) name: String,
    pub(crate) quoted: String,
    /// The type to cast texts to: that of the column, without domain and without type modifier, so that the assignment to the column
    /// still checks both (an explicit cast would cut too long values off silently).
    cast: String,
    /// The type's input function and its arguments behind the text, where a cast from text would be another: that to regclass does
    /// not know `-`.
    input: Option<(String, String)>,
    /// `operator(schema.=)` of the type's default B-tree class: an index can serve it, whatever the search_path.
    pub(crate) equals: String,
    pub(crate) generated: bool,
    pub(crate) identity_always: bool,
    pub(crate) sameness: Sameness,
}

impl TargetColumn {
    /// The SQL of the column's type, without domain and without type modifier.
    pub(crate) fn type_sql(&self) -> &str {
        &self.cast
    }

    /// The SQL of the column's value whose text is given by the expression `text`.
    pub(crate) fn read(&self, text: &str) -> String {
        match &self.input {
            Some((function, more)) => format!("{function}(pg_catalog.textout({text}){more})"),
            None => format!("{text}::{}", self.cast),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Unique {
    /// Positions of the columns; `None` of an exclusion constraint, or of an index with expressions.
    columns: Option<Vec<usize>>,
    immediate: bool,
    identifies: bool,
}

#[derive(Debug)]
pub(crate) struct Plan {
    /// `schema.table`, plain: for messages.
    pub(crate) table: String,
    pub(crate) quoted: String,
    /// One relation, whose inheritance children are tables of their own.
    pub(crate) alone: bool,
    /// Rows of other tables go or change when one of this table goes, by foreign keys.
    pub(crate) acts_on_others: bool,
    pub(crate) sight: Sight,
    pub(crate) columns: Vec<TargetColumn>,
    pub(crate) uniques: Vec<Unique>,
    /// The target's own key: for rows whose event does not tell one.
    pub(crate) key: Vec<usize>,
    pub(crate) mappings: Vec<Mapping>,
    statements: HashMap<Shape, Statement>,
    /// Chunks that are still to be written in event order, because folding met a collision lately.
    pub(crate) ordered_for: u32,
    /// What the source says about the table, where that had to be asked.
    pub(crate) source: Option<Arc<Source>>,
    pub(crate) missing_columns: MissingColumns,
    /// Its changes are gathered and written at the end.
    pub(crate) spool: Option<Spool>,
}

const TABLE: &str = "
select format('%I.%I', n.nspname, c.relname), c.relkind = 'r',
       exists (select from pg_catalog.pg_constraint k where k.contype = 'f' and k.confrelid = c.oid and k.confdeltype not in ('a', 'r'))
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.oid = $1";

const COLUMNS: &str = "
select a.attname::text, quote_ident(a.attname), format('%I.%I', bn.nspname, b.typname), a.attgenerated <> '', a.attidentity = 'a',
       b.oid, b.typtype = 'e',
       coalesce((select l.collisdeterministic from pg_catalog.pg_collation l where l.oid = a.attcollation), true),
       coalesce((select format('operator(%I.%s)', pn.nspname, p.oprname)
                   from pg_catalog.pg_opclass oc
                   join pg_catalog.pg_am m on m.oid = oc.opcmethod and m.amname = 'btree'
                   join pg_catalog.pg_amop ao on ao.amopfamily = oc.opcfamily and ao.amopstrategy = 3
                    and ao.amoplefttype = oc.opcintype and ao.amoprighttype = oc.opcintype
                   join pg_catalog.pg_operator p on p.oid = ao.amopopr
                   join pg_catalog.pg_namespace pn on pn.oid = p.oprnamespace
                  where oc.opcintype = b.oid and oc.opcdefault limit 1), 'operator(pg_catalog.=)'),
       a.attnum,
       a.attnotnull and not exists (select from pg_catalog.pg_constraint n
                                     where n.conrelid = a.attrelid and n.contype = 'n' and n.conkey = array[a.attnum]
                                       and not n.convalidated),
       input.name, input.more
  from pg_catalog.pg_attribute a
 cross join lateral (
       with recursive up as (
           select t.oid, t.typtype, t.typbasetype from pg_catalog.pg_type t where t.oid = a.atttypid
           union all
           select t.oid, t.typtype, t.typbasetype from up join pg_catalog.pg_type t on t.oid = up.typbasetype where up.typtype = 'd')
       select up.oid from up where up.typtype <> 'd') base
  join pg_catalog.pg_type b on b.oid = base.oid
  join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace
  left join lateral (
       select format('%I.%I', pn.nspname, p.proname) as name,
              case p.pronargs when 1 then ''
                              when 2 then format(', %s::pg_catalog.oid', coalesce(nullif(b.typelem, 0), b.oid))
                              else format(', %s::pg_catalog.oid, -1', coalesce(nullif(b.typelem, 0), b.oid)) end as more
         from pg_catalog.pg_cast k
         join pg_catalog.pg_proc p on p.oid = b.typinput and p.prorettype = b.oid
         join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
        where k.castsource = 'pg_catalog.text'::pg_catalog.regtype and k.casttarget = b.oid and k.castmethod = 'f') input on true
 where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
 order by a.attnum";

const UNIQUES: &str = "
select array(select k.attnum from unnest(i.indkey::int2[]) with ordinality k(attnum, pos) where k.pos <= i.indnkeyatts)::int2[],
       i.indisunique and i.indexprs is null and not i.indisexclusion, i.indimmediate,
       i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
 where i.indrelid = $1 and (i.indisunique or i.indisexclusion)
 order by i.indisprimary desc, i.indnkeyatts, c.relname";

impl Plan {
    /// Reads the table's structure.
    ///
    /// # Errors
    /// [`Error::Server`]; [`Error::TableMissing`] when it went meanwhile.
    pub(crate) async fn load(client: &Client, table: &str, sight: Sight, event_id: i64) -> Result<Plan> {
        let failed = || Error::server(format!("reading the structure of table {table} on the target"));
        let oid = sight.oid;
        let found = client.query_opt(TABLE, &[&oid]).await.map_err(failed())?;
        let found = found.ok_or_else(|| Error::TableMissing { table: table.to_owned(), event_id })?;
        let mut columns = Vec::new();
        let mut numbers: Vec<(i16, bool)> = Vec::new();
        for row in client.query(COLUMNS, &[&oid]).await.map_err(failed())? {
            columns.push(TargetColumn {
                name: row.get(0),
                quoted: row.get(1),
                cast: row.get(2),
                input: row.get::<_, Option<String>>(11).map(|name| (name, row.get(12))),
                equals: row.get(8),
                generated: row.get(3),
                identity_always: row.get(4),
                sameness: sameness(row.get(5), row.get(6), row.get(7)),
            });
            numbers.push((row.get(9), row.get(10)));
        }
        let mut uniques = Vec::new();
        for row in client.query(UNIQUES, &[&oid]).await.map_err(failed())? {
            let attributes: Vec<i16> = row.get(0);
            let at: Option<Vec<usize>> =
                attributes.iter().map(|number| numbers.iter().position(|(n, _)| n == number)).collect();
            let columns = at.filter(|_| row.get(1));
            let not_null = columns.as_ref().is_some_and(|at| at.iter().all(|at| numbers[*at].1));
            uniques.push(Unique { columns, immediate: row.get(2), identifies: not_null && row.get(3) });
        }
        let key = uniques.iter().find(|u| u.identifies).and_then(|u| u.columns.clone());
        let mut key = key.unwrap_or_default();
        key.sort_unstable();
        Ok(Plan {
            table: if table.contains('.') { table.to_owned() } else { format!("public.{table}") },
            quoted: found.get(0),
            alone: found.get(1),
            acts_on_others: found.get(2),
            sight,
            columns,
            uniques,
            key,
            mappings: Vec::new(),
            statements: HashMap::new(),
            ordered_for: 0,
            source: None,
            missing_columns: MissingColumns::Hold,
            spool: None,
        })
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

    /// Forgets mappings and statements when there have come to be too many. Positions given by [`map`](Self::map) become void.
    pub(crate) fn trim(&mut self) {
        if self.mappings.len() > MAPPINGS {
            self.mappings.clear();
        }
        if self.statements.len() > STATEMENTS {
            self.statements.clear();
        }
    }

    /// The prepared statement of that shape.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn statement(
        &mut self,
        client: &Client,
        shape: &Shape,
    ) -> std::result::Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.statements.get(shape) {
            return Ok(statement.clone());
        }
        let statement = client.prepare(&shape.sql(self)).await?;
        self.statements.insert(shape.clone(), statement.clone());
        Ok(statement)
    }

    /// The target numbers rows by itself (`generated always as identity`), in a column outside the key: it takes a number of ours in an
    /// insert, never in an update.
    pub(crate) fn numbers_rows(&self, key: &[usize]) -> bool {
        self.columns.iter().enumerate().any(|(at, column)| column.identity_always && !key.contains(&at))
    }

    /// Rows of different keys can be in each other's way while they change: there is a unique index or exclusion constraint besides
    /// the key that is checked at once.
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
        !bypass && self.sight.parents.iter().any(|parent| parent.acts)
    }

    /// The key's uniqueness is checked at the transaction's end only.
    pub(crate) fn key_is_deferred(&self, key: &[usize]) -> bool {
        let mut of_key = self.uniques.iter().filter(|unique| {
            unique.columns.as_ref().is_some_and(|c| c.len() == key.len() && key.iter().all(|k| c.contains(k)))
        });
        of_key.all(|unique| !unique.immediate)
    }
}

/// Types by their fixed object ids.
fn sameness(base: u32, is_enum: bool, deterministic: bool) -> Sameness {
    match base {
        // text, varchar: a nondeterministic collation takes different texts for equal
        25 | 1043 if deterministic => Sameness::Text,
        // "char", name, int8, int2, int4, oid, cidr, macaddr8, macaddr, inet, bit, varbit, uuid, pg_lsn
        18 | 19 | 20 | 21 | 23 | 26 | 650 | 774 | 829 | 869 | 1560 | 1562 | 2950 | 3220 => Sameness::Text,
        // bool, bytea, money, date, time, timestamp, timestamptz, timetz
        16 | 17 | 790 | 1082 | 1083 | 1114 | 1184 | 1266 => Sameness::PinnedText,
        1042 if deterministic => Sameness::Blanks,
        700 | 701 => Sameness::Float,
        1700 => Sameness::Numeric,
        _ if is_enum => Sameness::Text,
        _ => Sameness::Unknown,
    }
}
