//! Rules, but for those that views are made of.

use super::triggers::ENABLED;
use crate::schema::kind::{Kind, Property, always};

pub(crate) static RULE: Kind = Kind::new(
    "rule",
    sql,
    &[Property::new("definition", always::value_data), Property::new("enabled", always::value_data)],
    always::data,
    always::stops,
);

fn sql() -> String {
    let enabled = ENABLED.replace("%s", "w.ev_enabled");
    format!(
        "select format('%I on %s', w.rulename, r.name), r.name, k.def, format('drop rule %I on %s', w.rulename,
            r.name),
                k.def, regexp_replace(k.def, '^CREATE RULE', 'CREATE OR REPLACE RULE'),
                {enabled}, format('alter table %s %s rule %I', r.name, {enabled}, w.rulename)
           from rel r join pg_rewrite w on w.ev_class = r.oid
           cross join lateral (select rtrim(pg_get_ruledef(w.oid), ';') as def) k
          where w.rulename <> '_RETURN'"
    )
}
