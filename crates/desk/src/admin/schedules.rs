//! Which opening hours and which shift plan are in force, and whether they can work, as `hotline check` tests it.

use hotline_store::routing::schedules::CENTRE;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{http::errors::PageError, state::Desk};

/// A stored schedule: opening hours or the shift plan.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ScheduleJson {
    kind: ScheduleKind,
    /// The line to which opening hours belong; null for the shift plan and for the opening hours of the whole centre.
    line: Option<String>,
    /// The version in force; 0 if none is stored.
    pub(super) version: i64,
    state: ScheduleState,
}

/// The kind of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ScheduleKind {
    Hours,
    Shifts,
}

/// Whether a schedule can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ScheduleState {
    /// Nothing is stored. A line without hours has those of the centre; if the centre has none either, the line counts as open.
    NotStored,
    /// The schedule can work.
    Works,
    /// The schedule cannot be read, or has a mistake such as times that overlap.
    Faulty,
}

impl ScheduleState {
    /// Returns the state of a version. `checked` is the result of the check; `None` if the version cannot be read.
    fn of(version: i64, checked: Option<bool>) -> Self {
        match (version, checked) {
            (0, None) => Self::NotStored,
            (_, Some(true)) => Self::Works,
            (_, Some(false) | None) => Self::Faulty,
        }
    }
}

impl ScheduleJson {
    /// Returns the locale key of what this schedule is.
    pub(super) const fn kind_key(&self) -> &'static str {
        match (self.kind, &self.line) {
            (ScheduleKind::Hours, None) => "schedule-centre",
            (ScheduleKind::Hours, Some(_)) => "schedule-line",
            (ScheduleKind::Shifts, _) => "schedule-shifts",
        }
    }

    /// Returns the name of the line; empty for the whole centre.
    pub(super) fn line(&self) -> &str {
        self.line.as_deref().unwrap_or_default()
    }

    /// Returns the locale key of the state.
    pub(super) const fn state_key(&self) -> &'static str {
        match self.state {
            ScheduleState::NotStored => "schedule-not-stored",
            ScheduleState::Works => "schedule-works",
            ScheduleState::Faulty => "schedule-faulty",
        }
    }

    /// Returns whether the schedule cannot work.
    pub(super) fn is_faulty(&self) -> bool {
        self.state == ScheduleState::Faulty
    }
}

/// Returns the opening hours of the centre and of each line that has its own, and the shift plan.
pub(super) async fn schedules(desk: &Desk) -> Result<Vec<ScheduleJson>, PageError> {
    let lines = desk.store.line_states().await?.into_iter().map(|line| line.line);
    let mut found = Vec::new();
    for line in std::iter::once(CENTRE.to_owned()).chain(lines) {
        let stored = desk.store.opening_hours(&line).await?;
        if line != CENTRE && stored.version == 0 {
            continue;
        }
        let today = desk.store.today();
        let checked = stored.content.map(|hours| hours.check(today).is_ok());
        found.push(ScheduleJson {
            kind: ScheduleKind::Hours,
            line: Some(line).filter(|line| line != CENTRE),
            version: stored.version,
            state: ScheduleState::of(stored.version, checked),
        });
    }
    let plan = desk.store.shift_plan().await?;
    let checked = plan.content.map(|content| content.check().is_ok());
    found.push(ScheduleJson {
        kind: ScheduleKind::Shifts,
        line: None,
        version: plan.version,
        state: ScheduleState::of(plan.version, checked),
    });
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_cannot_be_read_is_faulty_and_none_is_not() {
        assert_eq!(ScheduleState::of(0, None), ScheduleState::NotStored);
        assert_eq!(ScheduleState::of(3, None), ScheduleState::Faulty);
        assert_eq!(ScheduleState::of(3, Some(false)), ScheduleState::Faulty);
        assert_eq!(ScheduleState::of(3, Some(true)), ScheduleState::Works);
    }
}
