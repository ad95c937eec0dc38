//! A load file as records: text of any common encoding, split into lines and fields, or JSON.
//!
//! Lines are counted here and not by a CSV library, because messages number lines as editors do: with CRLF,
//! empty lines, comments, and line breaks within quotes.

use std::io::{BufRead, BufReader, Cursor, Read};

use super::delimiter;
use super::error::{Place, ReadError};
use super::record::Record;
use super::{influx, json};

/// Number of bytes at the start of the file that determine encoding, format, line ends, and delimiter.
const HEAD: u64 = 1 << 16;

/// Maximum length of a row in bytes, so that a missing closing quote doesn't make the rest of the file a single
/// row.
const LONGEST_ROW: usize = 1 << 16;

/// The rows of a file, one after another.
pub(super) enum Source<'r> {
    Lines(Lines<'r>),
    Points(std::vec::IntoIter<Record>),
}

/// The rows of a text file.
pub(super) struct Lines<'r> {
    input: Box<dyn BufRead + 'r>,
    /// The byte that ends a line.
    end: u8,
    delimiter: u8,
    /// Lines read so far.
    line: u64,
    row: Vec<u8>,
}

impl<'r> Source<'r> {
    /// Detects the format of a file.
    pub(super) fn open(mut input: impl Read + 'r) -> Result<Self, ReadError> {
        let mut head = Vec::new();
        input.by_ref().take(HEAD).read_to_end(&mut head)?;
        refuse_binary(&head)?;
        if let Some(wide) = Wide::detect(&head) {
            input.read_to_end(&mut head)?;
            return Self::open_text(wide.decode(&head).into_bytes(), std::io::empty());
        }
        let mark = head.starts_with(b"\xef\xbb\xbf");
        Self::open_text(head.split_off(if mark { 3 } else { 0 }), input)
    }

    fn open_text(head: Vec<u8>, rest: impl Read + 'r) -> Result<Self, ReadError> {
        if matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) {
            let rows = json::read_rows(Cursor::new(head).chain(rest))?;
            return Ok(Self::Points(rows.into_iter()));
        }
        if influx::is_meant(&head) {
            let rows = influx::rows(BufReader::new(Cursor::new(head).chain(rest)))?;
            return Ok(Self::Points(rows.into_iter()));
        }
        // Excel for Mac ends lines with CR alone.
        let end = match head.contains(&b'\r') && !head.contains(&b'\n') {
            true => b'\r',
            false => b'\n',
        };
        Ok(Self::Lines(Lines {
            end,
            delimiter: delimiter::find(&head, end),
            input: Box::new(BufReader::new(Cursor::new(head).chain(rest))),
            line: 0,
            row: Vec::new(),
        }))
    }

    /// Reads the next row. Returns false at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, ReadError> {
        match self {
            Self::Lines(lines) => lines.next(record),
            Self::Points(points) => Ok(points.next().map(|next| *record = next).is_some()),
        }
    }

    /// Whether the first row always contains the names of the columns.
    pub(super) fn has_names(&self) -> bool {
        matches!(self, Self::Points(_))
    }

    /// Returns the delimiter of the fields. A comma for JSON.
    pub(super) fn delimiter(&self) -> u8 {
        match self {
            Self::Lines(lines) => lines.delimiter,
            Self::Points(_) => b',',
        }
    }

    /// Returns the location of a row.
    pub(super) fn place(&self, line: u64) -> Place {
        match self {
            Self::Lines(_) => Place::Line(line),
            Self::Points(_) => Place::Datapoint(line),
        }
    }
}

impl Lines<'_> {
    fn next(&mut self, record: &mut Record) -> Result<bool, ReadError> {
        loop {
            self.row.clear();
            if !self.read_line()? {
                return Ok(false);
            }
            let row = self.row.trim_ascii();
            let skipped = row.is_empty()
                || row.starts_with(b"#")
                || is_decoration(row)
                || (self.line == 1 && delimiter::declared(row).is_some());
            if !skipped {
                break;
            }
        }
        record.line = self.line;
        while !record.split(&self.row, self.delimiter) {
            self.row.push(b'\n');
            if self.row.len() > LONGEST_ROW || !self.read_line()? {
                return Err(ReadError::Quote(record.line));
            }
        }
        Ok(true)
    }

    /// Adds a line to the row, without its end. Returns false at the end of the file.
    fn read_line(&mut self) -> Result<bool, ReadError> {
        if self.input.read_until(self.end, &mut self.row)? == 0 {
            return Ok(false);
        }
        self.line += 1;
        for end in [self.end, b'\r'] {
            if self.row.last() == Some(&end) {
                self.row.pop();
            }
        }
        Ok(true)
    }
}

/// Whether a line is a horizontal rule below the names of the columns or a number of rows, as psql, MySQL, and
/// SQLite print them: `--------+-------`, `(30 rows)`.
fn is_decoration(row: &[u8]) -> bool {
    let rule = row.iter().all(|byte| b"-+|=: ".contains(byte));
    let within = row
        .strip_prefix(b"(")
        .and_then(|rest| rest.strip_suffix(b")"));
    let counted = within.and_then(|text| {
        text.strip_suffix(b" rows")
            .or_else(|| text.strip_suffix(b" row"))
    });
    (rule && row.windows(3).any(|three| three == b"---"))
        || counted.is_some_and(|count| !count.is_empty() && count.iter().all(u8::is_ascii_digit))
}

/// The two byte orders of UTF-16.
#[derive(Clone, Copy)]
enum Wide {
    Little,
    Big,
}

impl Wide {
    /// Detects UTF-16 by its byte order mark, or by the zero bytes in ASCII text.
    fn detect(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, ..] => Some(Self::Little),
            [0xfe, 0xff, ..] => Some(Self::Big),
            [0x20..0x7f, 0, 0x20..0x7f, 0, ..] => Some(Self::Little),
            [0, 0x20..0x7f, 0, 0x20..0x7f, ..] => Some(Self::Big),
            _ => None,
        }
    }

    fn decode(self, bytes: &[u8]) -> String {
        let units = bytes.chunks_exact(2).map(|pair| match (self, pair) {
            (Self::Little, &[low, high]) | (Self::Big, &[high, low]) => {
                u16::from_be_bytes([high, low])
            }
            _ => 0,
        });
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .filter(|c| *c != '\u{feff}')
            .collect()
    }
}

/// Refuses formats that users often try first: a workbook or a compressed file.
fn refuse_binary(head: &[u8]) -> Result<(), ReadError> {
    let what = match head {
        [b'P', b'K', 3, 4, ..] => "a workbook or a ZIP archive: save it as CSV, or unpack it",
        [0x1f, 0x8b, ..] => "compressed with gzip: unpack it with gunzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "compressed with zstd: unpack it with unzstd",
        [b'P', b'A', b'R', b'1', ..] => "a Parquet file: export it as CSV",
        [0xd0, 0xcf, 0x11, 0xe0, ..] => "an old Excel workbook: save it as CSV",
        _ => return Ok(()),
    };
    Err(ReadError::NotText(what))
}
