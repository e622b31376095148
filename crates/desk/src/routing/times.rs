//! Times in text fields, such as `07:30-15:30, 17:00-19:00`.

use std::str::FromStr;

use chrono::Weekday;

/// The weekdays, Monday first.
pub(super) const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// Parses the spans of a field. An empty field has no spans. Commas and semicolons separate spans. Within a span, spaces are ignored, a
/// full stop counts as a colon, any dash separates the times, and `8` means `08:00`.
///
/// # Errors
/// Returns the first part of `text` that is not a span.
pub(super) fn parse_spans<T>(text: &str, parse: impl Fn(&str, &str) -> Option<T>) -> Result<Vec<T>, String> {
    let parts = text
        .split([',', ';'])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let span = part.split_once(['-', '–', '—', '−']);
            span.and_then(|(from, to)| parse(&two_digits(from), &two_digits(to)))
                .ok_or_else(|| part.to_owned())
        })
        .collect()
}

/// Joins two times with a hyphen and parses the result as a span.
pub(super) fn joined<T: FromStr>(from: &str, to: &str) -> Option<T> {
    format!("{from}-{to}").parse().ok()
}

/// Writes the spans of a field.
pub(super) fn write_spans<T: ToString>(spans: &[T]) -> String {
    let spans: Vec<String> = spans.iter().map(ToString::to_string).collect();
    spans.join(", ")
}

/// Writes a time such as `7.30` or `7` as `07:30` or `07:00`.
fn two_digits(time: &str) -> String {
    let time: String = time.chars().filter(|one| !one.is_whitespace()).collect();
    let time = time.replace('.', ":");
    let (hour, minute) = time.split_once(':').unwrap_or((&time, "00"));
    if hour.is_empty() {
        return time;
    }
    format!("{hour:0>2}:{minute}")
}

#[cfg(test)]
mod tests {
    use hotline_core::time::hours::TimeSpan;

    use super::*;

    fn read(text: &str) -> Result<String, String> {
        parse_spans(text, joined::<TimeSpan>).map(|spans| write_spans(&spans))
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, written) in [
            ("", ""),
            (" ; ", ""),
            ("07:30-15:30", "07:30-15:30"),
            ("7.30 – 15.30; 17-19", "07:30-15:30, 17:00-19:00"),
            ("00:00—24:00,", "00:00-24:00"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(written), "{text}");
        }
        for (text, wrong) in [
            ("07:30", "07:30"),
            ("7-8, 9-25", "9-25"),
            ("closed", "closed"),
            ("8-9-10", "8-9-10"),
            ("-", "-"),
            ("7:5-8", "7:5-8"),
        ] {
            assert_eq!(read(text), Err(wrong.to_owned()), "{text}");
        }
    }
}
