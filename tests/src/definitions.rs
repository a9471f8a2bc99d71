//! What a database says of its indexes and constraints, to be compared with what it said before.
use crate::Database;

/// All that is to be known of indexes and constraints, with the indexes and constraints above them. (A NOT NULL that a
/// partition has inherited becomes its own besides, on version 18, when the partition's key is made of an index.)
pub fn definitions(database: &Database) -> Vec<Vec<Option<String>>> {
    database.rows(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisclustered, indisreplident,
                indisvalid::text,
                obj_description(indexrelid, 'pg_class'),
                (select string_agg(attstattarget::text, ',') from pg_attribute where attrelid = indexrelid),
                c.reloptions::text,
                (select spcname from pg_tablespace where oid = c.reltablespace),
                (select inhparent::regclass::text from pg_inherits where inhrelid = indexrelid)
           from pg_index join pg_class c on c.oid = indexrelid join pg_class t on t.oid = indrelid
          where t.relnamespace::regnamespace::text in ('public', 'parts', '\"Odd schema\"')
         union all
         select conname, pg_get_constraintdef(k.oid), condeferrable, condeferred, contype::text,
                obj_description(k.oid, 'pg_constraint'),
                conrelid::regclass::text, case when contype <> 'n' then conislocal::text end, coninhcount::text,
                (select conrelid::regclass || ' ' || conname from pg_constraint p where p.oid = k.conparentid)
           from pg_constraint k
          where connamespace::regnamespace::text in ('public', 'parts', '\"Odd schema\"') order by 1, 2, 7",
    )
}

/// Tells what differs.
#[track_caller]
pub fn assert_same(now: &[Vec<Option<String>>], before: &[Vec<Option<String>>]) {
    let lacks = |these: &[Vec<Option<String>>], those: &[Vec<Option<String>>]| -> Vec<String> {
        let rows = these.iter().filter(|row| !those.contains(row));
        rows.map(|row| row.iter().map(|v| v.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(" | "))
            .collect()
    };
    assert!(now == before, "gone: {:#?}\ncome: {:#?}", lacks(before, now), lacks(now, before));
}
