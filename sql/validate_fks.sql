-- Validates the restored foreign keys one by one, each in a transaction of its own, while reads and writes go on.
-- One that fails is reported, the others are validated all the same.
-- -v lock_timeout=2s: longest wait for a lock. -v tries=30: how often to try, a second apart.
\set ON_ERROR_STOP on
\ir londiste_fk/install.psql
call londiste_fk.begin_run();
select case when leaf_table is null
            then format('call londiste_fk.validate_fkey(%s, %L, %s)', fkey, :'lock_timeout', :tries)
            else format('call londiste_fk.validate_partition(%s, %L, %L, %L, %s)',
                        fkey, leaf_schema, leaf_table, :'lock_timeout', :tries)
       end,
       case when leaf_table is null then format('select * from londiste_fk.progress(%s)', fkey) end
  from londiste_fk.validation_steps()
\pset tuples_only on
\pset format unaligned
\gexec
\pset tuples_only off
\pset format aligned
select * from londiste_fk.report();
call londiste_fk.verdict('validated');
