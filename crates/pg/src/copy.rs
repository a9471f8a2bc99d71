//! COPY from one server into another.

use std::pin::{Pin, pin};

use bytes::BytesMut;
use futures_util::StreamExt;
use tokio_postgres::{Client, CopyOutStream};

use crate::{CopyIn, Error, Result, Side};

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
/// Dropping the future aborts the target's COPY. A source that is left early goes on sending what nobody wants before it
/// takes the next statement: cancel it (`Session::cancel_token`) or drop its session where that would be long.
///
/// # Errors
/// `Error::Copy` with the side that failed. The other side's connection stays usable (its transaction, if it is in one,
/// is aborted as after any failed statement); the target's own stays so unless `CopyIn::begin` had to close it. The target's
/// refusal of a row is known only when all rows are sent, since the protocol has it swallow the rest.
pub async fn pipe(
    from: &Client,
    copy_out: &str,
    to: &Client,
    copy_in: &str,
    progress: impl FnMut(u64),
) -> Result<Copied> {
    // The target first: when it refuses, nothing has to be thrown away on the source.
    let mut target = CopyIn::begin(to, copy_in).await.map_err(at(Side::Target))?;
    let streamed = match from.copy_out(copy_out).await {
        Ok(rows) => stream(pin!(rows), &mut target, progress).await,
        Err(source) => Err(at(Side::Source)(source)),
    };
    match streamed {
        Ok(bytes) => {
            let rows = target.finish().await.map_err(at(Side::Target))?;
            Ok(Copied { rows, bytes })
        }
        Err(error) => {
            target.abort().await;
            Err(error)
        }
    }
}

async fn stream(
    mut rows: Pin<&mut CopyOutStream>,
    target: &mut CopyIn<'_>,
    mut progress: impl FnMut(u64),
) -> Result<u64> {
    let mut bytes = 0;
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while let Some(row) = rows.next().await {
        let row = row.map_err(at(Side::Source))?;
        if chunk.len() + row.len() > CHUNK && !chunk.is_empty() {
            let full = std::mem::replace(&mut chunk, BytesMut::with_capacity(CHUNK));
            target.send(full.freeze()).await.map_err(at(Side::Target))?;
            progress(bytes);
        }
        bytes += row.len() as u64;
        if row.len() >= CHUNK {
            target.send(row).await.map_err(at(Side::Target))?;
            progress(bytes);
        } else {
            chunk.extend_from_slice(&row);
        }
    }
    if !chunk.is_empty() {
        target.send(chunk.freeze()).await.map_err(at(Side::Target))?;
        progress(bytes);
    }
    Ok(bytes)
}

fn at(side: Side) -> impl Fn(tokio_postgres::Error) -> Error {
    move |source| Error::Copy { side, source }
}
