//! The non-working days of Serbia, by the rules of the Act on State and Other Holidays (Zakon o državnim i drugim praznicima).

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::text::locale::Words;

/// A holiday on which Serbia does not work.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Holiday {
    /// 1 and 2 January.
    NewYear,
    /// 7 January.
    Christmas,
    /// 15 and 16 February.
    StatehoodDay,
    /// The Friday before Orthodox Easter.
    GoodFriday,
    /// The Saturday before Orthodox Easter.
    HolySaturday,
    /// Orthodox Easter.
    Easter,
    /// The day after Orthodox Easter.
    EasterMonday,
    /// 1 and 2 May.
    LabourDay,
    /// 11 November.
    ArmisticeDay,
}

crate::named!(Holiday);

impl Holiday {
    /// Returns the holiday's name in the language of `words`.
    #[must_use]
    pub fn label(self, words: &Words) -> String {
        words.say(&format!("holiday-{}", self.as_str()))
    }
}

/// Returns the holiday because of which Serbia does not work on this date. If a state holiday falls on a Sunday, the first working day
/// after it is also non-working; for this day the function returns the state holiday. If a state and a religious holiday fall on the same
/// date, the function returns the state holiday. Weekends that are not holidays are not considered.
#[must_use]
pub fn serbian_holiday(date: NaiveDate) -> Option<Holiday> {
    state_holiday(date)
        .or_else(|| religious_holiday(date))
        .or_else(|| substituted_holiday(date))
}

/// Returns every date of a calendar year for which [`serbian_holiday`] returns a holiday, in order.
#[must_use]
pub fn serbian_holidays(year: i32) -> Vec<(NaiveDate, Holiday)> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1);
    first
        .into_iter()
        .flat_map(|day| day.iter_days())
        .take_while(|date| date.year() == year)
        .filter_map(|date| Some((date, serbian_holiday(date)?)))
        .collect()
}

/// Returns the date of Orthodox Easter in the Gregorian calendar, or `None` if the year is outside the range of `NaiveDate`.
#[must_use]
pub fn orthodox_easter(year: i32) -> Option<NaiveDate> {
    // Jean Meeus, Astronomical Algorithms, chapter 8: Easter in the Julian calendar.
    let moon = (19 * year.rem_euclid(19) + 15).rem_euclid(30);
    let sunday = (2 * year.rem_euclid(4) + 4 * year.rem_euclid(7) - moon + 34).rem_euclid(7);
    let days_from_march = u64::try_from(moon + sunday + 21).ok()?;
    let julian = NaiveDate::from_ymd_opt(year, 3, 1)?.checked_add_days(Days::new(days_from_march))?;
    // The Julian calendar has a leap day in every century year, the Gregorian calendar only in every fourth one.
    let behind = year.div_euclid(100) - year.div_euclid(400) - 2;
    julian.checked_add_signed(chrono::Duration::days(behind.into()))
}

fn state_holiday(date: NaiveDate) -> Option<Holiday> {
    match (date.month(), date.day()) {
        (1, 1 | 2) => Some(Holiday::NewYear),
        (2, 15 | 16) => Some(Holiday::StatehoodDay),
        (5, 1 | 2) => Some(Holiday::LabourDay),
        (11, 11) => Some(Holiday::ArmisticeDay),
        _ => None,
    }
}

fn religious_holiday(date: NaiveDate) -> Option<Holiday> {
    if (date.month(), date.day()) == (1, 7) {
        return Some(Holiday::Christmas);
    }
    match (date - orthodox_easter(date.year())?).num_days() {
        -2 => Some(Holiday::GoodFriday),
        -1 => Some(Holiday::HolySaturday),
        0 => Some(Holiday::Easter),
        1 => Some(Holiday::EasterMonday),
        _ => None,
    }
}

/// Returns the state holiday on a Sunday for which this date is non-working. The date itself must not be a holiday.
fn substituted_holiday(date: NaiveDate) -> Option<Holiday> {
    if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
        return None;
    }
    // Only holidays lie between the Sunday and its substitute, so the search ends at the first day that is not a holiday.
    let mut before = date.pred_opt()?;
    while before.weekday() != Weekday::Sun {
        state_holiday(before).or_else(|| religious_holiday(before))?;
        before = before.pred_opt()?;
    }
    state_holiday(before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::locale::{Language, Locales};

    fn written(year: i32) -> Vec<String> {
        let holidays = serbian_holidays(year).into_iter();
        holidays
            .map(|(date, holiday)| format!("{} {}", date.format("%a %-d %b"), holiday.as_str()))
            .collect()
    }

    #[test]
    fn the_non_working_days_of_2026_to_2030_are_those_of_the_law() {
        for (year, expected) in [
            (
                2026,
                [
                    "Thu 1 Jan new_year",
                    "Fri 2 Jan new_year",
                    "Wed 7 Jan christmas",
                    "Sun 15 Feb statehood_day",
                    "Mon 16 Feb statehood_day",
                    "Tue 17 Feb statehood_day",
                    "Fri 10 Apr good_friday",
                    "Sat 11 Apr holy_saturday",
                    "Sun 12 Apr easter",
                    "Mon 13 Apr easter_monday",
                    "Fri 1 May labour_day",
                    "Sat 2 May labour_day",
                    "Wed 11 Nov armistice_day",
                ]
                .as_slice(),
            ),
            (
                2027,
                &[
                    "Fri 1 Jan new_year",
                    "Sat 2 Jan new_year",
                    "Thu 7 Jan christmas",
                    "Mon 15 Feb statehood_day",
                    "Tue 16 Feb statehood_day",
                    "Fri 30 Apr good_friday",
                    // Also Holy Saturday and Easter.
                    "Sat 1 May labour_day",
                    "Sun 2 May labour_day",
                    "Mon 3 May easter_monday",
                    "Tue 4 May labour_day",
                    "Thu 11 Nov armistice_day",
                ],
            ),
            (
                2028,
                &[
                    "Sat 1 Jan new_year",
                    "Sun 2 Jan new_year",
                    "Mon 3 Jan new_year",
                    "Fri 7 Jan christmas",
                    "Tue 15 Feb statehood_day",
                    "Wed 16 Feb statehood_day",
                    "Fri 14 Apr good_friday",
                    "Sat 15 Apr holy_saturday",
                    "Sun 16 Apr easter",
                    "Mon 17 Apr easter_monday",
                    "Mon 1 May labour_day",
                    "Tue 2 May labour_day",
                    "Sat 11 Nov armistice_day",
                ],
            ),
            (
                2029,
                &[
                    "Mon 1 Jan new_year",
                    "Tue 2 Jan new_year",
                    // Christmas on a Sunday has no substitute.
                    "Sun 7 Jan christmas",
                    "Thu 15 Feb statehood_day",
                    "Fri 16 Feb statehood_day",
                    "Fri 6 Apr good_friday",
                    "Sat 7 Apr holy_saturday",
                    "Sun 8 Apr easter",
                    "Mon 9 Apr easter_monday",
                    "Tue 1 May labour_day",
                    "Wed 2 May labour_day",
                    "Sun 11 Nov armistice_day",
                    "Mon 12 Nov armistice_day",
                ],
            ),
            (
                2030,
                &[
                    "Tue 1 Jan new_year",
                    "Wed 2 Jan new_year",
                    "Mon 7 Jan christmas",
                    "Fri 15 Feb statehood_day",
                    "Sat 16 Feb statehood_day",
                    "Fri 26 Apr good_friday",
                    "Sat 27 Apr holy_saturday",
                    "Sun 28 Apr easter",
                    "Mon 29 Apr easter_monday",
                    "Wed 1 May labour_day",
                    "Thu 2 May labour_day",
                    "Mon 11 Nov armistice_day",
                ],
            ),
        ] {
            assert_eq!(written(year), expected, "{year}");
        }
    }

    #[test]
    fn the_substitute_day_comes_after_adjoining_holidays() {
        let on = |text: &str| serbian_holiday(text.parse().unwrap());
        for (sunday, substitute, holiday) in [
            ("2021-05-02", "2021-05-04", Holiday::LabourDay),
            ("2022-05-01", "2022-05-03", Holiday::LabourDay),
            ("2022-01-02", "2022-01-03", Holiday::NewYear),
            ("2023-01-01", "2023-01-03", Holiday::NewYear),
            ("2032-02-15", "2032-02-17", Holiday::StatehoodDay),
        ] {
            assert_eq!((on(sunday), on(substitute)), (Some(holiday), Some(holiday)));
            let next: NaiveDate = substitute.parse().unwrap();
            assert_eq!(serbian_holiday(next.succ_opt().unwrap()), None, "one day only");
        }
        assert_eq!(on("2024-01-08"), None, "the day after Christmas on a Sunday");
    }

    #[test]
    fn orthodox_easter_falls_on_its_published_dates() {
        for date in [
            "1900-04-22",
            "1918-05-05",
            "1983-05-08",
            "2000-04-30",
            "2010-04-04",
            "2016-05-01",
            "2021-05-02",
            "2024-05-05",
            "2025-04-20",
            "2100-05-02",
            "2199-04-21",
        ] {
            let date: NaiveDate = date.parse().unwrap();
            assert_eq!(orthodox_easter(date.year()), Some(date));
        }
        assert_eq!(orthodox_easter(i32::MAX), None);
    }

    #[test]
    fn every_holiday_has_its_name_in_every_language() {
        let locales = Locales;
        for language in Language::ALL {
            for holiday in Holiday::ALL {
                let label = holiday.label(locales.of(language));
                assert!(!label.starts_with("holiday-"), "{label} in {language:?}");
            }
        }
        let easter = Holiday::EasterMonday;
        assert_eq!(easter.label(locales.of(Language::SrCyrl)), "Васкрсни понедељак");
        assert_eq!(easter.label(locales.of(Language::SrLatn)), "Vaskrsni ponedeljak");
        assert_eq!(easter.label(locales.of(Language::En)), "Orthodox Easter Monday");
    }

    proptest! {
        #[test]
        fn every_state_holiday_on_a_sunday_has_one_working_day_off(year in 1583i32..3000) {
            let sundays = serbian_holidays(year)
                .into_iter()
                .filter(|(date, _)| date.weekday() == Weekday::Sun && state_holiday(*date).is_some())
                .count();
            let substitutes = serbian_holidays(year)
                .into_iter()
                .filter(|(date, _)| state_holiday(*date).or(religious_holiday(*date)).is_none())
                .count();
            prop_assert_eq!(sundays, substitutes);
            prop_assert_eq!(orthodox_easter(year).map(|easter| easter.weekday()), Some(Weekday::Sun));
        }
    }
}
