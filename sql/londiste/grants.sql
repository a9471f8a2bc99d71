-- Who may do what: everybody may look, londiste_writer manages. Missing roles are skipped.
do $$
declare
    fn regprocedure;
    fn_name text;
    grantee text;
    everybody constant text[] := '{find_column_types,find_rel_oid,find_seq_oid,find_table_fkeys,find_table_oid,'
        'is_replica_func,_find_relation,_is_skip_trigger,_quote_relation,_trigger_name,make_fqname,quote_fqname,'
        'split_fqname,version}';
    readers constant text[] := '{_coordinate_copy,get_seq_list,get_table_list}';
    maintenance constant text[] :=
        '{periodic_maintenance,root_check_seqs,_publish_seq,_seq_ahead,_seq_is_due,_seq_room}';
begin
    for fn, fn_name in
        select p.oid, p.proname from pg_proc p
         where p.pronamespace = 'londiste'::regnamespace
    loop
        if fn_name = any (everybody) then
            execute format('grant execute on function %s to public', fn);
            continue;
        end if;
        execute format('revoke all on function %s from public', fn);
        for grantee in
            select rolname from pg_roles
             where rolname = 'londiste_writer'
                or rolname = 'londiste_reader' and fn_name = any (readers)
                or rolname = 'pgq_admin' and fn_name = any (maintenance)
        loop
            execute format('grant execute on function %s to %I', fn, grantee);
        end loop;
    end loop;

    grant select on londiste.table_info, londiste.seq_info, londiste.applied_execute, londiste.pending_fkeys to public;
    for grantee in
        select rolname from pg_roles where rolname in ('pgq_admin', 'londiste_reader', 'londiste_writer')
    loop
        if grantee = 'londiste_writer' then
            grant usage on sequence londiste.table_info_nr_seq, londiste.seq_info_nr_seq to londiste_writer;
        else
            execute format('grant %s on londiste.table_info, londiste.seq_info, londiste.applied_execute,'
                ' londiste.pending_fkeys to %I',
                case when grantee = 'pgq_admin' then 'select, insert, update, delete' else 'select' end, grantee);
        end if;
    end loop;
end $$;
