-- What is ours, on top of the stock API: see docs/architecture.md.
\ir schema.sql
\ir row_shape.sql
\ir capture_function.sql
\ir capture.sql
\ir check_capture.sql
\ir capture_whole.sql
\ir deny.sql
\ir relax.sql
\ir pending_fkeys.sql
\ir parking.sql
\ir script.sql
\ir copy.sql
\ir tables.sql
\ir tick.sql
\ir steps.sql
