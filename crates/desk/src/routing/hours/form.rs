//! Opening hours as a supervisor typed them, with the mistakes beside the fields.

use chrono::NaiveDate;
use hotline_core::{
    text::{bilingual::Text, locale::Words},
    time::hours::{HolidayCalendar, HoursException, InvalidHours, OpeningHours, TimesOf, WeeklyTimes},
};

use super::weekday_name;
use crate::routing::times::{WEEK, joined, parse_spans, write_spans};
use hotline_reports::labels::format_day;

/// The values of the form, with the mistakes.
pub(super) struct HoursForm {
    pub(super) version: i64,
    pub(super) weekdays: Vec<Field>,
    pub(super) serbian_holidays: bool,
    /// The exceptions from today on, the new one last.
    pub(super) coming: Vec<ExceptionFields>,
    pub(super) past: Vec<ExceptionFields>,
    /// A mistake that belongs to no single field.
    pub(super) mistake: String,
}

/// A text field with its label.
#[derive(Default)]
pub(super) struct Field {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) mistake: String,
}

/// The fields of an exception.
#[derive(Default)]
pub(super) struct ExceptionFields {
    /// Keeps the ids of the fields on the page unique.
    pub(super) id: usize,
    /// Whether these are the empty fields of a new exception.
    pub(super) new: bool,
    pub(super) date: String,
    pub(super) times: String,
    pub(super) sr: String,
    pub(super) en: String,
    pub(super) removed: bool,
    pub(super) mistake: String,
}

impl HoursForm {
    pub(super) fn stored(words: &Words, version: i64, hours: &OpeningHours, today: NaiveDate) -> Self {
        let weekdays = WEEK.map(|weekday| Field {
            label: weekday_name(words, weekday),
            value: write_spans(hours.weekly.times_on(weekday)),
            mistake: String::new(),
        });
        let mut form = Self {
            version,
            weekdays: weekdays.into(),
            serbian_holidays: hours.holidays == HolidayCalendar::Serbia,
            coming: hours.exceptions.iter().map(ExceptionFields::stored).collect(),
            past: Vec::new(),
            mistake: String::new(),
        };
        form.part(today);
        form
    }

    /// Reads the fields as typed. The fields of each exception follow each other, its date first.
    pub(super) fn typed(words: &Words, fields: &[(String, String)]) -> Self {
        let mut form = Self {
            version: 0,
            weekdays: WEEK
                .map(|weekday| Field {
                    label: weekday_name(words, weekday),
                    ..Field::default()
                })
                .into(),
            serbian_holidays: false,
            coming: Vec::new(),
            past: Vec::new(),
            mistake: String::new(),
        };
        for (name, value) in fields {
            let value = value.trim().to_owned();
            let number = name
                .strip_prefix("day-")
                .and_then(|day| day.parse::<usize>().ok());
            if let Some(day) = number.and_then(|number| form.weekdays.get_mut(number.wrapping_sub(1))) {
                day.value = value;
                continue;
            }
            match (name.as_str(), form.coming.last_mut()) {
                ("version", _) => form.version = value.parse().unwrap_or_default(),
                ("holidays", _) => form.serbian_holidays = true,
                ("date", _) => form.coming.push(ExceptionFields {
                    date: value,
                    ..ExceptionFields::default()
                }),
                ("times", Some(one)) => one.times = value,
                ("sr", Some(one)) => one.sr = value,
                ("en", Some(one)) => one.en = value,
                ("remove", Some(one)) => one.removed = true,
                _ => {}
            }
        }
        form.coming.retain(|one| !one.is_blank());
        form
    }

    /// Separates the past exceptions, and adds the empty fields of a new one.
    pub(super) fn part(&mut self, today: NaiveDate) {
        let is_past = |one: &ExceptionFields| {
            one.mistake.is_empty() && one.date.parse::<NaiveDate>().is_ok_and(|date| date < today)
        };
        let mut all = std::mem::take(&mut self.coming);
        all.push(ExceptionFields {
            new: true,
            ..ExceptionFields::default()
        });
        for (id, one) in all.iter_mut().enumerate() {
            one.id = id;
        }
        (self.past, self.coming) = all.into_iter().partition(is_past);
    }

    /// Returns the hours, or `None` after writing each mistake beside its field.
    pub(super) fn read(&mut self, words: &Words, today: NaiveDate) -> Option<OpeningHours> {
        let mut wrong = false;
        let mut spans = |text: &str, mistake: &mut String| {
            parse_spans(text, joined).unwrap_or_else(|part| {
                wrong = true;
                *mistake = words.with("times-unreadable", "text", &part);
                Vec::new()
            })
        };
        let mut days = Vec::new();
        for day in &mut self.weekdays {
            days.push(spans(&day.value, &mut day.mistake));
        }
        let mut exceptions = Vec::new();
        let mut undated = false;
        for one in self.coming.iter_mut().filter(|one| !one.removed) {
            let times = spans(&one.times, &mut one.mistake);
            let Ok(date) = one.date.parse() else {
                undated = true;
                one.mistake = words.say("exception-needs-date");
                continue;
            };
            exceptions.push(HoursException {
                date,
                times,
                reason: one.reason(),
            });
        }
        if wrong || undated {
            return None;
        }
        exceptions.sort_by_key(|one| one.date);
        let mut days = days.into_iter();
        let mut next = || days.next().unwrap_or_default();
        let hours = OpeningHours {
            weekly: WeeklyTimes {
                monday: next(),
                tuesday: next(),
                wednesday: next(),
                thursday: next(),
                friday: next(),
                saturday: next(),
                sunday: next(),
            },
            holidays: if self.serbian_holidays {
                HolidayCalendar::Serbia
            } else {
                HolidayCalendar::None
            },
            exceptions,
        };
        match hours.check(today) {
            Ok(()) => Some(hours),
            Err(mistake) => {
                self.note(words, mistake);
                None
            }
        }
    }

    /// Writes a mistake beside the field to which it belongs.
    fn note(&mut self, words: &Words, mistake: InvalidHours) {
        let (times_of, said) = match mistake {
            InvalidHours::Reversed { times_of, span } => {
                (times_of, words.with("times-reversed", "span", &span.to_string()))
            }
            InvalidHours::Overlapping {
                times_of,
                first,
                second,
            } => {
                let (first, second) = (first.to_string(), second.to_string());
                let values = [("first", first.as_str()), ("second", second.as_str())];
                (times_of, words.with_all("times-overlap", &values))
            }
            InvalidHours::DoubleException { date } => (TimesOf::Date(date), words.say("exception-twice")),
            InvalidHours::NeverOpen { .. } => {
                self.mistake = words.say("hours-never-open");
                return;
            }
        };
        let place = match times_of {
            TimesOf::Weekday(weekday) => {
                let day = usize::try_from(weekday.num_days_from_monday()).unwrap_or_default();
                self.weekdays.get_mut(day).map(|day| &mut day.mistake)
            }
            TimesOf::Date(date) => {
                let date = date.to_string();
                let mut all = self.coming.iter_mut().rev();
                all.find(|one| one.date == date && !one.removed)
                    .map(|one| &mut one.mistake)
            }
        };
        match place {
            Some(place) => *place = said,
            None => self.mistake = said,
        }
    }
}

impl ExceptionFields {
    fn stored(one: &HoursException) -> Self {
        let (sr, en) = match &one.reason {
            None => (String::new(), String::new()),
            Some(Text::Serbian(sr)) => (sr.clone(), String::new()),
            Some(Text::Both { sr, en }) => (sr.clone(), en.clone()),
        };
        Self {
            date: one.date.to_string(),
            times: write_spans(&one.times),
            sr,
            en,
            ..Self::default()
        }
    }

    fn is_blank(&self) -> bool {
        [&self.date, &self.times, &self.sr, &self.en]
            .iter()
            .all(|text| text.is_empty())
    }

    fn reason(&self) -> Option<Text> {
        match (self.sr.is_empty(), self.en.is_empty()) {
            (true, true) => None,
            (false, true) => Some(Text::Serbian(self.sr.clone())),
            (true, false) => Some(Text::Both {
                sr: self.en.clone(),
                en: self.en.clone(),
            }),
            (false, false) => Some(Text::Both {
                sr: self.sr.clone(),
                en: self.en.clone(),
            }),
        }
    }

    pub(super) fn day(&self) -> String {
        self.date.parse().map_or_else(|_| self.date.clone(), format_day)
    }
}
