//! COPY from one server into another.

use std::pin::{Pin, pin};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
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

/// What stands between the two ends of a pipe: counts, slows down, closes.
pub trait Valve: Send {
    /// Called before `bytes` more bytes are sent to the target; returns when they may be, `false` when no more may be
    /// at all.
    fn pass(&mut self, bytes: u64) -> BoxFuture<'_, bool>;
}

/// Streams `copy … to stdout` on one connection into `copy … from stdin` on another. Holds a few chunks or one row in
/// memory, whichever is more; reads no faster than the target takes, and no faster than `valve` lets it. `None` when
/// the valve has closed: the target's COPY is aborted then, as in a failed statement.
///
/// Dropping the future aborts the target's COPY. A source that is left early, also by a valve that closes, goes on
/// sending what nobody wants before it takes the next statement: cancel it (`Session::cancel_token`) or drop its
/// session where that would be long.
///
/// # Errors
/// `Error::Copy` with the side that failed. The other side's connection stays usable (its transaction, if it is in one,
/// is aborted as after any failed statement); the target's own stays so unless `CopyIn::begin` had to close it. The
/// target's refusal of a row is known only when all rows are sent, since the protocol has it swallow the rest.
pub async fn pipe(
    from: &Client,
    copy_out: &str,
    to: &Client,
    copy_in: &str,
    valve: &mut impl Valve,
) -> Result<Option<Copied>> {
    // The target first: when it refuses, nothing has to be thrown away on the source.
    let mut target = CopyIn::begin(to, copy_in).await.map_err(at(Side::Target))?;
    let streamed = match from.copy_out(copy_out).await {
        Ok(rows) => stream(pin!(rows), &mut target, valve).await,
        Err(source) => Err(at(Side::Source)(source)),
    };
    match streamed {
        Ok(Some(bytes)) => {
            let rows = target.finish().await.map_err(at(Side::Target))?;
            Ok(Some(Copied { rows, bytes }))
        }
        Ok(None) => {
            target.abort().await;
            Ok(None)
        }
        Err(error) => {
            target.abort().await;
            Err(error)
        }
    }
}

/// The bytes that went through; `None` when the valve has closed.
async fn stream(
    mut rows: Pin<&mut CopyOutStream>,
    target: &mut CopyIn<'_>,
    valve: &mut impl Valve,
) -> Result<Option<u64>> {
    let mut bytes = 0;
    let mut chunk = BytesMut::with_capacity(CHUNK);
    loop {
        let row = rows.next().await.transpose().map_err(at(Side::Source))?;
        let full = row.as_ref().is_none_or(|row| chunk.len() + row.len() > CHUNK);
        if full && !chunk.is_empty() {
            let piece = std::mem::replace(&mut chunk, BytesMut::with_capacity(CHUNK)).freeze();
            if !send(target, piece, valve).await? {
                return Ok(None);
            }
        }
        let Some(row) = row else { return Ok(Some(bytes)) };
        bytes += row.len() as u64;
        if row.len() >= CHUNK {
            if !send(target, row, valve).await? {
                return Ok(None);
            }
        } else {
            chunk.extend_from_slice(&row);
        }
    }
}

async fn send(target: &mut CopyIn<'_>, piece: Bytes, valve: &mut impl Valve) -> Result<bool> {
    if !valve.pass(piece.len() as u64).await {
        return Ok(false);
    }
    target.send(piece).await.map_err(at(Side::Target))?;
    Ok(true)
}

fn at(side: Side) -> impl Fn(tokio_postgres::Error) -> Error {
    move |source| Error::Copy { side, source }
}
