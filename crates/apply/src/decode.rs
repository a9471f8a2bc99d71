//! Decoder from events to changes: our own record text, and the three stock formats.

mod control;
mod json;
mod light;
mod partial_sql;
mod record;
mod shape;
mod urlencoded;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pg::Ask;
use pgq::Event;

pub use control::Control;
pub use shape::Shapes;
use urlencoded::Pairs;

use crate::change::Partition;
use crate::{Change, Columns, Error, Op, Result, Row};

/// What an event means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A change of a row or a table.
    Change(Change),
    /// An event that steers replication.
    Control(Control),
    /// An event of a type that nobody knows.
    Unknown,
}

/// A regular expression of PostgreSQL's for the types of events that are changes of rows or tables.
pub const CHANGES: &str = r"^(rec\.|[IUD]:|\{|[IUDR]$)";

/// Reads events; keeps the column lists that rows share.
///
/// ```
/// use apply::{Decoded, Decoder, Op};
/// use pgq::Event;
///
/// let event = Event {
///     kind: "I:id".to_owned(),
///     data: Some("id=7&name=O%27Hara&left=".to_owned()),
///     extra1: Some("public.people".to_owned()),
///     ..Event::default()
/// };
/// let Decoded::Change(change) = Decoder::new().decode(&event)? else { panic!("a row was inserted") };
/// assert_eq!((&*change.table, &change.op), ("public.people", &Op::Insert));
/// let row = change.new.expect("the row as it is now");
/// assert_eq!(row.by_name("name"), Some(Some("O'Hara")));
/// assert_eq!(row.by_name("nickname"), None);
/// # Ok::<(), apply::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    shapes: Shapes,
    tables: HashSet<Arc<str>>,
    layouts: HashMap<Arc<str>, Vec<Arc<Columns>>>,
    light: light::Layouts,
}

/// Column lists kept for one table: with partial SQL each set of changed columns is one.
const LAYOUTS: usize = 256;

type Parsed = (Op, Option<Row>, Option<Row>);

impl Decoder {
    /// A decoder that knows no shape yet.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// The row shape that must be loaded before the event can be decoded.
    fn missing_shape(&self, event: &Event) -> Option<i32> {
        if !matches!(event.kind.as_str(), "rec.I" | "rec.U" | "rec.L" | "rec.D" | "rec.P") {
            return None;
        }
        let id = event.extra3.as_deref()?.parse().ok()?;
        self.shapes.get(id).is_none().then_some(id)
    }

    /// The shapes known so far.
    pub fn shapes(&mut self) -> &mut Shapes {
        &mut self.shapes
    }

    /// Learns the row shapes registered at the provider since the last call: to be called before a batch is read.
    /// Answers whether there are any.
    ///
    /// # Errors
    /// As [`Shapes::refresh`].
    pub async fn refresh_shapes<C: Ask>(&mut self, provider: &C) -> Result<bool> {
        self.shapes.refresh(provider).await
    }

    /// As [`Shapes::are_there`].
    pub fn knows_of_shapes(&self) -> bool {
        self.shapes.are_there()
    }

    /// Whether the event steers replication: such are for the node, whatever their `ev_extra1` names.
    pub fn is_control(event: &Event) -> bool {
        control::is_control(event)
    }

    /// Whether events of this type mean something here, or something to the stock worker that is the same here.
    pub fn knows(event: &Event) -> bool {
        let kind = event.kind.as_str();
        let of_row = ["rec.", "I:", "U:", "D:", "{"].iter().any(|prefix| kind.starts_with(prefix));
        of_row || matches!(kind, "I" | "U" | "D" | "R") || Self::is_control(event)
    }

    /// Decodes an event.
    ///
    /// # Errors
    /// [`Error::Replaced`] for an event which tells that the table is not what it was; [`Error::Malformed`] when its
    /// text is not what its type promises, [`Error::ShapeNotLoaded`].
    pub fn decode(&mut self, event: &Event) -> Result<Decoded> {
        let malformed = |reason| Error::Malformed {
            event_id: event.id,
            kind: event.kind.clone(),
            table: event.extra1.clone().unwrap_or_default(),
            reason,
        };
        if let Some(control) = control::parse(event) {
            return control.map(Decoded::Control).map_err(malformed);
        }
        if event.kind == "rec.X" {
            return Err(replaced(event));
        }
        if let Some(id) = self.missing_shape(event) {
            let table = event.extra1.clone().unwrap_or_default();
            return Err(Error::ShapeNotLoaded { id, event_id: event.id, table });
        }
        let parsed = match event.kind.split_at_checked(4) {
            Some(("rec.", op)) => self.record(event, op),
            _ if event.kind.starts_with('{') => self.json(event),
            _ => match event.kind.split_at_checked(2) {
                Some((op @ ("I:" | "U:" | "D:"), key)) => self.urlencoded(event, op, key),
                _ if event.extra1.is_none() => return Ok(Decoded::Unknown),
                _ if event.kind == "R" => Ok(Some((Op::Truncate, None, None))),
                _ => self.partial_sql(event),
            },
        };
        let Some((op, new, old)) = parsed.map_err(malformed)? else { return Ok(Decoded::Unknown) };
        let table = self.table(event).map_err(malformed)?;
        Ok(Decoded::Change(Change { table, op, new, old, event_id: event.id, txid: event.txid }))
    }

    fn record(&mut self, event: &Event, op: &str) -> std::result::Result<Option<Parsed>, String> {
        let data = || event.data.as_deref().ok_or_else(|| "ev_data is missing".to_owned());
        if op == "R" {
            let partition = Partition { name: data()?.to_owned(), bounds: event.extra2.clone() };
            return Ok(Some((Op::TruncatePartition(partition), None, None)));
        }
        if !matches!(op, "I" | "U" | "L" | "D" | "P") {
            return Err("this version does not know its type: update londiste-rs here".to_owned());
        }
        let shape =
            event.extra3.as_deref().ok_or_else(|| "its row shape (ev_extra3) is missing".to_owned())?;
        let columns = match shape.parse() {
            Ok(id) => {
                self.shapes.get(id).map(Arc::clone).ok_or_else(|| format!("row shape {id} is not loaded"))?
            }
            Err(_) => self.shapes.inline(shape)?,
        };
        let row = |text: &str| {
            let values = record::parse(text, columns.names.len())?;
            Ok::<_, String>(Row { columns: Arc::clone(&columns), values })
        };
        Ok(Some(match op {
            "I" => (Op::Insert, Some(row(data()?)?), None),
            "U" => (Op::Update, Some(row(data()?)?), event.extra2.as_deref().map(row).transpose()?),
            "L" => {
                let told = light::told(&row(data()?)?, event.extra4.as_deref(), &mut self.light)?;
                (Op::Update, Some(told), None)
            }
            "P" => match (&event.data, &event.extra2) {
                (Some(now), _) => (Op::Put, Some(row(now)?), None),
                (None, Some(gone)) => (Op::Put, None, Some(row(gone)?)),
                (None, None) => return Err("it has neither a row nor a key".to_owned()),
            },
            _ => (Op::Delete, None, Some(row(data()?)?)),
        }))
    }

    fn urlencoded(
        &mut self,
        event: &Event,
        op: &str,
        key: &str,
    ) -> std::result::Result<Option<Parsed>, String> {
        let key: Vec<Cow<'_, str>> = key.split(',').filter(|k| !k.is_empty()).map(Cow::Borrowed).collect();
        let table = self.table(event)?;
        let data = event.data.as_deref().ok_or_else(|| "ev_data is missing".to_owned())?;
        let row = self.row(&table, urlencoded::parse(data)?, &key)?;
        Ok(Some(match op {
            "I:" => (Op::Insert, Some(row), None),
            "U:" => {
                let old = event.extra2.as_deref().map(urlencoded::parse).transpose()?;
                (Op::Update, Some(row), old.map(|old| self.row(&table, old, &key)).transpose()?)
            }
            _ => (Op::Delete, None, Some(row)),
        }))
    }

    fn json(&mut self, event: &Event) -> std::result::Result<Option<Parsed>, String> {
        let Ok(head) = serde_json::from_str::<json::Head>(&event.kind) else { return Ok(None) };
        let key: Vec<Cow<'_, str>> = head.pkey.iter().map(|k| Cow::Borrowed(k.as_str())).collect();
        let table = self.table(event)?;
        let data = event.data.as_deref().ok_or_else(|| "ev_data is missing".to_owned());
        Ok(Some(match head.op.as_str() {
            "INSERT" => (Op::Insert, Some(self.row(&table, json::parse(data?)?, &key)?), None),
            "UPDATE" => {
                let new = self.row(&table, json::parse(data?)?, &key)?;
                let old = event.extra2.as_deref().map(json::parse).transpose()?;
                (Op::Update, Some(new), old.map(|old| self.row(&table, old, &key)).transpose()?)
            }
            "DELETE" => (Op::Delete, None, Some(self.row(&table, json::parse(data?)?, &key)?)),
            "TRUNCATE" => (Op::Truncate, None, None),
            _ => return Ok(None),
        }))
    }

    fn partial_sql(&mut self, event: &Event) -> std::result::Result<Option<Parsed>, String> {
        if !matches!(event.kind.as_str(), "I" | "U" | "D") {
            return Ok(None);
        }
        let table = self.table(event)?;
        let data = event.data.as_deref().ok_or_else(|| "ev_data is missing".to_owned())?;
        let names = |row: &Pairs<'_>| row.iter().map(|(n, _)| Cow::Owned(n.to_string())).collect::<Vec<_>>();
        Ok(Some(match event.kind.as_str() {
            "I" => (Op::Insert, Some(self.row(&table, partial_sql::insert(data)?, &[])?), None),
            "U" => {
                let (mut new, old) = partial_sql::update(data)?;
                let key = names(&old);
                for condition in &old {
                    if !new.iter().any(|(n, _)| *n == condition.0) {
                        new.push(condition.clone());
                    }
                }
                let old = self.row(&table, old, &key)?;
                (Op::Update, Some(self.row(&table, new, &key)?), Some(old))
            }
            _ => {
                let old = partial_sql::delete(data)?;
                let key = names(&old);
                (Op::Delete, None, Some(self.row(&table, old, &key)?))
            }
        }))
    }

    /// The table's name, shared by all its changes.
    fn table(&mut self, event: &Event) -> std::result::Result<Arc<str>, String> {
        let name = match (&event.extra1, event.kind.starts_with('{')) {
            (Some(name), _) => Cow::Borrowed(name.as_str()),
            (None, true) => {
                let head: json::Head = serde_json::from_str(&event.kind).map_err(|e| e.to_string())?;
                Cow::Owned(head.table.join("."))
            }
            (None, false) => Cow::Borrowed(""),
        };
        if name.is_empty() {
            return Err("the table's name (ev_extra1) is missing".to_owned());
        }
        if let Some(known) = self.tables.get(&*name) {
            return Ok(Arc::clone(known));
        }
        let shared: Arc<str> = Arc::from(&*name);
        self.tables.insert(Arc::clone(&shared));
        Ok(shared)
    }

    /// Puts names and values together, sharing the column list with earlier rows of the table.
    fn row(
        &mut self,
        table: &Arc<str>,
        pairs: Pairs<'_>,
        key: &[Cow<'_, str>],
    ) -> std::result::Result<Row, String> {
        let layouts = self.layouts.entry(Arc::clone(table)).or_default();
        let known = layouts.iter().find(|c| {
            c.names.len() == pairs.len()
                && c.key.len() == key.len()
                && c.names.iter().zip(&pairs).all(|(name, pair)| *name == pair.0)
                && c.key.iter().zip(key).all(|(at, name)| c.names[*at] == *name)
        });
        let columns = match known {
            Some(columns) => Arc::clone(columns),
            None => {
                let names: Vec<String> = pairs.iter().map(|(name, _)| name.to_string()).collect();
                let key = key
                    .iter()
                    .map(|k| {
                        names
                            .iter()
                            .position(|n| n == k)
                            .ok_or_else(|| format!("key column {k} is not in the row"))
                    })
                    .collect::<std::result::Result<_, _>>()?;
                let columns = Arc::new(Columns { names, key, pinned: false, left_out: Vec::new() });
                if layouts.len() >= LAYOUTS {
                    layouts.clear();
                }
                layouts.push(Arc::clone(&columns));
                columns
            }
        };
        Ok(Row { columns, values: pairs.iter().map(|(_, value)| value.as_deref()).collect() })
    }
}

/// What the root tells of a table that is not there under its name, or is another one.
fn replaced(event: &Event) -> Error {
    let table = event.extra1.clone().unwrap_or_default();
    let remedy = match event.extra2.as_deref() {
        Some("replaced") => format!("resync {table}"),
        Some("renamed") => format!(
            "give the root's table its name back and resync {table}, \
             or remove-table {table} on the root and add the table under its new name"
        ),
        _ => format!("remove-table {table} on the root; the rows here stay"),
    };
    let notice = event.data.clone().unwrap_or_default();
    Error::Replaced { event_id: event.id, txid: event.txid, table, notice, remedy }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
