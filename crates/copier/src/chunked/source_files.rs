//! Files that hold the source's rows. A rewrite or a TRUNCATE gives a relation another one: what chunks have read of
//! the old one is void.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pg::Client;
use pgq::copy::source;

use crate::error::During;
use crate::outcome::{End, Going};

const REWRITTEN: End =
    End::StartOver("the table on the source was rewritten or emptied, or has lost a partition");
const ATTACHED: End = End::StartOver("a partition came with rows in it on the source");

/// Those that the chunks of a table are of, by the relations' object ids.
#[derive(Debug)]
pub(crate) struct Files {
    known: Mutex<BTreeMap<String, String>>,
}

impl Files {
    /// `first`: those of the first snapshot. `later`: those of partitions that have come since, of which chunks have
    /// been copied.
    pub(crate) fn new(first: &str, later: impl IntoIterator<Item = (String, String)>) -> Files {
        let first = parse(first).map(|(relation, file)| (relation.to_owned(), file.to_owned()));
        let mut known: BTreeMap<String, String> = later.into_iter().collect();
        known.extend(first);
        Files { known: Mutex::new(known) }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares them with those that there are now, in the source's transaction that has seen these. Every change of
    /// the rows of a partition that was created since has an event, so it is copied as the others are. One that was
    /// attached with rows in it may have got them from another partition, whose events tell that they are gone.
    pub(crate) async fn check(&self, provider: &Client, now: &str) -> Going<()> {
        let new = self.compare(now).ok_or(REWRITTEN)?;
        for (relation, file) in new {
            let attached = source::has_older_rows(provider, &relation).await;
            if attached.during("looking at a new partition on the source")? {
                return Err(ATTACHED);
            }
            // somebody may have seen it earlier, and copied of it
            let known = self.known().entry(relation).or_insert_with(|| file.clone()).clone();
            if known != file {
                return Err(REWRITTEN);
            }
        }
        Ok(())
    }

    /// Those that are not known; `None` where one that is known is not there any more.
    fn compare(&self, now: &str) -> Option<Vec<(String, String)>> {
        let mut now: BTreeMap<&str, &str> = parse(now).collect();
        let known = self.known();
        let kept = known.iter().all(|(relation, file)| now.remove(relation.as_str()) == Some(file));
        kept.then(|| now.into_iter().map(|(relation, file)| (relation.to_owned(), file.to_owned())).collect())
    }

    /// That of a relation.
    pub(crate) fn of(&self, relation: &str) -> Option<String> {
        self.known().get(relation).cloned()
    }
}

/// Takes apart what [`source::FILES`] has put together.
fn parse(files: &str) -> impl Iterator<Item = (&str, &str)> {
    files.split(',').filter_map(|file| file.split_once(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_may_come_but_not_change_or_go() {
        let files = Files::new("1:10,2:20", [("3".to_owned(), "30".to_owned())]);
        assert_eq!(files.compare("1:10,2:20,3:30"), Some(vec![]));
        assert_eq!(files.compare("1:10,2:20,3:30,4:40"), Some(vec![("4".to_owned(), "40".to_owned())]));
        assert_eq!(files.compare("1:10,2:21,3:30"), None);
        assert_eq!(files.compare("1:10,3:30"), None);
        assert_eq!(files.compare("1:10,2:20,3:31"), None);
        assert_eq!(files.of("3").as_deref(), Some("30"));
        assert_eq!(Files::new("", []).compare(""), Some(vec![]));
    }
}
