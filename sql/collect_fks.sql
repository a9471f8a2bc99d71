-- Remembers the definitions of all foreign keys of this database in londiste_fk.foreign_key.
-- Changes nothing else; can be run again at any time: what drop_fks.sql has dropped stays remembered.
\set ON_ERROR_STOP on
\ir londiste_fk/install.psql
call londiste_fk.collect();
select * from londiste_fk.report();
