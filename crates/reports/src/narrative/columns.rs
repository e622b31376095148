//! The widths of the columns of a table in a document. No word is wider than its column, as long as the table fits on the page at all.

/// The sizes of letters to choose from, in half points, largest first.
const SIZES: [usize; 4] = [17, 15, 13, 11];
/// The assumed width of a letter, in hundredths of its size. Wide letters are wider, but no word consists of them alone.
const LETTER: usize = 72;
/// The space beside the text of a cell, left and right together, in twentieths of a point.
pub(super) const PADDING: usize = 140;
/// The widest column of figures, in twentieths of a point.
const WIDEST: usize = 1_400;

/// The layout of the columns of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// The widths, in twentieths of a point. The first column contains the labels.
    pub widths: Vec<usize>,
    /// The size of the letters, in half points.
    pub size: usize,
}

impl Columns {
    /// Lays out rows of texts on a page of this width. Columns of figures are as wide as their longest word, and at most `WIDEST` if there
    /// is room. The labels get the rest. The letters are smaller if the longest words do not fit otherwise.
    pub(super) fn fitting(rows: &[Vec<String>], page: usize) -> Self {
        let count = rows.iter().map(Vec::len).max().unwrap_or_default().max(1);
        let needed = |size: usize| -> Vec<usize> {
            (0..count)
                .map(|column| {
                    let texts = rows.iter().filter_map(|row| row.get(column));
                    texts
                        .map(|text| longest_word(text, size))
                        .max()
                        .unwrap_or_default()
                })
                .collect()
        };
        let fits = |size: &usize| needed(*size).iter().sum::<usize>() <= page;
        let [.., smallest] = SIZES;
        let size = SIZES.into_iter().find(fits).unwrap_or(smallest);
        let needed = needed(size);
        let spare = page.saturating_sub(needed.iter().sum());
        let figures = count - 1;
        let share = (spare / 2).checked_div(figures).unwrap_or_default();
        let mut widths: Vec<usize> = needed
            .iter()
            .map(|width| (width + share).min(WIDEST.max(*width)))
            .collect();
        let of_figures: usize = widths.iter().skip(1).sum();
        if let (Some(side), Some(least)) = (widths.first_mut(), needed.first()) {
            *side = page.saturating_sub(of_figures).max(*least);
        }
        Self { widths, size }
    }
}

fn longest_word(text: &str, size: usize) -> usize {
    let letters = text
        .split_whitespace()
        .map(|word| word.chars().count())
        .max()
        .unwrap_or_default();
    // A half point has ten twentieths of a point.
    letters * size * 10 * LETTER / 100 + PADDING
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: usize = 9_638;

    fn rows(texts: &[&[&str]]) -> Vec<Vec<String>> {
        let row = |row: &&[&str]| row.iter().map(|text| (*text).to_owned()).collect();
        texts.iter().map(row).collect()
    }

    #[test]
    fn eleven_channels_fit_beside_their_months() {
        let head: &[&str] = &[
            "Month",
            "telephone",
            "e-mail",
            "web form",
            "Viber",
            "Instagram",
            "Facebook",
            "in person",
            "Telegram",
            "Discord",
            "Total",
        ];
        let line: &[&str] = &[
            "September 2025",
            "1,828",
            "1,828",
            "12",
            "3",
            "5",
            "7",
            "9",
            "1",
            "2",
            "12,345",
        ];
        let columns = Columns::fitting(&rows(&[head, line]), PAGE);
        assert_eq!(columns.widths.iter().sum::<usize>(), PAGE);
        for (width, text) in columns.widths.iter().zip(head.iter()) {
            assert!(longest_word(text, columns.size) <= *width, "{text}: {columns:?}");
        }
    }

    #[test]
    fn a_small_table_keeps_narrow_columns_of_figures() {
        let columns = Columns::fitting(&rows(&[&["Topic", "Total"], &["grooming", "12"]]), PAGE);
        assert_eq!(columns.size, 17);
        assert_eq!(columns.widths.iter().sum::<usize>(), PAGE);
        assert!(columns.widths.iter().skip(1).all(|width| *width <= WIDEST));
    }

    proptest! {
        #[test]
        fn no_word_is_wider_than_its_column(
            rows in proptest::collection::vec(proptest::collection::vec("[a-z ]{0,24}", 1..12), 1..6)
        ) {
            let columns = Columns::fitting(&rows, PAGE);
            for row in &rows {
                for (width, text) in columns.widths.iter().zip(row) {
                    prop_assert!(longest_word(text, columns.size) <= *width);
                }
            }
        }
    }
}
