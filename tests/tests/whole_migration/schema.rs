//! `init` and `schema`: the files of a migration, what differs between both schemas, and the source's taken over.

mod apply;
mod case;
mod differences;
mod init;
mod refused;
mod support;
