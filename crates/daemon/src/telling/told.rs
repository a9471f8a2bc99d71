//! Record of what hooks were told, and what they are to be told next.

use std::collections::{BTreeMap, BTreeSet};

use pgq::problem::{Key, Kind};

/// More problems of a kind than this at once are told in one call.
const APART: usize = 10;
/// So many of them are quoted then.
const QUOTED: usize = 3;

/// What a hook can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) key: Key,
    /// For people.
    pub(super) words: String,
    /// The command, or the SQL, that mends it.
    pub(super) remedy: String,
}

/// What is known now.
#[derive(Debug, Default)]
pub(super) struct Current {
    pub(super) standing: BTreeMap<Key, Problem>,
    /// Of these it cannot be told whether they are over.
    pub(super) open: BTreeSet<Key>,
    /// Nothing is known of problems of these kinds but what stands.
    pub(super) unknown: BTreeSet<Kind>,
}

/// A problem has come, or is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// All of one kind.
    pub(super) problems: Vec<Problem>,
    pub(super) is_over: bool,
}

/// Problems that hooks were told and that are not over, with their words. It outlives the parts of a job.
#[derive(Debug, Default)]
pub(crate) struct Told {
    known: BTreeMap<Key, String>,
    /// The database's record is part of it.
    pub(super) is_loaded: bool,
    /// The database's record is behind.
    pub(super) is_ahead: bool,
}

impl Current {
    pub(super) fn stands(&mut self, problem: Problem) {
        self.standing.insert(problem.key.clone(), problem);
    }

    fn is_over(&self, key: &Key) -> bool {
        !self.standing.contains_key(key) && !self.open.contains(key) && !self.unknown.contains(&key.kind)
    }
}

impl Change {
    pub(super) fn kind(&self) -> Option<Kind> {
        self.problems.first().map(|problem| problem.key.kind)
    }

    /// The table, where it is about one.
    pub(super) fn table(&self) -> &str {
        match self.problems.as_slice() {
            [one] => &one.key.table,
            _ => "",
        }
    }

    pub(super) fn words(&self) -> String {
        match self.problems.as_slice() {
            [one] => one.words.clone(),
            several => {
                let first: Vec<&str> = several.iter().take(QUOTED).map(|one| one.words.as_str()).collect();
                format!("{} at once, the first: {}", several.len(), first.join("; "))
            }
        }
    }

    /// Where there are several, the first one's: the others follow the same way.
    pub(super) fn remedy(&self) -> &str {
        self.problems.first().map_or("", |one| &one.remedy)
    }
}

impl Told {
    /// Adds what the database has.
    pub(super) fn load(&mut self, kept: Vec<(Key, String)>) {
        for (key, words) in kept {
            self.known.entry(key).or_insert(words);
        }
        self.is_loaded = true;
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.known.contains_key(key)
    }

    /// All of it, for the database.
    pub(super) fn all(&self) -> Vec<(Key, String)> {
        self.known.iter().map(|(key, words)| (key.clone(), words.clone())).collect()
    }

    /// What is to be told, in one call each.
    pub(super) fn changes(&self, current: &Current) -> Vec<Change> {
        let over = self.known.iter().filter(|(key, _)| current.is_over(key));
        let over = over.map(|(key, words)| Problem {
            key: key.clone(),
            words: words.clone(),
            remedy: String::new(),
        });
        let new = current.standing.values().filter(|problem| !self.has(&problem.key)).cloned();
        let mut changes = in_calls(over.collect(), true);
        changes.extend(in_calls(new.collect(), false));
        changes
    }

    /// A change was told.
    pub(super) fn tell(&mut self, change: &Change) {
        for problem in &change.problems {
            match change.is_over {
                true => self.known.remove(&problem.key),
                false => self.known.insert(problem.key.clone(), problem.words.clone()),
            };
        }
        self.is_ahead = true;
    }
}

/// One call for each problem, or for a crowd of one kind.
fn in_calls(problems: Vec<Problem>, is_over: bool) -> Vec<Change> {
    let mut kinds: BTreeMap<Kind, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        kinds.entry(problem.key.kind).or_default().push(problem);
    }
    let calls = kinds.into_values().flat_map(|problems| match problems.len() > APART {
        true => vec![problems],
        false => problems.into_iter().map(|problem| vec![problem]).collect(),
    });
    calls.map(|problems| Change { problems, is_over }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: Kind, table: &str) -> Problem {
        let key = Key { kind, table: table.to_owned(), name: String::new() };
        Problem { key, words: format!("{table} fails"), remedy: format!("mend {table}") }
    }

    fn current(problems: &[Problem]) -> Current {
        let mut current = Current::default();
        problems.iter().for_each(|problem| current.stands(problem.clone()));
        current
    }

    fn say(told: &mut Told, current: &Current) -> Vec<(String, bool)> {
        let changes = told.changes(current);
        changes.iter().for_each(|change| told.tell(change));
        changes.iter().map(|change| (change.words(), change.is_over)).collect()
    }

    #[test]
    fn a_problem_is_told_once_and_once_when_it_is_over() {
        let (mut told, parked) = (Told::default(), problem(Kind::Parked, "t"));
        let there = current(std::slice::from_ref(&parked));
        assert_eq!(say(&mut told, &there), [("t fails".to_owned(), false)]);
        assert_eq!(say(&mut told, &there), []);
        // a new process knows it from the database
        let mut next = Told::default();
        next.load(told.all());
        assert_eq!(say(&mut next, &there), []);
        let mut away = current(&[]);
        away.open.insert(parked.key.clone());
        assert_eq!(say(&mut next, &away), []);
        away.open.clear();
        away.unknown.insert(Kind::Parked);
        assert_eq!(say(&mut next, &away), []);
        assert_eq!(say(&mut next, &current(&[])), [("t fails".to_owned(), true)]);
        assert_eq!(say(&mut next, &current(&[])), []);
        assert!(next.all().is_empty());
    }

    #[test]
    fn a_crowd_is_told_in_one_call() {
        let mut told = Told::default();
        let mut many: Vec<_> = (10..30).map(|n| problem(Kind::Parked, &n.to_string())).collect();
        many.push(problem(Kind::Drift, "d"));
        let first = "20 at once, the first: 10 fails; 11 fails; 12 fails".to_owned();
        assert_eq!(say(&mut told, &current(&many)), [(first, false), ("d fails".to_owned(), false)]);
        assert_eq!(say(&mut told, &current(&many)), []);
    }
}
