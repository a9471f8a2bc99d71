-- Drops our schemas, but not those of the stock extensions: all of them, or those that the setting
-- londiste_rs.uninstall names (as an array). Refused where objects elsewhere need what would be dropped.
do $$
declare
    name text;
    dependents text;
    chosen constant text[] := nullif(pg_catalog.current_setting('londiste_rs.uninstall', true), '');
    own constant oid[] := array(
        select n.oid from pg_catalog.pg_namespace n
         where n.nspname in ('londiste_rs', 'londiste_fk', 'londiste', 'pgq_node', 'pgq')
           and (chosen is null or n.nspname = any (chosen))
           and not exists (select from pg_catalog.pg_depend d
                            where d.classid = 'pg_catalog.pg_namespace'::regclass and d.objid = n.oid
                              and d.deptype = 'e'));
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

    set local client_min_messages = warning;
    for name in
        select nspname
          from pg_catalog.pg_namespace
         where oid = any (own)
         order by pg_catalog.array_position(array['londiste_rs', 'londiste_fk', 'londiste', 'pgq_node', 'pgq'],
                                            nspname::text)
    loop
        execute pg_catalog.format('drop schema %I cascade', name);
    end loop;
end $$;
