-- Removes everything that init_noext.sql has installed, with all queues, nodes and registrations of this database: the
-- capture triggers on tables, the schemas pgq, pgq_node, londiste, londiste_rs and londiste_fk. Roles stay, they belong
-- to the server; so do schemas that belong to the stock extensions, whatever is in them.
\set ON_ERROR_STOP on
\set QUIET on

do $$
declare
    trigger record;
    fkey record;
    name text;
    own constant oid[] := array(
        select n.oid from pg_catalog.pg_namespace n
         where n.nspname in ('londiste_rs', 'londiste_fk', 'londiste', 'pgq_node', 'pgq')
           and not exists (select from pg_catalog.pg_depend d
                            where d.classid = 'pg_catalog.pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e'));
    dependents text;
begin
    select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), ', ')
      into dependents
      from pg_catalog.pg_depend d
      left join pg_catalog.pg_class rc on d.refclassid = 'pg_catalog.pg_class'::regclass and rc.oid = d.refobjid
      left join pg_catalog.pg_proc rp on d.refclassid = 'pg_catalog.pg_proc'::regclass and rp.oid = d.refobjid
      left join pg_catalog.pg_type rt on d.refclassid = 'pg_catalog.pg_type'::regclass and rt.oid = d.refobjid
      left join pg_catalog.pg_class c on d.classid = 'pg_catalog.pg_class'::regclass and c.oid = d.objid
      left join pg_catalog.pg_proc p on d.classid = 'pg_catalog.pg_proc'::regclass and p.oid = d.objid
      left join pg_catalog.pg_constraint k on d.classid = 'pg_catalog.pg_constraint'::regclass and k.oid = d.objid
      left join pg_catalog.pg_rewrite w on d.classid = 'pg_catalog.pg_rewrite'::regclass and w.oid = d.objid
      left join pg_catalog.pg_attrdef a on d.classid = 'pg_catalog.pg_attrdef'::regclass and a.oid = d.objid
      left join pg_catalog.pg_class owner on owner.oid in (w.ev_class, a.adrelid)
     where d.deptype in ('n', 'a')
       and coalesce(rc.relnamespace, rp.pronamespace, rt.typnamespace) = any (own)
       and coalesce(c.relnamespace, p.pronamespace, k.connamespace, owner.relnamespace) <> all (own);
    if dependents is not null then
        raise exception 'other objects need what would be removed: %', dependents
            using hint = 'Drop them first.';
    end if;

    -- what replication has changed about tables of this database is put back while it is still known
    if pg_catalog.to_regclass('londiste_rs.foreign_key') is not null then
        for fkey in select p.from_table, p.fkey_name from londiste.pending_fkeys p order by 1, 2 loop
            perform londiste_rs.restore_fkey(fkey.from_table, fkey.fkey_name);
        end loop;
        for fkey in select c.table_name, c.fkey_name from londiste_rs.unvalidated_fkey c order by 1, 2 loop
            perform londiste_rs.validate_fkey(fkey.table_name, fkey.fkey_name);
        end loop;
    end if;
    if pg_catalog.to_regprocedure('londiste_rs.undo_relaxed(boolean)') is not null then
        perform londiste_rs.undo_relaxed(true);
    end if;

    for trigger in
        select t.tgname, t.tgrelid::regclass as relation
          from pg_catalog.pg_trigger t
          join pg_catalog.pg_proc p on p.oid = t.tgfoid
          join pg_catalog.pg_namespace n on n.oid = p.pronamespace
          join pg_catalog.pg_class c on c.oid = t.tgrelid
         where not t.tgisinternal and t.tgparentid = 0
           and n.oid = any (own) and c.relnamespace <> all (own)
    loop
        execute pg_catalog.format('drop trigger %I on %s', trigger.tgname, trigger.relation);
    end loop;

    set local client_min_messages = warning;
    for name in
        select nspname
          from pg_catalog.pg_namespace
         where oid = any (own)
         order by pg_catalog.array_position(array['londiste_rs', 'londiste_fk', 'londiste', 'pgq_node', 'pgq'], nspname::text)
    loop
        execute pg_catalog.format('drop schema %I cascade', name);
    end loop;
end $$;
