//! BEFORE triggers for each row that may return NULL: the row is not written then, and nobody is told. What is decided
//! here is whether the function's text has such a way, or cannot be read; what it does at run time is not known.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "row-triggers",
    Place::Both,
    "Does no BEFORE trigger swallow rows?",
    "select case when t.tgenabled in ('A', 'R') then 'warning' else 'info' end,
       format('trigger %I on table %s', t.tgname, rel.name),
       format('may swallow rows: its function %s ', p.oid::regprocedure)
       || case when l.lanname in ('plpgsql', 'sql') then 'returns NULL on one of its ways. '
               else 'is written in ' || l.lanname || ', and may return NULL. ' end
       || case when t.tgenabled in ('A', 'R')
               then 'It fires for replayed rows too: those that it swallows are missing without an error'
               else 'Rows that it swallows on the source are not captured, and on the target it does not fire for '
                 || 'replayed rows' end,
       case when t.tgenabled in ('A', 'R') then format('alter table %s enable trigger %I', rel.name, t.tgname)
            else '' end
  from pg_trigger t join rel on rel.oid = t.tgrelid
  join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
 where not t.tgisinternal and t.tgparentid = 0 and t.tgenabled <> 'D' and t.tgtype & 3 = 3
   and n.nspname not in (select schema from ours)
   and (l.lanname not in ('plpgsql', 'sql') or p.prosrc ~* '\\mreturn\\s+null\\M')
 order by rel.name, t.tgname",
);
