//! Collations of a key's texts: whether both sides sort alike, and how values are compared as the table compares them.

use pg::Client;

use crate::Result;
use crate::error::During;

/// How the values of one key column are sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Collation {
    /// ` collate …` where the column has another one than its database; empty also where it is no text.
    pub(crate) clause: String,
    order: Order,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Order {
    /// By its type.
    #[default]
    Values,
    /// `C` for the order of bytes; else provider, locale and version of the rules.
    Rules(String),
    /// The version of the rules is not known, or is another one than that which indexes were made by.
    Unknown,
}

/// Collations of a table's columns of these names, in their order.
pub(crate) async fn of(client: &Client, table: u32, columns: &[String]) -> Result<Vec<Collation>> {
    let sql = "with rules as ( \
               select l.oid, l.collprovider::text as provider, l.collversion as made_by, l.collisdeterministic as plain, \
                      coalesce(l.collcollate, pg_catalog.to_jsonb(l)->>'colliculocale', pg_catalog.to_jsonb(l)->>'colllocale') as locale, \
                      pg_catalog.format(' collate %I.%I', n.nspname, l.collname) as clause \
                 from pg_catalog.pg_collation l join pg_catalog.pg_namespace n on n.oid = l.collnamespace), \
               base as ( \
               select coalesce(pg_catalog.to_jsonb(d)->>'datlocprovider', 'c') as provider, pg_catalog.to_jsonb(d)->>'datcollversion' as made_by, \
                      case coalesce(pg_catalog.to_jsonb(d)->>'datlocprovider', 'c') when 'c' then d.datcollate \
                           else coalesce(pg_catalog.to_jsonb(d)->>'daticulocale', pg_catalog.to_jsonb(d)->>'datlocale') end as locale \
                 from pg_catalog.pg_database d where d.datname = current_database()), \
               used as ( \
               select k.place, l.oid is not null as is_text, l.plain, \
                      case when l.provider = 'd' then '' else l.clause end as clause, \
                      case when l.provider = 'd' then b.provider else l.provider end as provider, \
                      case when l.provider = 'd' then b.made_by else l.made_by end as made_by, \
                      case when l.provider = 'd' then b.locale else l.locale end as locale \
                 from unnest($2::text[]) with ordinality k (name, place) \
                 join pg_catalog.pg_attribute a on a.attrelid = $1 and a.attname = k.name::name \
                 cross join base b left join rules l on l.oid = a.attcollation) \
               select u.is_text, coalesce(u.clause, ''), \
                      case when u.provider = 'b' or u.provider = 'c' and u.locale in ('C', 'POSIX') then 'C' \
                           when u.plain and u.made_by = v.version then pg_catalog.concat_ws(' ', u.provider, u.locale, v.version) end \
                 from used u \
                 left join lateral (select pg_catalog.pg_collation_actual_version(l.oid) as version from rules l \
                                     where u.is_text and l.provider = u.provider and l.locale = u.locale limit 1) v on true \
                order by u.place";
    let rows = client.query(sql, &[&table, &columns]).await.during("reading collations")?;
    let collation = |row: &tokio_postgres::Row| {
        let order = match (row.get(0), row.get::<_, Option<String>>(2)) {
            (false, _) => Order::Values,
            (true, Some(rules)) => Order::Rules(rules),
            (true, None) => Order::Unknown,
        };
        Collation { clause: row.get(1), order }
    };
    Ok(rows.iter().map(collation).collect())
}

/// Both sides sort these key columns alike. `recode`: their databases have different encodings, whose bytes sort
/// otherwise.
pub(crate) fn sort_alike(there: &[Collation], here: &[Collation], recode: bool) -> bool {
    let alike = |(there, here): (&Collation, &Collation)| match (&there.order, &here.order) {
        (Order::Values, Order::Values) => true,
        (Order::Rules(there), Order::Rules(here)) => there == here && !recode,
        _ => false,
    };
    there.len() == here.len() && there.iter().zip(here).all(alike)
}
