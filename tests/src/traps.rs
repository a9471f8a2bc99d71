//! What the owner of a type can make for it, so that it runs where others work with its values.

/// Creates a function `trap(kinds text[])`. It makes, for each of the types named: casts to text and JSON and from text
/// that say the same of all values, operators that always hold, and functions named as those of PostgreSQL that
/// replication calls. Each that runs notes itself in the table `caught (who, what)`.
pub const TRAPS: &str = r#"
create function trap(kinds text[]) returns void language plpgsql as $do$
declare
    kind text;
    other text;
    noted text;
begin
    foreach kind in array kinds loop
        noted := 'begin insert into public.caught values (current_user, %L); return %s; end';
        foreach other in array array['text', 'varchar', 'json', 'jsonb'] loop
            execute format('create function %I(%s) returns %s language plpgsql as %L', 'made_' || other, kind, other,
                           format(noted, kind || ' to ' || other, '''1'''));
            execute format('create cast (%s as %s) with function %I(%s) as assignment', kind, other,
                'made_' || other, kind);
            continue when other = 'jsonb';
            execute format('create function %I(%s) returns %s language plpgsql as %L', 'read as ' || kind, other, kind,
                           format(noted, other || ' to ' || kind, 'null'));
            execute format('create cast (%s as %s) with function %I(%s) as assignment', other, kind,
                'read as ' || kind, other);
        end loop;
        execute format('create function same(%s, %s) returns boolean language plpgsql as %L', kind, kind,
            format(noted, 'operator of ' || kind, 'true'));
        foreach other in array array['=', '<>', '*=', '*<>', '<'] loop
            execute format('create operator public.%s (leftarg = %s, rightarg = %s, function = same)', other,
                kind, kind);
        end loop;
        foreach other in array array['concat', 'pg_typeof', 'row_to_json', 'to_json', 'num_nulls',
            'hashtextextended', 'pg_column_size'] loop
            execute format('create function public.%I(%s) returns text language plpgsql as %L', other, kind,
                format(noted, other || ' of ' || kind, '''1'''));
        end loop;
        execute format('create function public.format(text, %s) returns text language plpgsql as %L', kind,
            format(noted, 'format of ' || kind, '''1'''));
        if kind !~ '\[' then
            execute format('create function public.unnest(%s[]) returns setof %s language plpgsql as %L', kind, kind,
                           format('begin insert into public.caught values (current_user, %L); end',
                               'unnest of ' || kind));
        end if;
    end loop;
end $do$;"#;
