//! Large tables that the two sides sort otherwise: rows of the source in the source's order, each looked for by its key
//! on the target; then keys of the target in the target's order, looked for on the source. Piece after piece, by many
//! pairs.

use pg::Valve;

use crate::difference::{Differing, Kind};
use crate::lookup::{self, Found, Rows, lacking};
use crate::pace::Pace;
use crate::pair::Pair;
use crate::ranges::listed;
use crate::side::{Sides, by_index};
use crate::subject::Subject;
use crate::touched::Touched;
use crate::work::{Half, Work};
use crate::{Config, Observer, Result};

/// Keys of the target that are looked for at once.
const KEYS: i64 = 20_000;

/// Compares pieces until the pair is old or all are done.
pub(crate) async fn go_on(
    at: (&Sides, &Config, &Pair),
    work: &mut Work,
    touched: &Touched,
    observer: &mut dyn Observer,
    valve: &mut dyn Valve,
) -> Result<()> {
    let (sides, ..) = at;
    by_index(&sides.source, true).await?;
    by_index(&sides.target, true).await?;
    let keys: Vec<Vec<String>> = touched.keys.iter().cloned().collect();
    let rows = Rows::of(sides, &work.subject, &keys, 0).await?;
    // whatever piece they belong to, the next pair compares them
    work.compared(0, keys.iter().map(|key| Subject::kept(key)));
    let mut pace = Pace::begin();
    let mut is_last = false;
    while let (Half::Source(after), false) = (work.half(), is_last) {
        is_last = pace.is_over(at, work.is_gone).await?;
        of_source(at, work, (after, &rows), observer, valve).await?;
    }
    while let (Half::Target(after), false) = (work.half(), is_last) {
        is_last = pace.is_over(at, work.is_gone).await?;
        of_target(at, work, (after, &rows), observer, valve).await?;
    }
    by_index(&sides.source, false).await?;
    by_index(&sides.target, false).await
}

/// Compares one piece of the source's rows with the target's rows of the same keys.
async fn of_source(
    (sides, config, pair): (&Sides, &Config, &Pair),
    work: &mut Work,
    (after, touched): (Option<Vec<String>>, &Rows),
    observer: &mut dyn Observer,
    valve: &mut dyn Valve,
) -> Result<()> {
    let subject = work.subject.clone();
    let bounds = (after.as_deref(), None);
    let piece =
        listed(&sides.source, &subject.source, (bounds, None), Some(config.range_rows), &subject.name)
            .await?;
    pass(&piece, &subject, valve).await;
    let end = end_of(piece.last().map(|row| &row.key), piece.len(), config.range_rows);
    let there: Vec<Found> = piece.into_iter().filter(|row| !touched.has(&row.key)).collect();
    let keys: Vec<Vec<String>> = there.iter().map(|row| row.key.clone()).collect();
    let here = lookup::one_side(&sides.target, &subject.target, &keys, 0, &subject.name).await?;
    let mut differ = Differing::default();
    for (place, there) in there.iter().enumerate() {
        match here.get(&place) {
            None => differ.push(there.key.clone(), Kind::MissingOnTarget),
            Some(here) if here.hash != there.hash => differ.push(there.key.clone(), Kind::Differs),
            Some(_) => {}
        }
    }
    work.differ(sides, config, observer, differ).await?;
    work.compared(i64::try_from(there.len()).unwrap_or_default(), std::iter::empty());
    work.is_at(end.map_or(Half::Target(None), |key| Half::Source(Some(key))));
    work.keep_now_and_then(sides, config, pair, observer).await
}

/// Looks for one piece of the target's keys on the source.
async fn of_target(
    (sides, config, pair): (&Sides, &Config, &Pair),
    work: &mut Work,
    (after, touched): (Option<Vec<String>>, &Rows),
    observer: &mut dyn Observer,
    valve: &mut dyn Valve,
) -> Result<()> {
    let subject = work.subject.clone();
    let keys = lookup::keys(&sides.target, &subject.target, (after.as_deref(), KEYS), &subject.name).await?;
    let end = end_of(keys.last(), keys.len(), KEYS);
    let untouched: Vec<Vec<String>> = keys.into_iter().filter(|key| !touched.has(key)).collect();
    valve.pass(untouched.iter().flatten().map(|value| value.len() as u64).sum()).await;
    let mut differ = Differing::default();
    for key in lacking(&sides.source, &subject.source, untouched, &subject.name).await? {
        differ.push(key, Kind::MissingOnSource);
    }
    work.differ(sides, config, observer, differ).await?;
    match end {
        Some(key) => work.is_at(Half::Target(Some(key))),
        None => work.read_all(),
    }
    work.keep_now_and_then(sides, config, pair, observer).await
}

async fn pass(piece: &[Found], subject: &Subject, valve: &mut dyn Valve) {
    let rows = i64::try_from(piece.len()).unwrap_or_default();
    valve.pass(u64::try_from(rows.saturating_mul(subject.row_bytes)).unwrap_or_default()).await;
}

/// The last key of a piece, where more may lie behind it.
fn end_of(last: Option<&Vec<String>>, found: usize, wanted: i64) -> Option<Vec<String>> {
    last.filter(|_| i64::try_from(found).unwrap_or_default() == wanted).cloned()
}
