//! The kinds of objects, in the order in which they can be created.

mod aggregates;
pub(crate) mod columns;
mod comments;
mod composites;
pub(crate) mod constraints;
mod domains;
mod enums;
pub(crate) mod extensions;
mod functions;
pub(crate) mod grants;
pub(crate) mod indexes;
pub(crate) mod owners;
pub(crate) mod policies;
mod ranges;
mod replace;
mod rules;
mod schemas;
mod sequences;
mod statistics;
mod tables;
mod triggers;
mod views;

pub(crate) use comments::COMMENT;
pub(crate) use constraints::FOREIGN_KEY;
pub(crate) use functions::FUNCTION;
pub(crate) use tables::TABLE;
pub(crate) use triggers::TRIGGER;

use super::kind::Kind;

pub(crate) static ALL: &[&Kind] = &[
    &schemas::SCHEMA,
    &extensions::EXTENSION,
    &grants::ROLE,
    &enums::ENUM,
    &domains::DOMAIN,
    &domains::CONSTRAINT,
    &composites::TYPE,
    &composites::ATTRIBUTE,
    &ranges::RANGE,
    &sequences::SEQUENCE,
    &FUNCTION,
    &aggregates::AGGREGATE,
    &TABLE,
    &columns::COLUMN,
    &sequences::IDENTITY,
    &sequences::OWNED,
    &constraints::CONSTRAINT,
    &views::VIEW,
    &views::MATERIALIZED,
    &indexes::INDEX,
    &FOREIGN_KEY,
    &statistics::STATISTICS,
    &TRIGGER,
    &rules::RULE,
    &policies::POLICY,
    &owners::OWNER,
    &grants::GRANT,
    &COMMENT,
];

/// Those that say where rows go and what they may hold.
pub(crate) static OF_ROWS: &[&Kind] = &[
    &enums::ENUM,
    &domains::DOMAIN,
    &domains::CONSTRAINT,
    &composites::TYPE,
    &composites::ATTRIBUTE,
    &ranges::RANGE,
    &sequences::SEQUENCE,
    &TABLE,
    &columns::COLUMN,
    &constraints::CONSTRAINT,
    &indexes::INDEX,
];
