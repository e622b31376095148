//! Formatting of days, channel names and query strings.

use chrono::{Datelike, NaiveDate};
use hotline_core::{
    contact::urgency::Urgency,
    text::locale::{Language, Words},
    time::period::{Every, Period},
};
use hotline_store::routing::targets::KeptTargets;

/// Formats a day as `31.01.2026.`.
pub fn format_day(day: NaiveDate) -> String {
    day.format("%d.%m.%Y.").to_string()
}

/// Formats a period with the names of months in words, such as "January 2026", "Q1 2026" or "1 January 2026 – 15 March 2026".
#[must_use]
pub fn period_in_words(words: &Words, from: Option<NaiveDate>, to: Option<NaiveDate>) -> String {
    let month = |day: NaiveDate| words.say(&format!("month-in-words-{}", day.month()));
    if let (Some(from), Some(to)) = (from, to) {
        let whole = [Every::Year, Every::Quarter, Every::Month]
            .into_iter()
            .find(|every| every.around(from) == Period::of(from, to));
        let year = from.format("%Y").to_string();
        match whole {
            Some(Every::Month) => {
                return words.with_all("piece-month", &[("month", &month(from)), ("year", &year)]);
            }
            Some(Every::Quarter) => {
                let key = format!("quarter-in-words-{}", from.month0() / 3 + 1);
                return words.with(&key, "year", &year);
            }
            Some(Every::Year) => return words.with("piece-year", "year", &year),
            Some(Every::Day | Every::Week) | None => {}
        }
    }
    let day = |day: NaiveDate| {
        let (number, year) = (day.day().to_string(), day.format("%Y").to_string());
        let values = [("day", number.as_str()), ("month", &month(day)), ("year", &year)];
        words.with_all("day-in-words", &values)
    };
    let from = from.map_or_else(|| words.say("from-start"), day);
    let to = to.map_or_else(|| words.say("until-now"), day);
    format!("{from} – {to}")
}

/// Builds a query string from the non-empty parameters.
pub fn query_of<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a String)>) -> String {
    let filled = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(filled)
        .finish()
}

/// Returns the translated name of a channel, or its id from the settings if there is no translation.
pub fn channel_name(words: &Words, channel: &str) -> String {
    let key = format!("channel-{channel}");
    let name = words.say(&key);
    if name == key { channel.to_owned() } else { name }
}

/// Formats `part` as a percentage of `whole`, with one decimal.
pub fn percent(words: &Words, part: i64, whole: i64) -> String {
    let tenths = (part * 1_000 + whole / 2) / whole.max(1);
    let point = match words.language() {
        Language::En => '.',
        Language::SrCyrl | Language::SrLatn => ',',
    };
    format!("{}{point}{} %", tenths / 10, tenths % 10)
}

/// Formats the change from the earlier figure `then` to the figure `now`: the difference and, if `then` is not 0, the difference as a
/// percentage of `then`.
pub fn difference(words: &Words, now: i64, then: i64) -> String {
    let by = now - then;
    let sign = if by > 0 { "+" } else { "" };
    let number = format!("{sign}{}", words.number(by));
    if then == 0 {
        return number;
    }
    let percent = (by * 100 + by.signum() * then / 2) / then;
    format!("{number} ({sign}{} %)", words.number(percent))
}

/// Returns the label of reply targets, such as "Urgent, first reply".
#[must_use]
pub fn target_label(words: &Words, targets: &KeptTargets, with_urgency: bool) -> String {
    let order = words.say(if targets.first {
        "target-first"
    } else {
        "target-next"
    });
    if !with_urgency {
        return order;
    }
    let urgency = Urgency::from_stored(targets.urgency);
    format!(
        "{}, {order}",
        words.say(&format!("target-urgency-{}", urgency.as_str()))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_its_months_in_words() {
        let locales = hotline_core::text::locale::Locales;
        let said = |language, from: &str, to: &str| {
            period_in_words(locales.of(language), from.parse().ok(), to.parse().ok())
        };
        assert_eq!(said(Language::En, "2026-10-01", "2026-10-31"), "October 2026");
        assert_eq!(
            said(Language::SrCyrl, "2026-10-01", "2026-10-31"),
            "октобар 2026."
        );
        assert_eq!(said(Language::En, "2026-01-01", "2026-12-31"), "2026");
        assert_eq!(
            said(Language::En, "2026-04-01", "2026-06-30"),
            "second quarter of 2026"
        );
        assert_eq!(
            said(Language::SrLatn, "2026-10-02", "2026-11-15"),
            "2. oktobar 2026. – 15. novembar 2026."
        );
    }

    #[test]
    fn a_difference_is_said_in_number_and_percent() {
        let locales = hotline_core::text::locale::Locales;
        let words = locales.of(hotline_core::text::locale::Language::En);
        assert_eq!(difference(words, 2_790, 2_000), "+790 (+40 %)");
        assert_eq!(difference(words, 90, 120), "−30 (−25 %)");
        assert_eq!(difference(words, 3, 0), "+3");
        assert_eq!(percent(words, 605, 2_790), "21.7 %");
    }
}
