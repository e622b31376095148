//! Converts reports into tables.

use chrono::NaiveDate;
use hotline_core::{
    contact::classification::Scheme,
    statistics::{
        figures::{ADVISORY, ANSWERED, CASE_KIND, CHANNEL, FORWARDED, INSTITUTION, Measure},
        waits::Answered,
    },
    text::locale::Words,
};
use hotline_store::statistics::{
    backlog::Backlog,
    care::{Care, TalkTime},
    counts::Breakdown,
    report::{Answering, Report},
    totals::{Part, Sum, Totals},
};

use crate::{
    labels::{channel_name, format_day},
    tables::{
        BACKLOG, Cell, Line, Table, drill_down_links::DrillDownLinks, of_breakdown, outreach, referrals,
        value_label, waits,
    },
};

/// Builds the tables of a report.
#[must_use]
pub fn of_report(words: &Words, scheme: &Scheme, report: &Report) -> Vec<Table> {
    let cut = |id: &str, title: &str, found: &Breakdown| Table {
        id: id.to_owned(),
        title: words.say(title),
        ..of_breakdown(words, scheme, found)
    };
    let by_question =
        |id: &str, title: &str, found: Option<&Breakdown>| found.map(|found| cut(id, title, found));
    let mut tables = vec![
        totals(words, report),
        parts(words, &report.period),
        cases(words, scheme, &report.period),
        referrals::outcomes(words, scheme, &report.referrals),
        cut("over_time", "over-time", &report.over_time),
        cut("topics", "topics", &report.topics),
        cut("hours", "hours-of-week", &report.hours),
        cut("counselling", "by-counselling", &report.counselling),
        flow(words, report),
        backlog(words, report.standing),
        waits::first_reply(words, report),
        waits::urgent(words, report),
        answering(words, report.answering, (report.from, report.to)),
        waits::targets(words, report),
        changed_hands(words, &report.care),
        talk(words, report.care.talk),
        outreach::by_kind(words, &report.outreach),
        outreach::by_school(words, &report.outreach),
        outreach::peers(words, &report.outreach),
        cut("years", "year-by-year", &report.years),
        cut("years_cases", "year-by-year-cases", &report.years_cases),
    ];
    let people = [
        by_question("ages", "ages", report.ages.as_ref()),
        by_question("genders", "genders", report.genders.as_ref()),
        by_question("regions", "regions", report.regions.as_ref()),
    ];
    tables.extend(people.into_iter().flatten());
    tables
}

fn sums(words: &Words) -> Vec<String> {
    ["registered", "opening-balance", "corrections", "total"]
        .map(|key| words.say(key))
        .into()
}

fn sum(label: impl Into<String>, sum: Sum) -> Line {
    let cells = [sum.registered, sum.opening_balance, sum.corrections, sum.total];
    Line::new(label, cells)
}

fn totals(words: &Words, report: &Report) -> Table {
    let of = |key: &str, totals: &Option<Totals>| {
        let label = words.say(key);
        totals.as_ref().map(|totals| sum(label, totals.sum))
    };
    let since_establishment = match (report.until_end, report.to) {
        (Some(until_end), Some(to)) => {
            let label = words.with("since-establishment-until", "day", &format_day(to));
            sum(label, until_end)
        }
        _ => sum(words.say("since-establishment"), report.ever.sum),
    };
    let rows = [
        Some(since_establishment),
        Some(sum(words.say("this-period"), report.period.sum)),
        of("period-before", &report.before),
        of("a-year-before", &report.a_year_before),
    ];
    Table {
        id: "totals".to_owned(),
        title: words.say("communications"),
        side: words.say("period"),
        columns: sums(words),
        rows: rows.into_iter().flatten().collect(),
        foot: Vec::new(),
        ..Table::default()
    }
}

/// The first and the last day of the figures that a table shows.
type Days = (Option<NaiveDate>, Option<NaiveDate>);

/// Returns the URL of the list of items that a figure counts on these days. Returns `None` if there is no such list.
pub(super) fn opened(days: Days, of: Measure, by: &[&str], values: &[&str]) -> Option<String> {
    let by: Vec<String> = by.iter().map(|by| (*by).to_owned()).collect();
    DrillDownLinks::new(of, days, &by).address(values.iter().copied())
}

/// Builds the table of channels. Its drill-down lists cover the days of the totals.
pub(super) fn parts(words: &Words, totals: &Totals) -> Table {
    let days = (totals.from, totals.to);
    let row = |part: &Part| {
        let line = sum(channel_name(words, &part.name), part.sum);
        line.opening(opened(days, Measure::Contact, &[CHANNEL], &[&part.name]))
    };
    let all = opened(days, Measure::Contact, &[], &[]);
    Table {
        id: "channels".to_owned(),
        title: words.say("by-channel"),
        side: words.say("channel"),
        columns: sums(words),
        rows: totals.channels.iter().map(row).collect(),
        foot: vec![sum(words.say("total"), totals.sum).opening(all)],
        ..Table::default()
    }
}

/// Builds the table of cases.
pub(super) fn cases(words: &Words, scheme: &Scheme, totals: &Totals) -> Table {
    let days = (totals.from, totals.to);
    let of_kind = |kind: &str| opened(days, Measure::Case, &[CASE_KIND], &[kind]);
    let advisory = sum(words.say("case-advisory"), totals.cases.advisory);
    let mut rows = vec![advisory.opening(of_kind(ADVISORY))];
    rows.extend(totals.cases.institutions.iter().map(|part| {
        let institution = value_label(words, scheme, INSTITUTION, &part.name);
        let line = sum(words.with("forwarded-to", "institution", &institution), part.sum);
        line.opening(opened(days, Measure::Case, &[INSTITUTION], &[&part.name]))
    }));
    let forwarded = sum(words.say("forwarded-cases"), totals.cases.forwarded);
    let all = sum(words.say("cases-all"), totals.cases.sum);
    Table {
        id: "cases".to_owned(),
        title: words.say("cases"),
        side: words.say("case"),
        columns: sums(words),
        rows,
        foot: vec![
            forwarded.opening(of_kind(FORWARDED)),
            all.opening(opened(days, Measure::Case, &[], &[])),
        ],
        ..Table::default()
    }
}

fn flow(words: &Words, report: &Report) -> Table {
    let flow = report.flow;
    let line = |key: &str, count: i64| Line::new(words.say(key), [count]);
    let all = |of| opened((report.from, report.to), of, &[], &[]);
    Table {
        id: "flow".to_owned(),
        title: words.say("flow"),
        side: words.say("contacts"),
        columns: vec![words.say("total")],
        rows: vec![
            line("flow-carried-over", flow.carried_over),
            line("flow-opened", flow.opened).opening(all(Measure::Contact)),
            line("flow-closed", flow.closed).opening(all(Measure::Closing)),
        ],
        foot: vec![line("flow-open", flow.open)],
        ..Table::default()
    }
}

fn backlog(words: &Words, standing: Backlog) -> Table {
    Table {
        id: BACKLOG.to_owned(),
        title: words.say("standing"),
        side: words.say("contacts"),
        columns: vec![words.say("total")],
        rows: vec![
            Line::new(words.say("standing-open"), [standing.open]),
            Line::some(
                words,
                "standing-oldest-minutes",
                standing.oldest_open,
                Cell::Empty,
            ),
            Line::some(
                words,
                "standing-waiting-minutes",
                standing.longest_waiting,
                Cell::Empty,
            ),
            Line::new(words.say("standing-undelivered"), [standing.undelivered]),
            Line::new(words.say("standing-quarantined"), [standing.quarantined]),
        ],
        foot: Vec::new(),
        ..Table::default()
    }
}

fn changed_hands(words: &Words, care: &Care) -> Table {
    let hidden = |figure: Option<i64>| figure.map_or(Cell::Hidden, Cell::Count);
    let line = |key: &str, cell: Cell| Line {
        label: words.say(key),
        cells: vec![cell],
        opens: Vec::new(),
    };
    Table {
        id: "care".to_owned(),
        title: words.say("care"),
        side: words.say("care-what"),
        columns: vec![words.say("care-times")],
        rows: vec![
            line("care-given-back", Cell::Count(care.given_back)),
            line("care-returned", Cell::Count(care.returned)),
            line("care-alarms", hidden(care.alarms)),
        ],
        foot: Vec::new(),
        ..Table::default()
    }
}

/// Builds the table of talk time, in minutes.
fn talk(words: &Words, talk: Option<TalkTime>) -> Table {
    let minutes = |seconds: i64| (seconds + 30) / 60;
    let lines = [
        ("talk-calls", talk.map(|talk| Cell::Count(talk.calls))),
        (
            "talk-minutes",
            talk.map(|talk| Cell::Count(minutes(talk.seconds))),
        ),
        (
            "talk-average",
            talk.map(|talk| match talk.seconds.checked_div(talk.calls) {
                Some(average) => Cell::Count(minutes(average)),
                None => Cell::Empty,
            }),
        ),
    ];
    let line = |(key, cell): (&str, Option<Cell>)| Line {
        label: words.say(key),
        cells: vec![cell.unwrap_or(Cell::Hidden)],
        opens: Vec::new(),
    };
    Table {
        id: "talk".to_owned(),
        title: words.say("talk-time"),
        side: words.say("talk-calls-logged"),
        columns: vec![words.say("total")],
        rows: lines.into_iter().map(line).collect(),
        foot: Vec::new(),
        ..Table::default()
    }
}

/// Builds the table of answer states.
pub(super) fn answering(words: &Words, answering: Answering, days: Days) -> Table {
    let rows = [
        (Answered::Replied, answering.replied),
        (Answered::Taken, answering.taken),
        (Answered::Unneeded, answering.unneeded),
        (Answered::Missed, answering.missed),
        (Answered::Open, answering.open),
    ];
    let registered: i64 = rows.iter().map(|(_, count)| count).sum();
    let said = |(answered, count): (Answered, i64)| {
        let line = Line::new(words.say(&format!("answered-{}", answered.as_str())), [count]);
        line.opening(opened(days, Measure::Contact, &[ANSWERED], &[answered.as_str()]))
    };
    let share = answering.missed_per_mille.map_or(Cell::Empty, Cell::PerMille);
    Table {
        id: "answering".to_owned(),
        title: words.say("by-answered"),
        side: words.say("contacts"),
        columns: vec![words.say("total")],
        rows: rows.map(said).into(),
        foot: vec![
            Line::new(words.say("registered"), [registered]).opening(opened(
                days,
                Measure::Contact,
                &[],
                &[],
            )),
            Line {
                label: words.say("missed-share"),
                cells: vec![share],
                opens: Vec::new(),
            },
        ],
        ..Table::default()
    }
}
