//! Event triggers: they run at every change of a definition, ours included.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "event-triggers",
    Place::Both,
    "Are there no event triggers?",
    "select 'warning', 'event trigger ' || quote_ident(e.evtname),
       format('runs at %s: it may refuse or change what is installed', e.evtevent),
       format('alter event trigger %I disable', e.evtname)
  from pg_event_trigger e
 where e.evtenabled <> 'D'
   and not exists (select from pg_depend d
                    where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e')",
);
