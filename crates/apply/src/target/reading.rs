//! Reading of texts as values of a column's type on the target: by the type's own input function, never by a cast of
//! the application's.
//!
//! The owner of a type may make casts to it from text, at any time, by functions of his own. They count where an
//! expression is cast, so a user's type is never the target of one: its input function is called by name, or, where its
//! result has no type of its own (enum types, ranges), a parameter is an array of the type, which the server reads with
//! it. Arrays and composite types cannot be unnested from arrays as they are: they come as JSON.

use tokio_postgres::Row;

use crate::write::parameter::Parameter;

/// Types of PostgreSQL's own have smaller object ids. Casts between them are a superuser's.
pub(crate) const FIRST_OF_OTHERS: u32 = 16384;

/// The way of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A cast of PostgreSQL's own, to this type.
    Cast(String),
    /// The input function, and its arguments behind the text.
    Function { function: String, more: String },
    /// An array of the type, whose elements stand apart by this character.
    Typed { of: String, delimiter: char },
    /// A field of a JSON object, of this type.
    Json(String),
}

/// SQL: what [`Reading::of`] reads from a row, of the type that [`pg::BASE_TYPE`] finds.
pub(crate) const READING: &str = "format('%I.%I', bn.nspname, b.typname), b.oid, input.name, input.more,
       case when b.typtype in ('e', 'r', 'm') then arrays.name end, b.typdelim::text";

/// SQL: the joins that belong to it.
pub(crate) const JOINS: &str = "
  left join lateral (
       select format('%I.%I', pn.nspname, p.proname) as name,
              case p.pronargs when 1 then ''
                              when 2 then format(', %s::pg_catalog.oid', coalesce(nullif(b.typelem, 0), b.oid))
                              else format(', %s::pg_catalog.oid, -1', coalesce(nullif(b.typelem, 0), b.oid)) end as more
         from pg_catalog.pg_proc p
         join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
        where p.oid = b.typinput and p.prorettype = b.oid
          and b.oid not in ('pg_catalog.text'::regtype, 'pg_catalog.varchar'::regtype,
                            'pg_catalog.bpchar'::regtype)) input on true
  left join lateral (
       select format('%I.%I', an.nspname, t.typname) as name
         from pg_catalog.pg_type t join pg_catalog.pg_namespace an on an.oid = t.typnamespace
        where t.oid = b.typarray) arrays on true";

impl Reading {
    /// Reads the answer to [`READING`].
    pub(crate) fn of(row: &Row, first: usize) -> Reading {
        let (name, oid): (String, u32) = (row.get(first), row.get(first + 1));
        let function: Option<String> = row.get(first + 2);
        let of: Option<String> = row.get(first + 4);
        let delimiter = row.get::<_, String>(first + 5).chars().next().unwrap_or(',');
        match (function, of) {
            (Some(function), _) => Reading::Function { function, more: row.get(first + 3) },
            _ if oid < FIRST_OF_OTHERS => Reading::Cast(name),
            (None, Some(of)) => Reading::Typed { of, delimiter },
            (None, None) => Reading::Json(name),
        }
    }

    /// The SQL of the value of a column `given` of [`rows`].
    pub(crate) fn read(&self, given: &str) -> String {
        match self {
            Reading::Cast(name) => format!("{given}::{name}"),
            Reading::Function { function, more } => format!("{function}(pg_catalog.textout({given}){more})"),
            Reading::Typed { .. } | Reading::Json(_) => given.to_owned(),
        }
    }

    /// The SQL of the value of a parameter that stands for itself; `name` is the type's.
    pub(crate) fn read_one(&self, number: usize, name: &str) -> String {
        match self {
            Reading::Cast(_) | Reading::Function { .. } => self.read(&format!("${number}::text")),
            Reading::Typed { .. } | Reading::Json(_) => format!("${number}::{name}"),
        }
    }

    /// The parameter that carries the texts of several rows.
    pub(crate) fn parameter(&self, texts: &[Option<&str>]) -> Parameter {
        match self {
            Reading::Cast(_) | Reading::Function { .. } => Parameter::texts(texts),
            Reading::Typed { delimiter, .. } => Parameter::elements(texts, *delimiter),
            Reading::Json(_) => Parameter::objects(texts),
        }
    }
}

/// The parameters, one for each column, as rows to select from, without alias; and the names of their columns in order.
/// A column without reading is text.
pub(crate) fn rows<'c>(
    columns: impl Iterator<Item = (String, Option<&'c Reading>)>,
) -> (String, Vec<String>) {
    let (mut arrays, mut objects) = (Vec::new(), Vec::new());
    let (mut names, mut last_names) = (Vec::new(), Vec::new());
    for (at, (name, reading)) in columns.enumerate() {
        let number = at + 1;
        match reading {
            Some(Reading::Json(of)) => {
                objects.push(format!("pg_catalog.json_to_recordset(${number}::pg_catalog.json) as (v {of})"));
                last_names.push(name);
                continue;
            }
            Some(Reading::Typed { of, .. }) => arrays.push(format!("${number}::{of}")),
            _ => arrays.push(format!("${number}::text[]")),
        }
        names.push(name);
    }
    names.append(&mut last_names);
    // a function of the application's may be named as these; PostgreSQL qualifies an unnest of several arrays by
    // itself, and only that
    let unnested = match arrays.as_slice() {
        [] => None,
        [array] => Some(format!("pg_catalog.unnest({array})")),
        arrays => Some(format!("unnest({})", arrays.join(", "))),
    };
    if objects.is_empty() {
        return (unnested.unwrap_or_default(), names);
    }
    let all: Vec<String> = unnested.into_iter().chain(objects).collect();
    (format!("rows from ({})", all.join(", ")), names)
}

#[cfg(test)]
mod tests {
    use super::{Reading, rows};

    #[test]
    fn what_cannot_be_unnested_comes_last() {
        let json = Reading::Json("s.pair".to_owned());
        let mood = Reading::Typed { of: "s._mood".to_owned(), delimiter: ',' };
        let text = Reading::Cast("pg_catalog.text".to_owned());
        let named = |name: &str| name.to_owned();
        let all = [
            (named("a"), Some(&json)),
            (named("b"), Some(&mood)),
            (named("c"), Some(&text)),
            (named("d"), None),
        ];
        let (source, names) = rows(all.into_iter());
        let objects = "pg_catalog.json_to_recordset($1::pg_catalog.json) as (v s.pair)";
        assert_eq!(source, format!("rows from (unnest($2::s._mood, $3::text[], $4::text[]), {objects})"));
        assert_eq!(names, ["b", "c", "d", "a"]);
        assert_eq!(rows([(named("a"), Some(&json))].into_iter()).0, format!("rows from ({objects})"));
        assert_eq!(rows([(named("a"), None)].into_iter()).0, "pg_catalog.unnest($1::text[])");
    }
}
