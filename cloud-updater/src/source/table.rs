//! Rows of a CSV file (RFC 4180) of which some may be broken: a broken row is named, and the others count.

use csv::{ByteRecord, Position, ReaderBuilder};

/// Bytes of one row with a certificate in it; what is longer is a quote that nobody closed.
const ROW_BYTES_MAX: usize = 256 * 1_024;
/// Rows of that kind in one file: looking for the end of each reads the file once more.
const ENDLESS_ROWS_MAX: usize = 16;
/// Broken rows in one file: with more of them it is another kind of file.
const BROKEN_ROWS_MAX: usize = 1_000;

/// One row that has a value for each column.
#[derive(Debug)]
pub(super) struct Row {
    /// Its first line in the file.
    pub(super) line: u64,
    values: Vec<String>,
}

/// A row, or lines, that could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// First line.
    pub(super) from: u64,
    /// Last line.
    pub(super) to: u64,
    /// Why.
    pub(super) message: String,
}

/// A table whose first row names its columns.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Names of the columns.
    pub(super) columns: Vec<String>,
    /// Rows that can be used.
    pub(super) rows: Vec<Row>,
    /// The others.
    pub(super) broken: Vec<Broken>,
}

impl Row {
    /// The value of a column, without surrounding space.
    pub(super) fn value(&self, column: usize) -> &str {
        self.values.get(column).map_or("", |value| value.trim())
    }
}

impl Broken {
    /// `line 7`, `lines 7 to 9`.
    pub(super) fn place(&self) -> String {
        if self.from == self.to {
            format!("line {}", self.from)
        } else {
            format!("lines {} to {}", self.from, self.to)
        }
    }
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// A sentence, where the file is no table at all: it has no first row, or hardly a row of it can be read.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut table = Self::default();
        let (mut start, mut line, mut endless) = (0_usize, 1_u64, 0_usize);
        while let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) {
            let Some(stop) = table.read_on(rest, line) else { return Ok(table) };
            // A broken row may have swallowed good ones: reading goes on with the line after its first.
            if table.columns.is_empty() {
                return Err(format!("its first row {}", stop.message));
            }
            endless = endless.saturating_add(usize::from(stop.is_endless));
            table.note(stop.line, stop.message);
            if endless > ENDLESS_ROWS_MAX || table.broken.len() > BROKEN_ROWS_MAX {
                return Err(format!(
                    "has too many rows that cannot be read; the first is {}",
                    table.first_broken()
                ));
            }
            let after = rest.get(stop.offset..).unwrap_or_default();
            let next =
                after.iter().position(|byte| *byte == b'\n').map_or(after.len(), |at| at.saturating_add(1));
            start = start.saturating_add(stop.offset).saturating_add(next);
            line = stop.line.saturating_add(1);
        }
        if table.columns.is_empty() { Err("is empty".to_owned()) } else { Ok(table) }
    }

    /// Reads rows until one is broken; `None` where none was.
    fn read_on(&mut self, bytes: &[u8], first_line: u64) -> Option<Stop> {
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut record = ByteRecord::new();
        let mut cursor = Cursor { bytes, offset: 0, line: first_line };
        loop {
            let before = byte(reader.position());
            let result = reader.read_byte_record(&mut record);
            cursor.move_to(record.position().filter(|_| result.is_ok()).map_or(before, byte));
            let Cursor { offset, line, .. } = cursor;
            let stop = |message: &str, is_endless| {
                Some(Stop { line, offset, message: message.to_owned(), is_endless })
            };
            match result {
                Ok(false) => return None,
                Ok(true) if record.as_slice().len() > ROW_BYTES_MAX => {
                    return stop(
                        &format!("is longer than {ROW_BYTES_MAX} bytes: a quote is not closed"),
                        true,
                    );
                }
                Ok(true) if cursor.ends_in_quotes(byte(reader.position())) => {
                    return stop("has a quote that is not closed", false);
                }
                Ok(true) => {}
                Err(error) => return stop(&format!("cannot be read: {error}"), false),
            }
            match values(&record, self.columns.len()) {
                Ok(values) if self.columns.is_empty() => {
                    self.columns = values.iter().map(|value| value.trim().to_owned()).collect();
                }
                Ok(values) => self.rows.push(Row { line, values }),
                Err(message) => return stop(&message, false),
            }
        }
    }

    /// Adds a broken line to those directly above it, or begins anew.
    fn note(&mut self, line: u64, message: String) {
        let last = self.broken.last_mut().filter(|last| last.to.saturating_add(1) == line);
        // A row that ended after the last broken one stands between them.
        let follows = last.is_some() && self.rows.last().is_none_or(|row| row.line < line);
        match last {
            Some(last) if follows => last.to = line,
            _ => self.broken.push(Broken { from: line, to: line, message }),
        }
    }

    fn first_broken(&self) -> String {
        self.broken
            .first()
            .map_or_else(String::new, |broken| format!("{}, which {}", broken.place(), broken.message))
    }
}

/// Where a row begins. The reader's own count of lines stands before the end of the row above.
#[derive(Clone, Copy)]
struct Cursor<'b> {
    bytes: &'b [u8],
    offset: usize,
    line: u64,
}

impl Cursor<'_> {
    /// Goes on to the first byte of the row that begins at or after `offset`.
    fn move_to(&mut self, offset: usize) {
        while let Some(byte) = self.bytes.get(self.offset) {
            let is_between_rows = self.offset >= offset && matches!(byte, b'\r' | b'\n');
            if self.offset >= offset && !is_between_rows {
                return;
            }
            self.line = self.line.saturating_add(u64::from(*byte == b'\n'));
            self.offset = self.offset.saturating_add(1);
        }
    }

    /// True for a last row whose quotes the end of the file closes.
    fn ends_in_quotes(&self, end: usize) -> bool {
        let row = self.bytes.get(self.offset..).filter(|_| end >= self.bytes.len());
        row.is_some_and(|row| row.iter().filter(|byte| **byte == b'"').count() % 2 == 1)
    }
}

fn byte(position: &Position) -> usize {
    usize::try_from(position.byte()).unwrap_or(usize::MAX)
}

/// Where reading stopped, and why.
struct Stop {
    line: u64,
    /// First byte of the row, from where reading began.
    offset: usize,
    message: String,
    is_endless: bool,
}

/// The values of a row of so many columns; of any number where none are known yet.
fn values(record: &ByteRecord, columns: usize) -> Result<Vec<String>, String> {
    if columns != 0 && record.len() != columns {
        return Err(format!("has {} values for {columns} columns", record.len()));
    }
    let value = |bytes: &[u8]| {
        if bytes.contains(&0) {
            return Err("holds a NUL byte".to_owned());
        }
        String::from_utf8(bytes.to_vec()).map_err(|_| "is not UTF-8".to_owned())
    };
    record.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], rows: &[(u64, &str)], broken: &[(u64, u64)]) -> Table {
        let table = Table::parse(text).unwrap();
        let found: Vec<(u64, &str)> = table.rows.iter().map(|row| (row.line, row.value(0))).collect();
        assert_eq!(found, rows);
        let places: Vec<(u64, u64)> = table.broken.iter().map(|broken| (broken.from, broken.to)).collect();
        assert_eq!(places, broken);
        table
    }

    #[test]
    fn rows_keep_their_lines_whatever_their_quotes_hold() {
        let table = check(
            b"a,b\r\n\"one\r\ntwo\",x\r\n\r\n three ,\"\"\"y\"\"\"\r\n",
            &[(2, "one\r\ntwo"), (5, "three")],
            &[],
        );
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.rows[1].value(1), "\"y\"");
    }

    #[test]
    fn a_broken_row_is_named_and_those_around_it_count() {
        check(b"a,b\n1,x\n2\n3,x\n", &[(2, "1"), (4, "3")], &[(3, 3)]);
        check(b"a,b\n1,x\n2,x,y\n3,x\n", &[(2, "1"), (4, "3")], &[(3, 3)]);
        check(b"a,b\n1,\0\n2,\xff\n3,x\n", &[(4, "3")], &[(2, 3)]);
        check(b"a,b\n1\n2,x\n3\n", &[(3, "2")], &[(2, 2), (4, 4)]);
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_its_own_row_alone() {
        check(b"a,b\n\"1\",\"x\n\"2\",\"x\"\n\"3\",\"x\"\n", &[(3, "2"), (4, "3")], &[(2, 2)]);
        check(b"a,b\n1,\"x\n2,x\n3,x\n", &[(3, "2"), (4, "3")], &[(2, 2)]);
        check(b"a,b\n1,x\n\"", &[(2, "1")], &[(3, 3)]);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for text in [b"".as_slice(), b"\xef\xbb\xbf", b"\0\n1\n", b"\xff,b\n1,2\n"] {
            assert!(Table::parse(text).is_err(), "{text:?}");
        }
        let hostile = [b"a,b\n".as_slice(), &b"1\n2,x\n".repeat(BROKEN_ROWS_MAX + 1)].concat();
        assert!(Table::parse(&hostile).unwrap_err().contains("the first is line 2, which has 1 values"));
        let quotes = [
            b"a,b\n".as_slice(),
            &[b"\"".as_slice(), &vec![b'x'; ROW_BYTES_MAX + 1], b"\n"].concat().repeat(40),
        ];
        assert!(Table::parse(&quotes.concat()).is_err());
    }
}
