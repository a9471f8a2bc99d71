//! Initial copy of tables: plan, stream, rebuild, catch up, hand over.
