-- Removes everything that init_noext.sql has installed, with all queues, nodes and registrations of this database: the capture
-- triggers on tables, the schemas pgq, pgq_node, londiste, londiste_rs and londiste_fk. Roles stay, they belong to the server;
-- so do schemas that belong to the stock extensions, whatever is in them.
\set ON_ERROR_STOP on
\set QUIET on

do $$
declare
    trigger record;
    name text;
begin
    for trigger in
        select t.tgname, t.tgrelid::regclass as relation
          from pg_catalog.pg_trigger t
          join pg_catalog.pg_proc p on p.oid = t.tgfoid
          join pg_catalog.pg_namespace n on n.oid = p.pronamespace
          join pg_catalog.pg_class c on c.oid = t.tgrelid
         where not t.tgisinternal and t.tgparentid = 0
           and (n.nspname = 'londiste_rs'
                or n.nspname in ('pgq', 'pgq_node', 'londiste')
                   and not exists (select from pg_catalog.pg_depend d
                                    where d.classid = 'pg_catalog.pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e'))
           and c.relnamespace <> all (array(select oid from pg_catalog.pg_namespace
                                             where nspname in ('pgq', 'pgq_node', 'londiste', 'londiste_rs', 'londiste_fk')))
    loop
        execute pg_catalog.format('drop trigger %I on %s', trigger.tgname, trigger.relation);
    end loop;

    set local client_min_messages = warning;
    for name in
        select n.nspname
          from pg_catalog.pg_namespace n
         where n.nspname in ('londiste_rs', 'londiste_fk', 'londiste', 'pgq_node', 'pgq')
           and not exists (select from pg_catalog.pg_depend d
                            where d.classid = 'pg_catalog.pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
         order by pg_catalog.array_position(array['londiste_rs', 'londiste_fk', 'londiste', 'pgq_node', 'pgq'], n.nspname::text)
    loop
        execute pg_catalog.format('drop schema %I cascade', name);
    end loop;
end $$;
