//! The sentences of an annual report, in the language of the reader.

use hotline_core::{
    contact::urgency::Urgency,
    statistics::outreach::{EventKind, SchoolKind},
    text::locale::Words,
};
use hotline_store::{outreach::SchoolTotal, statistics::report::Report};

use crate::{
    cover::registered_since,
    labels::{channel_name, format_day, percent},
    tables::{
        duration_label, minutes_label,
        waits::{self, Replies},
    },
};

/// Returns the sentences that describe a report. Most sentences are omitted if the figure that they state is 0.
#[must_use]
pub fn of_report(words: &Words, report: &Report) -> Vec<String> {
    let mut said = vec![since_establishment(words, report)];
    if let (Some(from), Some(to)) = (report.from, report.to) {
        let (from, to) = (format_day(from), format_day(to));
        let channels = report.period.channels.iter().filter(|part| part.sum.total != 0);
        let channels: Vec<String> = channels
            .map(|part| {
                format!(
                    "{} {}",
                    words.number(part.sum.total),
                    channel_name(words, &part.name)
                )
            })
            .collect();
        let mut sentence = words.with_all(
            "sentence-period",
            &[
                ("from", &from),
                ("to", &to),
                (
                    "communications",
                    &words.counted("n-communications", report.period.sum.total),
                ),
            ],
        );
        if !channels.is_empty() {
            sentence = format!("{sentence} ({})", channels.join(" + "));
        }
        said.push(format!("{sentence}."));
        // Without this sentence, a number of a part of the period would be read as that of the whole.
        if report.period.left_out_communications.is_some() {
            said.extend(registered_since(words, report));
        }
    }
    let cases = &report.period.cases;
    if cases.sum.total != 0 {
        said.push(words.with_all(
            "sentence-cases",
            &[
                ("cases", &words.counted("n-cases", cases.sum.total)),
                ("advisory", &words.number(cases.advisory.total)),
                ("forwarded", &words.number(cases.forwarded.total)),
            ],
        ));
    }
    said.extend(outreach(words, report));
    said
}

/// States the total since the establishment: of today, or of the last day of a period that is over.
fn since_establishment(words: &Words, report: &Report) -> String {
    let communications = |total| words.counted("n-communications", total);
    match (report.until_end, report.to) {
        (Some(until_end), Some(to)) => words.with_all(
            "sentence-until",
            &[
                ("communications", &communications(until_end.total)),
                ("day", &format_day(to)),
            ],
        ),
        _ => words.with(
            "sentence-ever",
            "communications",
            &communications(report.ever.sum.total),
        ),
    }
}

/// Returns the sentences about waiting times and reply targets. A sentence is omitted if its figures are missing.
#[must_use]
pub fn of_waits(words: &Words, report: &Report) -> Vec<String> {
    let mut said = Vec::new();
    let times = &report.first_reply;
    if let (Some(half), Some(nine)) = (times.half_within, times.nine_in_ten_within) {
        let (half, nine) = (minutes_label(words, half), minutes_label(words, nine));
        said.push(words.with_all("sentence-waits", &[("half", &half), ("nine", &nine)]));
    }
    let targets: Vec<String> = waits::first_targets(report, Urgency::ALL)
        .map(|(urgency, minutes)| {
            let key = format!("sentence-target-{}", urgency.as_str());
            words.with(&key, "time", &duration_label(words, minutes))
        })
        .collect();
    if !targets.is_empty() {
        said.push(words.with("sentence-target", "targets", &targets.join(", ")));
    }
    let first = Replies::first(report, Urgency::ALL);
    if let Some(replies) = first {
        let share = percent(words, replies.kept, replies.all);
        let (kept, all) = (words.number(replies.kept), words.number(replies.all));
        said.push(words.with_all(
            "sentence-target-share",
            &[("kept", &kept), ("all", &all), ("share", &share)],
        ));
    }
    if report.counts_opening_hours() {
        said.push(words.say("targets-opening-hours"));
    }
    let targets = &report.care.targets;
    let (kept, missed) = targets.iter().fold((0, 0), |(kept, missed), one| {
        (kept + one.kept, missed + one.missed)
    });
    // If only first replies were due, the sentence above says the same.
    if kept + missed > first.map_or(0, |first| first.all) {
        let share = percent(words, kept, kept + missed);
        let (kept, all) = (words.number(kept), words.number(kept + missed));
        said.push(words.with_all(
            "sentence-targets",
            &[("kept", &kept), ("all", &all), ("share", &share)],
        ));
    }
    said
}

/// States whom all events in the schools of a kind reached.
fn in_schools(words: &Words, sentence: &str, schools: &str, total: &SchoolTotal) -> String {
    words.with_all(
        sentence,
        &[
            ("schools", &words.counted(schools, total.schools)),
            ("students", &words.counted("n-students", total.reached.students)),
            ("parents", &words.counted("n-parents", total.reached.parents)),
        ],
    )
}

fn outreach(words: &Words, report: &Report) -> Vec<String> {
    let totals = &report.outreach;
    let mut said = Vec::new();
    let primary = totals.in_schools(SchoolKind::Primary);
    if primary.presentations != 0 {
        said.push(words.with_all(
            "sentence-primary",
            &[
                (
                    "presentations",
                    &words.counted("n-presentations", primary.presentations),
                ),
                (
                    "schools",
                    &words.counted("n-primary-schools", primary.presented_in),
                ),
                (
                    "students",
                    &words.counted("n-students", primary.presented_to.students),
                ),
                (
                    "parents",
                    &words.counted("n-parents", primary.presented_to.parents),
                ),
            ],
        ));
    }
    // Without this sentence, readers would miss the other events that the table of schools counts.
    if primary.events != primary.presentations {
        said.push(in_schools(
            words,
            "sentence-primary-all",
            "n-primary-schools",
            &primary,
        ));
    }
    let secondary = totals.in_schools(SchoolKind::Secondary);
    if secondary.schools != 0 {
        said.push(in_schools(
            words,
            "sentence-secondary",
            "n-secondary-schools",
            &secondary,
        ));
    }
    let webinars = totals.of(EventKind::Webinar);
    if webinars.events != 0 {
        let webinars = words.counted("n-webinars", webinars.events);
        said.push(words.with("sentence-webinars", "webinars", &webinars));
    }
    let presentations = totals.of(EventKind::Presentation);
    if presentations.events != 0 {
        said.push(words.with_all(
            "sentence-presentations",
            &[
                (
                    "presentations",
                    &words.counted("n-presentations", presentations.events),
                ),
                (
                    "students",
                    &words.counted("n-students", presentations.reached.students),
                ),
                (
                    "parents",
                    &words.counted("n-parents", presentations.reached.parents),
                ),
                (
                    "teachers",
                    &words.counted("n-teachers", presentations.reached.teachers),
                ),
            ],
        ));
    }
    if totals.peer_sessions != 0 {
        said.push(words.with_all(
            "sentence-peers",
            &[
                ("sessions", &words.number(totals.peer_sessions)),
                ("reached", &words.number(totals.peer_reached)),
            ],
        ));
    }
    said
}
