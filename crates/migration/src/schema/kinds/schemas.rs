//! Schemas.

use crate::schema::kind::{Kind, always};

pub(crate) static SCHEMA: Kind =
    Kind::new("schema", sql, &[], always::stops, always::cosmetic).holding_rows();

fn sql() -> String {
    "select s.name, '', 'create schema ' || s.name, 'drop schema ' || s.name from spot s
      where not exists (select from member m where m.classid = 'pg_namespace'::regclass and m.objid = s.oid)"
        .to_owned()
}
