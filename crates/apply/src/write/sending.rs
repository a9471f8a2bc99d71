//! Sending of a chunk's requests, and what their answers mean.

use std::collections::HashSet;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use tokio_postgres::{Client, Statement};

use crate::order::step::RowOperation;
use crate::write::pipeline::{Answer, Pipeline};
use crate::write::planning;
use crate::write::planning::{AS_ESTIMATED, BY_INDEX};
use crate::write::request::{Request, Sent};
use crate::write::table::{ChunkTable, Share, TargetTable};
use crate::{Error, Result};

/// Statements that are prepared at the same time.
const PREPARED_TOGETHER: usize = 64;

/// Executes requests in order, and adds to the counts of each table what they did.
///
/// # Errors
/// Those of writing; the first statement's that failed.
pub(crate) async fn run(client: &Client, tables: &mut [ChunkTable], requests: Vec<Request>) -> Result<()> {
    let mut pipeline = Pipeline::new(client);
    send(client, &mut pipeline, tables, requests).await?;
    settle(&mut pipeline, tables).await
}

/// Sends requests in order. Many of them may be on their way behind it.
///
/// # Errors
/// Those of writing; the first statement's that failed, as far as answers have come.
pub(crate) async fn send(
    client: &Client,
    pipeline: &mut Pipeline<'_>,
    tables: &mut [ChunkTable],
    requests: Vec<Request>,
) -> Result<()> {
    prepare(client, pipeline, tables, &requests).await?;
    let mut estimated = false;
    for mut request in requests {
        loop {
            let TargetTable { plan, statements, .. } = &tables[request.sent.table].target;
            let estimates = planning::needs_estimates(plan, &request.shape);
            if std::mem::replace(&mut estimated, estimates) != estimates {
                pipeline.set(if estimates { AS_ESTIMATED } else { BY_INDEX }.to_owned()).await;
            }
            let statement = match statements.get(&request.shape) {
                Some(statement) => statement,
                None => {
                    let prepared = pipeline.meanwhile(preparing(client, request.shape.sql(plan))).await;
                    let dest = &tables[request.sent.table].share.dest;
                    prepared.map_err(|error| request.sent.doing(dest).refused(error))?
                }
            };
            let Request { parameters, sent, otherwise, .. } = request;
            let Some(otherwise) = otherwise else {
                pipeline.send(sent, statement, parameters).await;
                break;
            };
            settle(pipeline, tables).await?;
            let answer = client.execute_raw(&statement, parameters).await;
            if !matches!(answer, Ok(0)) {
                judge(&sent, answer, &mut tables[sent.table].share)?;
                break;
            }
            request = *otherwise;
        }
        if pipeline.is_full()
            && let Some((sent, answer)) = pipeline.next().await
        {
            take(sent.as_ref(), answer, tables)?;
        }
    }
    Ok(())
}

/// Prepares the statements that are not yet, together.
async fn prepare(
    client: &Client,
    pipeline: &mut Pipeline<'_>,
    tables: &mut [ChunkTable],
    requests: &[Request],
) -> Result<()> {
    let mut wanted = HashSet::new();
    let all = requests.iter().flat_map(|request| [Some(request), request.otherwise.as_deref()]).flatten();
    let unprepared: Vec<&Request> = all
        .filter(|Request { shape, sent, .. }| {
            tables[sent.table].target.statements.get(shape).is_none() && wanted.insert((sent.table, shape))
        })
        .collect();
    if unprepared.is_empty() {
        return Ok(());
    }
    let sql = |request: &&Request| request.shape.sql(&tables[request.sent.table].target.plan);
    let asked: Vec<BoxFuture<'_, _>> = unprepared.iter().map(sql).map(|sql| preparing(client, sql)).collect();
    let prepared = stream::iter(asked).buffered(PREPARED_TOGETHER).collect::<Vec<_>>();
    for (request, statement) in unprepared.into_iter().zip(pipeline.meanwhile(prepared).await) {
        match statement {
            Ok(statement) => tables[request.sent.table].target.statements.keep(&request.shape, statement),
            Err(error) => {
                // an earlier statement's refusal has made this one fail
                settle(pipeline, tables).await?;
                return Err(request.sent.doing(&tables[request.sent.table].share.dest).refused(error));
            }
        }
    }
    Ok(())
}

/// Boxed: the compiler cannot tell otherwise that it may be sent to another thread.
fn preparing(
    client: &Client,
    sql: String,
) -> BoxFuture<'_, std::result::Result<Statement, tokio_postgres::Error>> {
    Box::pin(async move { client.prepare(&sql).await })
}

/// Takes in the answers of all that is on its way.
///
/// # Errors
/// The first statement's that failed.
pub(crate) async fn settle<T: AsMut<Share>>(pipeline: &mut Pipeline<'_>, tables: &mut [T]) -> Result<()> {
    while let Some((sent, answer)) = pipeline.next().await {
        take(sent.as_ref(), answer, tables)?;
    }
    Ok(())
}

fn take<T: AsMut<Share>>(sent: Option<&Sent>, answer: Answer, tables: &mut [T]) -> Result<()> {
    match sent {
        Some(sent) => judge(sent, answer, tables[sent.table].as_mut()),
        None => answer.map(drop).map_err(Error::server("preparing the target for a chunk of changes")),
    }
}

/// Judges a statement's answer. Statements behind it may have failed by now, and the transaction with them: nothing
/// may be asked of the server. Which of several rows is missing is found by
/// [`WriteMode::Careful`](crate::write::mode::WriteMode::Careful).
fn judge(sent: &Sent, answer: Answer, share: &mut Share) -> Result<()> {
    let Share { dest, may_cascade, counts, .. } = share;
    let found = answer.map_err(|error| sent.doing(dest).refused(error))?;
    let rows = sent.rows;
    match sent.operation {
        RowOperation::Insert => counts.inserted += found,
        RowOperation::Put => {
            counts.inserted += found;
            counts.updated += rows.saturating_sub(found);
        }
        // the rows are put afterwards, and counted then
        RowOperation::Touch => {}
        RowOperation::Clear => {
            counts.deleted += found;
            counts.missing += rows.saturating_sub(found);
        }
        RowOperation::DeleteEquals { all: true } if found < rows => {
            return Err(sent.row_missing("update", dest));
        }
        RowOperation::Delete | RowOperation::DeleteOne | RowOperation::DeleteEquals { .. } => {
            counts.deleted += found;
            counts.missing += rows.saturating_sub(found);
            if found > rows {
                return Err(sent.not_unique(dest));
            }
            if found < rows && !*may_cascade {
                return Err(sent.row_missing("delete", dest));
            }
        }
        RowOperation::Update | RowOperation::Follow | RowOperation::UpdateOne => {
            counts.updated += found;
            if found < rows {
                return Err(sent.row_missing("update", dest));
            }
            if found > rows {
                return Err(sent.not_unique(dest));
            }
        }
    }
    Ok(())
}
