-- Puts back what replication has changed about tables of this database, and drops its triggers.
do $$
declare
    trigger record;
    fkey record;
    own constant oid[] := array(
        select n.oid from pg_catalog.pg_namespace n
         where n.nspname in ('londiste_rs', 'londiste_fk', 'londiste', 'pgq_node', 'pgq')
           and not exists (select from pg_catalog.pg_depend d
                            where d.classid = 'pg_catalog.pg_namespace'::regclass and d.objid = n.oid
                              and d.deptype = 'e'));
begin
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
end $$;
