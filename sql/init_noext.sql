-- Installs the queue (pgq), its nodes (pgq_node), the replication (londiste) and what londiste-rs adds to them
-- (londiste_rs), as an ordinary role that owns the database. It may be run again at any time, and over an older
-- version.
\set ON_ERROR_STOP on
\set QUIET on

select e.extname is not null as pgq_is_stock
  from (select) here left join pg_extension e on e.extname = 'pgq' \gset
select e.extname is not null as pgq_node_is_stock
  from (select) here left join pg_extension e on e.extname = 'pgq_node' \gset
select e.extname is not null as londiste_is_stock
  from (select) here left join pg_extension e on e.extname = 'londiste' \gset

\ir londiste_rs/begin.sql

\if :pgq_is_stock
\echo 'Schema pgq belongs to the extension pgq: left as it is.'
\else
\ir pgq/install.sql
\endif

\if :pgq_node_is_stock
\echo 'Schema pgq_node belongs to the extension pgq_node: left as it is.'
\else
\ir pgq_node/install.sql
\endif

\if :londiste_is_stock
\echo 'Schema londiste belongs to the extension londiste: left as it is.'
\else
\ir londiste/install.sql
\endif

\ir londiste_rs/install.sql
