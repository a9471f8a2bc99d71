//! COPY from one server into another.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::Client;

use crate::{Error, Result, Side};

/// Rows are gathered into messages of about this many bytes.
const CHUNK: usize = 256 * 1024;

/// What went through a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copied {
    /// Rows, by the word of the target.
    pub rows: u64,
    /// Bytes of COPY data.
    pub bytes: u64,
}

/// Streams `copy … to stdout` on one connection into `copy … from stdin` on another. Holds a few chunks or one row in memory,
/// whichever is more; reads no faster than the target takes. `progress` is told the bytes so far, chunk by chunk.
///
/// Dropping the future aborts the target's COPY. An aborted source goes on sending what nobody wants before it takes the
/// next statement: cancel it (`Session::cancel_token`) or drop its session where that would be long.
///
/// # Errors
/// `Error::Copy` with the side that failed. The other side's connection stays usable (its transaction, if it is in one, is
/// aborted as after any failed statement). The target's refusal of a row is known only when all rows are sent, since
/// the protocol has it swallow the rest.
pub async fn pipe(
    from: &Client,
    copy_out: &str,
    to: &Client,
    copy_in: &str,
    mut progress: impl FnMut(u64),
) -> Result<Copied> {
    let at = |side| move |source| Error::Copy { side, source };
    // The target first: when it refuses, nothing has to be thrown away on the source.
    let sink = to.copy_in::<_, Bytes>(copy_in).await.map_err(at(Side::Target))?;
    let mut sink = pin!(sink);
    let rows = from.copy_out(copy_out).await.map_err(at(Side::Source))?;
    let mut rows = pin!(rows);
    let mut bytes = 0;
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while let Some(row) = rows.next().await {
        let row = row.map_err(at(Side::Source))?;
        bytes += row.len() as u64;
        if chunk.len() + row.len() > CHUNK && !chunk.is_empty() {
            let full = std::mem::replace(&mut chunk, BytesMut::with_capacity(CHUNK));
            sink.feed(full.freeze()).await.map_err(at(Side::Target))?;
            progress(bytes - row.len() as u64);
        }
        if row.len() >= CHUNK {
            sink.feed(row).await.map_err(at(Side::Target))?;
            progress(bytes);
        } else {
            chunk.extend_from_slice(&row);
        }
    }
    if !chunk.is_empty() {
        sink.feed(chunk.freeze()).await.map_err(at(Side::Target))?;
    }
    let rows = sink.finish().await.map_err(at(Side::Target))?;
    progress(bytes);
    Ok(Copied { rows, bytes })
}
