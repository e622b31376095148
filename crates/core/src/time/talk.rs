//! How long a call lasted.

use chrono::TimeDelta;

/// The longest duration that can be recorded.
pub const LONGEST: TimeDelta = TimeDelta::hours(12);

/// Parses the duration of a call: minutes (`12`), minutes and seconds (`12:05`), or hours, minutes and seconds (`1:02:05`). Returns `None`
/// if `typed` is not such a duration, or if it is 0 or longer than [`LONGEST`].
#[must_use]
pub fn parse(typed: &str) -> Option<TimeDelta> {
    let parts = typed
        .trim()
        .split(':')
        .map(number)
        .collect::<Option<Vec<i64>>>()?;
    let below_sixty = |part: i64| (part < 60).then_some(part);
    let seconds = match parts.as_slice() {
        [minutes] => minutes * 60,
        [minutes, seconds] => minutes * 60 + below_sixty(*seconds)?,
        [hours, minutes, seconds] => hours * 3_600 + below_sixty(*minutes)? * 60 + below_sixty(*seconds)?,
        _ => return None,
    };
    Some(TimeDelta::seconds(seconds)).filter(|talk| *talk > TimeDelta::zero() && *talk <= LONGEST)
}

fn number(part: &str) -> Option<i64> {
    let digits = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| part.parse().ok()).flatten()
}

/// Formats the duration of a call as minutes and seconds (`12:05`), or as hours, minutes and seconds (`1:02:05`).
#[must_use]
pub fn format(talk: TimeDelta) -> String {
    let all = talk.num_seconds();
    let (hours, minutes, seconds) = (all / 3_600, all / 60 % 60, all % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// Formats the duration of a call with its unit, such as `12:05 min` or `1:02:05 h`, so that it cannot be read as a time of day.
#[must_use]
pub fn format_with_unit(talk: TimeDelta) -> String {
    let unit = if talk.num_hours() == 0 { "min" } else { "h" };
    format!("{} {unit}", format(talk))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn minutes_seconds_and_hours_are_read() {
        let seconds = |typed| parse(typed).map(|talk| talk.num_seconds());
        for (typed, expected) in [
            ("12", Some(720)),
            (" 4:05 ", Some(245)),
            ("90:00", Some(5_400)),
            ("1:02:05", Some(3_725)),
            ("12:00:00", Some(43_200)),
            ("0:01", Some(1)),
            ("", None),
            ("0", None),
            ("4:60", None),
            ("1:60:00", None),
            ("12:00:01", None),
            ("-3", None),
            ("3m", None),
            ("1:2:3:4", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(seconds(typed), expected, "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_formatted_is_read_back(seconds in 1_i64..=43_200) {
            let talk = TimeDelta::seconds(seconds);
            prop_assert_eq!(parse(&format(talk)), Some(talk));
        }

        #[test]
        fn any_text_is_parsed_without_a_panic(typed in "\\PC{0,20}") {
            let _ = parse(&typed);
        }
    }
}
