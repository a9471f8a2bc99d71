//! Tables: kind, persistence, partition key, partitions and their bounds, inheritance, row security, options.

use super::columns::DEFINITION;
use crate::schema::kind::{Both, Kind, Property, Weight, always};

pub(crate) static TABLE: Kind = Kind::new(
    "table",
    sql,
    &[
        Property::new("kind", always::value_stops),
        Property::new("partition", always::value_stops).mended_by(attach),
        Property::new("inherits", always::value_data).mended_by(inherit),
        Property::new("persistence", always::value_data),
        Property::new("row security", row_security),
        Property::new("options", always::value_cosmetic).mended_by(options),
        Property::new("replica identity", always::value_cosmetic),
    ],
    always::stops,
    always::cosmetic,
)
.holding_rows();

/// Row security of the target may refuse rows of the source.
fn row_security(source: &str, target: &str) -> Weight {
    if target.contains("forced") && !source.contains("forced") { Weight::Stops } else { Weight::Data }
}

/// A partition leaves its table, or its bounds, and gets those of the source.
fn attach(both: &Both<'_>) -> String {
    let (source, target) = (both.source, both.target);
    let mut steps = Vec::new();
    if !target.rest(0).is_empty() {
        steps.push(format!("alter table {} detach partition {}", target.rest(0), target.name));
    }
    if !source.rest(0).is_empty() {
        steps.push(source.statement(both.at).to_owned());
    }
    steps.join(";\n")
}

fn inherit(both: &Both<'_>) -> String {
    let parents =
        |text: &str| text.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (source, target) = both.values();
    let (wanted, there) = (parents(source), parents(target));
    let name = &both.target.name;
    let gone = there.iter().filter(|parent| !wanted.contains(parent));
    let new = wanted.iter().filter(|parent| !there.contains(parent));
    let gone = gone.map(|parent| format!("alter table {name} no inherit {parent}"));
    gone.chain(new.map(|parent| format!("alter table {name} inherit {parent}")))
        .collect::<Vec<_>>()
        .join(";\n")
}

/// Options that only the target has are reset.
fn options(both: &Both<'_>) -> String {
    let (source, target) = both.values();
    let names = |text: &str| {
        let names = text.split(", ").filter_map(|option| Some(option.split_once('=')?.0.to_owned()));
        names.collect::<Vec<_>>()
    };
    let wanted = names(source);
    let gone: Vec<String> = names(target).into_iter().filter(|name| !wanted.contains(name)).collect();
    let mut steps = Vec::new();
    if !gone.is_empty() {
        steps.push(format!("alter table {} reset ({})", both.target.name, gone.join(", ")));
    }
    if !source.is_empty() {
        steps.push(both.source.statement(both.at).to_owned());
    }
    steps.join(";\n")
}

fn sql() -> String {
    format!(
        "select r.name, '', format('create %s%stable %s%s%s%s%s', case when r.relpersistence = 'u' then 'unlogged '
            end,
                  case when r.relkind = 'f' then 'foreign ' end, r.name,
                  case when p.bound is null then ' (' || coalesce(l.list, '') || ')' end,
                  coalesce(' partition of ' || p.parent || ' ' || p.bound, ' inherits (' || i.parents || ')'),
                  ' partition by ' || pg_get_partkeydef(r.oid), f.server) || coalesce(' with (' || o.options || ')',
                      ''),
                'drop ' || case when r.relkind = 'f' then 'foreign ' else '' end || 'table ' || r.name,
                k.kind, format(E'alter table %s rename to %I;\\n-- its rows stay there; the next comparison creates it',
                               r.name, 'old ' || r.relname),
                coalesce(p.parent || ' ' || p.bound, ''), format('alter table %s attach partition %s %s', p.parent,
                    r.name, p.bound),
                coalesce(i.parents, ''), '',
                case r.relpersistence when 'u' then 'unlogged' else 'logged' end,
                format('alter table %s set %s', r.name, case r.relpersistence when 'u' then 'unlogged' else 'logged'
                    end),
                concat_ws(', ', case when r.relrowsecurity then 'enabled' end, case when r.relforcerowsecurity then
                    'forced' end),
                format('alter table %s %s row level security, %s row level security', r.name,
                       case when r.relrowsecurity then 'enable' else 'disable' end,
                       case when r.relforcerowsecurity then 'force' else 'no force' end),
                coalesce(o.options, ''), format('alter table %s set (%s)', r.name, o.options),
                case r.relreplident when 'n' then 'nothing' when 'f' then 'full' when 'i' then 'index' else
                    'default' end,
                format('alter table %s replica identity %s', r.name, case r.relreplident when 'n' then 'nothing'
                       when 'f' then 'full' when 'i' then (select format('using index %I', c.relname) from pg_index x
                            join pg_class c on c.oid = x.indexrelid where x.indrelid = r.oid and x.indisreplident
                                limit 1)
                       else 'default' end),
                coalesce(p.parent, '')
           from rel r
           cross join lateral (select case r.relkind when 'p' then 'partitioned by ' || pg_get_partkeydef(r.oid)
                                                     when 'f' then 'foreign table' else 'table' end as kind) k
           left join lateral (select format('%I.%I', n.nspname, c.relname) as parent, pg_get_expr(r.relpartbound,
               r.oid) as bound
                                from pg_inherits h join pg_class c on c.oid = h.inhparent join pg_namespace n on
                                    n.oid = c.relnamespace
                               where h.inhrelid = r.oid and r.relispartition) p on true
           left join lateral (select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by h.inhseqno) as
               parents
                                from pg_inherits h join pg_class c on c.oid = h.inhparent join pg_namespace n on
                                    n.oid = c.relnamespace
                               where h.inhrelid = r.oid and not r.relispartition) i on true
           left join lateral (select string_agg(c.def, ', ' order by a.attnum) as list
                                from pg_attribute a {DEFINITION}
                               where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and a.attislocal) l
                                   on true
           left join lateral (select ' server ' || quote_ident(s.srvname) || coalesce(' options (' || (
                                     select string_agg(format('%I %L', x.option_name, x.option_value), ', ')
                                       from pg_options_to_table(f.ftoptions) x) || ')', '') as server
                                from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver
                               where f.ftrelid = r.oid) f on true
           left join lateral (select string_agg(format('%I=%s', split_part(v, '=', 1), quote_literal(substr(v,
               strpos(v, '=') + 1))),
                                                ', ' order by v) as options from unnest(r.reloptions) v) o on true
          where r.relkind in ('r', 'p', 'f') order by (select count(*) from pg_partition_ancestors(r.oid)), r.oid"
    )
}
