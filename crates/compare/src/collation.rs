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

/// Collations of columns of tables, by object id and names, in their order.
pub(crate) async fn of(client: &Client, keys: &[(u32, &[String])]) -> Result<Vec<Vec<Collation>>> {
    let sql = "with rules as ( \
               select l.oid, l.collprovider::text as provider, l.collversion as made_by, \
                      l.collisdeterministic as plain, \
                      coalesce(l.collcollate, pg_catalog.to_jsonb(l)->>'colliculocale', \
                               pg_catalog.to_jsonb(l)->>'colllocale') as locale, \
                      pg_catalog.format(' collate %I.%I', n.nspname, l.collname) as clause \
                 from pg_catalog.pg_collation l join pg_catalog.pg_namespace n on n.oid = l.collnamespace), \
               base as ( \
               select coalesce(pg_catalog.to_jsonb(d)->>'datlocprovider', 'c') as provider, \
                      pg_catalog.to_jsonb(d)->>'datcollversion' as made_by, \
                      case coalesce(pg_catalog.to_jsonb(d)->>'datlocprovider', 'c') when 'c' then d.datcollate \
                           else coalesce(pg_catalog.to_jsonb(d)->>'daticulocale', \
                                         pg_catalog.to_jsonb(d)->>'datlocale') end as locale \
                 from pg_catalog.pg_database d where d.datname = current_database()), \
               used as ( \
               select k.place, k.of_table, l.oid is not null as is_text, l.plain, \
                      case when l.provider = 'd' then '' else l.clause end as clause, \
                      case when l.provider = 'd' then b.provider else l.provider end as provider, \
                      case when l.provider = 'd' then b.made_by else l.made_by end as made_by, \
                      case when l.provider = 'd' then b.locale else l.locale end as locale \
                 from rows from (pg_catalog.unnest($1::int8[]), pg_catalog.unnest($2::pg_catalog.oid[]), \
                                 pg_catalog.unnest($3::text[])) \
                        with ordinality k (of_table, rel, name, place) \
                 join pg_catalog.pg_attribute a on a.attrelid = k.rel and a.attname = k.name::name \
                 cross join base b left join rules l on l.oid = a.attcollation) \
               select u.of_table, u.is_text, coalesce(u.clause, ''), \
                      case when u.provider = 'b' or u.provider = 'c' and u.locale in ('C', 'POSIX') then 'C' \
                           when u.plain and u.made_by = v.version \
                               then pg_catalog.concat_ws(' ', u.provider, u.locale, v.version) end \
                 from used u \
                 left join lateral (select pg_catalog.pg_collation_actual_version(l.oid) as version from rules l \
                                     where u.is_text and l.provider = u.provider \
                                       and l.locale = u.locale limit 1) v on true \
                order by u.place";
    let columns = || {
        let of_table = |(place, (oid, names)): (usize, &(u32, &'_ [String]))| {
            let (place, oid) = (i64::try_from(place).unwrap_or(i64::MAX), *oid);
            names.iter().map(move |name| (place, oid, name.clone())).collect::<Vec<_>>()
        };
        keys.iter().enumerate().flat_map(of_table)
    };
    let places: Vec<i64> = columns().map(|(place, _, _)| place).collect();
    let oids: Vec<u32> = columns().map(|(_, oid, _)| oid).collect();
    let names: Vec<String> = columns().map(|(_, _, name)| name).collect();
    let rows = client.query(sql, &[&places, &oids, &names]).await.during("reading collations")?;
    let mut collations = vec![Vec::new(); keys.len()];
    for row in rows {
        let order = match (row.get(1), row.get::<_, Option<String>>(3)) {
            (false, _) => Order::Values,
            (true, Some(rules)) => Order::Rules(rules),
            (true, None) => Order::Unknown,
        };
        let place = usize::try_from(row.get::<_, i64>(0)).unwrap_or(usize::MAX);
        if let Some(of_table) = collations.get_mut(place) {
            of_table.push(Collation { clause: row.get(2), order });
        }
    }
    Ok(collations)
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
