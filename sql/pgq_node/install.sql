-- Nodes of a cascade: schema pgq_node, its parts in the order they depend on each other.
\ir schema.sql
\ir version.sql
\ir location.sql
\ir create_node.sql
\ir subscriber.sql
\ir drop_node.sql
\ir consumer.sql
\ir info.sql
\ir watermark.sql
\ir root.sql
\ir grants.sql
