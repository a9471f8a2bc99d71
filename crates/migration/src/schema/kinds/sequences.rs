//! Sequences: what they count by, and the columns that own them.

use crate::schema::kind::{Both, Kind, Object, Property, Weight, always};

const COUNTING: &[Property] = &[
    Property::new("type", always::value_data),
    Property::new("increment", always::value_data),
    Property::new("minvalue", always::value_data).mended_by(bounds),
    Property::new("maxvalue", always::value_data).mended_by(bounds),
    Property::new("start", always::value_cosmetic).mended_by(bounds),
    Property::new("cache", always::value_cosmetic),
    Property::new("cycle", always::value_data),
];

pub(crate) static SEQUENCE: Kind =
    Kind::new("sequence", || counting("not o.internal"), COUNTING, always::data, always::cosmetic)
        .holding_rows();

/// Sequences behind identity columns come and go with these.
pub(crate) static IDENTITY: Kind =
    Kind::new("identity sequence", || counting("o.internal"), COUNTING, always::cosmetic, always::cosmetic)
        .only_where_both();

pub(crate) static OWNED: Kind = Kind::new(
    "ownership of sequence",
    owned,
    &[Property::new("column", |_, _| Weight::Cosmetic)],
    |_: &Object| Weight::Cosmetic,
    |_: &Object| Weight::Cosmetic,
)
.only_where_both();

/// All bounds at once: one alone may contradict the others.
fn bounds(both: &Both<'_>) -> String {
    both.source.statement(2).to_owned()
}

fn counting(which: &str) -> String {
    format!(
        "select r.name, '',
            format('create sequence %s as %s increment %s minvalue %s maxvalue %s start %s cache %s%s', r.name,
                y.type,
                  q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache, case when q.seqcycle then ' cycle' end),
                'drop sequence ' || r.name,
                y.type, format('alter sequence %s as %s', r.name, y.type),
                q.seqincrement, format('alter sequence %s increment %s', r.name, q.seqincrement),
                q.seqmin, format('alter sequence %s minvalue %s maxvalue %s start %s', r.name, q.seqmin, q.seqmax,
                    q.seqstart),
                q.seqmax, '', q.seqstart, '',
                q.seqcache, format('alter sequence %s cache %s', r.name, q.seqcache),
                case when q.seqcycle then 'cycle' else '' end,
                format('alter sequence %s %scycle', r.name, case when q.seqcycle then '' else 'no ' end)
           from rel r join pg_sequence q on q.seqrelid = r.oid
           cross join lateral (select format_type(q.seqtypid, null) as type) y
           cross join lateral (select exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                  and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.deptype = 'i') as internal) o
          where r.relkind = 'S' and {which}"
    )
}

fn owned() -> String {
    "select r.name, '', '', '', coalesce(o.owner, ''), format('alter sequence %s owned by %s', r.name,
        coalesce(o.owner, 'none'))
       from rel r left join lateral (
            select format('%I.%I.%I', n.nspname, t.relname, a.attname) as owner
              from pg_depend d join pg_class t on t.oid = d.refobjid join pg_namespace n on n.oid = t.relnamespace
              join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
             where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
               and d.deptype in ('a', 'i') and d.refobjsubid > 0 limit 1) o on true
      where r.relkind = 'S'"
        .to_owned()
}
