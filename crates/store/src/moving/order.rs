//! The order in which tables are filled, so that every row finds the rows to which its foreign keys refer.

use std::collections::BTreeSet;

/// A foreign key: a row of `from` refers to a row of `to`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    pub(super) from: String,
    pub(super) to: String,
}

/// Sorts tables so that each one comes after the tables to which it refers, and otherwise by name.
///
/// # Errors
/// Returns the tables that cannot be sorted, because they refer to themselves or to each other.
pub(super) fn order_by_references(
    tables: BTreeSet<String>,
    references: &[Reference],
) -> Result<Vec<String>, BTreeSet<String>> {
    let mut left = tables;
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let refers_to_left = |table: &String| {
            references
                .iter()
                .any(|reference| reference.from == *table && left.contains(&reference.to))
        };
        let Some(next) = left.iter().find(|&table| !refers_to_left(table)).cloned() else {
            return Err(left);
        };
        left.remove(&next);
        ordered.push(next);
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(number: usize) -> String {
        format!("table_{number:02}")
    }

    fn reference(from: usize, to: usize) -> Reference {
        Reference {
            from: named(from),
            to: named(to),
        }
    }

    #[test]
    fn tables_without_references_are_sorted_by_name() {
        let tables = BTreeSet::from([named(2), named(0), named(1)]);
        assert_eq!(
            order_by_references(tables, &[]),
            Ok(vec![named(0), named(1), named(2)])
        );
    }

    #[test]
    fn a_circle_of_references_is_refused() {
        for circle in [
            vec![reference(1, 1)],
            vec![reference(1, 2), reference(2, 1), reference(0, 1)],
        ] {
            let tables: BTreeSet<String> = (0..4).map(named).collect();
            let left = order_by_references(tables, &circle).unwrap_err();
            assert!(left.contains(&named(1)) && !left.contains(&named(3)), "{left:?}");
        }
    }

    proptest! {
        #[test]
        fn every_table_comes_after_those_it_refers_to(
            rank in Just((0..12).collect::<Vec<usize>>()).prop_shuffle(),
            pairs in proptest::collection::vec((0_usize..12, 0_usize..12), 0..40),
        ) {
            // A table refers only to tables of a lower rank, so there is no circle.
            let references: Vec<Reference> = pairs
                .into_iter()
                .filter(|(from, to)| rank[*from] > rank[*to])
                .map(|(from, to)| reference(from, to))
                .collect();
            let tables: BTreeSet<String> = (0..12).map(named).collect();
            let ordered = order_by_references(tables.clone(), &references).unwrap();
            let place = |name: &String| ordered.iter().position(|table| table == name);
            for Reference { from, to } in &references {
                prop_assert!(place(from) > place(to), "{from} refers to {to}");
            }
            prop_assert_eq!(ordered.into_iter().collect::<BTreeSet<_>>(), tables);
        }
    }
}
