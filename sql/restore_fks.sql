-- Adds the remembered foreign keys that are away, NOT VALID: no row is looked at, the locks are short.
-- Each in a transaction of its own. validate_fks.sql does the rest.
-- -v lock_timeout=2s: longest wait for a lock. -v tries=30: how often to try, a second apart.
\set ON_ERROR_STOP on
\ir londiste_fk/install.psql
call londiste_fk.begin_run();
select format('call londiste_fk.restore_fkey(%s, %L, %s)', id, :'lock_timeout', :tries)
  from londiste_fk.foreign_key
 where state = 'dropped'
 order by schema_name, table_name, fkey_name
\gexec
select * from londiste_fk.report();
call londiste_fk.verdict('restored');
