-- Foreign keys that the replication worker dropped around a copy and will restore itself.
-- It names tables schema.table without quotes.
create or replace function londiste_fk.held_by_worker(schema_name name, table_name name, fkey_name name)
returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    held boolean;
begin
    if to_regclass('londiste.pending_fkeys') is null then
        return false;
    end if;
    execute 'select exists (select from londiste.pending_fkeys p where p.fkey_name = $3
                            and p.from_table in ($1 || ''.'' || $2, format(''%I.%I'', $1, $2)))'
        into held using schema_name, table_name, fkey_name;
    return held;
end $$;

-- Whether the worker holds a partitioned table's foreign key, or a part of it that one of these partitions had by
-- itself (null: any of them).
create or replace function londiste_fk.worker_holds(f londiste_fk.foreign_key, leaf_schema name, leaf_table name)
returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select londiste_fk.held_by_worker(f.schema_name, f.table_name, f.fkey_name)
        or exists (select from londiste_fk.partition_fkey p
                    where p.fkey = f.id
                      and (leaf_table is null or (p.schema_name, p.table_name) = (leaf_schema, leaf_table))
                      and londiste_fk.held_by_worker(p.schema_name, p.table_name, p.fkey_name))
$$;

-- Foreign keys that are deferrable only while their table is replicated, with what they were before.
create or replace function londiste_fk.relaxed()
returns table (table_name text, fkey_name text, was_deferrable boolean, was_deferred boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    if to_regclass('londiste_rs.relaxed_fkey') is not null then
        return query execute
            'select r.table_name::text, r.fkey_name::text, r.was_deferrable, r.was_deferred
               from londiste_rs.relaxed_fkey r';
    end if;
end $$;

-- Whether the replication worker has brought a foreign key back NOT VALID after a copy and is going to validate it: its
-- own state is valid.
create or replace function londiste_fk.worker_validates(schema_name name, table_name name, fkey_name name)
returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    awaited boolean;
begin
    if to_regclass('londiste_rs.unvalidated_fkey') is null then
        return false;
    end if;
    execute 'select exists (select from londiste_rs.unvalidated_fkey u '
            'where u.fkey_name = $3 and u.table_name = $1 || ''.'' || $2)'
        into awaited using schema_name, table_name, fkey_name;
    return awaited;
end $$;

-- The foreign keys of this database that are the user's, as they are now (null), or just this one. Partitions' parts of
-- a partitioned table's foreign key are not listed. The search_path makes pg_get_constraintdef qualify every name.
create or replace function londiste_fk.present(only_fkey oid default null)
returns table (fkey oid, schema_name name, table_name name, fkey_name name, target_schema name, target_table name,
               definition text, partitioned boolean, enforced boolean, valid boolean, comment text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select k.oid, n.nspname, t.relname, k.conname, tn.nspname, tt.relname,
           regexp_replace(d.def, '( DEFERRABLE)?( INITIALLY DEFERRED)?( NOT ENFORCED)?( NOT VALID)?$', '')
               || case when coalesce(r.was_deferrable, k.condeferrable) then ' DEFERRABLE' else '' end
               || case when coalesce(r.was_deferred, k.condeferred) then ' INITIALLY DEFERRED' else '' end
               || case when d.def ~ ' NOT ENFORCED$' then ' NOT ENFORCED' else '' end,
           t.relkind = 'p', d.def !~ ' NOT ENFORCED$',
           k.convalidated or londiste_fk.worker_validates(n.nspname, t.relname, k.conname),
           obj_description(k.oid, 'pg_constraint')
      from pg_constraint k
      join pg_class t on t.oid = k.conrelid
      join pg_namespace n on n.oid = t.relnamespace
      join pg_class tt on tt.oid = k.confrelid
      join pg_namespace tn on tn.oid = tt.relnamespace
     cross join lateral (select pg_get_constraintdef(k.oid) as def) d
      left join londiste_fk.relaxed() r
             on r.table_name in (n.nspname || '.' || t.relname, format('%I.%I', n.nspname, t.relname))
            and r.fkey_name = k.conname and k.condeferrable and k.condeferred
     where k.contype = 'f' and k.conparentid = 0
       and (only_fkey is null or k.oid = only_fkey)
       and t.relpersistence <> 't'
       and n.nspname not in ('pgq', 'pgq_ext', 'pgq_node', 'londiste', 'londiste_rs', 'londiste_fk',
                             'pg_catalog', 'information_schema')
       and not exists (select from pg_depend e
                        where e.classid = 'pg_class'::regclass and e.objid = t.oid and e.deptype = 'e')
       and not exists (select from londiste_fk.partition_fkey p
                        where p.interim and t.relispartition
                          and p.schema_name = n.nspname and p.table_name = t.relname and p.fkey_name = k.conname)
$$;

-- The foreign key of that name on that table, null if there is none. A part of a partitioned table's key is not one.
create or replace function londiste_fk.find(schema_name name, table_name name, fkey_name name)
returns oid
language sql stable set search_path = pg_catalog, pg_temp as $$
    select k.oid
      from pg_constraint k
      join pg_class t on t.oid = k.conrelid
      join pg_namespace n on n.oid = t.relnamespace
     where k.contype = 'f' and k.conparentid = 0 and n.nspname = $1 and t.relname = $2 and k.conname = $3
$$;

-- The parts that partitions have of a partitioned table's foreign key. The rows that PostgreSQL keeps for partitions of
-- the referenced table stand on the same table as their parent: those are left out.
create or replace function londiste_fk.parts(fkey oid)
returns table (part oid, partition oid, schema_name name, table_name name, fkey_name name, valid boolean)
language sql stable set search_path = pg_catalog, pg_temp as $$
    with recursive tree as (
        select k.oid, k.conrelid, k.conname, k.convalidated from pg_constraint k where k.oid = $1
        union all
        select k.oid, k.conrelid, k.conname, k.convalidated
          from pg_constraint k join tree on k.conparentid = tree.oid and k.conrelid <> tree.conrelid
    )
    select k.oid, k.conrelid, n.nspname, t.relname, k.conname, k.convalidated
      from tree k
      join pg_class t on t.oid = k.conrelid
      join pg_namespace n on n.oid = t.relnamespace
     where k.oid <> $1
$$;

-- Unlike to_regclass(), it does not fail where we have no right to the schema: one foreign key's failure is not the
-- run's.
create or replace function londiste_fk.table_oid(schema_name name, table_name name)
returns oid
language sql stable set search_path = pg_catalog, pg_temp as $$
    select t.oid from pg_class t join pg_namespace n on n.oid = t.relnamespace where n.nspname = $1 and t.relname = $2
$$;

-- The partitions of a table that hold rows.
create or replace function londiste_fk.leaves(schema_name name, table_name name)
returns table (partition oid, leaf_schema name, leaf_table name)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select t.oid, n.nspname, t.relname
      from pg_partition_tree(londiste_fk.table_oid($1, $2)) p
      join pg_class t on t.oid = p.relid
      join pg_namespace n on n.oid = t.relnamespace
     where p.isleaf and t.relkind = 'r'
     order by 2, 3
$$;

-- Every table that a statement about the foreign key locks.
create or replace function londiste_fk.tables_of(f londiste_fk.foreign_key)
returns oid[]
language sql stable set search_path = pg_catalog, pg_temp as $$
    select array_agg(t.relation)
      from (select londiste_fk.table_oid(f.schema_name, f.table_name) as relation
            union select londiste_fk.table_oid(f.target_schema, f.target_table)
            union select l.partition from londiste_fk.leaves(f.schema_name, f.table_name) l where f.partitioned) t
$$;
