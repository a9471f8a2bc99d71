//! Own form of what replication changes of the application's objects while it needs them otherwise: foreign keys that
//! are dropped, deferrable or not validated, triggers that are switched off, indexes that a copy builds again.

use tokio_postgres::{GenericClient, Row};

use crate::error::Answer;

/// What is changed at present.
#[derive(Clone, Debug, Default)]
pub struct OwnForm {
    /// Foreign keys, each in the form from before the first change.
    pub foreign_keys: Vec<ForeignKey>,
    /// Triggers that are switched off.
    pub triggers: Vec<Trigger>,
    /// Indexes and constraints that copies have dropped.
    pub indexes: Vec<Index>,
}

impl OwnForm {
    /// What was changed at another moment as well.
    pub fn extend(&mut self, other: OwnForm) {
        self.foreign_keys.extend(other.foreign_keys);
        self.triggers.extend(other.triggers);
        self.indexes.extend(other.indexes);
    }
}

/// A foreign key that is dropped, deferrable or not validated for replication.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    /// Its table, quoted.
    pub table: String,
    /// Its name, quoted.
    pub name: String,
    /// What stands behind `add constraint NAME`, without NOT VALID.
    pub definition: String,
    /// Its rows were validated.
    pub valid: bool,
    /// Schema, table and name as they are.
    pub plain: [String; 3],
}

/// A trigger that is switched off for replication.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Its table, quoted.
    pub table: String,
    /// Its name, quoted.
    pub name: String,
    /// The word of `alter table … trigger` for what it was: `enable`, `enable always`, …
    pub enabled: String,
    /// Schema, table and name as they are.
    pub plain: [String; 3],
}

/// An index, or the constraint that it belongs to, that a copy has dropped.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its table, quoted.
    pub table: String,
    /// Its name, or that of its constraint, quoted.
    pub name: String,
    /// The schema of both, quoted.
    pub schema: String,
    /// The statements that make it.
    pub statements: String,
    /// Schema, table and name as they are.
    pub plain: [String; 3],
}

const FOREIGN_KEYS: [(&str, &str); 3] = [
    (
        "londiste_rs.foreign_key",
        "select n.nspname::text as schema, c.relname::text as relation, f.fkey_name as name,
                f.definition || case when f.was_deferrable then ' DEFERRABLE' else '' end
                || case when f.was_deferred then ' INITIALLY DEFERRED' else '' end
                || case when f.was_enforced then '' else ' NOT ENFORCED' end as definition, f.was_valid as valid
           from londiste_rs.foreign_key f join pg_catalog.pg_class c on c.oid =
               londiste_rs.find_relation(f.table_name)
           join pg_catalog.pg_namespace n on n.oid = c.relnamespace",
    ),
    (
        "londiste_fk.foreign_key",
        "select f.schema_name::text as schema, f.table_name::text as relation, f.fkey_name::text as name,
            f.definition,
                f.was_valid as valid
           from londiste_fk.foreign_key f where f.state in ('dropped', 'restored')",
    ),
    (
        "londiste.pending_fkeys",
        "select n.nspname::text as schema, c.relname::text as relation, p.fkey_name as name,
                pg_catalog.regexp_replace(pg_catalog.regexp_replace(p.fkey_def,
                    '^alter table .* add constraint .* foreign key',
                  'FOREIGN KEY', 'i'), ' not valid$', '', 'i') as definition,
                p.fkey_def !~* ' not valid$' as valid
           from londiste.pending_fkeys p join pg_catalog.pg_class c on c.oid = londiste_rs.find_relation(p.from_table)
           join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where not exists (select from londiste_rs.foreign_key f
                             where londiste_rs.find_relation(f.table_name) = c.oid and f.fkey_name = p.fkey_name)",
    ),
];

const TRIGGERS: &str = "\
select n.nspname::text as schema, c.relname::text as relation, t.trigger_name as name,
       case t.was_enabled when 'O' then 'enable' when 'D' then 'disable' when 'A' then 'enable always' else
           'enable replica' end as enabled
  from londiste_rs.relaxed_trigger t join pg_catalog.pg_class c on c.oid = londiste_rs.find_relation(t.table_name)
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace";

const INDEXES: &str = "\
select n.nspname::text as schema, c.relname::text as relation, coalesce(i.constraint_name, i.index_name) as name,
       pg_catalog.concat_ws('; ', case when not i.created then i.create_sql end, i.constraint_sql, i.mark_sql)
           as statements
  from londiste_rs.copy_index i join pg_catalog.pg_class c
    on c.oid = case when i.relation = '' then londiste_rs.find_relation(i.dest_table) else
        pg_catalog.to_regclass(i.relation) end
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace";

/// Whether there is a record of what is changed.
pub async fn is_recorded<C: GenericClient>(client: &C) -> Answer<bool> {
    let sql = "select pg_catalog.to_regclass('londiste_rs.copy_index') is not null";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// What is changed at present; nothing where nothing of ours is installed.
pub async fn read<C: GenericClient>(client: &C) -> Answer<OwnForm> {
    let mut form = OwnForm::default();
    for (table, sql) in FOREIGN_KEYS {
        let rows = rows(client, table, sql).await?;
        form.foreign_keys.extend(rows.iter().map(|row| ForeignKey {
            table: row.get("quoted_table"),
            name: row.get("quoted_name"),
            definition: row.get("definition"),
            valid: row.get("valid"),
            plain: plain(row),
        }));
    }
    let triggers = rows(client, "londiste_rs.relaxed_trigger", TRIGGERS).await?;
    let trigger = |row: &Row| Trigger {
        table: row.get("quoted_table"),
        name: row.get("quoted_name"),
        enabled: row.get("enabled"),
        plain: plain(row),
    };
    form.triggers = triggers.iter().map(trigger).collect();
    let indexes = rows(client, "londiste_rs.copy_index", INDEXES).await?;
    let index = |row: &Row| Index {
        table: row.get("quoted_table"),
        name: row.get("quoted_name"),
        schema: row.get("quoted_schema"),
        statements: row.get("statements"),
        plain: plain(row),
    };
    form.indexes = indexes.iter().map(index).collect();
    Ok(form)
}

fn plain(row: &Row) -> [String; 3] {
    [row.get("schema"), row.get("relation"), row.get("name")]
}

/// Rows with schema, relation and name, and what quotes them; none where their table is not there or not for us.
async fn rows<C: GenericClient>(client: &C, table: &str, sql: &str) -> Answer<Vec<Row>> {
    let known = "select pg_catalog.to_regclass($1) is not null
                    and ($1 like 'londiste_fk.%' or pg_catalog.to_regprocedure('londiste_rs.find_relation(text)') is
                        not null)";
    if !client.query_one(known, &[&table]).await?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let permitted = "select pg_catalog.has_schema_privilege(pg_catalog.split_part($1, '.', 1), 'usage')
                        and pg_catalog.has_table_privilege($1, 'select')";
    if !client.query_one(permitted, &[&table]).await?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select o.*, pg_catalog.format('%I.%I', o.schema, o.relation) as quoted_table,
            pg_catalog.quote_ident(o.name) as quoted_name,
                pg_catalog.quote_ident(o.schema) as quoted_schema
           from ({sql}) o"
    );
    client.query(&sql, &[]).await
}
