//! Flight: a chunk whose statements have been sent, and whose answers are not awaited yet.

use tokio_postgres::Client;

use super::attempts::Failed;
use super::{Applier, save};
use crate::write::pipeline::Pipeline;
use crate::write::planning::{AS_ESTIMATED, BY_INDEX};
use crate::write::request::Request;
use crate::write::sending;
use crate::write::table::{ChunkTable, Share};
use crate::{Change, Result};

/// How the chunk before has landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Landed {
    /// There was none.
    Nothing,
    /// As it was planned: its savepoint is still to be released.
    AsPlanned,
    /// Written in another way, and nothing is left to do.
    Otherwise,
}

/// A chunk that the target is working on.
#[derive(Debug)]
pub(super) struct Flight<'a> {
    /// In case it has to be written in another way.
    changes: Vec<Change>,
    shares: Vec<Share>,
    pipeline: Pipeline<'a>,
}

impl<'a> Flight<'a> {
    /// Sends a chunk behind one that has `landed`. Where that fails, it is written in another way at once: then nothing
    /// is on its way.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) async fn start(
        applier: &mut Applier,
        client: &'a Client,
        landed: Landed,
        mut tables: Vec<ChunkTable>,
        requests: Vec<Request>,
        changes: Vec<Change>,
    ) -> Result<Option<Flight<'a>>> {
        let mut pipeline = Pipeline::new(client);
        let begin = format!("savepoint londiste_rs_chunk; {BY_INDEX}");
        pipeline
            .set(if landed == Landed::AsPlanned { format!("{}; {begin}", released()) } else { begin })
            .await;
        let sent = sending::send(client, &mut pipeline, &mut tables, requests).await;
        let shares = applier.put_back(tables);
        if let Err(error) = sent {
            drop(pipeline);
            let parts = shares.into_iter().map(|share| share.part).collect();
            applier.write_chunk(client, &changes, Some(Failed { parts, error })).await?;
            return Ok(None);
        }
        Ok(Some(Flight { changes, shares, pipeline }))
    }

    /// Waits until the chunk is written, in another way if it has to be. Gives back the buffer of its changes, empty.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) async fn land(self, applier: &mut Applier, client: &Client) -> Result<(Landed, Vec<Change>)> {
        let Flight { mut changes, mut shares, mut pipeline } = self;
        let landed = sending::settle(&mut pipeline, &mut shares).await;
        drop(pipeline);
        let landed = match landed {
            Ok(()) => {
                shares.into_iter().for_each(|share| applier.written(share));
                Landed::AsPlanned
            }
            Err(error) => {
                let parts = shares.into_iter().map(|share| share.part).collect();
                applier.write_chunk(client, &changes, Some(Failed { parts, error })).await?;
                Landed::Otherwise
            }
        };
        changes.clear();
        Ok((landed, changes))
    }
}

impl Landed {
    /// Ends the chunk, before anything but another chunk is sent.
    pub(super) async fn end(self, client: &Client) -> Result<()> {
        if self == Landed::AsPlanned { save(client, &released()).await } else { Ok(()) }
    }
}

fn released() -> String {
    format!("release savepoint londiste_rs_chunk; {AS_ESTIMATED}")
}
