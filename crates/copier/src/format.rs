//! Which columns may travel in binary format.

use pg::Column;

/// Object ids below this one are PostgreSQL's own, the same in every database.
const FIRST_OF_OTHERS: u32 = 16384;

/// Built-in types whose binary format is the same in all versions and means the same in every database. Not among them: object ids that
/// stand for names (`regclass` and its like), `xml` (its text declares an encoding), `tsquery` (servers refuse the binary form of an
/// empty one), and whatever a later version may bring.
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

/// Whether the target reads the source's binary values of this column as they were meant. Modifiers may differ: the target checks
/// lengths and scales of binary values too. Types of the database's own travel as text, which is exact for every type.
pub(crate) fn agrees(source: &Column, target: &Column) -> bool {
    let Some(name) =
        source.type_name.strip_prefix("\"pg_catalog\".\"").and_then(|name| name.strip_suffix('"'))
    else {
        return false;
    };
    // the array of a type is named with a "_" before it; its binary format names the element type by its object id
    let element = name.strip_prefix('_').unwrap_or(name);
    source.type_oid < FIRST_OF_OTHERS
        && source.type_oid == target.type_oid
        && source.type_name == target.type_name
        && STABLE.contains(&element)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(type_name: &str, type_oid: u32) -> Column {
        Column {
            attnum: 1,
            name: "c".to_owned(),
            type_name: type_name.to_owned(),
            type_oid,
            formatted: String::new(),
            not_null: false,
            generated: false,
            is_virtual: false,
            identity: None,
            has_default: false,
        }
    }

    #[test]
    fn built_in_types_agree_with_themselves_and_nothing_else() {
        let int4 = column(r#""pg_catalog"."int4""#, 23);
        let int8 = column(r#""pg_catalog"."int8""#, 20);
        assert!(agrees(&int4, &int4.clone()));
        assert!(!agrees(&int4, &int8));
        assert!(agrees(&column(r#""pg_catalog"."_text""#, 1009), &column(r#""pg_catalog"."_text""#, 1009)));
    }

    #[test]
    fn names_behind_object_ids_and_types_of_a_database_travel_as_text() {
        for (name, oid) in [("regclass", 2205), ("_regclass", 2210), ("xml", 142)] {
            let column = column(&format!("\"pg_catalog\".\"{name}\""), oid);
            assert!(!agrees(&column, &column.clone()), "{name}");
        }
        let mood = column(r#""public"."mood""#, 16400);
        assert!(!agrees(&mood, &mood.clone()));
    }
}
