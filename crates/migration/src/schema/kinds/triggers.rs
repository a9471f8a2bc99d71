//! Triggers of the application: none of ours, and none that came with a partitioned table.

use crate::schema::kind::{Kind, Property, always};

pub(crate) static TRIGGER: Kind = Kind::new(
    "trigger",
    sql,
    &[Property::new("definition", always::value_data), Property::new("enabled", always::value_data)],
    always::data,
    always::data,
);

/// The word of `alter table … trigger` for each `tgenabled` or `ev_enabled`.
pub(crate) const ENABLED: &str = "case %s when 'O' then 'enable' when 'D' then 'disable' \
    when 'A' then 'enable always' else 'enable replica' end";

fn sql() -> String {
    let enabled = ENABLED.replace("%s", "t.tgenabled");
    format!(
        "select format('%I on %s', t.tgname, r.name), r.name, k.def || case when t.tgenabled = 'O' then '' else
            format(
                  E';\\nalter table %s %s trigger %I', r.name, {enabled}, t.tgname) end,
                format('drop trigger %I on %s', t.tgname, r.name),
                k.def, format(E'drop trigger %I on %s;\\n%s', t.tgname, r.name, k.def),
                {enabled}, format('alter table %s %s trigger %I', r.name, {enabled}, t.tgname), quote_ident(t.tgname)
           from rel r join pg_trigger t on t.tgrelid = r.oid join pg_proc p on p.oid = t.tgfoid
           join pg_namespace n on n.oid = p.pronamespace
           cross join lateral (select pg_get_triggerdef(t.oid) as def) k
          where not t.tgisinternal and t.tgparentid = 0 and n.nspname not in (select schema from ours) order by 1"
    )
}
