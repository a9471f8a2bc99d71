//! When a pair that reads a table piece after piece is given up.

use std::time::{Duration, Instant};

use pgq::comparison;

use crate::pair::Pair;
use crate::side::{Sides, is_in_the_way};
use crate::{Config, Result};

/// How often is looked whether somebody waits behind the snapshots' locks.
const LOOK: Duration = Duration::from_secs(1);

/// Who asks that the pair ends.
#[derive(Debug)]
pub(crate) struct Pace {
    looked: Instant,
    is_asked: bool,
}

impl Pace {
    pub(crate) fn begin() -> Pace {
        Pace { looked: Instant::now(), is_asked: false }
    }

    /// The piece at hand is the pair's last one: the pair is old, somebody waits behind its locks, or the comparison is
    /// to end; also where what is compared is gone.
    pub(crate) async fn is_over(
        &mut self,
        (sides, config, pair): (&Sides, &Config, &Pair),
        is_gone: bool,
    ) -> Result<bool> {
        if self.looked.elapsed() > LOOK {
            self.is_asked =
                is_in_the_way(sides).await? || comparison::is_to_stop(&*sides.record, &config.queue).await?;
            self.looked = Instant::now();
        }
        Ok(self.is_asked || pair.age() >= config.slice || config.is_stopped() || is_gone)
    }
}
