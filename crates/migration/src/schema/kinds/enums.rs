//! Enum types: labels in order.

use super::replace::{CONVERSIONS, replace_type};
use crate::schema::kind::{Both, Kind, Property, Weight, always};

pub(crate) static ENUM: Kind = Kind::new(
    "type",
    sql,
    &[Property::new("labels", weight).mended_by(mend)],
    always::stops,
    always::cosmetic,
);

fn sql() -> String {
    format!(
        "select s.name || '.' || quote_ident(t.typname), '',
                format('create type %s.%I as enum (%s)', s.name, t.typname, l.labels), format('drop type %s.%I',
                    s.name, t.typname),
                l.labels, '', {CONVERSIONS}
           from pg_type t join spot s on s.oid = t.typnamespace
           cross join lateral (select coalesce(string_agg(quote_literal(enumlabel), ', ' order by enumsortorder),
               '') as labels
                                 from pg_enum where enumtypid = t.oid) l
          where t.typtype = 'e' and not exists (select from member m where m.classid = 'pg_type'::regclass and
              m.objid = t.oid)"
    )
}

/// The labels of a list of literals.
fn labels(text: &str) -> Vec<&str> {
    let mut labels = Vec::new();
    let (mut start, mut inside) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => inside = !inside,
            ',' if !inside => {
                labels.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    labels.push(text[start..].trim());
    labels.retain(|label| !label.is_empty());
    labels
}

/// A label of the source that the target lacks is refused there.
fn weight(source: &str, target: &str) -> Weight {
    let there = labels(target);
    if labels(source).iter().all(|label| there.contains(label)) { Weight::Data } else { Weight::Stops }
}

/// Labels are added where the target has no other and the same order; else the type is replaced.
fn mend(both: &Both<'_>) -> String {
    let (source, target) = both.values();
    let (wanted, there) = (labels(source), labels(target));
    let kept: Vec<&str> = wanted.iter().copied().filter(|label| there.contains(label)).collect();
    if kept != there {
        return replace_type(both);
    }
    let mut before = "";
    let mut statements = Vec::new();
    for label in wanted {
        if !there.contains(&label) {
            let place = match (before, there.first()) {
                ("", Some(first)) => format!(" before {first}"),
                ("", None) => String::new(),
                (before, _) => format!(" after {before}"),
            };
            statements.push(format!("alter type {} add value {label}{place}", both.target.name));
        }
        before = label;
    }
    statements.join(";\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::kind::Object;

    #[test]
    fn labels_are_added_in_their_places() {
        let object = |labels: &str| Object {
            name: "public.mood".to_owned(),
            create: "create type".to_owned(),
            values: vec![(labels.to_owned(), String::new())],
            rest: vec!["convert".to_owned(), "\"old mood\"".to_owned(), "mood".to_owned()],
            ..Object::default()
        };
        let mended = |source: &str, target: &str| {
            let (source, target) = (object(source), object(target));
            mend(&Both { source: &source, target: &target, at: 0 })
        };
        assert_eq!(labels("'a', 'it''s, b'"), ["'a'", "'it''s, b'"]);
        assert_eq!(
            mended("'z', 'a', 'b', 'c'", "'a', 'c'"),
            "alter type public.mood add value 'z' before 'a';\nalter type public.mood add value 'b' after 'a'"
        );
        assert_eq!(
            mended("'a', 'b'", "'b', 'a'"),
            "alter type public.mood rename to \"old mood\";\ncreate type;\nconvert;\ndrop type public.\"old mood\""
        );
    }
}
