//! Tables for people: numbers under their heads, and narrow enough for the terminal.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Width, presets};
use console::measure_text_width;

use crate::layout::width;
use crate::words::fold;

/// Columns of text, from what folds little to where a table becomes a list.
const TEXT: [usize; 4] = [24, 16, 12, 8];

/// Spaces between two columns.
const GAP: usize = 2;

/// A table. Its first columns hold text, all others numbers.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    texts: usize,
    indent: usize,
    widest: usize,
}

impl Table {
    /// A table with these heads; one without heads has columns of text only.
    pub(crate) fn new<T: Into<String>>(head: impl IntoIterator<Item = T>) -> Self {
        Self {
            head: head.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
            texts: 1,
            indent: 0,
            widest: 0,
        }
    }

    /// The same with this many columns of text.
    pub(crate) fn texts(mut self, texts: usize) -> Self {
        self.texts = texts;
        self
    }

    /// The same with this many spaces before each line.
    pub(crate) fn indent(mut self, indent: usize) -> Self {
        self.indent = indent;
        self
    }

    /// The same with texts of up to this many columns, if the heads of numbers can fold for that.
    pub(crate) fn widest(mut self, widest: usize) -> Self {
        self.widest = widest;
        self
    }

    /// Adds a row.
    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Its lines, each with its end, as wide as the terminal.
    pub(crate) fn format(&self) -> String {
        self.format_within(width())
    }

    /// The same in this many columns: with folded texts and heads if it is too wide, then as a list.
    pub(crate) fn format_within(&self, width: usize) -> String {
        let room = width.saturating_sub(self.indent);
        let columns = self.rows.iter().map(Vec::len).chain([self.head.len()]);
        let columns = columns.max().unwrap_or_default();
        let wider = (self.widest > 0).then_some(self.widest);
        let fit = wider.iter().chain(&TEXT).find_map(|text| {
            let least: Vec<usize> = (0..columns)
                .map(|column| self.least(column, *text))
                .collect();
            let all = least.iter().sum::<usize>() + GAP * columns.saturating_sub(1);
            (all <= room).then_some(least)
        });
        let lines = match fit {
            Some(least) => self.lay_out(&least, room),
            None => self.list(room),
        };
        let indent = " ".repeat(self.indent);
        lines
            .lines()
            .map(|line| format!("{}\n", format!("{indent}{line}").trim_end()))
            .collect()
    }

    fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        let cells = self.rows.iter().filter_map(move |row| row.get(column));
        cells.map(String::as_str)
    }

    /// The fewest columns that a column needs if texts are folded at `text`: numbers aren't folded, heads are.
    fn least(&self, column: usize, text: usize) -> usize {
        let head = self.head.get(column).map_or("", String::as_str);
        // A name that is folded in the middle can't be copied.
        let longest = |text: &str| text.split(' ').map(measure_text_width).max();
        let words = self.cells(column).chain([head]).filter_map(longest).max();
        let words = words.unwrap_or_default();
        let widest = self.cells(column).map(measure_text_width).max();
        let widest = widest.unwrap_or_default();
        match column < self.texts {
            true => widest.min(text).max(words),
            false => widest.max(longest(head).unwrap_or_default()),
        }
    }

    fn lay_out(&self, least: &[usize], room: usize) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        // The gap after the last column is trimmed.
        table.set_width(u16::try_from(room + GAP).unwrap_or(u16::MAX));
        if !self.head.is_empty() {
            table.set_header(Row::from(&self.head));
        }
        table.add_rows(self.rows.iter().map(Row::from));
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, GAP as u16));
            let least = least.get(index).copied().unwrap_or_default() + GAP;
            let least = u16::try_from(least).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
            if index >= self.texts {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }

    /// A block per row: its first text, then a line per number.
    fn list(&self, room: usize) -> String {
        let heads = self.head.iter().map(|head| measure_text_width(head));
        let label = heads.skip(1).max().unwrap_or_default().min(room / 2);
        let mut text = String::new();
        // The head of the rows' names is the list's.
        if let Some(head) = self.head.first().filter(|head| !head.trim().is_empty()) {
            text.push_str(&format!("{}\n", fold(head, room).join("\n")));
        }
        for row in &self.rows {
            for (column, cell) in row
                .iter()
                .enumerate()
                .filter(|(_, cell)| !cell.trim().is_empty())
            {
                if column == 0 {
                    text.push_str(&format!("{}\n", fold(cell, room).join("\n")));
                    continue;
                }
                let head = self.head.get(column).map_or("", String::as_str);
                let room = room.saturating_sub(label.max(measure_text_width(head)) + 4);
                for (index, line) in fold(cell.trim(), room.max(1)).iter().enumerate() {
                    let head = if index == 0 { head } else { "" };
                    text.push_str(&format!("  {head:<label$}  {line}\n"));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["policy", "within objective", "cost per month"]);
        table.row(["demand, set by a function", "100%", "$18.45"]);
        table.row(["backlog per task", "69.57% to 71.00%", "$1,039.48"]);
        table
    }

    #[test]
    fn a_table_folds_and_then_becomes_a_list() {
        insta::assert_snapshot!(table().format_within(80));
        insta::assert_snapshot!(table().format_within(50));
        insta::assert_snapshot!(table().format_within(30));
        assert_eq!(Table::new(["a", "b"]).format_within(30), "a  b\n");
    }

    #[test]
    fn no_line_is_wider() {
        for width in 30..90 {
            for line in table().indent(2).format_within(width).lines() {
                assert!(measure_text_width(line) <= width, "{width}: {line}");
            }
        }
    }
}
