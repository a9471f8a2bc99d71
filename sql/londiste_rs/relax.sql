-- May this role keep triggers and foreign keys quiet by session_replication_role? Then nothing needs to be relaxed.
-- The stock extension's function may where the role itself may not: it runs as its owner.
create or replace function londiste_rs.may_bypass_triggers()
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    role text := current_setting('session_replication_role');
    permitted boolean;
begin
    -- ours keeps quiet where it is not permitted, the stock one raises
    perform londiste.set_session_replication_role('replica', true);
    permitted := current_setting('session_replication_role') = 'replica';
    if permitted then
        perform londiste.set_session_replication_role(role, true);
    end if;
    return permitted;
exception when insufficient_privilege then
    return false;
end $$;

-- Held until the transaction ends by whoever changes foreign keys or triggers of replicated tables, brings them back,
-- or takes tables out of replication: what is decided by which tables are replicated holds until it is done.
create or replace function londiste_rs.lock_fkeys()
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    select pg_advisory_xact_lock(hashtextextended('londiste_rs.foreign_keys', 0))
$$;

-- Destination tables of all queues that are replicated into this database (it is not their root).
create or replace function londiste_rs.replicated_relations(out relid oid)
returns setof oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select distinct r.relid
      from pgq_node.node_info n cross join lateral londiste_rs.relations_here(n.queue_name) r
     where n.node_type <> 'root'
$$;

-- Whether a table is one of them, by the name that the queue gives it here. Asked for each of thousands of tables, so
-- the others are only looked at for another spelling of the name.
create or replace function londiste_rs.is_replicated_here(i_dest_table text)
returns boolean language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    rel oid := londiste_rs.find_relation(i_dest_table);
begin
    if rel is null then
        return false;
    end if;
    return exists (select from londiste.table_info t join pgq_node.node_info n on n.queue_name = t.queue_name
                    where t.local and n.node_type <> 'root' and coalesce(t.dest_table, t.table_name) = i_dest_table)
        or exists (select from londiste_rs.replicated_relations() r where r.relid = rel);
end $$;

-- Relations and all their partitions.
create or replace function londiste_rs.with_partitions(i_rels oid[], out relid oid)
returns setof oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive tree (relid) as (
        select u.relid from unnest(i_rels) u (relid)
        union
        select i.inhrelid
          from tree t
          join pg_class c on c.oid = t.relid and c.relkind = 'p'
          join pg_inherits i on i.inhparent = t.relid
         where (to_jsonb(i)->>'inhdetachpending')::boolean is not true)
    select tree.relid from tree
$$;

-- Relations, and the partitioned tables above them, whose foreign keys bind their partitions.
create or replace function londiste_rs.with_ancestors(i_rels oid[])
returns oid[] language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select array(select u.relid from unnest(i_rels) u (relid)
                  union
                 select a.relid::oid from unnest(i_rels) u (relid) cross join lateral pg_partition_ancestors(u.relid) a)
$$;

-- The replicated relations, and the partitioned tables above them.
create or replace function londiste_rs.bound_relations(out relid oid)
returns setof oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select u.relid
      from unnest(londiste_rs.with_ancestors(array(select r.relid from londiste_rs.replicated_relations() r))) u (relid)
$$;

-- The foreign keys and triggers of this database that would be relaxed if their tables were replicated.
create or replace function londiste_rs.relaxable_fkeys(out oid oid, out conrelid oid, out confrelid oid, out name text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select k.oid, k.conrelid, k.confrelid, k.conname::text
      from pg_constraint k
     where k.contype = 'f' and k.conparentid = 0 and not (k.condeferrable and k.condeferred)
       -- NOT ENFORCED keeps nobody from writing
       and pg_get_constraintdef(k.oid) !~ ' NOT ENFORCED$'
       and pg_has_role((select r.relowner from pg_class r where r.oid = k.conrelid), 'usage')
$$;

create or replace function londiste_rs.relaxable_triggers(out tgrelid oid, out name text, out tgenabled "char")
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select t.tgrelid, t.tgname::text, t.tgenabled
      from pg_trigger t
     where not t.tgisinternal and t.tgenabled = 'O'
       and t.tgname::text <> all (array(
             select londiste_rs.trigger_name(n.queue_name) || e.suffix
               from pgq_node.node_info n, unnest(array['', '_insert', '_delete', '_truncate']) e (suffix)))
       and pg_has_role((select r.relowner from pg_class r where r.oid = t.tgrelid), 'usage')
$$;

-- Makes every foreign key at either end of these relations DEFERRABLE INITIALLY DEFERRED, and switches the user
-- triggers of the replicated ones among them off: the worker writes table after table, and the rows come with what the
-- triggers did on the root. What was before is recorded. i_bound: whose foreign keys; i_replicated: whose triggers.
-- Returns the number of changes made. The caller holds londiste_rs.lock_fkeys().
create or replace function londiste_rs.relax_relations(i_bound oid[], i_replicated oid[])
returns integer language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c record;
    changes integer := 0;
begin
    for c in
        select k.oid, k.conrelid, k.name
          from londiste_rs.relaxable_fkeys() k
         where k.conrelid in (select unnest(i_bound)) or k.confrelid in (select unnest(i_bound))
         order by 2, 3
    loop
        perform londiste_rs.remember_fkey(c.oid);
        execute format('alter table %s alter constraint %I deferrable initially deferred',
            c.conrelid::regclass, c.name);
        changes := changes + 1;
    end loop;
    for c in
        select t.tgrelid, t.name, t.tgenabled
          from londiste_rs.relaxable_triggers() t
         where t.tgrelid in (select x.relid from londiste_rs.with_partitions(i_replicated) x)
         order by 1, 2
    loop
        insert into londiste_rs.relaxed_trigger (table_name, trigger_name, was_enabled)
        values (londiste_rs.plain_name(c.tgrelid), c.name, c.tgenabled)
            on conflict do nothing;
        -- a partitioned table's own triggers may have been switched off with its parent's by now
        execute format('alter table only %s disable trigger %I', c.tgrelid::regclass, c.name);
        changes := changes + 1;
    end loop;
    return changes;
end $$;

-- The same for all replicated tables. Nothing needs to be done, and is, where session_replication_role is permitted.
-- Thousands of tables are looked up only where there is anything to relax, in whichever table.
create or replace function londiste_rs.relax_tables()
returns integer language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    replicated oid[];
begin
    if londiste_rs.may_bypass_triggers() then
        return 0;
    end if;
    perform londiste_rs.lock_fkeys();
    if not exists (select from londiste_rs.relaxable_fkeys())
       and not exists (select from londiste_rs.relaxable_triggers()) then
        return 0;
    end if;
    replicated := array(select relid from londiste_rs.replicated_relations());
    return londiste_rs.relax_relations(londiste_rs.with_ancestors(replicated), replicated);
end $$;

-- The same for one of them: where many tables are copied one after the other, a look at all of them for each would take
-- long.
create or replace function londiste_rs.relax_table(i_dest_table text)
returns integer language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rel oid := londiste_rs.find_relation(i_dest_table);
begin
    if londiste_rs.may_bypass_triggers() then
        return 0;
    end if;
    perform londiste_rs.lock_fkeys();
    if not londiste_rs.is_replicated_here(i_dest_table) then
        return 0;
    end if;
    return londiste_rs.relax_relations(londiste_rs.with_ancestors(array[rel]), array[rel]);
end $$;

-- Undoes relax_tables() where it is not needed any more: for foreign keys none of whose ends is replicated, and
-- triggers of tables that are not; or everywhere. Returns the number of changes made, which are no more than i_at_most:
-- then what is locked by others is left for later, and only where everything is, that is an error.
create or replace function londiste_rs.undo_some_relaxed(i_all boolean, i_at_most integer)
returns integer language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c record;
    changes integer := 0;
    held text;
    bound oid[] := array(select b.relid from londiste_rs.bound_relations() b where not i_all);
    replicated oid[] := array(
        select w.relid
          from londiste_rs.with_partitions(array(select r.relid from londiste_rs.replicated_relations() r
                                                  where not i_all)) w);
begin
    for c in
        select f.*, k.conrelid
          from londiste_rs.relaxed_fkey f
          join pg_constraint k on k.conrelid = londiste_rs.find_relation(f.table_name) and k.conname = f.fkey_name::name
           and k.contype = 'f'
         where i_all or not (k.conrelid = any (bound) or k.confrelid = any (bound))
         order by f.table_name, f.fkey_name
    loop
        exit when changes >= i_at_most;
        begin
            execute format('alter table %s alter constraint %I %s', c.conrelid::regclass, c.fkey_name,
                           case when c.was_deferrable then 'deferrable initially immediate' else 'not deferrable' end);
            changes := changes + 1;
        exception when lock_not_available then
            if i_at_most is null then
                raise;
            end if;
            held := sqlerrm;
        end;
    end loop;
    perform londiste_rs.settle_fkeys();
    for c in
        select x.*, t.tgrelid
          from londiste_rs.relaxed_trigger x
          left join pg_trigger t on t.tgrelid = londiste_rs.find_relation(x.table_name)
                                and t.tgname = x.trigger_name::name
                                and not t.tgisinternal
         where i_all or coalesce(londiste_rs.find_relation(x.table_name) <> all (replicated), true)
         order by x.table_name, x.trigger_name
    loop
        exit when changes >= i_at_most;
        begin
            if c.tgrelid is not null then
                execute format('alter table only %s enable trigger %I', c.tgrelid::regclass, c.trigger_name);
                changes := changes + 1;
            end if;
            delete from londiste_rs.relaxed_trigger x
             where x.table_name = c.table_name and x.trigger_name = c.trigger_name;
        exception when lock_not_available then
            if i_at_most is null then
                raise;
            end if;
            held := sqlerrm;
        end;
    end loop;
    if changes = 0 and held is not null then
        raise exception using errcode = 'lock_not_available', message = held;
    end if;
    return changes;
end $$;

create or replace function londiste_rs.undo_relaxed(i_all boolean)
returns integer language sql
set search_path = pg_catalog, pg_temp
as $$ select londiste_rs.undo_some_relaxed(i_all, null) $$;

-- Undoes relax_tables() where it is not needed any more.
create or replace function londiste_rs.restore_relaxed()
returns integer language sql
set search_path = pg_catalog, pg_temp
as $$ select londiste_rs.undo_relaxed(false) $$;

-- Undoes one of them, in a transaction of its own, while the application writes: to be called until it answers 0.
-- Whoever held the locks of many tables and waited for more would make the application's transactions victims of
-- deadlocks. It waits much shorter than the server does before it looks for them. Nothing is locked where there is
-- nothing to undo.
create or replace function londiste_rs.restore_relaxed_now()
returns integer language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from londiste_rs.relaxed_fkey) and not exists (select from londiste_rs.relaxed_trigger) then
        return 0;
    end if;
    perform londiste_rs.lock_fkeys();
    perform set_config('lock_timeout', '100ms', true);
    return londiste_rs.undo_some_relaxed(false, 1);
end $$;
