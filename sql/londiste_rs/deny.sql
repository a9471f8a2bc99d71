-- Guards a leaf's table against writes that do not come from its worker.
-- The worker passes by a transaction-local setting, since it may not be allowed to set session_replication_role.
create or replace function londiste_rs.deny()
returns trigger language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(current_setting('londiste_rs.replay', true), '') <> 'on' then
        raise exception 'table %.% is replicated from another node (queue %): changes are not allowed here',
                        quote_ident(tg_table_schema), quote_ident(tg_table_name), tg_argv[0]
            using hint = 'Write on the root node, or take the table out of replication with "londiste INI remove-table".';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$;
