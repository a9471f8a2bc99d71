//! Questions to the catalog whose answers must be equal.

/// Relations, columns, constraints, indexes, sequences and triggers of the three schemas and of the application's
/// tables.
pub(crate) const QUERIES: &[(&str, &str)] = &[
    (
        "relations",
        "select n.nspname, c.relname, c.relkind, c.relpersistence, c.reloptions
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname in ('pgq', 'pgq_node', 'londiste', 'public') and c.relkind in ('r', 'S', 'v', 'p')",
    ),
    (
        "columns",
        "select n.nspname, c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                pg_get_expr(d.adbin, d.adrelid)
           from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
           left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
          where n.nspname in ('pgq', 'pgq_node', 'londiste', 'public') and c.relkind in ('r', 'v', 'p')
            and a.attnum > 0",
    ),
    (
        "constraints",
        "select conrelid::regclass, conname, pg_get_constraintdef(oid) from pg_constraint
          where contype <> 'n'
            and connamespace in (select oid from pg_namespace
                                  where nspname in ('pgq', 'pgq_node', 'londiste', 'public'))",
    ),
    (
        "indexes",
        "select indexdef from pg_indexes where schemaname in ('pgq', 'pgq_node', 'londiste', 'public')",
    ),
    (
        "sequences",
        "select schemaname, sequencename, data_type, start_value, min_value, max_value, increment_by, cycle
           from pg_sequences
          where schemaname in ('pgq', 'pgq_node', 'londiste', 'public')",
    ),
    (
        "triggers",
        "select tgrelid::regclass, tgname, pg_get_triggerdef(oid) from pg_trigger \
          where not tgisinternal and tgname <> 'londiste_rs_gate'",
    ),
    (
        "inheritance",
        "select inhrelid::regclass, inhparent::regclass from pg_inherits",
    ),
];

/// Rights of everybody and of the roles, owners aside.
pub(crate) const PRIVILEGES: &[(&str, &str)] = &[
    (
        "roles",
        "select r.rolname, m.rolname from pg_auth_members a join pg_roles r on r.oid = a.roleid
           join pg_roles m on m.oid = a.member
          where r.rolname like 'pgq%' or r.rolname like 'londiste%'",
    ),
    (
        "rights on functions",
        "select p.oid::regprocedure, r.rolname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          cross join (values ('public'), ('pgq_reader'), ('pgq_writer'), ('pgq_admin'), ('londiste_reader'),
                      ('londiste_writer')) r (rolname)
          where n.nspname in ('pgq', 'pgq_node', 'londiste')
            and (p.proname not like '\\_%' or p.proname in ('_grant_perms_from', '_coordinate_copy'))
            and has_function_privilege(r.rolname, p.oid, 'execute')",
    ),
    (
        "rights on relations",
        "select c.oid::regclass, case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end,
                acl.privilege_type
           from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) acl
          where n.nspname in ('pgq', 'pgq_node', 'londiste') and acl.grantee <> c.relowner",
    ),
    (
        "rights on schemas",
        "select n.nspname, case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end,
                acl.privilege_type
           from pg_namespace n cross join lateral aclexplode(n.nspacl) acl
          where n.nspname in ('pgq', 'pgq_node', 'londiste') and acl.grantee <> n.nspowner",
    ),
];

/// Known differences of the installed catalog: a part of the line, and why.
pub(crate) const INTENDED: &[(&str, &str)] = &[(
    "londiste.local_change_handler(text,text,text[],text) |",
    "every other function that changes registrations is withheld from the public; nothing of it works for them",
)];

/// SECURITY DEFINER functions of ours that somebody's `search_path` could lead astray.
pub(crate) const LOOSE_DEFINERS: &str = "select p.oid::regprocedure
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('pgq', 'pgq_node', 'londiste', 'londiste_rs', 'londiste_fk') and p.prosecdef
        and not exists (select from unnest(p.proconfig) c
                         where c in ('search_path=pg_catalog, pg_temp', 'search_path=pg_catalog,pg_temp'))";
