//! Row shapes: which columns record text has, in which order, and which of them are the key.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pg::Ask;
use pgq::shape;
use serde::Deserialize;
use tracing::warn;

use crate::{Columns, Error, Result};

/// Inline descriptions appear only between a change of a table's definition and the worker noticing it: few are alive
/// at once.
const INLINE: usize = 64;
/// Shapes whose registration may commit after that of later numbers.
const LATECOMERS: i32 = 64;

/// Shapes by number and by their description.
#[derive(Debug, Default)]
pub struct Shapes {
    installed: bool,
    numbered: HashMap<i32, Arc<Columns>>,
    damaged: HashSet<i32>,
    inline: HashMap<String, Arc<Columns>>,
}

#[derive(Deserialize)]
struct Description {
    columns: Vec<(String, Option<String>)>,
    key: Vec<String>,
}

impl Shapes {
    /// The shape of that number, if it is loaded.
    pub fn get(&self, id: i32) -> Option<&Arc<Columns>> {
        self.numbered.get(&id)
    }

    /// Takes in the description of a numbered shape.
    ///
    /// # Errors
    /// [`Error::Shape`] when the description cannot be read.
    pub fn learn(&mut self, id: i32, description: &str) -> Result<()> {
        let columns = parse(description).map_err(|reason| Error::Shape { id, reason })?;
        self.numbered.insert(id, Arc::new(columns));
        Ok(())
    }

    /// Whether the provider is known to have shapes: then [`refresh`](Self::refresh) is one question, which travels in
    /// one message where it is asked of a plain client.
    pub fn are_there(&self) -> bool {
        self.installed
    }

    /// Loads the numbered shapes that the provider has and these have not: to be called before a batch is read, since
    /// its events name only shapes that were registered before. A provider without schema `londiste_rs` has none.
    /// Answers whether any was loaded.
    ///
    /// # Errors
    /// [`Error::Server`] when the query fails. Of a shape that cannot be read a warning is logged; its events cannot be
    /// decoded.
    pub async fn refresh<C: Ask>(&mut self, provider: &C) -> Result<bool> {
        let what = "reading row shapes from the provider";
        if !self.installed {
            self.installed = shape::are_registered(provider.plain()).await.map_err(Error::server(what))?;
        }
        if !self.installed {
            return Ok(false);
        }
        // numbers are given in another order than that in which transactions commit
        let from = self.numbered.keys().max().map_or(0, |newest| newest - LATECOMERS);
        let known: Vec<i32> =
            self.numbered.keys().chain(&self.damaged).copied().filter(|id| *id > from).collect();
        let newer = shape::newer(provider, from, &known).await;
        let newer = newer.map_err(Error::server(what))?;
        let some = !newer.is_empty();
        for (id, description) in newer {
            if let Err(error) = self.learn(id, &description) {
                // its table shows it when there is an event of that shape
                warn!("{error}");
                self.damaged.insert(id);
            }
        }
        Ok(some)
    }

    pub(super) fn inline(&mut self, description: &str) -> std::result::Result<Arc<Columns>, String> {
        if let Some(columns) = self.inline.get(description) {
            return Ok(Arc::clone(columns));
        }
        let columns = Arc::new(parse(description)?);
        if self.inline.len() >= INLINE {
            self.inline.clear();
        }
        self.inline.insert(description.to_owned(), Arc::clone(&columns));
        Ok(columns)
    }
}

fn parse(description: &str) -> std::result::Result<Columns, String> {
    let description: Description =
        serde_json::from_str(description).map_err(|e| format!("its description is damaged: {e}"))?;
    let names: Vec<String> = description.columns.into_iter().map(|(name, _)| name).collect();
    let key = description
        .key
        .iter()
        .map(|k| {
            names
                .iter()
                .position(|n| n == k)
                .ok_or_else(|| format!("its key column {k} is not among its columns"))
        })
        .collect::<std::result::Result<_, _>>()?;
    Ok(Columns { names, key, pinned: true, left_out: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::Shapes;

    #[test]
    fn description_gives_columns_and_key() {
        let mut shapes = Shapes::default();
        let text =
            r#"{"columns": [["a","pg_catalog.int4"], ["Id","pg_catalog.text"], ["c", null]], "key": ["Id"]}"#;
        shapes.learn(7, text).unwrap();
        let columns = shapes.get(7).unwrap().clone();
        assert_eq!(columns.names, ["a", "Id", "c"]);
        assert_eq!(columns.key, [1]);
        assert_eq!(shapes.inline(text).unwrap(), columns);
    }

    #[test]
    fn damaged_description_is_an_error() {
        let mut shapes = Shapes::default();
        for text in ["", "{}", r#"{"columns": [], "key": ["a"]}"#] {
            assert!(shapes.learn(1, text).is_err(), "{text}");
        }
    }
}
