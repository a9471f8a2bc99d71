-- Foreign keys of the user that replication has changed: their own state, until they are back in it.
set client_min_messages = warning;

-- One row for each foreign key that is dropped for a copy, NOT VALID since a copy, or deferrable while replicated. The
-- columns from definition to parts hold its state from before the first of these changes. definition: without
-- deferrability and validity. parts: names and comments that partitions have for their part of it. to_validate:
-- replication has made it again NOT VALID. error: why it could not be brought back or validated.
create table if not exists londiste_rs.foreign_key (
    table_name     text not null,
    fkey_name      text not null,
    to_table       text not null,
    definition     text not null,
    was_deferrable boolean not null,
    was_deferred   boolean not null,
    was_enforced   boolean not null,
    was_valid      boolean not null,
    comment        text,
    parts          jsonb not null default '[]',
    to_validate    boolean not null default false,
    error          text,
    tried          timestamptz,
    primary key (table_name, fkey_name)
);

-- The part of a foreign key's definition that is the same whatever its deferrability, enforcement and validity.
create or replace function londiste_rs.fkey_definition(i_fkey oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select regexp_replace(pg_get_constraintdef(i_fkey),
                          '( DEFERRABLE)?( INITIALLY DEFERRED)?( NOT ENFORCED)?( NOT VALID)?$', '')
$$;

-- Whether the foreign key scripts (schema londiste_fk) have brought it back NOT VALID and it was valid when they
-- collected it.
create or replace function londiste_rs.scripts_know_valid(i_fkey oid)
returns boolean language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    known boolean;
begin
    if to_regclass('londiste_fk.foreign_key') is null
       or not has_table_privilege('londiste_fk.foreign_key', 'select')
       or not has_schema_privilege('londiste_fk', 'usage') then
        return false;
    end if;
    execute 'select bool_or(f.was_valid and f.enforced)
               from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
               join londiste_fk.foreign_key f
                 on (f.schema_name, f.table_name, f.fkey_name) = (n.nspname, c.relname, k.conname)
              where k.oid = $1 and f.state in (''dropped'', ''restored'')'
        into known using i_fkey;
    return coalesce(known, false);
end $$;

-- Remembers a foreign key before replication changes it. Of one that is remembered already, only what replication has
-- not changed is taken anew: it counts as valid while it is still to be validated, and keeps its own deferrability
-- while it is made deferrable.
create or replace function londiste_rs.remember_fkey(i_fkey oid)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into londiste_rs.foreign_key as f
           (table_name, fkey_name, to_table, definition, was_deferrable, was_deferred, was_enforced, was_valid,
            comment, parts)
    select londiste_rs.plain_name(k.conrelid), k.conname, londiste_rs.plain_name(k.confrelid),
           londiste_rs.fkey_definition(k.oid),
           k.condeferrable, k.condeferred, pg_get_constraintdef(k.oid) !~ ' NOT ENFORCED$',
           k.convalidated or londiste_rs.scripts_know_valid(k.oid)
               -- the stock worker adds it NOT VALID and forgets it when it is validated
               or exists (select from londiste.pending_fkeys p
                           where p.from_table = londiste_rs.plain_name(k.conrelid) and p.fkey_name = k.conname
                             and p.fkey_def !~* '( not valid| not enforced)$'),
           obj_description(k.oid, 'pg_constraint'),
           coalesce((with recursive tree as (
                         select p.oid, p.conrelid, p.conname from pg_constraint p
                          where p.conparentid = k.oid and p.conrelid <> k.conrelid
                         union all
                         select p.oid, p.conrelid, p.conname
                           from pg_constraint p join tree t on p.conparentid = t.oid and p.conrelid <> t.conrelid)
                     select jsonb_agg(jsonb_build_object('table', londiste_rs.plain_name(t.conrelid), 'name', t.conname,
                                                         'comment', obj_description(t.oid, 'pg_constraint')))
                       from tree t), '[]')
      from pg_constraint k
     where k.oid = i_fkey
        on conflict (table_name, fkey_name) do update
       set to_table = excluded.to_table, definition = excluded.definition, was_enforced = excluded.was_enforced,
           was_deferrable = case when excluded.was_deferred then f.was_deferrable else excluded.was_deferrable end,
           was_deferred = case when excluded.was_deferred then f.was_deferred else false end,
           was_valid = excluded.was_valid or f.to_validate,
           comment = excluded.comment, parts = excluded.parts
$$;

-- The statement that makes a remembered foreign key again, in its own form but for its validity: a table gets it NOT
-- VALID, so that no row is looked at; a partitioned table can have it so since PostgreSQL 18.
create or replace function londiste_rs.fkey_statement(f londiste_rs.foreign_key, i_lazy boolean)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('alter table %s%I.%I add constraint %I %s', case when c.relkind = 'p' then '' else 'only ' end,
                  n.nspname, c.relname, f.fkey_name, f.definition)
           || case when f.was_deferrable then ' deferrable' else '' end
           || case when f.was_deferred then ' initially deferred' else '' end
           || case when not f.was_enforced then ' not enforced'
                   when not f.was_valid then ' not valid'
                   when i_lazy and (c.relkind <> 'p' or current_setting('server_version_num')::integer >= 180000)
                       then ' not valid'
                   else '' end
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = londiste_rs.find_relation(f.table_name)
$$;

-- Gives a foreign key that has just been made its comment, and its parts their names and comments.
create or replace function londiste_rs.dress_fkey(f londiste_rs.foreign_key)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    whole oid;
    p record;
begin
    select k.oid into whole from pg_constraint k
     where k.conrelid = londiste_rs.find_relation(f.table_name) and k.conname = f.fkey_name::name and k.contype = 'f';
    if f.comment is not null then
        execute format('comment on constraint %I on %s is %L', f.fkey_name,
            londiste_rs.find_relation(f.table_name)::regclass, f.comment);
    end if;
    for p in
        with recursive tree as (
            select k.oid, k.conrelid, k.conname from pg_constraint k where k.conparentid = whole
            union all
            select k.oid, k.conrelid, k.conname from pg_constraint k join tree t on k.conparentid = t.oid)
        select t.conrelid, t.conname, x.part ->> 'name' as name, x.part ->> 'comment' as comment
          from jsonb_array_elements(f.parts) x (part)
          join tree t on t.conrelid = londiste_rs.find_relation(x.part ->> 'table')
    loop
        if p.name <> p.conname then
            execute format('alter table %s rename constraint %I to %I', p.conrelid::regclass, p.conname, p.name);
        end if;
        if p.comment is not null then
            execute format('comment on constraint %I on %s is %L', p.name, p.conrelid::regclass, p.comment);
        end if;
    end loop;
end $$;

-- What is not yet as it was. state: dropped (for a copy), unvalidated, relaxed (deferrable while replicated).
-- restorable: nothing keeps it away.
create or replace view londiste_rs.changed_fkey as
    select p.from_table as table_name, p.to_table, p.fkey_name, 'dropped' as state, f.error, f.tried
      from londiste.pending_fkeys p
      left join londiste_rs.foreign_key f on f.table_name = p.from_table and f.fkey_name = p.fkey_name
    union all
    select f.table_name, f.to_table, f.fkey_name, s.state, case when s.state = 'unvalidated' then f.error end, f.tried
      from londiste_rs.foreign_key f
      join pg_catalog.pg_constraint k on k.conrelid = londiste_rs.find_relation(f.table_name)
       and k.conname = f.fkey_name::name and k.contype = 'f'
     cross join lateral (select 'unvalidated' as state where f.to_validate and not k.convalidated
                         union all select 'relaxed' where k.condeferred and not f.was_deferred) s;

-- Remembers a foreign key that is away by its statement in londiste.pending_fkeys, as the stock worker or an older
-- version has left it; one that is remembered already stays so.
create or replace function londiste_rs.remember_pending_fkey(i_from_table text, i_fkey_name text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into londiste_rs.foreign_key (table_name, fkey_name, to_table, definition, was_deferrable, was_deferred,
                                         was_enforced, was_valid)
    select p.from_table, p.fkey_name, p.to_table,
           regexp_replace(substr(p.fkey_def, strpos(lower(p.fkey_def), lower(a.clause)) + length(a.clause)),
                          '( not)?( deferrable)?( initially (deferred|immediate))?( not enforced)?( not valid)?$', '',
                          'i'),
           p.fkey_def ~* '[^t] deferrable', p.fkey_def ~* ' initially deferred', p.fkey_def !~* ' not enforced$',
           p.fkey_def !~* '( not valid| not enforced)$'
      from londiste.pending_fkeys p cross join lateral (select format('add constraint %I ', p.fkey_name)) a (clause)
     where strpos(lower(p.fkey_def), lower(a.clause)) > 0 and p.from_table = i_from_table and p.fkey_name = i_fkey_name
        on conflict (table_name, fkey_name) do nothing
$$;

-- Takes over what an older version has remembered in two tables, which are views now. One that is away for a copy has a
-- statement as deferrable, and as little valid, as replication had made it; its own state is what the tables tell. The
-- older version also kept failures of foreign keys as their tables', where nobody would take them away.
do $$
begin
    if exists (select from pg_catalog.pg_class c
                where c.oid = to_regclass('londiste_rs.relaxed_fkey') and c.relkind = 'r') then
        perform londiste_rs.remember_fkey(k.oid), londiste_rs.remember_pending_fkey(o.table_name, o.fkey_name)
           from (select table_name, fkey_name from londiste_rs.relaxed_fkey
                 union select table_name, fkey_name from londiste_rs.unvalidated_fkey) o
           left join pg_catalog.pg_constraint k on k.conrelid = londiste_rs.find_relation(o.table_name)
                                               and k.conname = o.fkey_name::name
                                               and k.contype = 'f';
        update londiste_rs.foreign_key f set was_deferrable = o.was_deferrable, was_deferred = o.was_deferred
          from londiste_rs.relaxed_fkey o where o.table_name = f.table_name and o.fkey_name = f.fkey_name;
        update londiste_rs.foreign_key f set was_valid = true, to_validate = p.fkey_name is null,
            error = case when p.fkey_name is null then o.error end
          from londiste_rs.unvalidated_fkey o
          left join londiste.pending_fkeys p on p.from_table = o.table_name and p.fkey_name = o.fkey_name
         where o.table_name = f.table_name and o.fkey_name = f.fkey_name;
        delete from londiste_rs.table_error e where not e.parked and e.error ~ '^foreign key [^:]+: ';
        drop table londiste_rs.relaxed_fkey, londiste_rs.unvalidated_fkey;
    end if;
end $$;

-- Foreign keys made deferrable while an end of theirs is replicated, and what they were before.
create or replace view londiste_rs.relaxed_fkey as
    select f.table_name, f.fkey_name, f.was_deferrable, f.was_deferred
      from londiste_rs.foreign_key f join londiste_rs.changed_fkey c using (table_name, fkey_name)
     where c.state = 'relaxed';

-- Foreign keys that came back NOT VALID after a copy and are still to be validated.
create or replace view londiste_rs.unvalidated_fkey as
    select c.table_name, c.fkey_name, c.error from londiste_rs.changed_fkey c where c.state = 'unvalidated';

reset client_min_messages;

-- Forgets foreign keys that are back as they were, and those that somebody else has dropped.
create or replace function londiste_rs.settle_fkeys()
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- whoever changes foreign keys meanwhile has a state that this transaction does not see: the next call forgets them
    if not pg_try_advisory_xact_lock(hashtextextended('londiste_rs.foreign_keys', 0)) then
        return;
    end if;
    delete from londiste_rs.foreign_key f
     where not exists (select from londiste_rs.changed_fkey c
                        where c.table_name = f.table_name and c.fkey_name = f.fkey_name);
end $$;
