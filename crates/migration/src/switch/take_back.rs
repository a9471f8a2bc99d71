//! Taking a switch back: the old root takes changes again.

use parts::fail_point;
use pg::Session;
use pgq::switch::{self, State};

use crate::error::{Error, Result};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenBack {
    /// The old root takes changes again.
    Opened,
    /// It had never ceased to, or was opened before.
    WasOpen,
    /// It is too late: the new root takes changes.
    TooLate,
}

/// Takes the switch `id` back. An old root that has not left opens at once, whether the new one can be reached or not:
/// nobody takes it away any more. One that has left opens only once the new root has given the switch up, and so never
/// opens for it.
///
/// # Errors
/// A side that is needed does not answer.
pub async fn take_back(old: &Session, new: Option<&Session>, queue: &str, id: &str) -> Result<TakenBack> {
    if switch::keep(&**old, queue, id, false).await? {
        fail_point::reached("switch-kept");
        switch::open_gate(&**old, queue).await?;
        if let Some(new) = new {
            // it is not needed: the old root never leaves by this switch
            _ = switch::give_up(&**new, queue, id).await;
        }
        return Ok(TakenBack::Opened);
    }
    let state = switch::recorded(&**old, queue).await?.filter(|known| known.gives && known.id == id);
    match state.map(|known| known.state) {
        Some(State::Left) => {}
        Some(State::Settled) => return Ok(TakenBack::TooLate),
        _ => return Ok(TakenBack::WasOpen),
    }
    let Some(new) = new else { return Err(Error::NewRootNeeded) };
    if !switch::give_up(&**new, queue, id).await? {
        return Ok(TakenBack::TooLate);
    }
    fail_point::reached("switch-given-up");
    switch::keep(&**old, queue, id, true).await?;
    fail_point::reached("switch-returned");
    switch::open_gate(&**old, queue).await?;
    Ok(TakenBack::Opened)
}
