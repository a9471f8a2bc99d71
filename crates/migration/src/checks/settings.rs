//! Settings of server, database and role that new sessions begin with.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "settings",
    Place::Both,
    "Are there no settings that hurt?",
    ", bad (name, value, verdict, why) as (values
    ('default_transaction_read_only', 'on', 'blocker', 'every write of a new session is refused'),
    ('session_replication_role', 'replica', 'blocker', 'triggers do not fire, so changes are not captured'),
    ('default_transaction_isolation', 'serializable', 'warning', 'writes that meet each other are refused'),
    ('default_transaction_isolation', 'repeatable read', 'warning', 'writes that meet each other are refused'),
    ('transform_null_equals', 'on', 'warning', 'comparisons with NULL mean something else'),
    ('statement_timeout', null, 'info', 'psql and pg_dump are cut off by it; our sessions set their own'),
    ('idle_in_transaction_session_timeout', null, 'info', 'psql is cut off by it; our sessions set their own'),
    ('transaction_timeout', null, 'info', 'psql and pg_dump are cut off by it; our sessions set their own'),
    ('temp_file_limit', null, 'info', 'sorts of large indexes may be refused'),
    ('search_path', null, 'info', 'a table that londiste is told without schema is one of public'))
select bad.verdict, 'setting ' || s.name, format('is %s: %s', s.reset_val, bad.why),
       coalesce(o.remedy, 'change it in the server''s configuration')
  from bad join pg_settings s on s.name = bad.name
  left join lateral (
       select case when d.setrole = 0 then format('alter database %I reset %I', current_database(), s.name)
                   when d.setdatabase = 0 then format('alter role %I reset %I', current_user, s.name)
                   else format('alter role %I in database %I reset %I', current_user, current_database(),
                     s.name) end as remedy
         from pg_db_role_setting d cross join unnest(d.setconfig) as c
        where d.setdatabase in (0, (select b.oid from pg_database b where b.datname = current_database()))
          and d.setrole in (0, (select r.oid from pg_roles r where r.rolname = current_user))
          and split_part(c, '=', 1) = s.name
        order by (d.setrole <> 0)::int + (d.setdatabase <> 0)::int desc, d.setrole desc limit 1) o on true
 where case when bad.value is null then s.reset_val is distinct from s.boot_val else s.reset_val = bad.value end",
);
