//! Warnings where opening hours and the shift plan disagree in the coming days.

use std::ops::Range;

use chrono::{DateTime, Datelike, Days, Utc};
use hotline_core::{
    text::locale::Words,
    time::{
        coverage::{COVERAGE_DAYS, Disagreement, DisagreementKind, disagreements},
        shifts::ShiftPlan,
    },
};
use hotline_reports::labels::format_day;
use hotline_store::routing::schedules::CENTRE;

use crate::{http::errors::PageError, routing::hours::weekday_name, state::Desk};

/// The disagreements in words.
#[derive(Default)]
pub(super) struct Coverage {
    /// The open times without anybody on shift.
    pub(super) open: Vec<String>,
    /// The shifts while every line is closed.
    pub(super) closed: Vec<String>,
}

impl Coverage {
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.closed.is_empty()
    }
}

/// Returns where opening hours and a shift plan disagree in the coming days. Without hours or shifts there is nothing to compare.
pub(super) async fn find(desk: &Desk, plan: &ShiftPlan) -> Result<Vec<Disagreement>, PageError> {
    if plan.is_empty() {
        return Ok(Vec::new());
    }
    let (now, zone) = (desk.clock.now(), desk.centre.time_zone);
    let end = now
        .checked_add_days(Days::new(COVERAGE_DAYS.into()))
        .unwrap_or(now);
    let Some(open) = open_periods(desk, now..end).await? else {
        return Ok(Vec::new());
    };
    let mut staffed = Vec::new();
    for one in desk.store.colleagues().await? {
        let shifts = plan.shifts_between(one.id, one.team.as_deref(), now, end, zone);
        staffed.extend(
            shifts
                .into_iter()
                .map(|shift| shift.from.max(now)..shift.to.min(end)),
        );
    }
    Ok(disagreements(&open, &staffed))
}

/// Returns the periods in which a line is open. `None`: a line has no stored hours, so it counts as always open.
async fn open_periods(
    desk: &Desk,
    days: Range<DateTime<Utc>>,
) -> Result<Option<Vec<Range<DateTime<Utc>>>>, PageError> {
    let centre = desk.store.opening_hours(CENTRE).await?.content;
    let lines = desk.store.line_states().await?;
    let mut open = Vec::new();
    for line in &lines {
        let own = desk.store.opening_hours(&line.line).await?.content;
        let Some(hours) = own.as_ref().or(centre.as_ref()) else {
            return Ok(None);
        };
        open.extend(hours.open_periods_between(days.start, days.end, desk.centre.time_zone));
    }
    Ok((!lines.is_empty()).then_some(open))
}

/// Describes the disagreements.
pub(super) fn describe(desk: &Desk, words: &Words, found: &[Disagreement]) -> Coverage {
    let mut coverage = Coverage::default();
    for one in found {
        let local = |at: DateTime<Utc>| at.with_timezone(&desk.centre.time_zone);
        let (from, to) = (local(one.from), local(one.to));
        let day = format!(
            "{}, {}",
            weekday_name(words, from.weekday()),
            format_day(from.date_naive())
        );
        let mut times = format!("{day} {}–{}", from.format("%H:%M"), to.format("%H:%M"));
        if (to.date_naive() - from.date_naive()).num_days() > 1 {
            times = format!("{times} ({})", format_day(to.date_naive()));
        }
        match one.kind {
            DisagreementKind::OpenWithoutShift => coverage.open.push(times),
            DisagreementKind::ShiftWhileClosed => coverage.closed.push(times),
        }
    }
    coverage
}
