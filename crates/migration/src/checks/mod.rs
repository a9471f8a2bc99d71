//! The checks, a file each.

mod always_triggers;
mod case_names;
mod clock;
mod collation;
mod columns;
pub(crate) mod connections;
mod create_privilege;
mod deferrable_keys;
mod disk;
mod encoding;
mod enum_labels;
mod event_triggers;
mod exclusion_constraints;
mod extensions;
mod foreign_key_violations;
mod foreign_tables;
mod generated_columns;
mod identity_columns;
mod inheritance;
mod invalid_indexes;
mod keepalives;
mod key_differs;
mod keyless_duplicates;
mod keys;
mod languages;
mod large_objects;
mod locks;
mod long_names;
mod long_transactions;
mod materialized_views;
mod not_valid;
mod open_files;
mod other_writers;
mod ownership;
mod pooler;
mod prepared_transactions;
mod reachable;
mod remains;
mod roles;
mod row_security;
mod row_triggers;
mod rows_there;
mod rules;
mod run_directory;
mod same_database;
mod schema_privileges;
mod sequence_privileges;
mod sequences;
mod settings;
mod silencing;
mod standby;
mod structure;
mod subscriptions;
mod table_privileges;
mod tables_missing;
mod target_triggers;
mod text_bytes;
mod tls;
mod tools;
mod unique_duplicates;
mod unlogged_tables;
mod unowned_sequences;
mod version;
mod wraparound;

use crate::check::Check;

/// All checks, in the order in which they are made.
pub(crate) const ALL: &[&Check] = &[
    &reachable::CHECK,
    &same_database::CHECK,
    &standby::CHECK,
    &pooler::CHECK,
    &version::CHECK,
    &tls::CHECK,
    &encoding::CHECK,
    &collation::CHECK,
    &create_privilege::CHECK,
    &settings::CHECK,
    &connections::CHECK,
    &locks::CHECK,
    &clock::CHECK,
    &keepalives::CHECK,
    &event_triggers::CHECK,
    &rules::CHECK,
    &always_triggers::CHECK,
    &row_triggers::CHECK,
    &remains::CHECK,
    &invalid_indexes::CHECK,
    &prepared_transactions::CHECK,
    &schema_privileges::CHECK,
    &table_privileges::CHECK,
    &sequence_privileges::CHECK,
    &row_security::CHECK,
    &keys::CHECK,
    &deferrable_keys::CHECK,
    &wraparound::CHECK,
    &long_transactions::CHECK,
    &unlogged_tables::CHECK,
    &foreign_tables::CHECK,
    &materialized_views::CHECK,
    &generated_columns::CHECK,
    &identity_columns::CHECK,
    &inheritance::CHECK,
    &exclusion_constraints::CHECK,
    &not_valid::CHECK,
    &long_names::CHECK,
    &case_names::CHECK,
    &large_objects::CHECK,
    &sequences::CHECK,
    &unowned_sequences::CHECK,
    &foreign_key_violations::CHECK,
    &unique_duplicates::CHECK,
    &keyless_duplicates::CHECK,
    &text_bytes::CHECK,
    &tables_missing::CHECK,
    &ownership::CHECK,
    &columns::CHECK,
    &key_differs::CHECK,
    &enum_labels::CHECK,
    &structure::CHECK,
    &rows_there::CHECK,
    &target_triggers::CHECK,
    &subscriptions::CHECK,
    &silencing::CHECK,
    &extensions::CHECK,
    &languages::CHECK,
    &roles::CHECK,
    &other_writers::CHECK,
    &run_directory::CHECK,
    &disk::CHECK,
    &tools::CHECK,
    &open_files::CHECK,
];
