//! The periods, purposes and sections that the statistics page offers.

use chrono::Datelike;
use hotline_core::{
    staff::rights::Right,
    statistics::{comparison::EarlierPeriod, purpose::Purpose},
    time::period::{NAMES, Period},
};

use crate::{http::page::Choice, statistics::page::StatisticsPage};

impl StatisticsPage<'_> {
    /// Returns the periods with a name, the newest and most used first. The value of each choice is a query string for the statistics page.
    pub(super) fn periods(&self) -> Vec<Choice> {
        let of = |name: &str| {
            let key = format!("period-{}", name.replace('_', "-"));
            Choice {
                value: self.chosen.of_period(name),
                label: self.frame.words.say(&key),
                chosen: self.chosen.asked.period == name,
            }
        };
        NAMES.into_iter().map(of).collect()
    }

    /// Returns the years that the statistics cover, the newest first. The value of each choice is the name of a period.
    pub(super) fn years(&self) -> Vec<Choice> {
        let chosen = self.year();
        let of = |year: i32| Choice {
            value: format!("{year:04}"),
            label: year.to_string(),
            chosen: year == chosen,
        };
        self.covered.clone().rev().map(of).collect()
    }

    /// Returns the year of the period, its quarters and its months, as far as they have begun. The value of each choice is a query string
    /// for the statistics page.
    pub(super) fn parts_of_year(&self) -> Vec<Choice> {
        let (year, words) = (self.year(), self.frame.words);
        let whole = (format!("{year:04}"), words.say("whole-year"));
        let quarters = (1..=4).map(|quarter: i32| {
            let label = words.with("quarter-of-year", "quarter", &quarter.to_string());
            (format!("{year:04}-Q{quarter}"), label)
        });
        let months = (1..=12).map(|month: i32| {
            (
                format!("{year:04}-{month:02}"),
                words.say(&format!("month-{month}")),
            )
        });
        let parts = [whole].into_iter().chain(quarters).chain(months);
        let of = |(name, label): (String, String)| {
            let period = Period::named(&name, self.today)?;
            let begun = period.from.is_some_and(|from| from <= self.today);
            begun.then(|| Choice {
                value: self.chosen.of_period(&name),
                label,
                chosen: period == self.period,
            })
        };
        parts.filter_map(of).collect()
    }

    /// Returns the year in which the period ends.
    fn year(&self) -> i32 {
        self.period.to.unwrap_or(self.today).min(self.today).year()
    }

    /// Returns the purposes to choose from. The value of each choice is a query string for the statistics page.
    pub(super) fn purposes(&self) -> Vec<Choice> {
        let of = |(purpose, key): (Purpose, &str)| Choice {
            value: self.chosen.of_purpose(purpose),
            label: self.frame.words.say(key),
            chosen: purpose == self.purpose,
        };
        [
            (Purpose::Internal, "purpose-internal"),
            (Purpose::Publication, "purpose-publication"),
        ]
        .map(of)
        .into()
    }

    /// Returns the earlier periods with which tables can be compared, and the choice of no comparison. The value of each choice is a query
    /// string for the statistics page.
    pub(super) fn comparisons(&self) -> Vec<Choice> {
        let of = |(earlier, key): (Option<EarlierPeriod>, &str)| Choice {
            value: self.chosen.of_comparison(earlier),
            label: self.frame.words.say(key),
            chosen: earlier == self.chosen.earlier(),
        };
        [
            (Some(EarlierPeriod::Before), "period-before"),
            (Some(EarlierPeriod::YearBefore), "a-year-before"),
            (None, "compare-none"),
        ]
        .map(of)
        .into()
    }

    /// Returns the sections of the page, each as a pair: the id of its heading, and the label.
    pub(super) fn index(&self) -> Vec<(&'static str, String)> {
        let may = self.frame.may(Right::EnterAdjustments);
        let sections = [
            ("overview", "overview", true),
            ("channels", "by-channel", true),
            ("over-time", "over-time", self.over_time.is_some()),
            ("cases", "cases", true),
            ("topics", "topics", true),
            ("ages", "ages", self.explained_table("ages").is_some()),
            ("genders", "genders", self.explained_table("genders").is_some()),
            ("regions", "regions", self.explained_table("regions").is_some()),
            ("hours", "hours-of-week", true),
            ("answering", "by-answered", true),
            ("targets", "targets", true),
            ("care-title", "care", true),
            ("counselling", "by-counselling", true),
            ("reach", "outreach", true),
            ("cutting", "figures-any", true),
            ("sentences", "sentences", true),
            ("files", "files-and-returns", true),
            ("entries", "entries", true),
            ("tokens", "tokens-short", may),
        ];
        let shown = sections.into_iter().filter(|(_, _, shown)| *shown);
        shown
            .map(|(id, label, _)| (id, self.frame.words.say(label)))
            .collect()
    }
}
