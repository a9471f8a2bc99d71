//! Views and materialized views.

use crate::schema::kind::{Kind, Property, Spelling, always};

pub(crate) static VIEW: Kind = Kind::new(
    "view",
    || sql("view", 'v', "create or replace view"),
    &[
        Property::new("columns", always::value_data),
        Property::new("definition", always::value_data).spelled(Spelling::Query),
        Property::new("options", always::value_data),
    ],
    always::data,
    always::cosmetic,
);

pub(crate) static MATERIALIZED: Kind = Kind::new(
    "materialized view",
    || sql("materialized view", 'm', "drop"),
    &[
        Property::new("columns", always::value_data),
        Property::new("definition", always::value_data).spelled(Spelling::Query),
        Property::new("options", always::value_cosmetic),
    ],
    always::data,
    always::cosmetic,
);

/// A view takes another query; a materialized one, and one with other columns, has to be made anew.
fn sql(word: &str, kind: char, replace: &str) -> String {
    let anew = format!("'drop {word} ' || r.name || E';\\ncreate {word} ' || k.whole");
    let other = if replace == "drop" { anew.clone() } else { format!("'{replace} ' || k.whole") };
    format!(
        "select r.name, '', 'create {word} ' || k.whole, 'drop {word} ' || r.name,
                k.columns, {anew}, k.query, {other},
                coalesce(array_to_string(r.reloptions, ', '), ''),
                case when r.reloptions is null then {anew}
                     else format('alter {word} %s set (%s)', r.name, array_to_string(r.reloptions, ', ')) end
           from rel r
           cross join lateral (select rtrim(pg_get_viewdef(r.oid), E'; \\n') as query,
                  (select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by
                      a.attnum)
                     from pg_attribute a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped) as
                         columns) q
           cross join lateral (select q.*, r.name || coalesce(' with (' || array_to_string(r.reloptions, ', ') ||
               ')', '')
                                           || E' as\\n' || q.query as whole) k
          where r.relkind = '{kind}' order by r.oid"
    )
}
