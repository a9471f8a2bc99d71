-- Where sequences stand when the root moves: all of both databases, replicated or not, whoever owns them.

-- The sequences of this database that this role may read, and where they stand. Schemas of the server and of ours are
-- left out.
create or replace function londiste_rs.sequence_positions(
    out seq_name text, out seq_type text, out last_value bigint, out is_called boolean, out increment bigint,
    out cycles boolean, out readable boolean)
returns setof record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
begin
    for s in
        select c.oid, n.nspname, c.relname, q.seqincrement, q.seqcycle, format_type(q.seqtypid, null) as type_name,
               has_sequence_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage') as readable
          from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence q on q.seqrelid = c.oid
         where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
           and n.nspname not in ('pgq', 'pgq_node', 'londiste', 'londiste_rs', 'londiste_fk')
           and not exists (select from pg_depend d
                            where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
         order by 2, 3
    loop
        seq_name := format('%I.%I', s.nspname, s.relname);
        seq_type := s.type_name;
        increment := s.seqincrement;
        cycles := s.seqcycle;
        readable := s.readable;
        last_value := null;
        is_called := null;
        if readable then
            execute format('select last_value, is_called from %s', seq_name) into last_value, is_called;
        end if;
        return next;
    end loop;
end $$;

-- Sets the sequences of these names to where they stood on the root before: one that is further already stays. Answers
-- those whose next value would not lie past it, and why.
create or replace function londiste_rs.sequences_follow(i_names text[], i_values bigint[], i_called boolean[],
    out seq_name text, out trouble text)
returns setof record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
    here record;
    q record;
begin
    for s in select u.name, u.value, u.called from unnest(i_names, i_values, i_called) u (name, value, called) loop
        seq_name := s.name;
        trouble := null;
        select p.* into q from pg_sequence p where p.seqrelid = to_regclass(s.name);
        if not found then
            trouble := 'is not there';
            return next;
            continue;
        end if;
        begin
            execute format('select last_value, is_called from %s', s.name) into here;
            if s.value not between q.seqmin and q.seqmax then
                trouble := format('%s lies beyond its bounds (%s to %s)', s.value, q.seqmin, q.seqmax);
            elsif q.seqcycle and (here.last_value, here.is_called) is distinct from (s.value, s.called)
               or (s.value::numeric - here.last_value) * sign(q.seqincrement) > 0
               or s.value = here.last_value and s.called and not here.is_called then
                perform setval(s.name::regclass, s.value, s.called);
            end if;
            if trouble is null and s.called and not s.value = q.seqmax and not s.value = q.seqmin
               and not q.seqcycle then
                execute format('select last_value, is_called from %s', s.name) into here;
                if (here.last_value::numeric - s.value) * sign(q.seqincrement) < 0
                   or here.last_value = s.value and not here.is_called then
                    trouble := format('stands at %s, and at %s on the root before', here.last_value, s.value);
                end if;
            end if;
        exception when insufficient_privilege or object_not_in_prerequisite_state or read_only_sql_transaction then
            trouble := sqlerrm;
        end;
        if trouble is not null then
            return next;
        end if;
    end loop;
end $$;
