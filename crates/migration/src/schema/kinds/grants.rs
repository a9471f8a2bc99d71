//! Grants, and the roles that they need. What an owner may do by itself is no grant.

use crate::schema::kind::{Kind, always};

pub(crate) static GRANT: Kind = Kind::new("grant", grants, &[], always::cosmetic, always::cosmetic);

/// Roles of the source that have no counterpart on the target.
pub(crate) static ROLE: Kind = Kind::new("role", roles, &[], always::cosmetic, always::cosmetic);

/// Objects `o` with their access lists.
const OBJECTS: &str = "\
(select 'schema' as word, s.name, '' as columns, n.nspowner as owner, 'n' as kind, n.nspacl as acl
                from spot s join pg_namespace n on n.oid = s.oid
              union all
              select case r.relkind when 'S' then 'sequence' else 'table' end, r.name, '', r.relowner,
                     case r.relkind when 'S' then 's' else 'r' end, r.relacl from rel r where r.relkind in ('r',
                         'p', 'v', 'm', 'S', 'f')
              union all
              select 'table', r.name, format(' (%I)', a.attname), r.relowner, 'c', a.attacl
                from rel r join pg_attribute a on a.attrelid = r.oid where a.attacl is not null and a.attnum > 0 and
                    not a.attisdropped
              union all
              select 'routine', format('%s.%I(%s)', s.name, p.proname, oidvectortypes(p.proargtypes)), '',
                  p.proowner, 'f', p.proacl
                from pg_proc p join spot s on s.oid = p.pronamespace
               where p.prokind <> 'a' and not exists (select from member m where m.classid = 'pg_proc'::regclass and
                   m.objid = p.oid)
                 and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
                     and d.deptype = 'i')
              union all
              select 'type', s.name || '.' || quote_ident(t.typname), '', t.typowner, 'T', t.typacl
                from pg_type t join spot s on s.oid = t.typnamespace
               where t.typtype in ('e', 'd', 'r') and not exists (select from member m where m.classid =
                   'pg_type'::regclass and m.objid = t.oid)) o";

/// Grants `g` with the role's name there (`grantee`) and here (`name`); a role that is left out has none. Those on the
/// schema public to everybody differ by version; MAINTAIN came with 17.
fn explained() -> String {
    format!(
        "from (select o.word, o.name as object, o.columns, x.privilege_type, x.is_grantable, x.grantee, m.name as
            role, m.missing,
             exists (select from aclexplode(acldefault(o.kind::\"char\", o.owner)) y where y.grantee = x.grantee
                        and y.privilege_type = x.privilege_type) as by_default
        from {OBJECTS}
       cross join lateral aclexplode(coalesce(o.acl, acldefault(o.kind::\"char\", o.owner))) x
       left join role m on m.oid = x.grantee
       where x.grantee <> o.owner and x.privilege_type <> 'MAINTAIN'
         and not (o.word = 'schema' and o.name = 'public' and (x.grantee = 0 or x.grantee::regrole::text =
             'pg_database_owner'))) g"
    )
}

fn grants() -> String {
    format!(
        "select format('%s%s on %s %s to %s', lower(g.privilege_type), g.columns, g.word, g.object, w.role), g.object,
                format('grant %s%s on %s %s to %s%s', lower(g.privilege_type), g.columns, g.word, g.object, w.role,
                       case when g.is_grantable then ' with grant option' end),
                format('revoke %s%s on %s %s from %s', lower(g.privilege_type), g.columns, g.word, g.object,
                    w.role), g.by_default
           {} cross join lateral (select case when g.grantee = 0 then 'public' else quote_ident(g.role) end as role) w
          where w.role is not null and not coalesce(g.missing, false)
            and (g.grantee = 0 or g.role not in (select name from target_login))",
        explained()
    )
}

fn roles() -> String {
    format!(
        "select quote_ident(g.role), '', 'create role ' || quote_ident(g.role), 'drop role ' || quote_ident(g.role)
           {} where g.missing group by g.role",
        explained()
    )
}

/// What everybody may do by default and the source has taken away. `pg_dump` without privileges does not tell.
pub(crate) static REVOKED: Kind =
    Kind::new("revoked grant", revoked, &[], always::cosmetic, always::cosmetic);

fn revoked() -> String {
    format!(
        "select format('%s on %s %s', lower(y.privilege_type), o.word, o.name), o.name,
                format('revoke %s on %s %s from public', lower(y.privilege_type), o.word, o.name), ''
           from {OBJECTS} cross join lateral aclexplode(acldefault(o.kind::\"char\", o.owner)) y
          where y.grantee = 0 and o.acl is not null and not (o.word = 'schema' and o.name = 'public')
            and not exists (select from aclexplode(o.acl) x where x.grantee = 0 and x.privilege_type =
                y.privilege_type)"
    )
}
