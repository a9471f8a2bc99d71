-- Changes of a table that this node does not take: another node is the queue's root, or becomes it now.
--
-- SQLSTATE 25006 (read_only_sql_transaction): drivers and frameworks take it for a server that has been failed over
-- from, and connect anew. The worker passes by a transaction-local setting, since it may not be allowed to set
-- session_replication_role.

-- Whether the session writes what the worker of this node replays.
create or replace function londiste_rs.is_replay()
returns boolean language sql stable
as $$ select coalesce(pg_catalog.current_setting('londiste_rs.replay', true) operator(pg_catalog.=) 'on', false) $$;

-- Raises the refusal of a change of a table of the queue.
create or replace function londiste_rs.refuse_change(i_queue_name text, i_rel oid)
returns void language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    shown text := coalesce((select format('table %s', londiste_rs.plain_name(c.oid)) from pg_class c
                             where c.oid = i_rel), 'the queue');
    node record;
    moves_to text;
begin
    select n.node_name, s.provider_node into node
      from pgq_node.node_info n
      left join pgq_node.local_state s on s.queue_name = n.queue_name and s.consumer_name = n.worker_name
     where n.queue_name = i_queue_name;
    if to_regclass('londiste_rs.switch') is not null then
        select s.to_node into moves_to from londiste_rs.switch s
         where s.queue_name = i_queue_name and s.side = 'from' and s.state in ('frozen', 'drained');
    end if;
    if moves_to is not null then
        raise exception using errcode = 'read_only_sql_transaction',
            message = format('%s takes no changes on node %s any more: queue %s goes over to node %s', shown,
                node.node_name, i_queue_name, moves_to),
            hint = format('Connect to the database of node %s '
                          'and try the transaction again; it takes changes in a moment.', moves_to);
    end if;
    if node.node_name is null and i_rel is null
       and not exists (select from londiste_rs.capture c where c.queue_name = i_queue_name) then
        -- a queue that has nothing to do with replication is closed as the stock API closes it
        raise exception using errcode = 'internal_error', message = 'Insert into queue disallowed';
    end if;
    if node.node_name is null then
        raise exception using errcode = 'read_only_sql_transaction',
            message = format('%s takes no changes in this database: it is no node of queue %s any more', shown,
                i_queue_name),
            hint = 'Write in the database of the queue''s root.';
    end if;
    raise exception using errcode = 'read_only_sql_transaction',
        message = format('%s takes no changes on node %s: it is replicated from another node (queue %s)', shown,
            node.node_name, i_queue_name),
        hint = format('Write on the root node%s, or take the table out of replication with '
                      '"londiste INI remove-table".',
                      case when node.provider_node <> node.node_name
                               then format('; changes come from node %s', node.provider_node) else '' end);
end $$;
