//! Values of one row in one buffer: two allocations a row however many columns it has.

const NULL: u32 = 1 << 31;

/// Text values of a row, some of them SQL NULL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Values {
    text: String,
    /// For each value, where its text ends; the high bit marks NULL. A row's text is below 2 GB (PostgreSQL's own limit
    /// is 1 GB).
    ends: Vec<u32>,
}

impl Values {
    /// An empty row with room for `columns` values and `bytes` bytes of text.
    pub fn with_capacity(columns: usize, bytes: usize) -> Values {
        Values { text: String::with_capacity(bytes), ends: Vec::with_capacity(columns) }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True of a row without columns.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The value at position `at`; `None` for SQL NULL, and beyond the row's end.
    pub fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)?;
        if end & NULL != 0 {
            return None;
        }
        let start = if at == 0 { 0 } else { self.ends[at - 1] & !NULL };
        self.text.get(start as usize..end as usize)
    }

    /// All values in order.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Appends a value.
    pub fn push(&mut self, value: Option<&str>) {
        match value {
            Some(text) => {
                self.text.push_str(text);
                self.close();
            }
            None => self.ends.push(self.text.len() as u32 | NULL),
        }
    }

    /// Text of the value in the making: parsers append to it and then [`close`](Self::close) the value.
    pub(crate) fn open(&mut self) -> &mut String {
        &mut self.text
    }

    pub(crate) fn close(&mut self) {
        self.ends.push(self.text.len() as u32);
    }

    /// Bytes of the values' text.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        self.text.len() + self.ends.len() * std::mem::size_of::<u32>()
    }
}

impl<'a> FromIterator<Option<&'a str>> for Values {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(values: I) -> Values {
        let mut row = Values::default();
        values.into_iter().for_each(|v| row.push(v));
        row
    }
}

#[cfg(test)]
mod tests {
    use super::Values;

    #[test]
    fn null_and_empty_differ() {
        let given = [Some("a"), None, Some(""), Some("ö"), None];
        let row: Values = given.into_iter().collect();
        assert_eq!(row.iter().collect::<Vec<_>>(), given);
        assert_eq!(row.get(5), None);
    }
}
