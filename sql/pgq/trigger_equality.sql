-- When a field has changed: where its type's own equality says so (1.0 is 1.00), as the stock triggers have it; by its
-- text where the type has none, and for arrays.

-- The operator of a type's equality with its schema, as SQL; NULL where it has none, or it does not count.
create or replace function pgq._equality(i_type oid)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    type_row record;
    base oid := i_type;
    own constant text := 'operator(pg_catalog.=)';
begin
    loop
        if base in (16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1700,
                    2950, 3802) then
            return own;
        elsif base in (114, 142) then
            return null;
        end if;
        select t.typtype, t.typbasetype, t.typrelid, t.typelem, t.typcategory into type_row from pg_type t
         where t.oid = base;
        exit when type_row.typtype is distinct from 'd';
        base := type_row.typbasetype;
    end loop;
    if type_row.typcategory = 'A' and type_row.typelem <> 0 then
        return null;
    elsif type_row.typtype in ('e', 'r', 'm') then
        return own;
    elsif type_row.typtype = 'c' then
        return case when not exists (
            select from pg_attribute a where a.attrelid = type_row.typrelid and a.attnum > 0 and not a.attisdropped
               and pgq._equality(a.atttypid) is null) then own end;
    end if;
    return (
        select format('operator(%I.%s)', n.nspname, o.oprname)
          from pg_opclass c
          join pg_am m on m.oid = c.opcmethod and m.amname in ('btree', 'hash')
          join pg_amop a on a.amopfamily = c.opcfamily and a.amoplefttype = c.opcintype
           and a.amoprighttype = c.opcintype
           and a.amopstrategy = case m.amname when 'btree' then 3 else 1 end
          join pg_operator o on o.oid = a.amopopr
          join pg_namespace n on n.oid = o.oprnamespace
         where c.opcdefault
           and (c.opcintype = base
                or exists (select from pg_cast k where k.castsource = base and k.casttarget = c.opcintype
                              and k.castmethod = 'b' and k.castcontext = 'i'))
         order by c.opcintype = base desc, m.amname
         limit 1);
end $$;

-- What makes a value of a domain one of its base type: the operators of enum types and ranges take no domain. Empty for
-- other types.
create or replace function pgq._base_type(i_type oid)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    base oid := i_type;
    above oid;
begin
    loop
        select t.typbasetype into above from pg_type t where t.oid = base and t.typtype = 'd';
        exit when not found;
        base := above;
    end loop;
    return case when base = i_type then '' else '::' || format_type(base, null) end;
end $$;

-- Whether two texts of a field that are not the same stand for different values. i_row and i_old are the rows they come
-- from.
create or replace function pgq._field_changed(i_name text, i_type oid, i_row record, i_old record)
returns boolean
language plpgsql stable
as $$
declare
    equality text;
    changed boolean;
begin
    if i_type in (16, 17, 20, 21, 23, 114, 1082, 1114, 1184, 2950) then
        return true;
    end if;
    equality := pgq._equality(i_type);
    if equality is null then
        return true;
    end if;
    execute pg_catalog.format('select not coalesce(($1).%1$I%3$s %2$s ($2).%1$I%3$s, false)', i_name, equality,
        pgq._base_type(i_type)) into changed using i_row, i_old;
    return changed;
end $$;
