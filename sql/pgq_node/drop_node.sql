-- Removes a node: the local one with its queue and all that is known of its cascade, or what is known here of another
-- one.
create or replace function pgq_node.drop_node(i_queue_name text, i_node_name text, out ret_code integer,
    out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    is_local boolean := exists (
        select from pgq_node.node_info where queue_name = i_queue_name and node_name = i_node_name);
    subscriber text;
begin
    if is_local then
        for subscriber in
            select subscriber_node from pgq_node.subscriber_info where queue_name = i_queue_name
        loop
            perform pgq_node.unregister_subscriber(i_queue_name, subscriber);
        end loop;
        -- not left to their foreign keys, which session_replication_role silences
        if to_regclass('londiste.table_info') is not null then
            execute 'delete from londiste.table_info where queue_name = $1' using i_queue_name;
            execute 'delete from londiste.seq_info where queue_name = $1' using i_queue_name;
        end if;
        delete from pgq_node.local_state where queue_name = i_queue_name;
        delete from pgq_node.node_info where queue_name = i_queue_name;
        delete from pgq_node.node_location where queue_name = i_queue_name;
        if exists (select from pgq.queue where queue_name = i_queue_name) then
            perform pgq.drop_queue(i_queue_name, true);
        end if;
    elsif exists (select from pgq_node.local_state where queue_name = i_queue_name and provider_node = i_node_name) then
        ret_code := 405;
        ret_note := format('Cannot drop provider node: %s', i_node_name);
        return;
    else
        perform pgq_node.unregister_location(i_queue_name, i_node_name);
    end if;
    ret_code := 200;
    ret_note := format('Node dropped: %s', i_node_name);
end $$;
