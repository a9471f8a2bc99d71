//! Source tables in schema `src`, their capture into a table of events, and replay into schema `dst` of the same
//! database.

use apply::{Applied, Applier, Decoded, Decoder};
use pgq::Event;
use tokio_postgres::Client;

/// A trigger that writes the events of our own capture format, and the table that it writes them to.
const CAPTURE: &str = "
create schema src;
create schema dst;
create table public.event (ev_id bigserial primary key, ev_txid bigint default txid_current(),
    ev_type text, ev_data text, ev_extra1 text, ev_extra2 text, ev_extra3 text);
create function public.capture() returns trigger language plpgsql
set search_path = pg_catalog set datestyle = 'ISO, YMD' set intervalstyle = postgres set timezone = 'UTC'
set extra_float_digits = 3 set bytea_output = hex set lc_monetary = 'C'
as $$
declare
    keys text[] := string_to_array(nullif(tg_argv[1], ''), ',');
    columns json;
    shape text;
    was text;
begin
    if tg_op = 'TRUNCATE' then
        insert into public.event (ev_type, ev_extra1) values ('R', tg_argv[0]);
        return null;
    end if;
    select json_agg(json_build_array(a.attname, 'x') order by a.attnum) into columns
      from pg_attribute a where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped;
    shape := json_build_object('columns', columns, 'key', coalesce(to_json(keys), '[]'))::text;
    if tg_op = 'UPDATE' and (keys is null or
        (select array_agg(to_jsonb(old) ->> k) from unnest(keys) k)
        <> (select array_agg(to_jsonb(new) ->> k) from unnest(keys) k)) then
        was := old::text;
    end if;
    insert into public.event (ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
    values ('rec.' || left(tg_op, 1), case tg_op when 'DELETE' then old::text else new::text end, tg_argv[0],
            was, shape);
    return null;
end $$;";

pub(crate) async fn install(client: &Client) {
    client.batch_execute(CAPTURE).await.unwrap();
}

/// Captures a table of schema `src`; `key` names its key columns, separated by commas.
pub(crate) async fn capture(client: &Client, table: &str, key: &str) {
    let sql = format!(
        "create trigger _londiste_q after insert or update or delete on src.{table}
            for each row execute function public.capture('src.{table}', '{key}');
         create trigger _londiste_q_truncate after truncate on src.{table}
            for each statement execute function public.capture('src.{table}', '{key}')"
    );
    client.batch_execute(&sql).await.unwrap();
}

/// Events behind `after`, in order.
pub(crate) async fn events(client: &Client, after: i64) -> Vec<Event> {
    let rows =
        client.query("select * from public.event where ev_id > $1 order by ev_id", &[&after]).await.unwrap();
    let event = |row: &tokio_postgres::Row| Event {
        id: row.get(0),
        txid: row.get(1),
        kind: row.get(2),
        data: row.get(3),
        extra1: row.get(4),
        extra2: row.get(5),
        extra3: row.get(6),
        ..Event::default()
    };
    rows.iter().map(event).collect()
}

/// Writes events in the transaction that `client` is in, to the tables of the same names in schema `dst`.
pub(crate) async fn write(
    client: &Client,
    applier: &mut Applier,
    events: &[Event],
) -> apply::Result<Applied> {
    let mut decoder = Decoder::new();
    let mut changes = Vec::with_capacity(events.len());
    for event in events {
        let Decoded::Change(change) = decoder.decode(event)? else { panic!("{event:?}") };
        applier.set_dest(&change.table.clone(), &change.table.replace("src.", "dst."));
        changes.push(change);
    }
    let mut writing = applier.writing(client);
    for change in changes {
        writing.push(change).await?;
    }
    writing.finish().await
}

/// Applies events in one transaction, committed.
pub(crate) async fn replay(
    client: &Client,
    applier: &mut Applier,
    events: &[Event],
) -> apply::Result<Applied> {
    apply::begin(client, pg::Limits::default()).await?;
    let applied = write(client, applier, events).await?;
    match client.batch_execute("commit").await {
        Ok(()) => Ok(applied),
        Err(error) => Err(apply::Error::at_commit(&error).unwrap_or_else(|| panic!("{error:?}"))),
    }
}

/// All rows of a table as text, sorted.
pub(crate) async fn rows(client: &Client, table: &str) -> Vec<String> {
    let rows =
        client.query(&format!("select t::text collate \"C\" from {table} t order by 1"), &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
