-- The replication: schema londiste, its parts in the order they depend on each other.
\ir schema.sql
\ir roles.sql
\ir version.sql
\ir names.sql
\ir trigger.sql
\ir add_table.sql
\ir local_table.sql
\ir global_table.sql
\ir table_list.sql
\ir sequence_steps.sql
\ir sequence.sql
\ir fkeys.sql
\ir execute.sql
\ir partition.sql
\ir maint.sql
\ir grants.sql
