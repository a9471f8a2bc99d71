//! Misfit of a node's position and its subscription at the provider: how they disagree, and the remedy.

use std::fmt;
use std::time::SystemTime;

/// Why a node cannot go on from its position.
#[derive(Debug)]
pub enum Misfit {
    /// The provider's newest tick has a lower number: it was set back, and has not made as many ticks again.
    ProviderBehind {
        /// Its newest tick.
        newest: i64,
        /// When the tick was made that this node has applied, as far as that is kept.
        applied: Option<SystemTime>,
    },
    /// The provider has made another tick of this number.
    OtherTick {
        /// When the tick was made that this node has applied.
        applied: SystemTime,
        /// When the provider has made its own.
        there: SystemTime,
    },
    /// The provider has finished more for this node than it has.
    NodeBehind {
        /// Last tick finished there.
        finished: i64,
        /// The provider still has the tick from which this node has to go on.
        kept: bool,
    },
    /// The subscription stands at an earlier tick, of the same history.
    Moved {
        /// Last tick finished there.
        finished: i64,
    },
    /// There is no subscription.
    Unsubscribed,
}

const RESET: &str = "Take the provider's word: stop the worker, give worker --reset, start it again; \
                     then compare both sides, and resync the tables that differ";

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misfit::ProviderBehind { newest, applied } => {
                write!(
                    f,
                    "the provider's newest tick is {newest}: \
                     it was set back (failover to a copy without its last seconds, or a restore). "
                )?;
                match applied {
                    Some(at) => {
                        write!(f, "Changes made there shortly before {} may be on this node only", Time(*at))?
                    }
                    None => write!(f, "Changes up to tick {newest} and later may be on this node only")?,
                }
                write!(f, ", changes made there since are on the provider only. {RESET}")
            }
            Misfit::OtherTick { applied, there } => write!(
                f,
                "the tick that this node has applied was made at {}, the provider's tick of that number at \
                 {}: one of the two was set back (failover to a copy without its last seconds, or a \
                 restore), and its history is another since. Changes made before {} may be on this node \
                 only, changes made before {} on the provider only. {RESET}",
                Time(*applied),
                Time(*there),
                Time(*applied),
                Time(*there),
            ),
            Misfit::NodeBehind { finished, kept } => {
                write!(
                    f,
                    "the provider has finished tick {finished} for it: this node was set back (failover or \
                     restore), or the subscription moved on. The changes in between are not on this node. "
                )?;
                match kept {
                    true => f.write_str(
                        "The provider still has them: stop the worker, give worker --rewind, start it again",
                    ),
                    false => f.write_str(
                        "The provider does not have them any more: stop the worker, give worker --reset, \
                         start it again; then compare both sides, and resync the tables that differ",
                    ),
                }
            }
            Misfit::Moved { finished } => write!(
                f,
                "the provider has finished tick {finished} for it: the subscription was moved or made anew. \
                 Stop the worker, give worker --rewind, start it again"
            ),
            Misfit::Unsubscribed => f.write_str(
                "the provider has no subscription for it: the provider was set back to a time before this \
                 node was made, or the subscription was dropped. Stop the worker; worker --rewind subscribes \
                 it again where the provider still has that tick, else make the node anew: drop-node, \
                 create-leaf, add-table",
            ),
        }
    }
}

/// To the microsecond, in UTC.
struct Time(SystemTime);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::try_from(self.0) {
            Ok(time) => write!(f, "{time:.6}"),
            Err(_) => f.write_str("an unknown time"),
        }
    }
}
