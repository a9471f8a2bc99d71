//! Binary format: the columns that may travel in it.

use std::collections::{BTreeMap, HashMap};

use pg::{Client, Table};

use crate::Result;
use crate::error::During;

/// Object ids below this one are PostgreSQL's own, the same in every database.
const FIRST_OF_OTHERS: u32 = 16384;

/// Built-in types whose binary format is the same in all versions and means the same in every database. Not among them:
/// object ids that stand for names (`regclass` and its like), `xml` (its text declares an encoding), `tsquery` (servers
/// refuse the binary form of an empty one), and whatever a later version may bring.
const STABLE: &[&str] = &[
    "bool",
    "bytea",
    "char",
    "name",
    "int8",
    "int2",
    "int4",
    "text",
    "oid",
    "json",
    "jsonb",
    "float4",
    "float8",
    "bpchar",
    "varchar",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "timetz",
    "bit",
    "varbit",
    "numeric",
    "uuid",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "point",
    "lseg",
    "path",
    "box",
    "polygon",
    "line",
    "circle",
    "money",
    "tsvector",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
    "pg_lsn",
    "txid_snapshot",
    "pg_snapshot",
];

/// Types of extensions whose binary format has one version and names no object ids.
const OF_EXTENSIONS: &[(&str, &str)] = &[("citext", "citext"), ("hstore", "hstore"), ("ltree", "ltree")];

/// What a column's values are on the wire, by the catalogs: a domain's are those of its base type. A type without a row
/// has no binary format, or belongs to the database alone (composite types, arrays and ranges of its own tell object
/// ids).
const WIRES: &str = "\
with recursive based (relation, name, type) as (
    select a.attrelid, a.attname, a.atttypid from pg_catalog.pg_attribute a
     where a.attrelid = any ($1) and a.attnum > 0 and not a.attisdropped
    union all
    select b.relation, b.name, t.typbasetype from based b join pg_catalog.pg_type t on t.oid = b.type
     where t.typtype = 'd')
select b.name::text, t.oid, t.typname::text, n.nspname = 'pg_catalog', t.typtype = 'e', e.extname::text, b.relation
  from based b join pg_catalog.pg_type t on t.oid = b.type and t.typtype <> 'd'
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
  left join pg_catalog.pg_extension e on e.oid = d.refobjid
 where t.typsend <> 0 and t.typreceive <> 0";

/// What the values of a column are in binary format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wire {
    /// A type of PostgreSQL's own; the array of a type is named with a "_" before it.
    BuiltIn {
        oid: u32,
        name: String,
    },
    /// The text of a label.
    Label,
    OfExtension {
        extension: String,
        name: String,
    },
}

/// What the values of a table's columns are in binary format, by the column's name.
pub(crate) type Wires = BTreeMap<String, Wire>;

/// Asks one side; answers by the tables' object ids.
pub(crate) async fn wires(client: &Client, tables: &[&Table]) -> Result<HashMap<u32, Wires>> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let names: Vec<String> = tables.iter().map(|table| table.name.to_string()).collect();
    let asked = client.query(WIRES, &[&oids]).await;
    let rows = asked.during(format!("reading the types of {}", names.join(", ")))?;
    let wire = |row: &tokio_postgres::Row| {
        let (oid, name): (u32, String) = (row.get(1), row.get(2));
        let (built_in, label, extension): (bool, bool, Option<String>) = (row.get(3), row.get(4), row.get(5));
        if label {
            Some(Wire::Label)
        } else if built_in && oid < FIRST_OF_OTHERS {
            Some(Wire::BuiltIn { oid, name })
        } else {
            extension.map(|extension| Wire::OfExtension { extension, name })
        }
    };
    let mut wires: HashMap<u32, Wires> = HashMap::new();
    for row in &rows {
        if let Some(wire) = wire(row) {
            wires.entry(row.get(6)).or_default().insert(row.get(0), wire);
        }
    }
    Ok(wires)
}

/// Whether the target reads the source's binary values of a column as they were meant. Modifiers may differ: the target
/// checks lengths and scales of binary values too, labels, and the constraints of domains.
pub(crate) fn agrees(source: Option<&Wire>, target: Option<&Wire>) -> bool {
    source.is_some()
        && source == target
        && source.is_some_and(|wire| match wire {
            // the binary format of an array names the element type by its object id
            Wire::BuiltIn { name, .. } => STABLE.contains(&name.strip_prefix('_').unwrap_or(name)),
            Wire::Label => true,
            Wire::OfExtension { extension, name } => {
                OF_EXTENSIONS.contains(&(extension.as_str(), name.as_str()))
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in(name: &str, oid: u32) -> Wire {
        Wire::BuiltIn { oid, name: name.to_owned() }
    }

    #[test]
    fn built_in_types_agree_with_themselves_and_nothing_else() {
        let (int4, int8) = (built_in("int4", 23), built_in("int8", 20));
        assert!(agrees(Some(&int4), Some(&int4)));
        assert!(!agrees(Some(&int4), Some(&int8)) && !agrees(Some(&int4), None) && !agrees(None, None));
        let texts = built_in("_text", 1009);
        assert!(agrees(Some(&texts), Some(&texts)));
        for (name, oid) in [("regclass", 2205), ("_regclass", 2210), ("xml", 142)] {
            let wire = built_in(name, oid);
            assert!(!agrees(Some(&wire), Some(&wire)), "{name}");
        }
    }

    #[test]
    fn labels_agree_and_known_types_of_extensions() {
        let of = |extension: &str, name: &str| Wire::OfExtension {
            extension: extension.into(),
            name: name.into(),
        };
        assert!(agrees(Some(&Wire::Label), Some(&Wire::Label)));
        assert!(!agrees(Some(&Wire::Label), Some(&built_in("text", 25))));
        assert!(agrees(Some(&of("hstore", "hstore")), Some(&of("hstore", "hstore"))));
        assert!(!agrees(Some(&of("postgis", "geometry")), Some(&of("postgis", "geometry"))));
    }
}
