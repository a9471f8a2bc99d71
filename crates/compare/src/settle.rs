//! Keys that changed while their range was compared: by themselves, by a pair that is open for no longer than that
//! takes.

use pgq::comparison;

use crate::difference::{Differing, Kind};
use crate::lookup::Rows;
use crate::side::{Sides, by_index};
use crate::subject::Subject;
use crate::touched::Touched;
use crate::work::Work;
use crate::{Config, Observer, Result, hot};

/// Keys that are looked at by one pair.
const KEYS: i64 = 20_000;
/// A key that has changed in so many pairs is told by its events.
const PAIRS: usize = 2;
/// A table whose keys cannot be told in so many pairs is given up.
const LONGEST: usize = 40;

/// What one pair has brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// No key is left.
    All,
    /// Another pair is needed.
    More,
    /// Keys that change all the time, and whose events do not tell the row.
    Never(usize),
}

/// Whether all rows are read and no key is left: no further pair is needed.
pub(crate) async fn is_done((sides, config): (&Sides, &Config), work: &Work) -> Result<bool> {
    Ok(work.record.read_all
        && comparison::keys(&*sides.record, &config.queue, &work.subject.name, 1).await?.is_empty())
}

/// Compares keys that are left of a table; `pairs` before this one have tried.
pub(crate) async fn some(
    (sides, config): (&Sides, &Config),
    work: &mut Work,
    touched: &Touched,
    pairs: usize,
    observer: &mut dyn Observer,
) -> Result<Settled> {
    let subject = work.subject.clone();
    let kept = comparison::keys(&*sides.record, &config.queue, &subject.name, KEYS).await?;
    if kept.is_empty() {
        return Ok(Settled::All);
    }
    by_index(&sides.source, true).await?;
    by_index(&sides.target, true).await?;
    let keys: Vec<Vec<String>> = kept.iter().filter_map(|kept| Subject::key_of(kept)).collect();
    let rows = Rows::of(sides, &subject, &keys, 0).await?;
    let changed = |place: usize| {
        let printed = [rows.source.get(&place), rows.target.get(&place)].into_iter().flatten();
        touched.keys.contains(&keys[place])
            || printed.into_iter().any(|found| touched.keys.contains(&found.key))
    };
    let (again, free): (Vec<usize>, Vec<usize>) = (0..keys.len()).partition(|place| changed(*place));
    let mut differ = Differing::default();
    for place in &free {
        let kind = match (rows.source.get(place), rows.target.get(place)) {
            (Some(there), Some(here)) if there.hash != here.hash => Kind::Differs,
            (Some(_), None) => Kind::MissingOnTarget,
            (None, Some(_)) => Kind::MissingOnSource,
            _ => continue,
        };
        differ.push(keys[*place].clone(), kind);
    }
    work.differ(sides, config, observer, differ).await?;
    let rows_of = |places: &[usize]| {
        i64::try_from(places.iter().filter(|place| rows.source.contains_key(place)).count())
            .unwrap_or_default()
    };
    work.compared(rows_of(&free), std::iter::empty());
    work.settled(free.iter().map(|place| kept[*place].clone()));
    let mut left = again.len();
    if pairs >= PAIRS && !again.is_empty() {
        let resolved = hot::resolve(sides, &subject, (&keys, &rows), &again, touched).await?;
        work.tell(observer, resolved.differences.len(), resolved.differences);
        work.compared(rows_of(&resolved.places), std::iter::empty());
        work.settled(resolved.places.iter().map(|place| kept[*place].clone()));
        left -= resolved.places.len();
    }
    by_index(&sides.source, false).await?;
    by_index(&sides.target, false).await?;
    let is_last = i64::try_from(kept.len()).unwrap_or_default() < KEYS;
    Ok(match left {
        0 if is_last => Settled::All,
        left if pairs >= LONGEST && left > 0 => Settled::Never(left),
        _ => Settled::More,
    })
}
