//! Standing of a switch: what both nodes have recorded, taken together.

use pgq::switch::{self, Recorded, State};

use crate::error::Result;
use crate::switch::Sides;

/// How far a switch from one node to another is.
#[derive(Clone, Debug)]
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
    /// Asks both sides.
    ///
    /// # Errors
    /// A side does not answer.
    pub async fn of(sides: &Sides) -> Result<Standing> {
        let queue = sides.queue.as_str();
        let old = switch::recorded(&*sides.old, queue).await?.filter(|known| known.gives);
        let new = switch::recorded(&*sides.new, queue).await?.filter(|known| !known.gives);
        Ok(Standing::read(old, new))
    }

    fn read(old: Option<Recorded>, new: Option<Recorded>) -> Standing {
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
