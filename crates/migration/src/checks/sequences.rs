//! Sequences that are nearly used up, cyclic or descending.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "sequences",
    Place::Source,
    "Have all sequences room, and go upwards?",
    ", seq as (
  select rel.name, s.seqincrement as step, s.seqcycle as cycles, v.last_value as last,
         case when s.seqincrement > 0 then (v.last_value::numeric - s.seqmin) / nullif(s.seqmax::numeric - s.seqmin,
           0)
              else (s.seqmax::numeric - v.last_value) / nullif(s.seqmax::numeric - s.seqmin, 0) end as used
    from pg_sequence s join rel on rel.oid = s.seqrelid
    join pg_sequences v on v.schemaname = rel.nspname and v.sequencename = rel.relname)
select 'warning', 'sequence ' || name, format('is used up to %s %% (last value %s), and does not begin again',
  floor(used * 100), last),
       format('alter sequence %s as bigint; and its column as well', name)
  from seq where used > 0.9 and not cycles
union all
select 'info', 'sequence ' || name, concat_ws(' and ', case when cycles then 'begins again at its end' end, case
  when step < 0 then 'goes downwards' end)
       || ': look at its value on the target before the switch', ''
  from seq where cycles or step < 0 order by 1 desc, 2",
);
