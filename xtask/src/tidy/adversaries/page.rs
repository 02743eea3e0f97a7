//! The tables of a page in Markdown.

/// One table, below the heading that it stands under.
#[derive(Debug)]
pub(super) struct Table {
    /// The heading.
    pub(super) title: String,
    /// Names of the columns.
    pub(super) columns: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Row>,
}

/// One row of a table.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its line in the page, from one.
    pub(super) line: usize,
    /// Its cells.
    pub(super) cells: Vec<String>,
}

impl Row {
    /// The cell of a column, or nothing.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// The last cell: what shows the row.
    pub(super) fn shown_by(&self) -> &str {
        self.cells.last().map_or("", String::as_str)
    }

    /// The names that show the row; none where it is not applicable.
    pub(super) fn names(&self) -> Vec<&str> {
        self.shown_by().split('`').skip(1).step_by(2).collect()
    }
}

/// Every table of the page, in its order.
pub(super) fn tables(text: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut title = "";
    let mut is_inside = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with('#') {
            title = line.trim_start_matches('#').trim();
        }
        let Some(cells) = cells(line) else {
            is_inside = false;
            continue;
        };
        match tables.last_mut().filter(|_| is_inside) {
            None => tables.push(Table { title: title.to_owned(), columns: cells, rows: Vec::new() }),
            Some(_) if is_rule(&cells) => {}
            Some(table) => table.rows.push(Row { line: number, cells }),
        }
        is_inside = true;
    }
    tables
}

/// The cells of a line that is one of a table.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}

/// True for the line between the columns' names and the rows.
fn is_rule(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell.contains("---") && cell.chars().all(|sign| "-:".contains(sign)))
}

#[test]
fn tables_are_read_row_by_row() {
    let tables =
        tables("# One\n| a | b |\n|---|---:|\n| 1 | `x`, `y` |\ntext\n## Two\n| c |\n|---|\n| 2 |\n");
    assert_eq!(tables.len(), 2);
    assert_eq!((tables[0].title.as_str(), tables[1].title.as_str()), ("One", "Two"));
    assert_eq!(tables[0].columns, ["a", "b"]);
    assert_eq!(tables[0].rows.len(), 1);
    assert_eq!((tables[0].rows[0].line, tables[0].rows[0].names()), (4, vec!["x", "y"]));
}
