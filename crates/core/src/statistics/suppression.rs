//! Suppression of small counts in statistics for publication. A small count can identify people, for example if only two girls wrote about
//! a topic.

use std::collections::{BTreeMap, BTreeSet};

/// Returns the cells to suppress in a table with rows and columns.
///
/// Every cell whose count is above 0 and below `least` is suppressed. Further cells are suppressed so that a reader cannot derive a small
/// count by subtracting the visible cells of a row or column from its total.
///
/// If any cell of a row or column is suppressed, at least two of its cells are suppressed, unless the row or column has only one cell. The
/// suppressed counts of the whole table add up to at least `least`, unless all counts of the table add up to less.
#[must_use]
pub fn masked(cells: &BTreeMap<(String, String), i64>, least: i64) -> BTreeSet<(String, String)> {
    let mut masked: BTreeSet<(String, String)> = cells
        .iter()
        .filter(|(_, count)| **count != 0 && **count < least)
        .map(|(place, _)| place.clone())
        .collect();
    if masked.is_empty() {
        return masked;
    }
    loop {
        let known = masked.len();
        for by_column in [false, true] {
            let mut lines: BTreeMap<&str, Vec<&(String, String)>> = BTreeMap::new();
            for place in cells.keys() {
                let line = if by_column { &place.1 } else { &place.0 };
                lines.entry(line).or_default().push(place);
            }
            for places in lines.into_values() {
                let hidden = places.iter().filter(|place| masked.contains(**place)).count();
                if hidden != 1 {
                    continue;
                }
                let others = places.into_iter().filter(|place| !masked.contains(*place));
                if let Some(least) = others.min_by_key(|place| (cells.get(*place), *place)) {
                    masked.insert(least.clone());
                }
            }
        }
        if masked.len() > known {
            continue;
        }
        // The table shows the sum of all suppressed counts as one number, the remainder, so this sum must also be at least `least`.
        let hidden: i64 = masked.iter().filter_map(|place| cells.get(place)).sum();
        let others = cells.iter().filter(|(place, _)| !masked.contains(*place));
        match others.min_by_key(|(place, count)| (**count, *place)) {
            Some((smallest, _)) if hidden < least => masked.insert(smallest.clone()),
            Some(_) | None => return masked,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_single_small_cell_takes_the_next_smallest_with_it() {
        let cells: BTreeMap<(String, String), i64> = [("grooming", 40), ("sexting", 2), ("suicide", 7)]
            .into_iter()
            .map(|(topic, count)| ((topic.to_owned(), String::new()), count))
            .collect();
        let masked: Vec<String> = masked(&cells, 5).into_iter().map(|(topic, _)| topic).collect();
        assert_eq!(masked, ["sexting", "suicide"]);
    }

    /// The reason why figures for publication do not offer joined age bands, although the sum of the joined bands is not small.
    #[test]
    fn joined_age_bands_would_reveal_a_small_figure() {
        let table = |counts: &[(&str, i64)]| -> BTreeMap<(String, String), i64> {
            let cell = |(value, count): &(&str, i64)| (((*value).to_owned(), String::new()), *count);
            counts.iter().map(cell).collect()
        };
        let shown = |cells: &BTreeMap<(String, String), i64>| -> Vec<String> {
            let masked = masked(cells, 5);
            let shown = cells.keys().filter(|place| !masked.contains(place));
            shown.map(|(value, _)| value.clone()).collect()
        };
        // Two children of four years, and children of every age from five to eighteen.
        let bands = table(&[("0-4", 2), ("5-12", 64), ("13-18", 186)]);
        assert_eq!(
            shown(&bands),
            ["13-18"],
            "the band 5-12 is hidden with the band 0-4"
        );
        let five_to_twelve: Vec<String> = (5..=12).map(|age: i64| format!("{age:02}")).collect();
        let mut ages = table(&[("04", 2), ("13", 6), ("14", 60), ("15", 60), ("16", 60)]);
        ages.extend(five_to_twelve.iter().map(|age| ((age.clone(), String::new()), 8)));
        let ages_shown = shown(&ages);
        assert!(five_to_twelve.iter().all(|age| ages_shown.contains(age)));
        assert!(!ages_shown.contains(&"04".to_owned()));
        let joined = 2 + 64;
        let sum_shown: i64 = five_to_twelve
            .iter()
            .map(|age| ages[&(age.clone(), String::new())])
            .sum();
        assert_eq!(
            joined - sum_shown,
            2,
            "the joined band minus the ages that are shown"
        );
    }

    proptest! {
        #[test]
        fn no_small_cell_is_shown_and_none_is_alone_in_its_row_or_column(
            cells in proptest::collection::btree_map((0u8..5, 0u8..5), 1i64..20, 0..25)
        ) {
            let cells: BTreeMap<(String, String), i64> = cells
                .into_iter()
                .map(|((row, column), count)| ((row.to_string(), column.to_string()), count))
                .collect();
            let masked = masked(&cells, 5);
            for (place, count) in &cells {
                prop_assert!(*count >= 5 || masked.contains(place));
            }
            let hidden: i64 = masked.iter().map(|place| cells[place]).sum();
            prop_assert!(masked.is_empty() || hidden >= 5 || masked.len() == cells.len());
            for place in &masked {
                for same_line in [
                    |a: &(String, String), b: &(String, String)| a.0 == b.0,
                    |a: &(String, String), b: &(String, String)| a.1 == b.1,
                ] {
                    let all = cells.keys().filter(|other| same_line(place, other)).count();
                    let hidden = masked.iter().filter(|other| same_line(place, other)).count();
                    prop_assert!(hidden > 1 || all == 1, "{place:?} of {cells:?}");
                }
            }
        }
    }
}
