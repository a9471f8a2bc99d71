//! Swap: the old root becomes a leaf of the new one, and then the new one takes changes.

use std::time::Instant;

use parts::fail_point;
use pgq::switch::{self, LastTick};

use crate::error::Result;
use crate::switch::Sides;

/// Lets both nodes change places. From the first of its three commits on the switch only goes forward; given again, it
/// does what is left. Answers when the new root took changes.
///
/// # Errors
/// The switch was taken back meanwhile, or a connection was lost: then the record tells what is left.
pub async fn swap(sides: &Sides, id: &str, last: &LastTick) -> Result<Instant> {
    let queue = sides.queue.as_str();
    switch::leave(&*sides.old, queue, id).await?;
    fail_point::reached("switch-left");
    switch::take(&*sides.new, queue, id, last, sides.old_worker()).await?;
    let taken = Instant::now();
    fail_point::reached("switch-taken");
    switch::open_gate(&*sides.new, queue).await?;
    // the old root's worker does the same where it comes first
    switch::settle(&*sides.old, queue, id).await?;
    fail_point::reached("switch-settled");
    Ok(taken)
}
