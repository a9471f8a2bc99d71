-- Scripts that run on every node, once each. A root sends them on.

-- Begins a script: 200 run it, 201 it has run here, 401 the node is no root although one is expected.
create or replace function londiste.execute_start(i_queue_name text, i_file_name text, i_sql text,
    i_expect_root boolean, i_attrs text, out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not pgq_node.is_root_node(i_queue_name) and i_expect_root then
        ret_code := 401;
        ret_note := format('Node is not root node: %s', i_queue_name);
        return;
    end if;
    insert into londiste.applied_execute (queue_name, execute_file, execute_sql, execute_attrs)
    values (i_queue_name, i_file_name, i_sql, i_attrs)
    on conflict (execute_file) do nothing;
    if found then
        ret_code := 200;
        ret_note := format('Executing: %s', i_file_name);
    else
        ret_code := 201;
        ret_note := format('EXECUTE: "%s" already applied, skipping', i_file_name);
    end if;
end $$;

create or replace function londiste.execute_start(i_queue_name text, i_file_name text, i_sql text,
    i_expect_root boolean, out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    select * into ret_code, ret_note
      from londiste.execute_start(i_queue_name, i_file_name, i_sql, i_expect_root, null);
end $$;

-- Ends a script that ran; a root puts it into the queue.
create or replace function londiste.execute_finish(i_queue_name text, i_file_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    is_root boolean := pgq_node.is_root_node(i_queue_name);
    script record;
begin
    select execute_sql, execute_attrs into script from londiste.applied_execute where execute_file = i_file_name;
    if not found then
        ret_code := 404;
        ret_note := 'execute_file called without execute_start';
        return;
    end if;
    if is_root then
        perform pgq.insert_event(i_queue_name, 'EXECUTE', script.execute_sql, i_file_name, script.execute_attrs,
            null, null);
    end if;
    ret_code := 200;
    ret_note := format('Execute finished: %s', i_file_name);
end $$;
