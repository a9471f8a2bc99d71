-- Texts that come from elsewhere, into a database of any encoding.

-- Whether this database's encoding has all characters of a text.
create or replace function londiste_rs.is_storable(i_utf8 bytea)
returns boolean language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    perform convert_from(i_utf8, 'UTF8');
    return true;
exception when others then
    return false;
end $$;

-- A text in this database's encoding. What it has no character for is written in ASCII: three dots for an ellipsis,
-- else \u and the character's number; a byte that is no UTF-8 as \x and its number.
create or replace function londiste_rs.storable(i_utf8 bytea)
returns text language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    made text := '';
    place integer := 1;
    lead integer;
    width integer;
    part bytea;
begin
    if londiste_rs.is_storable(i_utf8) then
        return convert_from(i_utf8, 'UTF8');
    end if;
    while place <= octet_length(i_utf8) loop
        lead := get_byte(i_utf8, place - 1);
        width := case when lead < 192 then 1 when lead < 224 then 2 when lead < 240 then 3 else 4 end;
        part := substr(i_utf8, place, width);
        if londiste_rs.is_storable(part) then
            made := made || convert_from(part, 'UTF8');
        elsif part = '\xe280a6' then
            made := made || '...';
        elsif width > 1 and octet_length(part) = width then
            lead := lead & (127 >> width);
            for nr in 1 .. width - 1 loop
                lead := (lead << 6) | (get_byte(part, nr) & 63);
            end loop;
            made := made || '\u' || lpad(to_hex(lead), greatest(4, length(to_hex(lead))), '0');
        else
            made := made || '\x' || to_hex(lead);
            width := 1;
        end if;
        place := place + width;
    end loop;
    return made;
end $$;
