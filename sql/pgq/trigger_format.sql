-- How the stock triggers write rows: as urlencoded fields, as parts of SQL statements, as JSON.

-- Fields of a record in its text form, each as its type writes it; NULL where it is NULL.
-- Fields are separated by commas outside of quotes; inside of them a quote and a backslash stand twice.
create or replace function pgq._record_fields(i_record text)
returns text[]
language plpgsql immutable
as $$
declare
    body text := pg_catalog.substr(i_record, 2, pg_catalog.length(i_record) - 2);
    fields text[] := '{}';
    parts text[];
    quoted text;
    segments text[];
    last integer;
begin
    if pg_catalog.strpos(body, '"') = 0 then
        return case when body = '' then array[null::text] else pg_catalog.string_to_array(body, ',', '') end;
    end if;
    segments := pg_catalog.string_to_array(body, '"');
    last := pg_catalog.cardinality(segments);
    if last > 100 then
        return pgq._quoted_record_fields(body);
    end if;

    -- Every second segment was inside of quotes; an empty one outside, between two of them, is a quote that stood
    -- twice.
    for i in 1 .. last loop
        if i % 2 = 0 then
            quoted := coalesce(quoted, '') || segments[i];
        elsif i > 1 and i < last and segments[i] = '' then
            quoted := quoted || '"';
        else
            parts := pg_catalog.string_to_array(segments[i], ',', '');
            if i > 1 then
                fields := fields || pg_catalog.replace(quoted, E'\\\\', E'\\');
                quoted := null;
                parts := parts[2:];
            end if;
            if i < last then
                parts := parts[1:pg_catalog.cardinality(parts) - 1];
            end if;
            fields := fields || parts;
        end if;
    end loop;
    return fields;
end $$;

-- The same for records with many quotes, such as documents.
create or replace function pgq._quoted_record_fields(i_body text)
returns text[]
language sql immutable
as $$
    select pg_catalog.array_agg(
               case
                   when part[1] = ',' then null
                   when part[1] like '"%' then
                       pg_catalog.replace(pg_catalog.replace(
                           pg_catalog.substr(part[1], 2, pg_catalog.length(part[1]) - 3), '""', '"'), E'\\\\', E'\\')
                   else pg_catalog.left(part[1], -1)
               end order by nr)
      from pg_catalog.regexp_matches(i_body || ',', '(?:(?:"[^"]*")+|[^",]*),', 'g') with ordinality p (part, nr);
$$;

-- What application/x-www-form-urlencoded does to a text: letters, digits, '.', '-' and '_' stay, a blank is '+', the
-- rest is written byte by byte.
create or replace function pgq._urlencode(i_text text)
returns text
language plpgsql immutable
as $$
declare
    coded text := i_text;
    part record;
begin
    if i_text !~ '[^A-Za-z0-9._-]' then
        return i_text;
    end if;
    if i_text !~ '[^A-Za-z0-9._ :+@,-]' then
        return pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
            i_text, '+', '%2b'), ' ', '+'), ':', '%3a'), '@', '%40'), ',', '%2c');
    end if;
    coded := pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        coded, '%', '%25'), '!', '%21'), '"', '%22'), '#', '%23'), '$', '%24');
    coded := pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        coded, '&', '%26'), '''', '%27'), '(', '%28'), ')', '%29'), '*', '%2a');
    coded := pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        coded, '+', '%2b'), ',', '%2c'), '/', '%2f'), ':', '%3a'), ';', '%3b');
    coded := pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        coded, '<', '%3c'), '=', '%3d'), '>', '%3e'), '?', '%3f'), '@', '%40');
    coded := pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        coded, '[', '%5b'), E'\\', '%5c'), ']', '%5d'), '^', '%5e'), '`', '%60');
    coded := pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        coded, '{', '%7b'), '|', '%7c'), '}', '%7d'), '~', '%7e'), ' ', '+');
    if coded ~ '[^A-Za-z0-9%+._-]' then
        for part in
            select c.ch, pg_catalog.regexp_replace(pg_catalog.encode(
                       pg_catalog.convert_to(c.ch, pg_catalog.getdatabaseencoding()), 'hex'),
                       '(..)', E'%\\1', 'g') as code
              from (select distinct m[1] as ch
                      from pg_catalog.regexp_matches(coded, '[^A-Za-z0-9%+._-]', 'g') m) c
        loop
            coded := pg_catalog.replace(coded, part.ch, part.code);
        end loop;
    end if;
    return coded;
end $$;

-- A row as urlencoded fields; a NULL is a name without value. i_skip: fields that are left out.
create or replace function pgq._urlencode_row(i_names text[], i_values text[], i_skip text[])
returns text
language plpgsql immutable
as $$
declare
    names text[] := i_names;
    coded text[] := i_values;
begin
    if pg_catalog.array_to_string(i_names, '') ~ '[^A-Za-z0-9._-]' then
        for i in 1 .. pg_catalog.cardinality(names) loop
            names[i] := pgq._urlencode(names[i]);
        end loop;
    end if;
    for i in 1 .. pg_catalog.cardinality(coded) loop
        if coded[i] ~ '[^A-Za-z0-9._-]' then
            coded[i] := pgq._urlencode(coded[i]);
        end if;
    end loop;
    return coalesce((
        select pg_catalog.string_agg(pg_catalog.concat(name, '=' || value), '&')
          from rows from (pg_catalog.unnest(i_names), pg_catalog.unnest(names),
                          pg_catalog.unnest(coded)) f (plain, name, value)
         where plain <> all (i_skip)), '');
end $$;

-- A row as a JSON object. Integers, booleans, texts and times are as row_to_json writes them, all other types are
-- strings with their text form. i_row: the row itself.
create or replace function pgq._json_row(i_names text[], i_types oid[], i_values text[], i_skip text[], i_row record)
returns text
language plpgsql stable
as $$
declare
    row_text text := '';
    separator text := '';
    plain_json text;
begin
    for i in 1 .. pg_catalog.cardinality(i_names) loop
        if i_names[i] <> all (i_skip) then
            if i_types[i] in (16, 1082, 1114, 1184) then
                execute pg_catalog.format('select pg_catalog.to_json(($1).%I)::text', i_names[i]) into plain_json
                    using i_row;
            end if;
            row_text := pg_catalog.concat(row_text, separator, pg_catalog.to_json(i_names[i]), ':', case
                when i_values[i] is null then 'null'
                when i_types[i] in (20, 21, 23) then i_values[i]
                when i_types[i] in (16, 1082, 1114, 1184) then plain_json
                else pg_catalog.to_json(i_values[i])::text
            end);
            separator := ',';
        end if;
    end loop;
    return '{' || row_text || '}';
end $$;

-- The part of an SQL statement that stands for a change: what follows "insert into TABLE", "update TABLE set" and
-- "delete from TABLE where". Fields count as changed where texts differ, but for the key. An update that changes
-- nothing sets its first key field to what it is.
create or replace function pgq._partial_sql(i_op text, i_names text[], i_values text[], i_old_values text[],
    i_key text[], i_skip text[])
returns text
language plpgsql immutable
as $$
declare
    fields text;
    key_fields text[];
    condition text;
    assignments text;
    literals text[];
begin
    select pg_catalog.array_agg(pg_catalog.quote_literal(v) order by nr) into literals
      from pg_catalog.unnest(i_values) with ordinality t (v, nr);
    if i_op = 'INSERT' then
        select pg_catalog.concat('(', pg_catalog.string_agg(pg_catalog.quote_ident(name), ',' order by nr),
                   ') values (',
                   pg_catalog.string_agg(coalesce(literals[nr], 'null'), ',' order by nr), ')')
          into fields
          from pg_catalog.unnest(i_names) with ordinality f (name, nr)
         where name <> all (i_skip);
        return fields;
    end if;

    select pg_catalog.array_agg(pg_catalog.quote_ident(name) || '='
                                || pg_catalog.quote_literal(coalesce(i_old_values[nr], i_values[nr])) order by nr)
      into key_fields
      from pg_catalog.unnest(i_names) with ordinality f (name, nr)
     where name = any (i_key);
    if pg_catalog.array_position(key_fields, null) is not null then
        raise exception 'logtriga: Unexpected NULL key value' using errcode = 'internal_error';
    end if;
    condition := coalesce(pg_catalog.array_to_string(key_fields, ' and '), '');
    if i_op = 'DELETE' then
        return condition;
    end if;
    select pg_catalog.string_agg(pg_catalog.quote_ident(name) || '=' || coalesce(literals[nr], 'NULL'), ',' order by nr)
      into assignments
      from pg_catalog.unnest(i_names) with ordinality f (name, nr)
     where name <> all (i_skip || i_key) and i_values[nr] is distinct from i_old_values[nr];
    if assignments is null and key_fields is null then
        raise exception 'logtriga: Unexpected NULL key value' using errcode = 'internal_error';
    end if;
    return coalesce(assignments, key_fields[1]) || ' where ' || condition;
end $$;
