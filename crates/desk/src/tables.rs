//! Figures as tables in a language: what stands on the page, in files and on paper is made from these, so all say the same.

use hotline_core::{
    classification::Scheme,
    figures::{CASE_KIND, CHANNEL, COUNSELLING, FIRST_REPLY, HOUR, INSTITUTION, LANGUAGE, WEEKDAY},
    locale::{Language, Words},
    outreach::Reached,
    returns::Return,
};
use hotline_store::{
    figures::{BANDS, Breakdown},
    outreach::OutreachTotals,
    report::Report,
    returns::FilledReturn,
    totals::{Part, Sum, Totals},
};

use crate::view::channel_name;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in files and addresses.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What stands in the first column.
    pub side: String,
    /// The other columns.
    pub columns: Vec<String>,
    /// What they hold.
    pub rows: Vec<Line>,
    /// What stands below: sums, and what is in none of the rows.
    pub foot: Vec<Line>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is the row of.
    pub label: String,
    /// A cell for each column.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// A figure.
    Count(i64),
    /// So few that they are not shown.
    Hidden,
    /// Nothing belongs here.
    Empty,
}

impl Cell {
    fn of(count: Option<i64>) -> Self {
        count.map_or(Self::Hidden, Self::Count)
    }

    /// As people read it.
    #[must_use]
    pub fn said(self, words: &Words) -> String {
        match self {
            Self::Count(count) => words.number(count),
            Self::Hidden => words.say("figure-hidden"),
            Self::Empty => String::new(),
        }
    }

    /// As programs read it.
    #[must_use]
    pub fn plain(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Hidden => "<".to_owned(),
            Self::Empty => String::new(),
        }
    }
}

impl Line {
    fn new(label: impl Into<String>, counts: impl IntoIterator<Item = i64>) -> Self {
        Self {
            label: label.into(),
            cells: counts.into_iter().map(Cell::Count).collect(),
        }
    }

    /// With the figure in the last of so many columns.
    fn last(label: impl Into<String>, columns: usize, count: i64) -> Self {
        let mut cells = vec![Cell::Empty; columns.saturating_sub(1)];
        cells.push(Cell::Count(count));
        Self {
            label: label.into(),
            cells,
        }
    }
}

impl Table {
    /// The largest figure in a column, to draw bars against. 0 if there is none.
    fn most(&self) -> i64 {
        let counts = self.rows.iter().filter_map(|row| match row.cells.first() {
            Some(Cell::Count(count)) => Some(*count),
            Some(Cell::Hidden | Cell::Empty) | None => None,
        });
        counts.max().unwrap_or_default()
    }

    /// The length of a row's bar, of a hundred.
    pub(crate) fn bar(&self, line: &Line) -> i64 {
        match line.cells.first() {
            Some(Cell::Count(count)) => (count * 100).checked_div(self.most()).unwrap_or_default().max(0),
            Some(Cell::Hidden | Cell::Empty) | None => 0,
        }
    }
}

/// A period in figures, as tables.
#[must_use]
pub fn of_report(words: &Words, scheme: &Scheme, report: &Report) -> Vec<Table> {
    let cut = |id: &str, title: &str, found: &Breakdown| Table {
        id: id.to_owned(),
        title: words.say(title),
        ..of_breakdown(words, scheme, found)
    };
    vec![
        totals(words, report),
        parts(words, &report.period),
        cases(words, scheme, &report.period),
        cut("over_time", "over-time", &report.over_time),
        cut("topics", "topics", &report.topics),
        cut("hours", "hours-of-week", &report.hours),
        cut("counselling", "by-counselling", &report.counselling),
        flow(words, report),
        first_reply(words, report),
        outreach_by_kind(words, &report.outreach),
        outreach_by_school(words, &report.outreach),
        peers(words, &report.outreach),
    ]
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
    let rows = [
        Some(sum(words.say("since-establishment"), report.ever.sum)),
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
    }
}

fn parts(words: &Words, totals: &Totals) -> Table {
    let row = |part: &Part| sum(channel_name(words, &part.name), part.sum);
    Table {
        id: "channels".to_owned(),
        title: words.say("by-channel"),
        side: words.say("channel"),
        columns: sums(words),
        rows: totals.channels.iter().map(row).collect(),
        foot: vec![sum(words.say("total"), totals.sum)],
    }
}

fn cases(words: &Words, scheme: &Scheme, totals: &Totals) -> Table {
    let mut rows = vec![sum(words.say("case-advisory"), totals.cases.advisory)];
    rows.extend(totals.cases.institutions.iter().map(|part| {
        let institution = value_said(words, scheme, INSTITUTION, &part.name);
        sum(words.with("forwarded-to", "institution", &institution), part.sum)
    }));
    Table {
        id: "cases".to_owned(),
        title: words.say("cases"),
        side: words.say("case"),
        columns: sums(words),
        rows,
        foot: vec![
            sum(words.say("case-forwarded"), totals.cases.forwarded),
            sum(words.say("cases-all"), totals.cases.sum),
        ],
    }
}

fn flow(words: &Words, report: &Report) -> Table {
    let flow = report.flow;
    let rows = [
        ("flow-carried-over", flow.carried_over),
        ("flow-opened", flow.opened),
        ("flow-closed", flow.closed),
    ];
    Table {
        id: "flow".to_owned(),
        title: words.say("flow"),
        side: words.say("contacts"),
        columns: vec![words.say("total")],
        rows: rows.map(|(key, count)| Line::new(words.say(key), [count])).into(),
        foot: vec![Line::new(words.say("flow-open"), [flow.open])],
    }
}

fn first_reply(words: &Words, report: &Report) -> Table {
    let waits = &report.first_reply;
    let minutes = |key: &str, minutes: Option<i64>| Line {
        label: words.say(key),
        cells: vec![minutes.map_or(Cell::Empty, Cell::Count)],
    };
    Table {
        id: "first_reply".to_owned(),
        title: words.say("first-reply"),
        side: words.say("first-reply"),
        columns: vec![words.say("total")],
        rows: vec![
            Line::new(words.say("first-reply-answered"), [waits.answered]),
            Line::new(words.say("first-reply-not"), [waits.not_answered]),
            minutes("first-reply-half", waits.half_within),
            minutes("first-reply-nine", waits.nine_in_ten_within),
        ],
        foot: Vec::new(),
    }
}

fn of_reached(reached: Reached) -> [i64; 4] {
    [
        reached.students,
        reached.parents,
        reached.teachers,
        reached.others,
    ]
}

fn reached_columns(words: &Words, first: &[&str]) -> Vec<String> {
    let of_reached = ["students", "parents", "teachers", "others"];
    first
        .iter()
        .chain(&of_reached)
        .map(|key| words.say(key))
        .collect()
}

fn outreach_by_kind(words: &Words, totals: &OutreachTotals) -> Table {
    let rows = totals.kinds.iter().map(|one| {
        let counts = [one.events].into_iter().chain(of_reached(one.reached));
        Line::new(
            words.say(&format!("outreach-{}", one.kind.as_str().replace('_', "-"))),
            counts,
        )
    });
    let all = [totals.events].into_iter().chain(of_reached(totals.reached));
    Table {
        id: "outreach".to_owned(),
        title: words.say("outreach"),
        side: words.say("event"),
        columns: reached_columns(words, &["events"]),
        rows: rows.collect(),
        foot: vec![Line::new(words.say("total"), all)],
    }
}

fn outreach_by_school(words: &Words, totals: &OutreachTotals) -> Table {
    let rows = totals.schools.iter().map(|one| {
        let counts = [one.schools, one.events, one.presentations];
        Line::new(
            words.say(&format!("school-{}", one.kind.as_str())),
            counts.into_iter().chain(of_reached(one.reached)),
        )
    });
    Table {
        id: "schools".to_owned(),
        title: words.say("outreach-schools"),
        side: words.say("school"),
        columns: reached_columns(words, &["schools", "events", "presentations"]),
        rows: rows.collect(),
        foot: Vec::new(),
    }
}

fn peers(words: &Words, totals: &OutreachTotals) -> Table {
    let rows = [
        ("educators-active", totals.peer_educators),
        ("educators-sessions", totals.peer_sessions),
        ("educators-reached", totals.peer_reached),
    ];
    Table {
        id: "peers".to_owned(),
        title: words.say("educators"),
        side: words.say("educators"),
        columns: vec![words.say("total")],
        rows: rows.map(|(key, count)| Line::new(words.say(key), [count])).into(),
        foot: Vec::new(),
    }
}

/// A return, as tables: also what is missing and what has no row.
#[must_use]
pub fn of_return(words: &Words, scheme: &Scheme, mapping: &Return, filled: &FilledReturn) -> Vec<Table> {
    let table = |(of, filled): (&hotline_core::returns::Table, &hotline_core::returns::Filled)| {
        let said = |id: &str| {
            let row = of.rows.iter().find(|row| row.id == id);
            row.map_or_else(|| value_said(words, scheme, &of.by, id), |row| row.said(words))
        };
        let unmapped = filled.unmapped.iter().map(|(value, count)| {
            let value = value_said(words, scheme, &of.by, value);
            Line::new(words.with("return-unmapped", "value", &value), [*count])
        });
        let missing = Line::new(words.say("figures-rest"), [filled.missing]);
        let total = Line::new(words.say("total"), [filled.total]);
        Table {
            id: of.id.clone(),
            title: of.label.said(words),
            side: of.label.said(words),
            columns: vec![words.say("total")],
            rows: filled
                .rows
                .iter()
                .map(|(id, count)| Line::new(said(id), [*count]))
                .collect(),
            foot: unmapped.chain([missing, total]).collect(),
        }
    };
    mapping.tables.iter().zip(&filled.tables).map(table).collect()
}

/// Pieces of the period or values of the first dimension downwards, values of the other across.
#[must_use]
pub fn of_breakdown(words: &Words, scheme: &Scheme, found: &Breakdown) -> Table {
    let said = |dimension: &str, value: &str| value_said(words, scheme, dimension, value);
    let mut down: Vec<(String, String)> = Vec::new();
    let mut across: Vec<(String, String)> = Vec::new();
    let mut cells = Vec::new();
    for row in &found.rows {
        let named = found.by.iter().zip(&row.values);
        let named = named.map(|(dimension, value)| (value.clone(), said(dimension, value)));
        let mut places: Vec<(String, String)> = row
            .piece
            .iter()
            .map(|piece| (piece.clone(), piece.clone()))
            .chain(named)
            .collect();
        let column = if places.len() > 1 { places.pop() } else { None };
        let Some(line) = places.pop() else { continue };
        let column = column.map(|column| place(&mut across, column));
        cells.push((place(&mut down, line), column, row.count));
    }
    let crossed = !across.is_empty();
    let across_of = found.by.last().map(String::as_str).unwrap_or_default();
    // Hours, ages and steps of waiting stand in their order; the rest as they came, the first lines being the largest.
    let mut order: Vec<usize> = (0..across.len()).collect();
    if is_ordered(scheme, across_of) {
        order.sort_by_key(|place| across.get(*place).map(|(value, _)| in_order(value)));
    }
    let mut rows: Vec<(String, Line)> = down
        .iter()
        .map(|(value, label)| {
            let cells = vec![Cell::Count(0); across.len() + 1];
            (
                value.clone(),
                Line {
                    label: label.clone(),
                    cells,
                },
            )
        })
        .collect();
    for (line, column, count) in cells {
        let Some((_, line)) = rows.get_mut(line) else {
            continue;
        };
        if let Some(column) = column
            && let Some(place) = order.iter().position(|place| *place == column)
            && let Some(cell) = line.cells.get_mut(place)
        {
            *cell = Cell::of(count);
        }
        if let Some(last) = line.cells.last_mut() {
            // Where one is hidden the sum is, too: it would tell.
            *last = match (*last, count) {
                (Cell::Count(sum), Some(count)) => Cell::Count(sum + count),
                (Cell::Count(_) | Cell::Hidden | Cell::Empty, _) => Cell::Hidden,
            };
        }
    }
    let first = found.by.first().map(String::as_str).unwrap_or_default();
    if found.every.is_some() || is_ordered(scheme, first) {
        rows.sort_by_key(|(value, _)| in_order(value));
    } else {
        rows.sort_by_key(|(_, line)| match line.cells.last() {
            Some(Cell::Count(count)) => std::cmp::Reverse(*count),
            Some(Cell::Hidden | Cell::Empty) | None => std::cmp::Reverse(0),
        });
    }
    let side = match found.every {
        Some(every) => words.say(&format!("every-{}", every.as_str())),
        None => dimension_said(words, scheme, first),
    };
    let columns = order
        .iter()
        .filter_map(|place| across.get(*place))
        .map(|(_, said)| said.clone());
    let columns: Vec<String> = columns.chain([words.say("total")]).collect();
    let width = columns.len();
    let title = match crossed {
        true => format!("{side} × {}", dimension_said(words, scheme, across_of)),
        false => side.clone(),
    };
    Table {
        id: "figures".to_owned(),
        title,
        side,
        columns,
        rows: rows.into_iter().map(|(_, line)| line).collect(),
        foot: vec![
            Line::last(words.say("figures-rest"), width, found.rest),
            Line::last(words.say("registered"), width, found.registered),
        ],
    }
}

fn place(all: &mut Vec<(String, String)>, one: (String, String)) -> usize {
    let known = all.iter().position(|known| known.0 == one.0);
    known.unwrap_or_else(|| {
        all.push(one);
        all.len() - 1
    })
}

fn is_ordered(scheme: &Scheme, dimension: &str) -> bool {
    let number = scheme
        .question(dimension)
        .is_some_and(|question| question.number.is_some());
    number || dimension.starts_with(BANDS) || [HOUR, WEEKDAY, FIRST_REPLY].contains(&dimension)
}

/// Numbers by what they are, all else by its letters.
fn in_order(value: &str) -> (u32, String) {
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(u32::MAX), value.to_owned())
}

/// What a dimension is called.
pub(crate) fn dimension_said(words: &Words, scheme: &Scheme, dimension: &str) -> String {
    match scheme.question(dimension) {
        Some(question) => question.label.said(words),
        None if dimension == CHANNEL => words.say("channel"),
        None => words.say(&format!("by-{}", dimension.replace('_', "-"))),
    }
}

pub(crate) fn value_said(words: &Words, scheme: &Scheme, dimension: &str, value: &str) -> String {
    match dimension {
        CHANNEL => channel_name(words, value),
        LANGUAGE => Language::parse(value).map_or_else(|| value.to_owned(), |one| one.own_name().to_owned()),
        HOUR => format!("{value}:00"),
        WEEKDAY => words.say(&format!("weekday-{value}")),
        COUNSELLING => words.say(&format!("counselling-{value}")),
        CASE_KIND => words.say(&format!("case-{value}")),
        FIRST_REPLY => match value.parse() {
            Ok(minutes) => words.with("within", "time", &minutes_said(words, minutes)),
            Err(_) => words.say("within-later"),
        },
        INSTITUTION => {
            let known = scheme.institutions.iter().find(|one| one.id == value);
            known.map_or_else(|| value.to_owned(), |one| words.either(&one.sr, &one.en))
        }
        _ => scheme
            .question(dimension)
            .and_then(|question| question.answers.iter().find(|answer| answer.id == value))
            .map_or_else(|| value.to_owned(), |answer| answer.said(words)),
    }
}

/// Minutes as people say them.
#[must_use]
pub fn minutes_said(words: &Words, minutes: i64) -> String {
    match minutes {
        ..=90 => words.count("minutes", minutes),
        91..=2_880 => words.count("hours-long", minutes / 60),
        _ => words.count("days", minutes / 1_440),
    }
}
