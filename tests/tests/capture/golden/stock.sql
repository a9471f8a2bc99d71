CREATE OR REPLACE FUNCTION pgq._row_u3_<oid of stock>_<hash>(i_row record, i_old record, i_op text, i_schema text, i_table text)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
declare
    data text;
    old_data text;
    row_key text;
    own_values text[];
    event_id bigint;
    iso_dates constant boolean := pg_catalog.starts_with(pg_catalog.current_setting('datestyle'), 'ISO');
begin
    if ('<oid of stock>'::pg_catalog.regclass::text is null) <> (pgq._row_layout('<oid of stock>'::oid) is distinct from '[["id","name","at"], ["23","25","1184"], ["operator(pg_catalog.=)","operator(pg_catalog.=)","operator(pg_catalog.=)"], ["id"]]') then
        if pgq._row_layout('<oid of stock>'::oid) is not null then
            perform pgq._write_row_function('U', '<oid of stock>', '[0:1]={q,backup}');
        end if;
        return null;
    end if;
    if pg_catalog.current_setting('session_replication_role') = 'local' then
        return true;
    end if;
    if i_op = 'UPDATE' then
        if (true and not (((i_row.id operator(pg_catalog.=) i_old.id) is not true and (i_row.id is not null or i_old.id is not null)))) is not true then
            return null;
        end if;
    end if;
    data := pg_catalog.array_to_string(array['id', '=' || i_row.id::text, '&name', '=' || case when i_row.name::text collate pg_catalog."C" !~ '[^A-Za-z0-9._-]' then i_row.name::text collate pg_catalog."C" when i_row.name::text collate pg_catalog."C" !~ '[^A-Za-z0-9._ -]' then pg_catalog.replace(i_row.name::text collate pg_catalog."C", ' ', '+') else pgq._urlencode(i_row.name::text collate pg_catalog."C") end, '&at', '=' || case when iso_dates then pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(i_row.at::text, '+', '%2b'), ' ', '+'), ':', '%3a') else pgq._urlencode(i_row.at::text) end], '');
    if i_op = 'UPDATE' then
        old_data := pg_catalog.array_to_string(array['id', '=' || i_old.id::text, '&name', '=' || case when i_old.name::text collate pg_catalog."C" !~ '[^A-Za-z0-9._-]' then i_old.name::text collate pg_catalog."C" when i_old.name::text collate pg_catalog."C" !~ '[^A-Za-z0-9._ -]' then pg_catalog.replace(i_old.name::text collate pg_catalog."C", ' ', '+') else pgq._urlencode(i_old.name::text collate pg_catalog."C") end, '&at', '=' || case when iso_dates then pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(i_old.at::text, '+', '%2b'), ' ', '+'), ':', '%3a') else pgq._urlencode(i_old.at::text) end], '');
    end if;
    event_id := pgq.insert_event('q', pg_catalog.left(i_op, 1) || ':id', data, i_schema || '.' || i_table, old_data, null, null);
    return true;
end $function$

