//! Standing of a switch: what both nodes have recorded, taken together.

use tokio_postgres::GenericClient;

use crate::Result;
use crate::switch::{self, Recorded, State};

/// How far a switch from one node to another is.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// None is under way.
    None,
    /// The old root takes changes; the new one may be prepared.
    Before(Recorded),
    /// The old root refuses changes, and opens again by itself at its deadline.
    Closed(Recorded),
    /// The old root has left, and the new one does not take changes yet: it only goes forward.
    Between(Recorded),
    /// The new root takes changes; the old one has not noticed.
    Taken(Recorded),
    /// Both have changed places.
    Done(Recorded),
}

impl Standing {
    /// Asks both sides: the root before, and the root after the switch.
    ///
    /// # Errors
    /// A side does not answer.
    pub async fn of<C: GenericClient>(old: &C, new: &C, queue: &str) -> Result<Standing> {
        let old = switch::recorded(old, queue).await?.filter(|known| known.gives);
        let new = switch::recorded(new, queue).await?.filter(|known| !known.gives);
        Ok(Standing::read(old, new))
    }

    /// What the root before, and the root after it, have recorded.
    pub fn read(old: Option<Recorded>, new: Option<Recorded>) -> Standing {
        match (old, new) {
            (Some(old), new) => {
                let has_taken = new.is_some_and(|new| new.id == old.id && new.state == State::Taken);
                match old.state {
                    State::Frozen | State::Drained => Standing::Closed(old),
                    State::Left if has_taken => Standing::Taken(old),
                    State::Left => Standing::Between(old),
                    State::Settled if has_taken => Standing::Done(old),
                    // taken back, or a switch before the way back: the nodes tell the rest
                    _ => Standing::None,
                }
            }
            (None, Some(new)) if new.state == State::Prepared => Standing::Before(new),
            (None, _) => Standing::None,
        }
    }

    /// What is recorded of it.
    pub fn recorded(&self) -> Option<&Recorded> {
        match self {
            Standing::None => None,
            Standing::Before(known)
            | Standing::Closed(known)
            | Standing::Between(known)
            | Standing::Taken(known)
            | Standing::Done(known) => Some(known),
        }
    }
}
