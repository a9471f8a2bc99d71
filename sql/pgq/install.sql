-- The queue: schema pgq, its parts in the order they depend on each other.
\ir schema.sql
\ir roles.sql
\ir version.sql
\ir names.sql
\ir event_tables.sql
\ir queue.sql
\ir ticker.sql
\ir insert_event.sql
\ir consumer.sql
\ir next_batch.sql
\ir batch.sql
\ir retry.sql
\ir rotate.sql
\ir info.sql
\ir trigger_tmp.sql
\ir maint.sql
\ir grants.sql
