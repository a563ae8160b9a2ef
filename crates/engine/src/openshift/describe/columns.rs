//! Text in columns: cells that end in a tab line up over the lines next to each other that have them.

use serde_json::Value;

/// What stands for an empty value.
pub(super) const NONE: &str = "<none>";
/// Columns begin at multiples of this.
const TAB: usize = 8;

/// Lines of cells that are separated by tabs, aligned when all is written.
#[derive(Debug, Default)]
pub(super) struct Columns {
    text: String,
}

impl Columns {
    /// A line; its cells are separated by tabs.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A named value; further lines of it stand below its first.
    pub(super) fn field(&mut self, label: &str, value: &str) {
        let value = if value.is_empty() { NONE } else { value };
        for (at, part) in value.split('\n').enumerate() {
            if at == 0 {
                self.line(&format!("{label}:\t{part}"));
            } else {
                self.line(&format!("\t{part}"));
            }
        }
    }

    /// An object of texts, a line each, by name.
    pub(super) fn texts(&mut self, label: &str, texts: &Value) {
        let mut lines: Vec<String> = texts
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name}={}", super::text(value)))
            .collect();
        lines.sort();
        self.field(label, &lines.join("\n"));
    }

    /// The text with its columns aligned by tabs.
    pub(super) fn finish(self) -> String {
        let lines: Vec<Vec<&str>> = self
            .text
            .lines()
            .map(|line| line.split('\t').collect())
            .collect();
        let widths = widths(&lines);
        let mut text = String::with_capacity(self.text.len() * 2);
        for (line, widths) in lines.iter().zip(&widths) {
            for (at, cell) in line.iter().enumerate() {
                text.push_str(cell);
                if let Some(width) = widths.get(at) {
                    let missing = width - cell.chars().count();
                    text.extend(std::iter::repeat_n('\t', missing.div_ceil(TAB)));
                }
            }
            text.push('\n');
        }
        text
    }
}

/// The width of each cell but the last of a line: that of the widest one above and below it without a gap.
fn widths(lines: &[Vec<&str>]) -> Vec<Vec<usize>> {
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|line| vec![0; line.len() - 1]).collect();
    let columns = widths.iter().map(Vec::len).max().unwrap_or_default();
    for column in 0..columns {
        let mut start = 0;
        while start < lines.len() {
            let block = lines[start..]
                .iter()
                .take_while(|line| column + 1 < line.len())
                .count();
            let end = start + block;
            let widest = lines[start..end]
                .iter()
                .map(|line| line[column].chars().count())
                .max();
            if let Some(widest) = widest {
                for line in &mut widths[start..end] {
                    line[column] = (widest + 1).next_multiple_of(TAB);
                }
            }
            start = end.max(start + 1);
        }
    }
    widths
}
