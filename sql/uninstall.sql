-- Removes everything that init_noext.sql has installed, with all queues, nodes and registrations of this database: the
-- capture triggers on tables, the schemas pgq, pgq_node, londiste, londiste_rs and londiste_fk. Roles stay, they belong
-- to the server; so do schemas that belong to the stock extensions, whatever is in them.
\set ON_ERROR_STOP on
\set QUIET on

begin;
\ir uninstall/undo.sql
\ir uninstall/drop.sql
commit;
