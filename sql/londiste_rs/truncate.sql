-- TRUNCATE of partitioned tables: which event it makes, and which rows it took.

-- A collation as a text that is equal on two servers where it sorts alike: provider and locale; 'C' for the order of
-- bytes. NULL for no collation.
create or replace function londiste_rs.collation_identity(i_collation oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when i.locale in ('C', 'POSIX') then 'C' else concat_ws(' ', i.provider, i.locale) end
      from pg_collation l
      join pg_database d on d.datname = current_database()
     cross join lateral (
           select case when l.collprovider = 'd' then coalesce(to_jsonb(d)->>'datlocprovider', 'c')
                       else l.collprovider::text end,
                  case when l.collprovider = 'd'
                           then coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale', d.datcollate::text)
                       else coalesce(to_jsonb(l)->>'colllocale', to_jsonb(l)->>'colliculocale',
                                     l.collcollate::text) end) i (provider, locale)
     where l.oid = i_collation
$$;

-- Name of a type, schema and name with a dot; of a domain the name of the type below it.
create or replace function londiste_rs.base_type_name(i_type oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive up (type_oid) as (
        select i_type
        union all
        select t.typbasetype from up join pg_type t on t.oid = up.type_oid where t.typtype = 'd')
    select n.nspname || '.' || t.typname
      from up join pg_type t on t.oid = up.type_oid and t.typtype <> 'd' join pg_namespace n on n.oid = t.typnamespace
$$;

-- Which rows of i_top belong to its partition i_rel, as JSON: for each level below i_top how it is partitioned (by: r,
-- l, h), the key's columns with their types, collations and operator classes (NULL: the usual one, or one that does not
-- matter), type modifiers, and the bound as PostgreSQL prints it; for a default partition the bounds of the others; the
-- key's definition where it has expressions. Texts that are equal on two servers mean equal bounds. NULL where i_rel is
-- no partition of i_top.
create or replace function londiste_rs.partition_bounds(i_rel oid, i_top oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD' set intervalstyle = 'postgres' set timezone = 'UTC' set extra_float_digits = 3
set bytea_output = 'hex'
set lc_monetary = 'C' set standard_conforming_strings = on
as $$
    with recursive up (relid, parent, level) as (
        select i.inhrelid, i.inhparent, 1 from pg_inherits i join pg_class c on c.oid = i.inhrelid and c.relispartition
         where i.inhrelid = i_rel and i_rel <> i_top
        union all
        select i.inhrelid, i.inhparent, up.level + 1 from up join pg_inherits i on i.inhrelid = up.parent
         where up.parent <> i_top)
    select json_agg(json_build_object(
               'by', p.partstrat::text,
               'key', (select json_agg(json_build_array(
                                  a.attname::text, b.name,
                                  case when p.partstrat = 'r' or not l.collisdeterministic
                                           then londiste_rs.collation_identity(k.coll) end,
                                  case when not oc.opcdefault then oc.opcname::text end, coalesce(a.atttypmod, -1))
                                       order by k.pos)
                         from unnest(p.partattrs::int2[], p.partclass::oid[],
                                     p.partcollation::oid[]) with ordinality k (attnum, class, coll, pos)
                         left join pg_attribute a on a.attrelid = p.partrelid and a.attnum = k.attnum
                         left join lateral (select londiste_rs.base_type_name(a.atttypid)) b (name) on true
                         left join pg_collation l on l.oid = k.coll
                         left join pg_opclass oc on oc.oid = k.class),
               'expressions', case when 0 = any (p.partattrs::int2[]) then pg_get_partkeydef(p.partrelid) end,
               'bound', pg_get_expr(c.relpartbound, c.oid),
               'others', case when p.partdefid = c.oid then
                   (select coalesce(json_agg(s.bound order by s.bound collate "C"), '[]')
                      from pg_inherits i
                      join pg_class o on o.oid = i.inhrelid and o.oid <> c.oid
                     cross join lateral (select pg_get_expr(o.relpartbound, o.oid)) s (bound)
                     where i.inhparent = p.partrelid) end) order by up.level desc)::text
      from up
      join pg_class c on c.oid = up.relid
      join pg_partitioned_table p on p.partrelid = up.parent
    having bool_or(up.parent = i_top)
$$;

-- The event that TRUNCATE of i_rel makes, as its trigger of that name sees it: i_rel is the captured table i_top or one
-- of its partitions, leaf or not.
--
-- PostgreSQL fires the trigger of every relation that a statement empties, those above before those below, unless the
-- statement names a part first. Whoever tells of its rows covers all triggers below it that have not fired yet, and
-- these are silent. They fire in the same statement, and nobody can empty their tables before they have. A
-- transaction-local setting holds that: the client's statement, who is covered, who has fired.
create or replace function londiste_rs.truncate_event(
    i_top oid, i_rel oid, i_trigger_name name, out kind text, out data text, out bounds text)
returns setof record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    setting constant text := 'londiste_rs.truncated_' || i_top;
    this constant text := extract(epoch from statement_timestamp())::text;
    known text[] := string_to_array(current_setting(setting, true), ' ');
    covered oid[] := '{}';
    fired oid[] := '{}';
    below oid[];
begin
    if known[1] = this then
        covered := known[2]::oid[];
        fired := known[3]::oid[];
    end if;
    if i_rel = any (covered) then
        perform set_config(setting,
            concat_ws(' ', this, array_remove(covered, i_rel)::text, (fired || i_rel)::text), true);
        return;
    end if;
    bounds := londiste_rs.partition_bounds(i_rel, i_top);
    -- a partition that was detached, and has not lost its trigger yet
    if bounds is null and i_rel <> i_top then
        return;
    end if;
    below := array(select t.tgrelid
                     from pg_partition_tree(i_rel) p
                     join pg_trigger t on t.tgrelid = p.relid and t.tgname = i_trigger_name
                     join pg_trigger own on own.tgrelid = i_rel and own.tgname = i_trigger_name
                      and own.tgfoid = t.tgfoid
                    where p.relid <> i_rel
                      and t.tgenabled in ('A', case when current_setting('session_replication_role') = 'replica'
                                                        then 'R' else 'O' end));
    covered := covered || array(select b.relid from unnest(below) b (relid) where b.relid <> all (fired));
    fired := array(select f.relid from unnest(fired) f (relid) where f.relid <> all (below)) || i_rel;
    perform set_config(setting, concat_ws(' ', this, covered::text, fired::text), true);
    perform londiste_rs.note_truncate(i_top, i_rel, i_trigger_name);
    kind := case when i_rel = i_top then 'R' else 'rec.R' end;
    data := case when i_rel <> i_top then londiste_rs.plain_name(i_rel) end;
    return next;
end $$;
