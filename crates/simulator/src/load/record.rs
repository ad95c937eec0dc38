//! A row of a load file.

/// A row: its fields and its location.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    /// Line of the file where it starts, or the number of its datapoint.
    pub(super) line: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<usize>,
}

impl Record {
    /// Creates a row from these fields.
    pub(super) fn from_fields<'f>(line: u64, fields: impl IntoIterator<Item = &'f str>) -> Self {
        let mut record = Self {
            line,
            ..Self::default()
        };
        for field in fields {
            record.bytes.extend_from_slice(field.as_bytes());
            record.ends.push(record.bytes.len());
        }
        record
    }

    /// Number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a field without the surrounding whitespace. `None` if the row has fewer fields.
    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start..end).map(<[u8]>::trim_ascii)
    }

    /// Returns a field. Empty if the row has fewer fields.
    pub(super) fn field(&self, index: usize) -> &[u8] {
        self.get(index).unwrap_or_default()
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.field(index))
    }

    /// Splits a row at its delimiter. Returns `false` if its last field is quoted and not closed yet.
    pub(super) fn split(&mut self, row: &[u8], delimiter: u8) -> bool {
        self.bytes.clear();
        self.ends.clear();
        let mut rest = row;
        loop {
            if delimiter == b' ' {
                rest = rest.trim_ascii_start();
            }
            let (closed, left) = self.take_field(rest, delimiter);
            self.ends.push(self.bytes.len());
            match left {
                _ if !closed => return false,
                Some(left) => rest = left,
                None => return true,
            }
        }
    }

    /// Reads one field. Returns whether its quotes are closed, and the rest if more fields follow.
    fn take_field<'r>(&mut self, row: &'r [u8], delimiter: u8) -> (bool, Option<&'r [u8]>) {
        let mut rest = row;
        let mut closed = true;
        if let Some(quoted) = row.trim_ascii_start().strip_prefix(b"\"") {
            closed = false;
            rest = quoted;
            while let Some(at) = rest.iter().position(|byte| *byte == b'"') {
                self.bytes.extend_from_slice(&rest[..at]);
                rest = &rest[at + 1..];
                if let Some(more) = rest.strip_prefix(b"\"") {
                    self.bytes.push(b'"');
                    rest = more;
                } else {
                    closed = true;
                    break;
                }
            }
        }
        let end = rest.iter().position(|byte| closed && *byte == delimiter);
        self.bytes
            .extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
        (closed, end.map(|end| &rest[end + 1..]))
    }
}
