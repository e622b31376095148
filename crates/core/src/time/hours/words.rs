//! Opening hours, and the time at which a line opens, in words.

use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use chrono_tz::Tz;

use crate::{
    text::{
        bilingual::Text,
        locale::{Language, Locales, Words},
    },
    time::hours::{OpeningHours, span::TimeSpan},
};

const WEEKDAYS: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// The number of days, from today, whose differing hours are named.
const NAMED_DAYS: usize = 7;

impl OpeningHours {
    /// Describes the weekly hours, such as "Monday–Friday, 07:30–15:30; Saturday, 10:00–14:00", followed by the hours of `today` and of the
    /// six days after it that differ: holidays and exceptions.
    #[must_use]
    pub fn in_words(&self, locales: &Locales, today: NaiveDate) -> Text {
        Text::Both {
            sr: self.described(locales.of(Language::SrCyrl), today),
            en: self.described(locales.of(Language::En), today),
        }
    }

    fn described(&self, words: &Words, today: NaiveDate) -> String {
        let mut parts: Vec<String> = self
            .runs()
            .into_iter()
            .map(|(first, last, times)| {
                let days = match (first, last) {
                    (Weekday::Mon, Weekday::Sun) => words.say("hours-every-day"),
                    (first, last) if first == last => weekday(words, first),
                    (first, last) => format!("{}–{}", weekday(words, first), weekday(words, last)),
                };
                format!("{days}, {}", spans(words, times))
            })
            .collect();
        if parts.is_empty() {
            parts.push(words.say("hours-none-weekly"));
        }
        let coming = today.iter_days().take(NAMED_DAYS);
        parts.extend(coming.filter_map(|date| self.described_exception(words, date, date == today)));
        parts.join("; ")
    }

    /// Describes the hours of a date that differ from the weekly hours.
    fn described_exception(&self, words: &Words, date: NaiveDate, is_today: bool) -> Option<String> {
        let times = self.times_on(date);
        if times == self.weekly.times_on(date.weekday()) {
            return None;
        }
        let day = date.format("%d.%m.").to_string();
        let opens = spans(words, times);
        let key = match (times.is_empty(), is_today) {
            (true, true) => "closed-today",
            (true, false) => "closed-on",
            (false, true) => "open-today",
            (false, false) => "open-on",
        };
        let described = words.with_all(key, &[("day", &day), ("times", &opens)]);
        let reason = self
            .exception_on(date)
            .and_then(|exception| exception.reason.as_ref());
        let reason = reason.map(|reason| reason.localized(words));
        Some(match reason.filter(|reason| !reason.trim().is_empty()) {
            Some(reason) => format!("{described} ({})", reason.trim()),
            None => described,
        })
    }

    /// Returns the runs of consecutive weekdays with the same opening times: the first day, the last day and the times.
    fn runs(&self) -> Vec<(Weekday, Weekday, &[TimeSpan])> {
        let mut runs: Vec<(Weekday, Weekday, &[TimeSpan])> = Vec::new();
        for day in WEEKDAYS {
            let times = self.weekly.times_on(day);
            match runs.last_mut() {
                Some((_, last, same)) if *same == times && last.succ() == day => *last = day,
                _ if times.is_empty() => {}
                _ => runs.push((day, day, times)),
            }
        }
        runs
    }
}

fn weekday(words: &Words, day: Weekday) -> String {
    words.say(&format!("weekday-{}", day.number_from_monday()))
}

fn spans(words: &Words, times: &[TimeSpan]) -> String {
    let times: Vec<String> = times
        .iter()
        .map(|span| format!("{}–{}", span.opens, span.closes))
        .collect();
    match times.as_slice() {
        [all_day] if all_day == "00:00–24:00" => words.say("day-and-night"),
        _ => times.join(words.say("and-times").as_str()),
    }
}

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

    #[test]
    fn equal_weekdays_are_joined_and_today_is_named_if_it_differs() {
        let described = |settings: &str, today: &str| {
            let hours: OpeningHours = toml::from_str(settings).unwrap();
            let text = hours.in_words(&Locales, today.parse().unwrap());
            let [sr, en] =
                [Language::SrCyrl, Language::En].map(|language| text.localized(Locales.of(language)));
            [sr, en]
        };
        let week = r#"weekly = { monday = ["07:30-15:30"], tuesday = ["07:30-15:30"], thursday = ["08:00-12:00", "13:00-18:00"] }"#;
        let day = r#"weekly = { sunday = ["00:00-24:00"] }"#;
        let every = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ];
        let every: Vec<String> = every
            .iter()
            .map(|day| format!(r#"{day} = ["08:00-20:00"]"#))
            .collect();
        let every = format!("holidays = \"none\"\nweekly = {{ {} }}", every.join(", "));
        let exception =
            format!("{week}\nexceptions = [{{ date = \"2026-11-30\", times = [\"10:00-11:00\"] }}]");
        for (settings, today, serbian, english) in [
            (
                week,
                "2026-11-30",
                "понедељак–уторак, 07:30–15:30; четвртак, 08:00–12:00 и 13:00–18:00",
                "Monday–Tuesday, 07:30–15:30; Thursday, 08:00–12:00 and 13:00–18:00",
            ),
            (
                &exception,
                "2026-11-30",
                "понедељак–уторак, 07:30–15:30; четвртак, 08:00–12:00 и 13:00–18:00; данас изузетно 10:00–11:00",
                "Monday–Tuesday, 07:30–15:30; Thursday, 08:00–12:00 and 13:00–18:00; today, by exception, 10:00–11:00",
            ),
            (
                &exception,
                "2026-11-24",
                "понедељак–уторак, 07:30–15:30; четвртак, 08:00–12:00 и 13:00–18:00; 30.11. изузетно 10:00–11:00",
                "Monday–Tuesday, 07:30–15:30; Thursday, 08:00–12:00 and 13:00–18:00; on 30.11., by exception, 10:00–11:00",
            ),
            (
                week,
                "2026-01-01",
                "понедељак–уторак, 07:30–15:30; четвртак, 08:00–12:00 и 13:00–18:00; данас затворено",
                "Monday–Tuesday, 07:30–15:30; Thursday, 08:00–12:00 and 13:00–18:00; closed today",
            ),
            (day, "2026-11-30", "недеља, 0–24", "Sunday, all day and night"),
            (
                &every,
                "2026-01-01",
                "сваког дана, 08:00–20:00",
                "every day, 08:00–20:00",
            ),
            ("weekly = {}", "2026-11-30", "по најави", "by arrangement"),
        ] {
            assert_eq!(described(settings, today), [serbian, english]);
        }
    }

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
