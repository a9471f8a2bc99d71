//! Functions and procedures.

use crate::schema::kind::{Kind, Property, Spelling, always};

pub(crate) static FUNCTION: Kind = Kind::new(
    "function",
    sql,
    &[
        Property::new("result", always::value_data),
        Property::new("definition", always::value_data).spelled(Spelling::Function),
    ],
    always::data,
    always::cosmetic,
);

/// Another result cannot be had by CREATE OR REPLACE.
fn sql() -> String {
    "select f.name, '', f.def, 'drop routine ' || f.name, f.result, format(E'drop routine %s;\\n%s', f.name, f.def),
        f.def, f.def
       from pg_proc p join spot s on s.oid = p.pronamespace
       cross join lateral (select format('%s.%I(%s)', s.name, p.proname, oidvectortypes(p.proargtypes)) as name,
             rtrim(pg_get_functiondef(p.oid), E'\\n') as def, coalesce(pg_get_function_result(p.oid), '') as result) f
      where p.prokind in ('f', 'p', 'w')
        and not exists (select from member m where m.classid = 'pg_proc'::regclass and m.objid = p.oid)
        and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and
            d.deptype = 'i')
      order by p.oid"
        .to_owned()
}
