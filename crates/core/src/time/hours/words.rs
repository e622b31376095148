//! The time at which a line opens, in words.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;

use crate::text::locale::Words;

/// Describes when a line opens, as seen at `now`: "today from 07:30", "tomorrow from 07:30", "on Monday from 07:30" for the next six days,
/// or "on 07.01.2027. from 07:30". `opens` is `None` if no opening is known.
#[must_use]
pub fn opens_in_words(words: &Words, opens: Option<DateTime<Utc>>, now: DateTime<Utc>, zone: Tz) -> String {
    let Some(opens) = opens else {
        return words.say("opens-unknown");
    };
    let opens = opens.with_timezone(&zone);
    let days = (opens.date_naive() - now.with_timezone(&zone).date_naive()).num_days();
    let key = match days {
        ..=0 => "opens-today".to_owned(),
        1 => "opens-tomorrow".to_owned(),
        2..=6 => format!("opens-weekday-{}", opens.weekday().number_from_monday()),
        7.. => "opens-date".to_owned(),
    };
    let (date, time) = (
        opens.format("%d.%m.%Y.").to_string(),
        opens.format("%H:%M").to_string(),
    );
    words.with_all(&key, &[("date", &date), ("time", &time)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::locale::{Language, Locales};

    #[test]
    fn the_next_opening_is_said_by_day_and_time() {
        let locales = Locales;
        let said = |language, opens: &str| {
            let now = "2026-11-27T15:00:00Z".parse().unwrap();
            let opens = Some(opens.parse().unwrap());
            opens_in_words(locales.of(language), opens, now, chrono_tz::Europe::Belgrade)
        };
        for (opens, serbian, english) in [
            ("2026-11-27T20:00:00Z", "данас од 21:00", "today from 21:00"),
            ("2026-11-28T06:30:00Z", "сутра од 07:30", "tomorrow from 07:30"),
            (
                "2026-11-30T06:30:00Z",
                "у понедељак од 07:30",
                "on Monday from 07:30",
            ),
            (
                "2027-01-08T06:30:00Z",
                "08.01.2027. од 07:30",
                "on 08.01.2027. from 07:30",
            ),
        ] {
            assert_eq!(said(Language::SrCyrl, opens), serbian);
            assert_eq!(said(Language::En, opens), english);
        }
    }
}
