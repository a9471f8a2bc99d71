//! Who captures the changes of a table: nobody, ours, and others' ways.
use tests::{Database, Pair};

/// A way to capture.
pub(crate) struct Party {
    pub(crate) name: &'static str,
    /// Captures a table, as superuser; the database belongs to an ordinary role, and so does our capture.
    pub(crate) capture: fn(owner: &Database, admin: &Database, table: &str),
    /// Tables that it writes to, as a pattern of their full names.
    pub(crate) events: &'static str,
    /// It takes milliseconds for a row: bulk statements get a twentieth of the rows.
    pub(crate) slow: bool,
}

pub(crate) const NONE: usize = 0;
pub(crate) const OURS: usize = 1;
pub(crate) const STOCK: usize = 2;

/// All parties that can run here, those above first.
pub(crate) fn parties(pair: &Pair) -> Vec<Option<Party>> {
    let available = "select count(*) from pg_available_extensions where name = 'pgq'";
    let stock = pair.source.number(available) > 0;
    vec![
        Some(Party { name: "no trigger", capture: |_, _, _| (), events: "-", slow: false }),
        Some(Party { name: "londiste-rs", capture: ours, events: "pgq.event_%", slow: false }),
        stock.then_some(Party {
            name: "stock logutriga (C)",
            capture: stock_c,
            events: "pgq.event_%",
            slow: false,
        }),
        Some(Party {
            name: "bucardo's form: key only",
            capture: keys_only,
            events: "public.delta_%",
            slow: false,
        }),
        Some(Party { name: "generic PL/pgSQL trigger", capture: generic, events: "pgq.event_%", slow: true }),
        Some(Party { name: "one INSERT, no questions", capture: least, events: "pgq.event_%", slow: false }),
    ]
}

fn ours(owner: &Database, _: &Database, table: &str) {
    install(owner);
    owner.execute(&format!("select londiste_rs.capture_table('q', 'public.{table}')"));
}

fn install(owner: &Database) {
    if owner.value("select to_regnamespace('pgq') is null") == "t" {
        owner.psql_file(&tests::repository().join("sql/init_noext.sql"));
        owner.execute("select pgq.create_queue('q')");
    }
}

/// Whoever changes a row must be able to write events.
fn stock_c(owner: &Database, admin: &Database, table: &str) {
    if admin.value("select to_regnamespace('pgq') is null") == "t" {
        admin.execute("create extension pgq");
        admin.execute("select pgq.create_queue('q')");
        admin.execute(&format!("grant pgq_writer to {}", owner.user));
    }
    admin.execute(&format!(
        "create trigger capture after insert or update or delete on {table} for each row \
             execute function pgq.logutriga('q')"
    ));
}

/// What bucardo's triggers do: a row trigger notes the key in a table with an index on the time, a statement trigger
/// kicks.
fn keys_only(owner: &Database, _: &Database, table: &str) {
    let key = owner.value(&format!(
        "select string_agg(quote_ident(a.attname), ',')
           from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
          where i.indrelid = '{table}'::regclass and i.indisprimary"
    ));
    if key.is_empty() {
        return;
    }
    owner.execute(&format!(
        "create table delta_{table} ({key} bigint, at timestamptz not null default now());
         create index on delta_{table} (at);
         create function note_{table}() returns trigger language plpgsql security definer
         set search_path = public, pg_temp as $$
         begin
             if tg_op = 'DELETE' then
                 insert into delta_{table} values (old.{key}, default);
                 return old;
             end if;
             insert into delta_{table} values (new.{key}, default);
             if tg_op = 'UPDATE' and old.{key} <> new.{key} then
                 insert into delta_{table} values (old.{key}, default);
             end if;
             return new;
         end $$;
         create function kick_{table}() returns trigger language plpgsql as $$ begin notify kick; return null; end $$;
         create trigger note after insert or update or delete on {table} for each row execute function note_{table}();
         create trigger kick after insert or update or delete on {table} for each statement
             execute function kick_{table}()"
    ));
}

/// A trigger that knows no table: it reads the catalog and every column by dynamic SQL, for each row.
fn generic(owner: &Database, _: &Database, table: &str) {
    install(owner);
    owner.execute(&format!(
        "create or replace function generic_capture() returns trigger language plpgsql security definer
         set search_path = pg_catalog, pg_temp as $$
         declare
             attribute record;
             value text;
             data text := '';
         begin
             for attribute in select attname from pg_attribute
                               where attrelid = tg_relid and attnum > 0 and not attisdropped loop
                 if tg_op = 'DELETE' then
                     execute format('select ($1).%I::text', attribute.attname) into value using old;
                 else
                     execute format('select ($1).%I::text', attribute.attname) into value using new;
                 end if;
                 data := data || '&' || attribute.attname
                     || coalesce('=' || replace(replace(value, '%', '%25'), '&', '%26'), '');
             end loop;
             perform pgq.insert_event('q', tg_op, data, tg_table_schema || '.' || tg_table_name, null, null, null);
             return null;
         end $$;
         create trigger capture after insert or update or delete on {table} for each row
             execute function generic_capture()"
    ));
}

/// The least that PL/pgSQL can do for a whole row, as a limit for ours: it asks neither for the queue's current event
/// table, nor for the table's definition, output settings, a changed key, or who else wrote the row.
fn least(owner: &Database, _: &Database, table: &str) {
    install(owner);
    for (event, rows, kind) in [
        ("insert", "referencing new table as rows", "rec.I"),
        ("update", "referencing old table as old_rows new table as rows", "rec.U"),
        ("delete", "referencing old table as rows", "rec.D"),
    ] {
        owner.execute(&format!(
            "create function least_{event}() returns trigger language plpgsql security definer
             set search_path = pg_catalog, pg_temp as $$
             begin
                 insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra3)
                 select current_timestamp, '{kind}', r::text, 'public.{table}', '1' from rows r;
                 return new;
             end $$;
             create trigger least_{event} after {event} on {table} {rows} for each statement
                 execute function least_{event}()"
        ));
    }
}
