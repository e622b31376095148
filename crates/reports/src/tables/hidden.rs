//! Explains in plain words which figures of a table for publication are hidden, and why.

use hotline_core::{contact::classification::Scheme, text::locale::Words};
use hotline_store::statistics::counts::Breakdown;

use crate::tables::names::value_label;

/// Returns the values of the breakdown's dimension that have no row, because their figures are suppressed or because there are none. The two
/// cannot be distinguished. Returns no values if the dimension's values are not known, or if the breakdown shows no figure at all.
pub(super) fn hidden_values(found: &Breakdown) -> Vec<&str> {
    if found.rows.is_empty() {
        return Vec::new();
    }
    let shown = |value: &&String| found.rows.iter().any(|row| row.values.first() == Some(value));
    let hidden = found.possible_values.iter().filter(|value| !shown(value));
    hidden.map(String::as_str).collect()
}

/// Returns the sentences that explain which figures are hidden. Returns none if the breakdown suppresses no figures.
pub(super) fn notes(words: &Words, scheme: &Scheme, found: &Breakdown) -> Vec<String> {
    let Some(least) = found.suppressed_below else {
        return Vec::new();
    };
    let least = least.to_string();
    if found.rows.is_empty() {
        return vec![words.with("hidden-all", "least", &least)];
    }
    let dimension = match (found.by.as_slice(), found.every) {
        ([dimension], None) => dimension,
        _ => return vec![words.with("hidden-cells", "least", &least)],
    };
    let hidden = hidden_values(found);
    if hidden.is_empty() {
        // If the values of the dimension are not listed anywhere, a row can be missing that nobody can name.
        let is_known = !found.possible_values.is_empty();
        return match is_known {
            true => Vec::new(),
            false => vec![words.with("hidden-some", "least", &least)],
        };
    }
    let named: Vec<String> = hidden
        .iter()
        .map(|value| value_label(words, scheme, dimension, value))
        .collect();
    let values = [("rows", named.join(", ")), ("least", least)];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    vec![words.with_all("hidden-rows", &values)]
}
