//! Policies of row security.

use crate::schema::kind::{Kind, Property, always};

pub(crate) static POLICY: Kind =
    Kind::new("policy", sql, &[Property::new("definition", always::value_data)], always::data, always::data);

/// Roles that the target lacks are left out of it, as of grants.
fn sql() -> String {
    "select format('%I on %s', p.polname, r.name), r.name, k.create, format('drop policy %I on %s', p.polname,
        r.name),
            k.def, format(E'drop policy %I on %s;\\n%s', p.polname, r.name, k.create)
       from rel r join pg_policy p on p.polrelid = r.oid
       cross join lateral (select concat_ws(' ', case when p.polpermissive then 'as permissive' else
           'as restrictive' end,
             'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd'
                 then 'delete' else 'all' end,
             'to ' || (select string_agg(case when o = 0 then 'public' else quote_ident(m.name) end, ', ' order by
                 m.name)
                         from unnest(p.polroles) o left join role m on m.oid = o where o = 0 or m.name is not null),
             'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
             'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') as def) d
       cross join lateral (select d.def, format('create policy %I on %s %s', p.polname, r.name, d.def) as create) k"
        .to_owned()
}
