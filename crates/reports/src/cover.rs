//! The cover of an exported file. It states the centre, the period, when the figures were read, and who requested the file.

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    centre::Centre,
    statistics::{comparison::EarlierPeriod, purpose::Purpose, returns::Return},
    text::locale::Words,
    time::{
        local::format_time,
        period::{Every, Period},
    },
};
use hotline_store::statistics::{
    adjustments::EnteredByHand, counts::Breakdown, report::Report, returns::FilledReturn,
};

use crate::{
    labels::{format_day, period_in_words},
    tables::{self, Table},
};

/// The cover of an exported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// The title of the file.
    pub title: String,
    /// The lines of the cover, each with its label and text.
    pub lines: Vec<(String, String)>,
    /// When the figures were read from the database.
    pub as_of: DateTime<Utc>,
    /// The first and the last day of the period. `None`: the period has no first or no last day.
    pub days: (Option<NaiveDate>, Option<NaiveDate>),
}

impl Cover {
    /// Creates the cover of a report. `made_by` names the member of staff who requested the file; `None` if a program requested
    /// the file.
    #[must_use]
    pub fn of_report(
        words: &Words,
        centre: &Centre,
        report: &Report,
        purpose: Purpose,
        made_by: Option<&str>,
    ) -> Self {
        let title = words.say("cover-title");
        let days = (report.from, report.to);
        let mut cover = Self::new(words, centre, title, days, report.as_of, made_by);
        cover.say_use(words, purpose_label(words, purpose));
        if let Some(compared) = &report.compared {
            let earlier = match compared.against {
                EarlierPeriod::Before => &report.before,
                EarlierPeriod::YearBefore => &report.a_year_before,
            };
            cover.say_compared(words, earlier.as_ref().map(|earlier| (earlier.from, earlier.to)));
        }
        cover.say(words, "cover-definition", words.say("definition"));
        if let Some(entered) = &report.period.left_out_communications {
            cover.say(words, "cover-left-out", by_hand(words, "left-out", entered));
        }
        if let Some(since) = registered_since(words, report) {
            cover.say(words, "cover-since", since);
        }
        cover.say_hidden(words, report.topics.suppressed_below);
        cover
    }

    /// Creates the cover of a breakdown.
    #[must_use]
    pub fn of_breakdown(
        words: &Words,
        centre: &Centre,
        title: &str,
        found: &Breakdown,
        earlier: Option<&Breakdown>,
        purpose: Purpose,
        made_by: Option<&str>,
    ) -> Self {
        let days = (found.from, found.to);
        let title = format!("{}: {title}", words.say("figures"));
        let mut cover = Self::new(words, centre, title, days, found.as_of, made_by);
        cover.say_use(words, purpose_label(words, purpose));
        cover.say_compared(words, earlier.map(|earlier| (earlier.from, earlier.to)));
        cover.say(words, "figures-of", tables::measure_label(words, found.of));
        cover.say(words, "cover-definition", words.say("definition"));
        cover.say(words, "cover-remark", words.say("figures-registered-here"));
        cover.say_hidden(words, found.suppressed_below);
        cover
    }

    /// Creates the cover of a return: a form in which a statistics body collects figures.
    #[must_use]
    pub fn of_return(
        words: &Words,
        centre: &Centre,
        mapping: &Return,
        filled: &FilledReturn,
        made_by: Option<&str>,
    ) -> Self {
        let days = (Some(filled.from), Some(filled.to));
        let title = mapping.label.localized(words);
        let mut cover = Self::new(words, centre, title, days, filled.as_of, made_by);
        cover.say_use(words, words.say("use-return"));
        cover.say(words, "return-version", filled.version.to_string());
        cover
    }

    /// Creates the cover of a file with one row per contact.
    #[must_use]
    pub fn of_rows(
        words: &Words,
        centre: &Centre,
        period: Period,
        as_of: DateTime<Utc>,
        purpose: Purpose,
        made_by: Option<&str>,
    ) -> Self {
        let days = (period.from, period.to);
        let mut cover = Self::new(words, centre, words.say("rows-file"), days, as_of, made_by);
        cover.say_use(words, purpose_label(words, purpose));
        cover.say(words, "cover-definition", words.say("definition"));
        cover
    }

    fn new(
        words: &Words,
        centre: &Centre,
        title: String,
        days: (Option<NaiveDate>, Option<NaiveDate>),
        as_of: DateTime<Utc>,
        made_by: Option<&str>,
    ) -> Self {
        let mut cover = Self {
            title,
            lines: Vec::new(),
            as_of,
            days,
        };
        cover.say(words, "cover-centre", centre.name.localized(words));
        cover.say(words, "period", period_label(words, days.0, days.1));
        cover.say(words, "time-zone", centre.time_zone.name().to_owned());
        cover.say(words, "as-of", format_time(as_of, centre.time_zone));
        if let Some(name) = made_by {
            cover.say(words, "cover-made-by", words.own(name));
        }
        cover
    }

    fn say(&mut self, words: &Words, label: &str, text: String) {
        self.lines.push((words.say(label), text));
    }

    /// Adds what the figures may be used for as the first line after the centre, so that readers see it before any figure.
    fn say_use(&mut self, words: &Words, text: String) {
        self.lines.insert(1, (words.say("cover-use"), text));
    }

    /// Adds the days of the earlier period with which the figures are compared.
    fn say_compared(&mut self, words: &Words, days: Option<(Option<NaiveDate>, Option<NaiveDate>)>) {
        if let Some((from, to)) = days {
            self.say(words, "compare-with", period_label(words, from, to));
        }
    }

    /// Adds the notes of tables, each after the title of its table.
    pub(crate) fn with_notes(mut self, words: &Words, tables: &[Table]) -> Self {
        for table in tables {
            for note in &table.notes {
                self.say(words, "cover-remark", format!("{}: {note}", table.title));
            }
        }
        self
    }

    fn say_hidden(&mut self, words: &Words, below: Option<i64>) {
        if let Some(least) = below {
            let said = words.with("cells-hidden", "least", &least.to_string());
            self.say(words, "cover-remark", said);
        }
    }
}

/// Returns the remark that tells readers whether figures may be published.
#[must_use]
pub fn purpose_label(words: &Words, purpose: Purpose) -> String {
    words.say(match purpose {
        Purpose::Internal => "use-internal",
        Purpose::Publication => "use-publication",
    })
}

/// Formats a period as its first and last day. A missing day is replaced by a phrase for "from the start" or "until now".
pub fn period_label(words: &Words, from: Option<NaiveDate>, to: Option<NaiveDate>) -> String {
    let from = from.map_or_else(|| words.say("from-start"), format_day);
    let to = to.map_or_else(|| words.say("until-now"), format_day);
    format!("{from} – {to}")
}

/// Says which communications that were entered by hand are left out. `key` is the locale key of the sentence.
#[must_use]
pub fn by_hand(words: &Words, key: &str, entered: &EnteredByHand) -> String {
    let communications = words.counted("n-communications", entered.communications);
    let period = period_label(words, Some(entered.from), Some(entered.to));
    words.with_all(key, &[("communications", &communications), ("period", &period)])
}

/// States since when this software registers contacts, if the period of the report began earlier.
#[must_use]
pub fn registered_since(words: &Words, report: &Report) -> Option<String> {
    let began = report.over_time.began;
    let is_partly = report.from.is_none_or(|from| from < began) && report.over_time.registered > 0;
    let month = Every::Month.around(began);
    is_partly.then(|| {
        let month = period_in_words(words, month.from, month.to);
        words.with("registered-since", "month", &month)
    })
}
