//! Aggregates.

use crate::schema::kind::{Kind, Property, always};

pub(crate) static AGGREGATE: Kind = Kind::new(
    "aggregate",
    sql,
    &[Property::new("definition", always::value_data)],
    always::data,
    always::cosmetic,
);

fn sql() -> String {
    "select f.name, '', format('create aggregate %s (%s)', f.name, f.def), 'drop aggregate ' || f.name,
            f.def, format(E'drop aggregate %s;\\ncreate aggregate %1$s (%2$s)', f.name, f.def)
       from pg_proc p join spot s on s.oid = p.pronamespace join pg_aggregate a on a.aggfnoid = p.oid
       cross join lateral (select format('%s.%I(%s)', s.name, p.proname,
                coalesce(nullif(oidvectortypes(p.proargtypes), ''), '*')) as name, concat_ws(', ',
                'sfunc = ' || a.aggtransfn::regproc, 'stype = ' || format_type(a.aggtranstype, null),
                'sspace = ' || nullif(a.aggtransspace, 0), 'finalfunc = ' || nullif(a.aggfinalfn::oid, 0)::regproc,
                case when a.aggfinalextra then 'finalfunc_extra' end,
                'combinefunc = ' || nullif(a.aggcombinefn::oid, 0)::regproc, 'serialfunc = ' ||
                    nullif(a.aggserialfn::oid, 0)::regproc,
                'deserialfunc = ' || nullif(a.aggdeserialfn::oid, 0)::regproc, 'initcond = ' ||
                    quote_literal(a.agginitval),
                'msfunc = ' || nullif(a.aggmtransfn::oid, 0)::regproc, 'minvfunc = ' ||
                    nullif(a.aggminvtransfn::oid, 0)::regproc,
                case when a.aggmtranstype <> 0 then 'mstype = ' || format_type(a.aggmtranstype, null) end,
                'mfinalfunc = ' || nullif(a.aggmfinalfn::oid, 0)::regproc, 'minitcond = ' ||
                    quote_literal(a.aggminitval),
                'sortop = operator(' || nullif(a.aggsortop::oid, 0)::regoperator || ')',
                case p.proparallel when 's' then 'parallel = safe' when 'r' then 'parallel = restricted' end,
                case when a.aggkind = 'h' then 'hypothetical' end) as def) f
      where p.prokind = 'a' and not exists (select from member m where m.classid = 'pg_proc'::regclass and m.objid =
          p.oid)"
        .to_owned()
}
