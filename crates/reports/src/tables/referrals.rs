//! The table of what came of referrals.

use hotline_core::{contact::classification::Scheme, statistics::figures::INSTITUTION, text::locale::Words};
use hotline_store::statistics::referrals::ReferralOutcomes;

use crate::tables::{Cell, Table, of_breakdown, value_label};

/// Builds the table: for each institution, its referrals by outcome, the median number of days to an answer, and the late answers.
pub(super) fn outcomes(words: &Words, scheme: &Scheme, found: &ReferralOutcomes) -> Table {
    let mut table = of_breakdown(words, scheme, &found.outcomes);
    "referrals".clone_into(&mut table.id);
    table.title = words.say("referral-outcomes");
    // In figures for publication, a figure that is missing is suppressed or does not exist. Both are rendered in the same way.
    let none = match found.outcomes.suppressed_below {
        Some(_) => Cell::Hidden,
        None => Cell::Empty,
    };
    for line in &mut table.rows {
        let mut answers = found.answers.iter();
        let answers =
            answers.find(|one| value_label(words, scheme, INSTITUTION, &one.institution) == line.label);
        for figure in [
            answers.and_then(|one| one.median_days),
            answers.and_then(|one| one.overdue),
        ] {
            line.cells.push(figure.map_or(none, Cell::Count));
        }
    }
    for line in &mut table.foot {
        line.cells.extend([Cell::Empty, Cell::Empty]);
    }
    table.columns.push(words.say("referral-median-days"));
    table.columns.push(words.say("referral-overdue-now"));
    table
}
