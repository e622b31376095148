//! Remembers for a moment which lines are open, because each visitor of the web form asks for it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::time::hours::Opening;

/// How long an answer is remembered. New opening hours apply after this time in the other processes, and at once in the process that
/// stored them.
const KEPT: TimeDelta = TimeDelta::seconds(1);

#[derive(Default)]
pub(crate) struct Openings(Mutex<HashMap<String, (DateTime<Utc>, Opening)>>);

impl Openings {
    pub(crate) fn get(&self, line: &str, at: DateTime<Utc>) -> Option<Opening> {
        let all = self.all();
        let (asked_at, opening) = all.get(line)?;
        ((at - *asked_at).abs() < KEPT).then_some(*opening)
    }

    pub(crate) fn put(&self, line: &str, at: DateTime<Utc>, opening: Opening) {
        self.all().insert(line.to_owned(), (at, opening));
    }

    pub(crate) fn forget(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, (DateTime<Utc>, Opening)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
