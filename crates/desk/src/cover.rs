//! What every file says of itself first: of whom, of when, as of when and by whom.

use chrono::NaiveDate;
use hotline_core::{centre::Centre, locale::Words, returns::Return};
use hotline_store::{report::Report, returns::FilledReturn};

use crate::view::day_said;

/// A cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// What it is the cover of.
    pub title: String,
    /// Label and text, a line each.
    pub lines: Vec<(String, String)>,
}

impl Cover {
    /// Of a period in figures; a program that made it has no name.
    #[must_use]
    pub fn of_report(words: &Words, centre: &Centre, report: &Report, made_by: Option<&str>) -> Self {
        let local = report.as_of.with_timezone(&centre.time_zone);
        let as_of = local.format("%d.%m.%Y. %H:%M").to_string();
        let mut lines = head(words, centre, (report.from, report.to), &report.time_zone);
        lines.push((words.say("as-of"), as_of));
        if let Some(name) = made_by {
            lines.push((words.say("cover-made-by"), words.own(name)));
        }
        lines.push((words.say("cover-definition"), words.say("definition")));
        if let Ok(left_out @ 1..) = i64::try_from(report.period.left_out) {
            lines.push((words.say("cover-left-out"), words.counted("left-out", left_out)));
        }
        Self {
            title: words.say("cover-title"),
            lines,
        }
    }

    /// Of a return.
    #[must_use]
    pub fn of_return(words: &Words, centre: &Centre, mapping: &Return, filled: &FilledReturn) -> Self {
        let days = (Some(filled.from), Some(filled.to));
        let mut lines = head(words, centre, days, &filled.time_zone);
        lines.push((words.say("return-version"), filled.version.to_string()));
        Self {
            title: mapping.label.said(words),
            lines,
        }
    }
}

fn head(
    words: &Words,
    centre: &Centre,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    time_zone: &str,
) -> Vec<(String, String)> {
    vec![
        (words.say("cover-centre"), words.own(&centre.name)),
        (words.say("period"), period_said(words, from, to)),
        (words.say("time-zone"), time_zone.to_owned()),
    ]
}

/// A period as people read it.
pub(crate) fn period_said(words: &Words, from: Option<NaiveDate>, to: Option<NaiveDate>) -> String {
    let from = from.map_or_else(|| words.say("from-start"), day_said);
    let to = to.map_or_else(|| words.say("until-now"), day_said);
    format!("{from} – {to}")
}
