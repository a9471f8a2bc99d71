//! Source: its definition of a table, asked for where an event has columns that the target lacks.

use pgq::shape;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use crate::target::survey::splits;
use crate::{Error, Result};

/// The value that all older rows have in an added column: what the same ALTER TABLE gives them on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fill {
    Null,
    /// Its text.
    Text(String),
    /// Each row may have another one.
    Unknown,
}

/// A column of the source's table.
#[derive(Debug, Clone)]
pub(crate) struct SourceColumn {
    pub(crate) name: String,
    /// Its name and type, and the expression that generates it, as in CREATE TABLE.
    base: String,
    /// Its default now.
    default: Option<String>,
    pub(crate) generated: bool,
    pub(crate) is_boolean: bool,
    pub(crate) fill: Fill,
}

/// What the source says about a table, and which of its columns are skipped on purpose.
#[derive(Debug, Clone)]
pub struct Source {
    pub(crate) columns: Vec<SourceColumn>,
    /// Columns that events of the table have had; `None`: there is no record of it.
    pub(crate) former: Option<Vec<String>>,
    pub(crate) skipped: Vec<String>,
    /// The columns that were asked for.
    pub(crate) asked: Vec<String>,
}

fn columns_query() -> String {
    let tree = pg::partition_tree("c.oid");
    format!(
        "
select a.attname::text,
       concat(quote_ident(a.attname), ' ', pg_catalog.format_type(a.atttypid, a.atttypmod),
              case when a.attgenerated <> '' then format(' generated always as (%s) stored',
                                                         pg_catalog.pg_get_expr(d.adbin, d.adrelid)) end),
       a.attgenerated <> '', a.atttypid = 'pg_catalog.bool'::pg_catalog.regtype,
       d.adbin is not null or a.attidentity <> '' or t.typdefault is not null,
       array(select distinct (f.attmissingval::text::text[])[1]
               from pg_catalog.pg_attribute f
              where f.atthasmissing and f.attname = a.attname and not f.attisdropped
                and f.attrelid in (select p.relid from {tree} p)),
       case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where n.nspname = $1::text::name and c.relname = $2::text::name
 order by a.attnum"
    )
}

impl Source {
    /// Asks the provider about a table, `schema.table`, because of these columns. `skipped`: those that the target
    /// lacks on purpose.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub async fn ask(
        provider: &Client,
        table: &str,
        asked: Vec<String>,
        skipped: Vec<String>,
    ) -> Result<Source> {
        let failed = || Error::server(format!("reading the definition of table {table} on the provider"));
        let mut columns = Vec::new();
        for (schema, name) in splits(table) {
            let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&schema, Type::TEXT), (&name, Type::TEXT)];
            let rows = provider.query_typed(&columns_query(), &parameters).await.map_err(failed())?;
            columns = rows.iter().map(column).collect();
            if !columns.is_empty() {
                break;
            }
        }
        let former = shape::former_columns(provider, table).await.map_err(failed())?;
        // the stock triggers register no shapes
        Ok(Source { columns, former: former.filter(|names| !names.is_empty()), skipped, asked })
    }

    /// The columns that were asked for.
    pub fn asked(&self) -> &[String] {
        &self.asked
    }
}

impl SourceColumn {
    #[cfg(test)]
    pub(crate) fn of(name: &str, fill: Fill, default: Option<&str>) -> SourceColumn {
        SourceColumn {
            name: name.to_owned(),
            base: format!("{} integer", pg::Ident::new(name)),
            default: default.map(str::to_owned),
            generated: false,
            is_boolean: false,
            fill,
        }
    }

    /// What ALTER TABLE adds on the target, so that its rows have there what they have on the source.
    pub(crate) fn addition(&self) -> String {
        let base = &self.base;
        match (&self.fill, &self.default) {
            (_, None) => format!("add column {base}"),
            (Fill::Text(fill), Some(default)) if !self.is_default(fill, default) => {
                let (name, fill) = (pg::Ident::new(&self.name), fill.replace('\'', "''"));
                format!("add column {base} default '{fill}', alter column {name} set default {default}")
            }
            (_, Some(default)) => format!("add column {base} default {default}"),
        }
    }

    /// The default is that constant, as PostgreSQL prints constants.
    fn is_default(&self, fill: &str, default: &str) -> bool {
        let quoted = format!("'{}'", fill.replace('\'', "''"));
        fill == default
            || default.strip_prefix(&quoted).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            || (self.is_boolean && fill.get(..1) == default.get(..1))
    }
}

fn column(row: &tokio_postgres::Row) -> SourceColumn {
    let (has_default, mut fills): (bool, Vec<String>) = (row.get(4), row.get(5));
    let fill = match (fills.pop(), has_default) {
        (Some(fill), _) if fills.is_empty() => Fill::Text(fill),
        (None, false) => Fill::Null,
        _ => Fill::Unknown,
    };
    SourceColumn {
        name: row.get(0),
        base: row.get(1),
        default: row.get(6),
        generated: row.get(2),
        is_boolean: row.get(3),
        fill,
    }
}
