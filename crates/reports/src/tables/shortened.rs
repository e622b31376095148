//! Tables as the statistics page shows them. The page shows each figure once, whereas a file must be complete in each table.

use crate::tables::{Cell, Table};

/// Number of columns of a table of sums: registered here, opening balances, adjustments, total.
const SUMS: usize = 4;

impl Table {
    /// Returns the table without the figures that the page shows elsewhere, and without columns that repeat other columns.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        match self.id.as_str() {
            "channels" | "cases" => self.shorten_sums(),
            // The first row of the foot is the number of registered contacts. The page shows it as the total of the period.
            "answering" => {
                self.foot.remove(0);
                self.foot.retain(|line| !line.cells.contains(&Cell::Empty));
            }
            "over_time" | "topics" | "hours" | "counselling" | "ages" | "genders" | "regions" | "years"
            | "years_cases" => {
                // The last row of the foot is the number of registered contacts, the row above it the number of other contacts.
                self.foot.pop();
                self.foot
                    .retain(|line| !matches!(line.cells.last(), Some(Cell::Count(0))));
            }
            // As above, but the last two columns of the foot are empty.
            "referrals" => {
                self.foot.pop();
                self.foot.retain(|line| !line.cells.contains(&Cell::Count(0)));
            }
            _ => {}
        }
        self
    }

    /// Removes the columns of opening balances and adjustments if they are empty. If both are empty, the total equals the number of items
    /// registered here, so only the total stays.
    fn shorten_sums(&mut self) {
        let is_empty = |column: usize| {
            let mut lines = self.rows.iter().chain(&self.foot);
            lines.all(|line| matches!(line.cells.get(column), Some(Cell::Count(0))))
        };
        let mut empty: Vec<usize> = [2, 1].into_iter().filter(|column| is_empty(*column)).collect();
        if empty.len() + 2 == SUMS {
            empty.push(0);
        }
        for column in &empty {
            self.columns.remove(*column);
            for line in self.rows.iter_mut().chain(&mut self.foot) {
                line.cells.remove(*column);
            }
        }
        if self.id == "channels" && self.columns.len() == 1 {
            self.foot.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Line;

    fn table(rows: &[[i64; 4]]) -> Table {
        Table {
            id: "cases".to_owned(),
            title: String::new(),
            side: String::new(),
            columns: ["registered", "balance", "corrections", "total"]
                .map(str::to_owned)
                .into(),
            rows: rows.iter().map(|row| Line::new("", *row)).collect(),
            foot: Vec::new(),
            ..Table::default()
        }
    }

    #[test]
    fn a_column_that_repeats_another_is_left_out() {
        let shortened = |rows: &[[i64; 4]]| table(rows).shortened().columns;
        assert_eq!(shortened(&[[3, 0, 0, 3], [0, 0, 0, 0]]), ["total"]);
        assert_eq!(
            shortened(&[[3, 2, 0, 5], [1, 0, 0, 1]]),
            ["registered", "balance", "total"]
        );
        assert_eq!(shortened(&[[3, 2, 1, 6]]).len(), 4);
    }
}
