//! Remembers for a moment which lines are open, because each visitor of the web form asks for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::time::hours::{Opening, OpeningHours};

/// How long an answer is remembered. New opening hours apply after this time in the other processes, and at once in the process that
/// stored them.
const KEPT: TimeDelta = TimeDelta::seconds(1);

/// Whether a line is open, and the hours that apply to it. `None`: no hours are stored.
pub(crate) type LineHours = (Opening, Option<Arc<OpeningHours>>);

#[derive(Default)]
pub(crate) struct Openings(Mutex<HashMap<String, (DateTime<Utc>, LineHours)>>);

impl Openings {
    pub(crate) fn get(&self, line: &str, at: DateTime<Utc>) -> Option<LineHours> {
        let all = self.all();
        let (asked_at, opening) = all.get(line)?;
        ((at - *asked_at).abs() < KEPT).then(|| opening.clone())
    }

    pub(crate) fn put(&self, line: &str, at: DateTime<Utc>, opening: LineHours) {
        self.all().insert(line.to_owned(), (at, opening));
    }

    pub(crate) fn forget(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, (DateTime<Utc>, LineHours)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
