-- A template of source text with its places filled in: @name@ stands for the value behind that name in the list. Values
-- are taken as they are: quote what has to be quoted. The template itself has no other @; what a value holds is not
-- looked at.
--
-- This one, and the others that make source text of a description, have no search_path of their own: they are called a
-- hundred times for each table, by functions that have pinned theirs, and to set one takes longer than what they do.
create or replace function londiste_rs.filled(i_template text, variadic i_values text[])
returns text language plpgsql immutable
as $$
declare
    -- text, name, text, name, ... text
    parts constant text[] := string_to_array(i_template, '@');
    filled text := parts[1];
    place integer;
begin
    for nr in 1 .. (cardinality(parts) - 1) / 2 loop
        place := array_position(i_values, parts[2 * nr]);
        -- a value that reads like the name, before it
        while place % 2 = 0 loop
            place := array_position(i_values, parts[2 * nr], place + 1);
        end loop;
        if place is null then
            raise exception 'a template of capture has no value for @%@', parts[2 * nr];
        end if;
        filled := filled || i_values[place + 1] || parts[2 * nr + 1];
    end loop;
    return filled;
end $$;
