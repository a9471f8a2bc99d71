//! Transaction snapshots as `txid_snapshot` prints them: `xmin:xmax:xip,xip`.

use std::str::FromStr;

/// Which transactions were over when the snapshot was taken. Transaction ids have 64 bits, with epoch.
///
/// ```
/// let earlier: pgq::Snapshot = "100:105:100,103".parse()?;
/// assert!(earlier.contains(99) && earlier.contains(101));
/// assert!(!earlier.contains(103) && !earlier.contains(105));
/// let later: pgq::Snapshot = "104:110:".parse()?;
/// assert!(later.covers(&earlier) && !earlier.covers(&later));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    xmin: i64,
    xmax: i64,
    running: Vec<i64>,
}

/// A text that is no snapshot.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is not a transaction snapshot (xmin:xmax:running,…)")]
pub struct Malformed(String);

impl Snapshot {
    /// Whether the snapshot sees what the transaction did.
    pub fn contains(&self, txid: i64) -> bool {
        txid < self.xmin || (txid < self.xmax && self.running.binary_search(&txid).is_err())
    }

    /// Whether this snapshot sees every transaction that `earlier` sees.
    pub fn covers(&self, earlier: &Snapshot) -> bool {
        earlier.xmax <= self.xmax && self.running.iter().all(|id| !earlier.contains(*id))
    }

    /// Transactions that were running, or had not begun, when the snapshot was taken: those of the list, and all from
    /// the number on.
    pub fn unseen(&self) -> (&[i64], i64) {
        (&self.running, self.xmax)
    }

    /// Whether no transaction is seen by this snapshot that `later` does not see for sure: batches that begin at
    /// `later` hold nothing of this one.
    pub fn is_behind(&self, later: &Snapshot) -> bool {
        self.xmax <= later.xmin
    }
}

impl FromStr for Snapshot {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed(text.to_owned());
        let number = |part: &str| part.parse::<i64>().map_err(|_| malformed());
        let mut parts = text.splitn(3, ':');
        let mut part = || parts.next().ok_or_else(malformed);
        let (xmin, xmax, running) = (number(part()?)?, number(part()?)?, part()?);
        let mut running: Vec<i64> =
            running.split(',').filter(|id| !id.is_empty()).map(number).collect::<Result<_, _>>()?;
        running.sort_unstable();
        Ok(Snapshot { xmin, xmax, running })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(text: &str) -> Snapshot {
        text.parse().unwrap()
    }

    #[test]
    fn sees_what_was_over() {
        let s = snapshot("10:20:12,15");
        let seen: Vec<i64> = (8..22).filter(|id| s.contains(*id)).collect();
        assert_eq!(seen, [8, 9, 10, 11, 13, 14, 16, 17, 18, 19]);
    }

    #[test]
    fn knows_ids_beyond_32_bits() {
        let s = snapshot("4294967300:4294967305:4294967300");
        assert!(s.contains(4294967299) && !s.contains(4294967300) && s.contains(4294967301));
    }

    #[test]
    fn is_behind_once_all_it_saw_is_over() {
        assert!(snapshot("10:20:12").is_behind(&snapshot("20:25:")));
        assert!(!snapshot("10:20:12").is_behind(&snapshot("19:25:19")));
    }

    #[test]
    fn covers_what_sees_no_more_than_itself() {
        let later = snapshot("10:20:12,15");
        assert!(
            later.covers(&later)
                && later.covers(&snapshot("10:20:12,14,15"))
                && later.covers(&snapshot("8:11:8"))
        );
        assert!(!later.covers(&snapshot("10:20:12")), "15 is over there");
        assert!(!later.covers(&snapshot("21:22:")) && !later.covers(&snapshot("13:16:")));
    }

    #[test]
    fn refuses_what_is_no_snapshot() {
        for text in ["", "1", "1:2", "a:2:", "1:2:x"] {
            assert!(text.parse::<Snapshot>().is_err(), "{text}");
        }
    }
}
