//! Labels of measures, dimensions and their values.

use hotline_core::{
    contact::classification::Scheme,
    statistics::figures::{
        ANSWERED, CASE_KIND, CHANNEL, COUNSELLING, FIRST_REPLY, FORWARDED, HOUR, INSTITUTION, LANGUAGE,
        Measure, REFERRAL_OUTCOME, URGENT_READ, WEEKDAY,
    },
    text::locale::{Language, Words},
};

use crate::labels::{channel_name, format_day};

/// Returns the label of a measure.
pub fn measure_label(words: &Words, of: Measure) -> String {
    words.say(&format!("counted-{}", of.as_str()))
}

/// Returns the label of a dimension.
pub fn dimension_label(words: &Words, scheme: &Scheme, dimension: &str) -> String {
    match scheme.question(dimension) {
        Some(question) => question.label.localized(words),
        None if dimension == CHANNEL => words.say("channel"),
        None => words.say(&format!("by-{}", dimension.replace('_', "-"))),
    }
}

/// Returns the translated name of a value of a dimension.
pub fn value_label(words: &Words, scheme: &Scheme, dimension: &str, value: &str) -> String {
    match dimension {
        CHANNEL => channel_name(words, value),
        LANGUAGE => Language::parse(value).map_or_else(|| value.to_owned(), |one| one.own_name().to_owned()),
        HOUR => format!("{value}:00"),
        WEEKDAY => words.say(&format!("weekday-{value}")),
        COUNSELLING => words.say(&format!("counselling-{value}")),
        CASE_KIND if value == FORWARDED => words.say("forwarded-cases"),
        CASE_KIND => words.say(&format!("case-{value}")),
        REFERRAL_OUTCOME => words.say(&format!("outcome-{value}")),
        ANSWERED => words.say(&format!("answered-{value}")),
        FIRST_REPLY | URGENT_READ => match value.parse() {
            Ok(minutes) => words.with("within", "time", &minutes_label(words, minutes)),
            Err(_) => words.say("within-later"),
        },
        INSTITUTION => {
            let known = scheme.institutions.iter().find(|one| one.id == value);
            known.map_or_else(|| value.to_owned(), |one| words.either(&one.sr, &one.en))
        }
        _ => scheme
            .question(dimension)
            .and_then(|question| question.answer(value))
            .map_or_else(|| value.to_owned(), |answer| answer.localized(words)),
    }
}

/// Formats a row label in the reader's language. If the label begins with the id of an interval, such as `2023-08`, the id is replaced by a
/// readable name. Exported files keep the id.
pub fn localized_label(words: &Words, label: &str) -> String {
    let (first, rest) = label.split_once(" · ").unwrap_or((label, ""));
    let piece = part_label(words, first);
    match rest {
        "" => piece,
        rest => format!("{piece} · {rest}"),
    }
}

/// Formats an interval such as `2023-08` in the reader's language. Other text is returned unchanged.
pub fn part_label(words: &Words, piece: &str) -> String {
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let parts: Vec<&str> = piece.split('-').collect();
    match parts.as_slice() {
        [year] if year.len() == 4 && is_number(year) => words.with("piece-year", "year", year),
        [year, rest] if year.len() == 4 && is_number(year) => {
            let (quarter, week) = (rest.strip_prefix('Q'), rest.strip_prefix('W'));
            let (key, name, value) = match (quarter, week) {
                (Some(quarter), _) if is_number(quarter) => ("piece-quarter", "quarter", quarter.to_owned()),
                (_, Some(week)) if is_number(week) => ("piece-week", "week", without_zero(week)),
                _ if is_number(rest) => {
                    let month = words.say(&format!("month-{}", without_zero(rest)));
                    ("piece-month", "month", month)
                }
                _ => return piece.to_owned(),
            };
            words.with_all(key, &[(name, value.as_str()), ("year", year)])
        }
        [_, _, _] => piece.parse().map_or_else(|_| piece.to_owned(), format_day),
        _ => piece.to_owned(),
    }
}

fn without_zero(number: &str) -> String {
    number.trim_start_matches('0').to_owned()
}

/// Formats a duration in minutes (up to 90 minutes), hours (up to 48 hours) or days.
#[must_use]
pub fn minutes_label(words: &Words, minutes: i64) -> String {
    match minutes {
        ..=90 => words.count("minutes", minutes),
        91..=2_880 => words.count("hours-long", minutes / 60),
        _ => words.count("days", minutes / 1_440),
    }
}

/// Formats any duration in minutes without rounding it: in days or hours if it is a whole number of them, otherwise in minutes.
pub(crate) fn duration_label(words: &Words, minutes: i64) -> String {
    match minutes {
        2_881.. if minutes % 1_440 == 0 => words.count("days", minutes / 1_440),
        91.. if minutes % 60 == 0 => words.count("hours-long", minutes / 60),
        _ => words.count("minutes", minutes),
    }
}

#[cfg(test)]
mod tests {
    use hotline_core::text::locale::Locales;

    use super::*;

    #[test]
    fn a_target_is_not_rounded() {
        let locales = Locales;
        let words = locales.of(Language::En);
        let label = |minutes| duration_label(words, minutes);
        assert_eq!(
            [2, 90, 100, 240, 2_880, 4_320].map(label),
            ["2 min", "90 min", "100 min", "4 hours", "48 hours", "3 days"]
        );
    }

    #[test]
    fn a_piece_of_time_is_read_as_people_write_it() {
        let locales = Locales;
        for (label, serbian, english) in [
            ("2023-08", "авг 2023.", "Aug 2023"),
            ("2024-Q1", "1. тром. 2024.", "Q1 2024"),
            ("2024-W05", "5. недеља 2024.", "week 5, 2024"),
            ("2024", "2024.", "2024"),
            ("2024-02-29", "29.02.2024.", "29.02.2024."),
            ("2023-12 · телефон", "дец 2023. · телефон", "Dec 2023 · телефон"),
            ("телефон", "телефон", "телефон"),
            ("2024-xx", "2024-xx", "2024-xx"),
        ] {
            assert_eq!(localized_label(locales.of(Language::SrCyrl), label), serbian);
            assert_eq!(localized_label(locales.of(Language::En), label), english);
        }
    }
}
