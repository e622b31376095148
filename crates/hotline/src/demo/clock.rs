//! The clock with which the demo writes its past.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use hotline_core::time::clock::Clock;

/// A clock that shows the time that was set last.
pub struct DemoClock(Mutex<DateTime<Utc>>);

impl DemoClock {
    /// Creates a clock that shows `at`.
    pub const fn new(at: DateTime<Utc>) -> Self {
        Self(Mutex::new(at))
    }

    /// Sets the time.
    pub fn set(&self, at: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = at;
    }
}

impl Clock for DemoClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
