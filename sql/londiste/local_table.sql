-- Tables of this node: their settings and states, and their end.

-- Takes a table out of replication on this node, and the sequences that its columns own; a root takes them out of the
-- queue. Indexes that a copy had dropped come back.
create or replace function londiste.local_remove_table(i_queue_name text, i_table_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    fq_name text := londiste.make_fqname(i_table_name);
    tbl record;
begin
    select t.local, t.dropped_ddl, coalesce(t.dest_table, t.table_name) as dest, n.node_type into tbl
      from londiste.table_info t join pgq_node.node_info n using (queue_name)
     where t.queue_name = i_queue_name and t.table_name = fq_name
       for update of t;
    if not found then
        ret_code := 400;
        ret_note := format('Table not found: %s', fq_name);
        return;
    end if;

    if tbl.local then
        perform londiste.drop_table_triggers(i_queue_name, fq_name);
        if tbl.dropped_ddl is not null then
            -- The stock tool writes names without schema: they are in the table's.
            perform set_config('search_path', londiste._search_path(tbl.dest), true);
            execute tbl.dropped_ddl;
            perform set_config('search_path', 'pg_catalog, pg_temp', true);
            update londiste.table_info set dropped_ddl = null where queue_name = i_queue_name and table_name = fq_name;
        end if;
    elsif tbl.node_type <> 'root' then
        ret_code := 400;
        ret_note := format('Table not registered locally: %s', fq_name);
        return;
    end if;

    perform londiste.local_remove_seq(i_queue_name, s.seq_name)
       from londiste._owned_seqs(i_queue_name, fq_name) s;
    if tbl.node_type = 'root' then
        delete from londiste.table_info where queue_name = i_queue_name and table_name = fq_name;
        perform londiste.root_notify_change(i_queue_name, 'londiste.remove-table', fq_name);
    else
        update londiste.table_info
           set local = false, merge_state = null, custom_snapshot = null, table_attrs = null, dest_table = null
         where queue_name = i_queue_name and table_name = fq_name;
    end if;
    ret_code := 200;
    ret_note := format('Table removed: %s', fq_name);
end $$;

-- Changes a table's attributes and makes its triggers anew with other arguments.
create or replace function londiste.local_change_handler(i_queue_name text, i_table_name text, i_trg_args text[],
    i_table_attrs text, out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    type_here text;
    dest text;
    trigger record;
begin
    select node_type into type_here from pgq_node.node_info where queue_name = i_queue_name;
    if not found then
        ret_code := 400;
        ret_note := format('No such set: %s', i_queue_name);
        return;
    end if;
    update londiste.table_info
       set table_attrs = i_table_attrs
     where queue_name = i_queue_name and table_name = i_table_name and local
    returning coalesce(dest_table, table_name) into dest;
    if not found then
        ret_code := 404;
        ret_note := format('no such local table: %s', i_table_name);
        return;
    end if;
    select * into trigger from londiste.create_trigger(i_queue_name, i_table_name, i_trg_args, dest, type_here);
    ret_code := case when trigger.ret_code = 201 then 200 else trigger.ret_code end;
    ret_note := case trigger.ret_code
        when 200 then 'Handler changed for table: ' || i_table_name
        when 201 then 'Table handler updated with no triggers: ' || i_table_name
        else format('Trigger creation failed for table %s: %s', i_table_name, trigger.ret_note)
    end;
end $$;

create or replace function londiste.local_set_table_attrs(i_queue_name text, i_table_name text, i_table_attrs text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update londiste.table_info
       set table_attrs = i_table_attrs
     where queue_name = i_queue_name and table_name = i_table_name and local;
    if found then
        ret_code := 200;
        ret_note := i_table_name || ': Table attributes stored';
    else
        ret_code := 404;
        ret_note := 'no such local table: ' || i_table_name;
    end if;
end $$;

-- Moves a table on to a state; i_snapshot is that of its copy, while the table catches up.
create or replace function londiste.local_set_table_state(i_queue_name text, i_table_name text, i_snapshot text,
    i_merge_state text, out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    fq_name text := londiste.make_fqname(i_table_name);
begin
    update londiste.table_info
       set custom_snapshot = i_snapshot, merge_state = i_merge_state
     where queue_name = i_queue_name and table_name = fq_name and local;
    if found then
        ret_code := 200;
        ret_note := format('Table %s state set to %s', fq_name, coalesce(quote_literal(i_merge_state), 'NULL'));
    else
        ret_code := 404;
        ret_note := format('No such table: %s', fq_name);
    end if;
end $$;

-- Keeps the definitions of what a copy has dropped, until it has made them again (NULL).
create or replace function londiste.local_set_table_struct(i_queue_name text, i_table_name text, i_dropped_ddl text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update londiste.table_info
       set dropped_ddl = i_dropped_ddl
     where queue_name = i_queue_name and table_name = i_table_name and local;
    if found then
        ret_code := 200;
        ret_note := 'Table struct stored';
    else
        ret_code := 404;
        ret_note := 'no such local table: ' || i_table_name;
    end if;
end $$;

-- Whatever removes a table's registration takes its triggers along.
create or replace function londiste.table_info_trigger()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform londiste.drop_table_triggers(old.queue_name, old.table_name);
    return old;
end $$;

do $$
begin
    if not exists (select from pg_trigger
                    where tgrelid = 'londiste.table_info'::regclass and tgname = 'table_info_trigger_sync') then
        create trigger table_info_trigger_sync before delete on londiste.table_info
            for each row execute function londiste.table_info_trigger();
    end if;
    -- whatever session_replication_role says
    if exists (select from pg_trigger where tgrelid = 'londiste.table_info'::regclass
                  and tgname = 'table_info_trigger_sync' and tgenabled <> 'A') then
        alter table londiste.table_info enable always trigger table_info_trigger_sync;
    end if;
end $$;
