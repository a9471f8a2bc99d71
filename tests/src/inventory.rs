//! What the catalogs of a database say of everything in it, to be compared with what they said before.
use crate::Database;

/// Every object that somebody may have made, each with all that makes it what it is; no rows, no object ids.
const INVENTORY: &str = "
with own as (select oid, nspname from pg_namespace
              where nspname !~ '^pg_(catalog|toast|temp|toast_temp)' and nspname <> 'information_schema'),
     rel as (select c.*, format('%I.%I', n.nspname, c.relname) as name
               from pg_class c join own n on n.oid = c.relnamespace)
select 'schema' as kind, nspname::text as object, concat_ws(' ', pg_get_userbyid(nspowner), nspacl) as definition
  from pg_namespace where nspname !~ '^pg_(toast|temp)'
union all
select 'relation', name, concat_ws(' ', relkind, relpersistence, pg_get_userbyid(relowner), relacl,
       reloptions::text, relreplident,
       relrowsecurity, relispartition, pg_get_expr(relpartbound, oid),
       (select spcname from pg_tablespace t where t.oid = reltablespace))
  from rel where relkind <> 't'
union all
select 'column', rel.name || '.' || attname,
       concat_ws(' ', attnum, format_type(atttypid, atttypmod), attnotnull, attacl, attstorage, attidentity,
       attgenerated, case when attstattarget > 0 then attstattarget end,
       (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = attrelid and d.adnum = attnum))
  from pg_attribute join rel on rel.oid = attrelid where attnum > 0 and not attisdropped
union all
select 'index', rel.name,
       concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisready, indisclustered, indisreplident,
       (select inhparent::regclass::text from pg_inherits where inhrelid = indexrelid))
  from pg_index join rel on rel.oid = indexrelid
union all
select 'constraint', concat_ws(' ', conrelid::regclass, conname, case when conparentid <> 0 then 'part' end),
       concat_ws(' ', pg_get_constraintdef(k.oid), condeferrable, condeferred, convalidated, conparentid = 0)
  from pg_constraint k join own n on n.oid = k.connamespace where contype <> 'n'
union all
select 'trigger', concat_ws(' ', tgrelid::regclass, case when tgisinternal then 'of a constraint' else tgname end),
       concat_ws(' ', case when not tgisinternal then pg_get_triggerdef(t.oid) end, tgenabled, tgtype,
                 tgdeferrable, tginitdeferred)
  from pg_trigger t join rel on rel.oid = tgrelid
union all
select 'function', p.oid::regprocedure::text,
       concat_ws(' ', pg_get_userbyid(proowner), md5(prosrc), proacl, proconfig::text)
  from pg_proc p join own n on n.oid = p.pronamespace
union all
select 'type', t.oid::regtype::text, concat_ws(' ', typtype, typacl) from pg_type t join own n on n.oid = t.typnamespace
union all
select 'sequence', rel.name, concat_ws(' ', seqtypid::regtype, seqincrement, seqmin, seqmax, seqcycle)
  from pg_sequence join rel on rel.oid = seqrelid
union all
select 'rule', c.name || ' ' || rulename, pg_get_ruledef(r.oid) from pg_rewrite r join rel c on c.oid = r.ev_class
union all
select 'comment', pg_describe_object(classoid, objoid, objsubid), description
  from pg_description where objoid >= 16384
union all
select 'event trigger', evtname, concat_ws(' ', evtevent, evtenabled) from pg_event_trigger
union all
select 'default privilege', concat_ws(' ', defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype),
       defaclacl::text from pg_default_acl
union all
select 'setting', concat_ws(' ', setdatabase <> 0, setrole::regrole), setconfig::text from pg_db_role_setting
union all
select 'slot', slot_name::text, '' from pg_replication_slots
union all
select 'publication', pubname::text, '' from pg_publication
order by 1, 2, 3";

/// The inventory, a line for each object.
pub fn inventory(database: &Database) -> Vec<String> {
    let rows = database.rows(INVENTORY);
    rows.into_iter()
        .map(|row| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join(" | "))
        .collect()
}

/// Tells what differs.
#[track_caller]
pub fn assert_unchanged(what: &str, now: &[String], before: &[String]) {
    let lacks = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    assert!(now == before, "{what}: gone: {:#?}\ncome: {:#?}", lacks(before, now), lacks(now, before));
}
