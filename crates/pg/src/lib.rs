//! Reaching PostgreSQL: connect strings, TLS, pools, identifiers, table structure, COPY streams.
