-- Tables of a queue as this node sees them.

-- copy_role: how the copies of one table from several queues go together, see _coordinate_copy.
create or replace function londiste.get_table_list(i_queue_name text, out table_name text, out local boolean,
    out merge_state text, out custom_snapshot text, out table_attrs text, out dropped_ddl text, out copy_role text,
    out copy_pos integer, out dest_table text)
returns setof record
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select t.table_name, t.local, t.merge_state, t.custom_snapshot, t.table_attrs, t.dropped_ddl,
           c.copy_role, c.copy_pos, t.dest_table
      from londiste.table_info t
     cross join lateral londiste._coordinate_copy(t.queue_name, t.table_name) c
     where t.queue_name = i_queue_name
     order by t.nr;
end $$;

-- Several leaf queues may bring parts of one table here. Their copies agree who drops and rebuilds its indexes:
--   lead         copies first: drops the indexes and keeps their definitions; waits as wait-replay once it has copied
--   wait-copy    waits for the lead to have dropped them
--   wait-replay  copies, then waits until the indexes are back
--   NULL         goes on by itself
-- copy_pos: which one of the copies that run this is, from 0.
create or replace function londiste._coordinate_copy(i_queue_name text, i_table_name text,
    out copy_role text, out copy_pos integer)
returns record
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    me record;
    others record;
begin
    select merge_state, dropped_ddl is not null as holds_ddl, coalesce(dest_table, table_name) as dest into me
      from londiste.table_info where queue_name = i_queue_name and table_name = i_table_name;
    if not found then
        return;
    end if;
    copy_pos := 0;
    if me.merge_state is null or me.merge_state not in ('in-copy', 'catching-up') then
        return;
    end if;

    select count(*) as parts,
           min(t.queue_name) filter (where t.queue_name <> i_queue_name and t.dropped_ddl is not null) as ddl_holder,
           min(t.queue_name) as first_part,
           bool_or(t.queue_name <> i_queue_name
                   and (t.merge_state is null or t.merge_state = 'in-copy')) as still_copying,
           bool_or(t.queue_name <> i_queue_name and t.merge_state is not null
                   and t.merge_state <> 'in-copy') as further_on,
           count(*) filter (where t.merge_state = 'in-copy' and t.queue_name < i_queue_name) as copies_before
      into others
      from londiste.table_info t
      join pgq_node.node_info n on n.queue_name = t.queue_name
     where t.local and n.node_type = 'leaf' and coalesce(t.dest_table, t.table_name) = me.dest
       and t.merge_state is distinct from 'ok';
    if others.parts <= 1 then
        return;
    end if;

    if me.merge_state = 'catching-up' then
        copy_role := case
            when me.holds_ddl and others.still_copying then 'wait-replay'
            when not me.holds_ddl and others.ddl_holder is not null then 'wait-replay'
        end;
    elsif me.holds_ddl then
        copy_role := 'lead';
    else
        copy_pos := others.copies_before;
        copy_role := case
            when others.ddl_holder is not null or others.further_on then 'wait-replay'
            when others.first_part = i_queue_name then 'lead'
            else 'wait-copy'
        end;
    end if;
end $$;

-- What is not replicated here. The rule is that of add-table --all.
create or replace function londiste.local_show_missing(i_queue_name text, out obj_kind text, out obj_name text)
returns setof record
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return query select m.obj_kind, m.obj_name from londiste_rs.missing(i_queue_name, 'generated') m;
end $$;
