//! A type replaced by another of its name.

use crate::schema::kind::Both;

/// A type that becomes another: the old one steps aside, columns are converted by their texts. `create` is the source's
/// statement; the target's first word behind the properties holds the conversions.
pub(crate) fn replace_type(both: &Both<'_>) -> String {
    let (name, aside) = (&both.target.name, both.target.rest(1));
    let mut steps = vec![format!("alter type {name} rename to {aside}"), both.source.create.clone()];
    steps.extend((!both.target.rest(0).is_empty()).then(|| both.target.rest(0).to_owned()));
    let schema = name.strip_suffix(both.target.rest(2)).unwrap_or_default();
    steps.push(format!("drop type {schema}{aside}"));
    steps.join(";\n")
}

/// What `replace_type` reads of a type `t`: conversions of its columns, the name that it steps aside to, its own name.
pub(crate) const CONVERSIONS: &str = "\
(select string_agg(concat_ws(E';\\n',
          case when a.atthasdef then format('alter table %s alter column %I drop default', u.name, a.attname) end,
          format('alter table %s alter column %I type %s using %I::%s::%s', u.name, a.attname,
                 format_type(a.atttypid, a.atttypmod), a.attname,
                 case when a.atttypid = t.typarray then 'text[]' else 'text' end,
                 format_type(a.atttypid, a.atttypmod)),
          case when a.atthasdef then format('alter table %s alter column %I set default %s', u.name, a.attname,
                                            pg_get_expr(d.adbin, d.adrelid)) end), E';\\n' order by u.name, a.attnum)
   from rel u join pg_attribute a on a.attrelid = u.oid left join pg_attrdef d on d.adrelid = u.oid and d.adnum =
       a.attnum
  where u.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attinhcount = 0 and a.attgenerated = ''
    and a.atttypid in (t.oid, t.typarray)), quote_ident('old ' || t.typname), quote_ident(t.typname)";
