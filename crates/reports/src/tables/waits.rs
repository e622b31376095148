//! Converts waiting times and reply targets into tables, and into facts for the cards of the statistics page. A waiting time always has the
//! target beside it, and the share of the replies that were in time.

use chrono::NaiveDate;
use hotline_core::{
    contact::urgency::Urgency,
    routing::targets::ReplyOrder,
    statistics::figures::{FIRST_REPLY, Measure, URGENT_READ},
    text::locale::Words,
};
use hotline_store::{
    routing::targets::{KeptTargets, TargetInForce},
    statistics::report::Report,
};

use crate::{
    labels::{percent, query_of, target_label},
    tables::{Cell, Line, Table, names::duration_label, report::opened},
};

/// The urgencies of the contacts in the table of urgent contacts.
const URGENT: [Urgency; 2] = [Urgency::Urgent, Urgency::Danger];

/// Numbers of replies that were due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Replies {
    /// The replies in time.
    pub kept: i64,
    /// The replies in time and the late ones.
    pub all: i64,
}

impl Replies {
    /// Adds up the first replies to contacts of these urgencies. Returns `None` if none was due.
    pub(crate) fn first(report: &Report, urgencies: &[Urgency]) -> Option<Self> {
        let is_one = |one: &&KeptTargets| one.first && urgencies.contains(&Urgency::from_stored(one.urgency));
        let sum = report
            .care
            .targets
            .iter()
            .filter(is_one)
            .fold(Self::default(), |sum, one| Self {
                kept: sum.kept + one.kept,
                all: sum.all + one.kept + one.missed,
            });
        (sum.all > 0).then_some(sum)
    }

    fn per_mille(self) -> i64 {
        (self.kept * 1_000 + self.all / 2) / self.all.max(1)
    }
}

/// Returns whether the report contains figures about urgent contacts alone. Figures for publication contain only the sums over all urgencies.
const fn has_urgencies(report: &Report) -> bool {
    report.care.alarms.is_some()
}

/// Returns the minutes of the centre's targets for first replies, each with its urgency.
pub(crate) fn first_targets<'a>(
    report: &'a Report,
    urgencies: &'a [Urgency],
) -> impl Iterator<Item = (Urgency, i64)> + 'a {
    let minutes = |urgency: &Urgency| of_centre(report, *urgency)?.first_minutes;
    urgencies
        .iter()
        .filter_map(move |urgency| Some((*urgency, i64::from(minutes(urgency)?))))
}

fn of_centre(report: &Report, urgency: Urgency) -> Option<&TargetInForce> {
    let mut all = report.reply_targets.iter();
    all.find(|one| one.line.is_none() && one.urgency == urgency.to_stored())
}

fn target_key(urgency: Urgency) -> String {
    format!("target-of-{}", urgency.as_str())
}

/// Returns the targets for first replies and the share of the replies in time, as pairs of label and text.
#[must_use]
pub fn first_reply_facts(words: &Words, report: &Report) -> Vec<(String, String)> {
    facts(
        words,
        report,
        &[Urgency::Ordinary],
        ("target-first-share", Replies::first(report, Urgency::ALL)),
    )
}

/// Returns the targets for first replies to urgent contacts and the share of the replies in time, as pairs of label and text. Figures for
/// publication do not contain this share.
#[must_use]
pub fn urgent_facts(words: &Words, report: &Report) -> Vec<(String, String)> {
    facts(
        words,
        report,
        &URGENT,
        ("target-first-share-urgent", urgent_replies(report)),
    )
}

fn urgent_replies(report: &Report) -> Option<Replies> {
    Replies::first(report, &URGENT).filter(|_| has_urgencies(report))
}

fn facts(
    words: &Words,
    report: &Report,
    urgencies: &[Urgency],
    (label, replies): (&str, Option<Replies>),
) -> Vec<(String, String)> {
    let target = |(urgency, minutes)| (words.say(&target_key(urgency)), duration_label(words, minutes));
    let share = replies.map(|replies| {
        let share = percent(words, replies.kept, replies.all);
        (words.say(label), share)
    });
    first_targets(report, urgencies)
        .map(target)
        .chain(share)
        .collect()
}

fn target_lines(
    words: &Words,
    report: &Report,
    urgencies: &[Urgency],
    replies: Option<Replies>,
) -> Vec<Line> {
    let target = |(urgency, minutes)| {
        let label = words.say(&target_key(urgency));
        Line::new(words.with("in-minutes", "what", &label), [minutes])
    };
    let replies = replies.into_iter().flat_map(|replies| {
        [
            Line::new(words.say("target-first-kept"), [replies.kept]),
            Line::new(words.say("target-first-missed"), [replies.all - replies.kept]),
            Line {
                label: words.say("target-first-share"),
                cells: vec![Cell::PerMille(replies.per_mille())],
                opens: Vec::new(),
            },
        ]
    });
    first_targets(report, urgencies)
        .map(target)
        .chain(replies)
        .collect()
}

pub(super) fn first_reply(words: &Words, report: &Report) -> Table {
    let waits = &report.first_reply;
    let mut rows = vec![
        Line::new(words.say("first-reply-answered"), [waits.answered]).opening(opened(
            (report.from, report.to),
            Measure::Contact,
            &[FIRST_REPLY],
            &[],
        )),
        Line::new(words.say("first-reply-not"), [waits.not_answered]),
        Line::some(words, "half-within-minutes", waits.half_within, Cell::Empty),
        Line::some(
            words,
            "nine-within-minutes",
            waits.nine_in_ten_within,
            Cell::Empty,
        ),
    ];
    let replies = Replies::first(report, Urgency::ALL);
    rows.extend(target_lines(words, report, Urgency::ALL, replies));
    Table {
        id: "first_reply".to_owned(),
        title: words.say("first-reply"),
        side: words.say("first-reply"),
        columns: vec![words.say("total")],
        rows,
        notes: notes(words, report),
        ..Table::default()
    }
}

pub(super) fn urgent(words: &Words, report: &Report) -> Table {
    let urgent = report.urgent;
    // If the number of urgent contacts that were read is suppressed, the times within which half and nine in ten of them were read are
    // suppressed too. If the number is visible but a time is missing, either no urgent contact was read or the time exceeds 30 days.
    let none = urgent.read.map_or(Cell::Hidden, |_| Cell::Empty);
    let mut rows = vec![
        Line::some(words, "urgent-read-all", urgent.read, Cell::Hidden).opening(opened(
            (report.from, report.to),
            Measure::Contact,
            &[URGENT_READ],
            &[],
        )),
        Line::some(words, "half-within-minutes", urgent.half_within, none),
        Line::some(words, "nine-within-minutes", urgent.nine_in_ten_within, none),
    ];
    rows.extend(target_lines(words, report, &URGENT, urgent_replies(report)));
    let least = report.topics.suppressed_below.filter(|_| urgent.read.is_none());
    let hidden = least.map(|least| words.with("hidden-urgent", "least", &least.to_string()));
    Table {
        id: "urgent".to_owned(),
        title: words.say("urgent-read"),
        side: words.say("urgent-read"),
        columns: vec![words.say("total")],
        rows,
        notes: hidden.into_iter().collect(),
        ..Table::default()
    }
}

pub(super) fn targets(words: &Words, report: &Report) -> Table {
    let with_urgency = report.care.targets.iter().any(|one| one.urgency > 0) || has_urgencies(report);
    let minutes = |one: &KeptTargets| {
        let order = if one.first {
            ReplyOrder::First
        } else {
            ReplyOrder::Next
        };
        let of = |urgency: Urgency| of_centre(report, urgency)?.minutes(order);
        if with_urgency {
            return of(Urgency::from_stored(one.urgency));
        }
        // The row contains the replies of all urgencies, which have one target only if their targets are the same.
        let first = of(Urgency::Ordinary);
        first.filter(|_| Urgency::ALL.iter().all(|urgency| of(*urgency) == first))
    };
    let rows = report.care.targets.iter().map(|one| {
        let replies = Replies {
            kept: one.kept,
            all: one.kept + one.missed,
        };
        let minutes = minutes(one).map(|minutes| Cell::Count(minutes.into()));
        Line {
            label: target_label(words, one, with_urgency),
            cells: vec![
                minutes.unwrap_or(Cell::Empty),
                Cell::Count(one.kept),
                Cell::Count(one.missed),
                Cell::PerMille(replies.per_mille()),
            ],
            opens: vec![
                None,
                None,
                (one.missed > 0).then(|| late_replies((report.from, report.to), one)),
                None,
            ],
        }
    });
    let mut rows: Vec<Line> = rows.collect();
    let mut columns = vec![
        "target-minutes",
        "target-kept",
        "target-missed",
        "target-kept-share",
    ];
    // Figures for publication add up urgencies, which usually have different targets.
    if !rows.is_empty() && rows.iter().all(|row| row.cells.first() == Some(&Cell::Empty)) {
        columns.remove(0);
        for row in &mut rows {
            row.cells.remove(0);
            row.opens.remove(0);
        }
    }
    Table {
        id: "targets".to_owned(),
        title: words.say("targets"),
        side: words.say("target"),
        columns: columns.into_iter().map(|key| words.say(key)).collect(),
        rows,
        notes: notes(words, report),
        ..Table::default()
    }
}

/// Returns the URL of the list of the contacts whose reply missed this target in a period.
#[must_use]
pub fn late_replies((from, to): (Option<NaiveDate>, Option<NaiveDate>), one: &KeptTargets) -> String {
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let order = if one.first {
        ReplyOrder::First
    } else {
        ReplyOrder::Next
    };
    let query = query_of([
        ("from", &day(from)),
        ("to", &day(to)),
        ("urgency", &one.urgency.to_string()),
        ("order", &order.as_str().to_owned()),
    ]);
    format!("/desk/statistics/late?{query}")
}

/// Returns sentences that explain the targets: when their time passes, and which lines have targets of their own.
fn notes(words: &Words, report: &Report) -> Vec<String> {
    let mut notes = vec![words.say("targets-hint")];
    if report.counts_opening_hours() {
        notes.push(words.say("targets-opening-hours"));
    }
    let own = report.reply_targets.iter().filter_map(|one| {
        let urgency = words.say(&format!(
            "target-urgency-{}",
            Urgency::from_stored(one.urgency).as_str()
        ));
        let minutes = |order| match one.minutes(order) {
            Some(minutes) => duration_label(words, minutes.into()),
            None => words.say("target-none"),
        };
        Some(words.with_all(
            "targets-of-line",
            &[
                ("line", one.line.as_deref()?),
                ("urgency", &urgency),
                ("first", &minutes(ReplyOrder::First)),
                ("next", &minutes(ReplyOrder::Next)),
            ],
        ))
    });
    notes.extend(own);
    notes
}
