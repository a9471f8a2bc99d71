//! Updates that leave out large values which stayed as they were: `rec.L`. Their record text has nothing in these
//! places, and `ev_extra4` names the columns, as a JSON array.

use std::sync::Arc;

use crate::{Columns, Row};

/// Combinations of columns left out that are kept.
const KEPT: usize = 256;

/// The columns that are told, by those of the whole row and what was left out.
#[derive(Debug, Default)]
pub(super) struct Layouts(Vec<Layout>);

#[derive(Debug)]
struct Layout {
    whole: Arc<Columns>,
    left_out: String,
    told: Arc<Columns>,
    /// Their places in the whole row.
    places: Vec<usize>,
}

/// The part of a row that its event tells.
///
/// # Errors
/// What is wrong with `ev_extra4`.
pub(super) fn told(row: &Row, left_out: Option<&str>, layouts: &mut Layouts) -> Result<Row, String> {
    let left_out = left_out.ok_or_else(|| "the columns left out (ev_extra4) are missing".to_owned())?;
    let layout = layouts.find(&row.columns, left_out)?;
    let values = layout.places.iter().map(|at| row.values.get(*at)).collect();
    Ok(Row { columns: Arc::clone(&layout.told), values })
}

impl Layouts {
    fn find(&mut self, whole: &Arc<Columns>, left_out: &str) -> Result<&Layout, String> {
        let is_it = |known: &Layout| Arc::ptr_eq(&known.whole, whole) && known.left_out == left_out;
        let at = match self.0.iter().position(is_it) {
            Some(at) => at,
            None => {
                let layout = Layout::new(whole, left_out)?;
                if self.0.len() >= KEPT {
                    self.0.clear();
                }
                self.0.push(layout);
                self.0.len() - 1
            }
        };
        Ok(&self.0[at])
    }
}

impl Layout {
    fn new(whole: &Arc<Columns>, left_out: &str) -> Result<Layout, String> {
        let names: Vec<String> = serde_json::from_str(left_out)
            .map_err(|error| format!("the columns left out (ev_extra4) cannot be read: {error}"))?;
        let place = |name: &String| whole.names.iter().position(|n| n == name);
        for name in &names {
            let at = place(name)
                .ok_or_else(|| format!("{name} is left out, and not among its shape's columns"))?;
            if whole.key.contains(&at) {
                return Err(format!("the key column {name} is left out"));
            }
        }
        let places: Vec<usize> =
            (0..whole.names.len()).filter(|at| !names.contains(&whole.names[*at])).collect();
        let key = whole.key.iter().filter_map(|at| places.iter().position(|place| place == at)).collect();
        let told = places.iter().map(|at| whole.names[*at].clone()).collect();
        let told = Arc::new(Columns { names: told, key, pinned: whole.pinned, left_out: names });
        Ok(Layout { whole: Arc::clone(whole), left_out: left_out.to_owned(), told, places })
    }
}
