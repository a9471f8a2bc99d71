-- Who may do what: readers look and subscribe, writers run consumers, admins build nodes. Missing roles are skipped.
do $$
declare
    fn regprocedure;
    fn_name text;
    grantee text;
    everybody constant text[] := '{is_leaf_node,is_root_node,_node_type,version}';
    admins_only constant text[] := '{create_node,demote_root,drop_node,get_worker_state,maint_watermark,promote_branch,'
        'register_location,set_global_watermark,set_node_attrs,set_partition_watermark,unregister_location,'
        'upgrade_schema}';
    readers constant text[] := '{get_consumer_info,get_consumer_state,get_node_info,get_queue_locations,'
        'get_subscriber_info,register_subscriber,set_subscriber_watermark,unregister_subscriber}';
begin
    for fn, fn_name in
        select p.oid, p.proname from pg_proc p
         where p.pronamespace = 'pgq_node'::regnamespace
    loop
        if fn_name = any (everybody) then
            execute format('grant execute on function %s to public', fn);
            continue;
        end if;
        execute format('revoke all on function %s from public', fn);
        for grantee in
            select rolname from pg_roles
             where rolname = 'pgq_admin'
                or rolname = 'pgq_writer' and fn_name <> all (admins_only) and not starts_with(fn_name, '_')
                or rolname = 'pgq_reader' and fn_name = any (readers)
        loop
            execute format('grant execute on function %s to %I', fn, grantee);
        end loop;
    end loop;

    for grantee in
        select rolname from pg_roles where rolname in ('pgq_reader', 'pgq_writer', 'pgq_admin')
    loop
        execute format('grant select on pgq_node.node_location, pgq_node.node_info, pgq_node.local_state,'
            ' pgq_node.subscriber_info to %I', grantee);
        if grantee = 'pgq_admin' then
            grant insert, update, delete on pgq_node.node_location, pgq_node.node_info, pgq_node.local_state,
                pgq_node.subscriber_info to pgq_admin;
        end if;
    end loop;
end $$;
