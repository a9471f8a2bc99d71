//! Transition of tables from one state to another.

use tokio_postgres::GenericClient;

use super::merge_state::MergeState;
use crate::Result;
use crate::call::{all_coded, coded};
use crate::error::Answer;

/// Moves a table on. `Ok` and `Waiting` forget the copy's snapshot unless one is given.
pub async fn set_state<C: GenericClient>(
    client: &C,
    queue: &str,
    name: &str,
    state: MergeState,
    snapshot: Option<&str>,
) -> Result<()> {
    set_states(client, queue, &[name], state, snapshot).await
}

/// The same for several tables.
pub async fn set_states<C: GenericClient>(
    client: &C,
    queue: &str,
    names: &[&str],
    state: MergeState,
    snapshot: Option<&str>,
) -> Result<()> {
    let sql =
        "select r.* from unnest($2) t cross join lateral londiste.local_set_table_state($1, t, $3, $4) r";
    let parameters: crate::call::Parameters<'_> = &[&queue, &names, &snapshot, &state.to_column()];
    all_coded(client, "londiste.local_set_table_state", sql, parameters).await
}

/// Forgets what the stock worker's copy had dropped: it is there again.
pub async fn clear_dropped_ddl<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<()> {
    let sql = "select * from londiste.local_set_table_struct($1, $2, null)";
    coded(client, "londiste.local_set_table_struct", sql, &[&queue, &name]).await?;
    Ok(())
}

/// Moves those tables on whose state is still `from`; answers which have moved. `remove-table` and `resync` may have
/// come between. What was told of partitions before `snapshot`, the copy's, is forgotten.
pub async fn advance<C: GenericClient>(
    client: &C,
    queue: &str,
    tables: &[&str],
    from: MergeState,
    to: MergeState,
    snapshot: Option<&str>,
) -> Answer<Vec<String>> {
    let sql = "update londiste.table_info set merge_state = $4, custom_snapshot = $5 \
                where queue_name = $1 and table_name = any ($2) and local and merge_state is not distinct from $3 \
            returning table_name";
    let moved = client.query(sql, &[&queue, &tables, &from.to_column(), &to.to_column(), &snapshot]).await?;
    let moved: Vec<String> = moved.iter().map(|row| row.get(0)).collect();
    if let Some(snapshot) = snapshot {
        let sql = "select londiste_rs.forget_seen_notices($1, t.table_name, $3) from unnest($2::text[]) t (table_name)";
        client.query(sql, &[&queue, &moved, &snapshot]).await?;
    }
    Ok(moved)
}

/// Moves those tables on that have still the state given with them; answers which have moved.
pub async fn advance_each<C: GenericClient>(
    client: &C,
    queue: &str,
    tables: &[(&str, MergeState)],
    to: MergeState,
) -> Answer<Vec<String>> {
    let sql = "update londiste.table_info t set merge_state = $4 \
                 from unnest($2::text[], $3::text[]) f (table_name, merge_state) \
                where t.queue_name = $1 and t.table_name = f.table_name and t.merge_state = f.merge_state \
            returning t.table_name";
    let names: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
    let from: Vec<Option<String>> = tables.iter().map(|(_, state)| state.to_column()).collect();
    let moved = client.query(sql, &[&queue, &names, &from, &to.to_column()]).await?;
    Ok(moved.iter().map(|row| row.get(0)).collect())
}

/// Sends all tables in the middle of a hand-over back to catching up; answers which.
pub async fn leave_hand_overs<C: GenericClient>(client: &C, queue: &str) -> Answer<Vec<String>> {
    let sql = "update londiste.table_info set merge_state = 'catching-up' \
                where queue_name = $1 and local and split_part(merge_state, ':', 1) in ('wanna-sync', 'do-sync') \
            returning table_name";
    Ok(client.query(sql, &[&queue]).await?.iter().map(|row| row.get(0)).collect())
}

/// Sends a table that is `ok` back to catching up; false where it is not. The snapshot of its copy stays: what that has
/// seen is in the table.
pub async fn fall_back<C: GenericClient>(client: &C, queue: &str, name: &str) -> Answer<bool> {
    let sql = "update londiste.table_info set merge_state = 'catching-up' \
                where queue_name = $1 and table_name = $2 and local and merge_state = 'ok'";
    Ok(client.execute(sql, &[&queue, &name]).await? > 0)
}

/// Those of the tables that are `in-copy`. Their rows stay locked until the transaction ends: `remove-table` and
/// `resync` wait for that end.
pub async fn lock_in_copy<C: GenericClient>(client: &C, queue: &str, tables: &[&str]) -> Answer<Vec<String>> {
    let sql = "select table_name from londiste.table_info \
                where queue_name = $1 and table_name = any ($2) and local and merge_state = 'in-copy' \
                order by nr for no key update";
    Ok(client.query(sql, &[&queue, &tables]).await?.iter().map(|row| row.get(0)).collect())
}

/// Locks a table's row until the transaction ends. Whether it records statements of a stock worker's copy that bring
/// back what that has dropped.
///
/// # Errors
/// That there is no such table, too.
pub async fn lock_and_has_dropped<C: GenericClient>(client: &C, queue: &str, name: &str) -> Answer<bool> {
    let sql = "select dropped_ddl is not null from londiste.table_info \
                where queue_name = $1 and table_name = $2 for update";
    Ok(client.query_one(sql, &[&queue, &name]).await?.get(0))
}
