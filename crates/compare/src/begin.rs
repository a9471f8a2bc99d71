//! Begin of a run: which tables can be compared, and which of them need not be read as a whole.

use std::collections::{BTreeMap, HashMap};

use pgq::comparison::{self, Beginning, Comparison, Verdict};
use pgq::position::Mark;
use pgq::table::TableInfo;

use crate::pair::{self, Pair};
use crate::side::Sides;
use crate::since::{self, Base, Earlier};
use crate::subject::Subject;
use crate::task::{GONE, Task};
use crate::work::Work;
use crate::{Config, Observer, Outcome, Result, look};

/// What all tables begin with; those that cannot be compared have their outcome at once.
pub(crate) async fn all(
    sides: &Sides,
    config: &Config,
    tables: &[TableInfo],
    observer: &mut dyn Observer,
    outcomes: &mut Vec<Outcome>,
) -> Result<Vec<Task>> {
    let looked = look::all((&sides.provider, &sides.record), tables, config.count_only).await?;
    let mut subjects = Vec::new();
    for (info, looked) in tables.iter().zip(looked) {
        match looked {
            Ok(subject) => subjects.push(subject),
            Err(why) => {
                let outcome = unverified(&info.name, why);
                observer.ended(&outcome);
                outcomes.push(outcome);
            }
        }
    }
    let mut begun = differential(sides, config, &subjects, observer).await?;
    let whole = subjects.iter().filter(|subject| !matches!(begun.get(&subject.name), Some(Ok(_))));
    let beginnings: Vec<Beginning> = whole.map(Subject::beginning).collect();
    let records = comparison::begin(&*sides.record, &config.queue, &beginnings).await?;
    let mut records: HashMap<String, Comparison> =
        records.into_iter().map(|record| (record.table.clone(), record)).collect();
    let mut tasks = Vec::new();
    for subject in subjects {
        let counted = config.count_only.then(|| "rows were counted only".to_owned());
        let mut remarks: Vec<String> = subject.left_out.clone().into_iter().chain(counted).collect();
        let record = match begun.remove(&subject.name) {
            Some(Ok(record)) => Some(record),
            Some(Err(why)) => {
                remarks.push(format!("all rows: {why}"));
                records.remove(&subject.name)
            }
            None => records.remove(&subject.name),
        };
        match record {
            Some(record) => {
                observer.begins(&record);
                tasks.push(Task::new(Work::new(subject, record), remarks));
            }
            None => {
                let outcome = unverified(&subject.name, GONE.to_owned());
                observer.ended(&outcome);
                outcomes.push(outcome);
            }
        }
    }
    Ok(tasks)
}

/// With `--changed`: the tables that need not be read as a whole, and why the others do.
async fn differential(
    sides: &Sides,
    config: &Config,
    subjects: &[Subject],
    observer: &mut dyn Observer,
) -> Result<HashMap<String, Base<Comparison>>> {
    let mut found = HashMap::new();
    if !config.changed {
        return Ok(found);
    }
    // only its tick is needed: the events since then may take longer to read than snapshots are to be open
    let pair = Pair::open(sides, config, observer).await?;
    pair::close_both(sides).await?;
    let mut earlier = Earlier::read(sides, config).await?;
    // the events since a tick are read once for all tables that were equal at it
    let mut of_tick: BTreeMap<i64, (Mark, Vec<&Subject>)> = BTreeMap::new();
    for subject in subjects {
        match earlier.base(sides, config, subject).await? {
            Ok((tick, mark)) => of_tick.entry(tick).or_insert((mark, Vec::new())).1.push(subject),
            Err(why) => {
                found.insert(subject.name.clone(), Err(why));
            }
        }
    }
    for (tick, (mark, subjects)) in of_tick {
        found.extend(since::begin((sides, config, &pair), &subjects, (tick, &mark)).await?);
    }
    Ok(found)
}

fn unverified(table: &str, why: String) -> Outcome {
    Outcome {
        table: table.to_owned(),
        verdict: Verdict::Unverified,
        rows: 0,
        differing: 0,
        at: None,
        remarks: vec![why],
    }
}
