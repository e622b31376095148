//! Converts the totals of outreach into tables.

use hotline_core::{statistics::outreach::Reached, text::locale::Words};
use hotline_store::outreach::OutreachTotals;

use crate::tables::{Line, Table};

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

pub(super) fn by_kind(words: &Words, totals: &OutreachTotals) -> Table {
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
        ..Table::default()
    }
}

pub(super) fn by_school(words: &Words, totals: &OutreachTotals) -> Table {
    let note = (!totals.schools.is_empty()).then(|| words.say("schools-note"));
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
        notes: note.into_iter().collect(),
        ..Table::default()
    }
}

pub(super) fn peers(words: &Words, totals: &OutreachTotals) -> Table {
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
        ..Table::default()
    }
}
