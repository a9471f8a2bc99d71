-- Scripts of EXECUTE events: whether this node needs them, and how they are run.

-- What an attribute of a script finds here: null where there is nothing. For objects of the queue it is the name of the
-- object on this node, quoted, which takes the place of @name@ in the script; else an empty text.
create or replace function londiste_rs.script_match(i_queue_name text, i_key text, i_name text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    full_name text := case when strpos(i_name, '.') > 0 then i_name else 'public.' || i_name end;
    dest text;
    kinds "char"[];
begin
    if i_key in ('local-table', 'local-destination') then
        select coalesce(t.dest_table, t.table_name) into dest
          from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = full_name and t.local;
        if dest is null or i_key = 'local-destination' and londiste_rs.find_relation(dest) is null then
            return null;
        end if;
        return coalesce(londiste_rs.quoted_name(londiste_rs.find_relation(dest)), londiste.quote_fqname(dest));
    elsif i_key = 'local-sequence' then
        return (select coalesce(londiste_rs.quoted_name(londiste_rs.find_relation(s.seq_name)),
                                londiste.quote_fqname(s.seq_name))
                  from londiste.seq_info s where s.queue_name = i_queue_name and s.seq_name = full_name and s.local);
    elsif i_key = 'need-schema' then
        return case when exists (select from pg_namespace n where n.nspname = i_name) then '' end;
    elsif i_key = 'need-function' then
        -- name(n): n arguments
        return case when exists (
            select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname || '.' || p.proname = regexp_replace(full_name, '\s*\(\s*\d+\s*\)$', '')
               and (full_name !~ '\(\s*\d+\s*\)$'
                    or p.pronargs = substring(full_name from '\(\s*(\d+)\s*\)$')::integer)) then '' end;
    end if;
    kinds := case i_key when 'need-table' then '{r,p,f}' when 'need-view' then '{v,m}'
                        when 'need-sequence' then '{S}' end;
    return case when exists (select from pg_class c where c.oid = londiste_rs.find_relation(full_name)
                                and c.relkind = any (kinds)) then '' end;
end $$;

-- Runs a script in the caller's transaction, which the script cannot end: statements that would are refused here.
-- No search_path of its own: names in the script are resolved as its author's session does.
create or replace function londiste_rs.run_script(i_sql text)
returns void language plpgsql
as $$
begin
    execute i_sql;
end $$;

-- Changes of replicated tables that this transaction has captured so far.
create or replace function londiste_rs.captured_changes(i_queue_name text)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    events text;
    changes bigint;
begin
    select q.queue_data_pfx into events from pgq.queue q where q.queue_name = i_queue_name;
    execute format('select count(*) from %s where ev_txid = txid_current() and ev_extra1 in '
                   '(select table_name from londiste.table_info where queue_name = $1)', events)
       into changes using i_queue_name;
    return changes;
end $$;
