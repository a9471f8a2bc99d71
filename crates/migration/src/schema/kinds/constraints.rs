//! Constraints of tables. NOT NULL is compared with the columns: servers before version 18 have no constraints for it.

use crate::schema::kind::{Kind, Property, Spelling, always};

pub(crate) static CONSTRAINT: Kind = Kind::new(
    "constraint",
    || sql("c.contype in ('c', 'u', 'p', 'x')"),
    &[
        Property::new("definition", always::value_stops).spelled(Spelling::Expression),
        Property::new("validated", always::value_cosmetic).same_if(validated),
    ],
    always::data,
    always::stops,
);

pub(crate) static FOREIGN_KEY: Kind = Kind::new(
    "foreign key",
    || sql("c.contype = 'f'"),
    &[
        Property::new("definition", always::value_data),
        Property::new("validated", always::value_data).same_if(validated),
    ],
    always::data,
    always::stops,
)
.created_apart();

/// A constraint of the target may be valid where the source's is not.
fn validated(source: &str, target: &str) -> bool {
    source == target || source != "validated"
}

fn sql(which: &str) -> String {
    format!(
        "select format('%I on %s', c.conname, r.name), r.name,
                format('alter table %s add constraint %I %s', r.name, c.conname, k.whole),
                format('alter table %s drop constraint %I', r.name, c.conname),
                k.def, format('alter table %s drop constraint %I, add constraint %2$I %3$s', r.name, c.conname,
                    k.whole),
                case when c.convalidated then 'validated' else 'not validated' end,
                format('alter table %s validate constraint %I', r.name, c.conname),
                quote_ident(c.conname)
           from rel r join pg_constraint c on c.conrelid = r.oid
           cross join lateral (select pg_get_constraintdef(c.oid) as whole,
                                      regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', '') as def) k
          where {which} and c.conparentid = 0 and (c.conislocal or c.contype <> 'c') and r.relkind in ('r', 'p', 'f')
          order by r.name, c.contype <> 'p', c.conname"
    )
}
