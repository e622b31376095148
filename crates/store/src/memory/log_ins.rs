//! State about log-ins and sessions that is kept in memory between requests.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use chrono::{DateTime, Duration, Utc};
use tokio::sync::watch;

/// The refused log-ins that are not yet recorded in the audit log, and the time of the last audit entry about refused log-ins.
#[derive(Default)]
pub(crate) struct Refused {
    pub(crate) since_last: u64,
    /// Those with the log-in name of an account, by name. A name that belongs to no account may be a password in the wrong field, so it is not
    /// kept.
    pub(crate) by_account: BTreeMap<String, u64>,
    /// The refused log-ins of each account since the first one within an hour.
    pub(crate) attacks: HashMap<String, (u64, DateTime<Utc>)>,
    pub(crate) noted_at: Option<DateTime<Utc>>,
}

/// The clock for the expiry of sessions. It never goes back while the program runs, even if the system clock is set back.
#[derive(Default)]
pub(crate) struct Steady(Mutex<Option<(DateTime<Utc>, Instant)>>);

impl Steady {
    pub(crate) fn now(&self, clock: DateTime<Utc>) -> DateTime<Utc> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = |at: Instant| Duration::from_std(at.elapsed()).unwrap_or_default();
        let now = last.map_or(clock, |(then, at)| clock.max(then + passed(at)));
        *last = Some((now, Instant::now()));
        now
    }
}

/// One watch channel for each session with an open page that shows changes as they happen. The key is the hash of the session's secret.
/// When the session ends, its sender is dropped, which notifies the subscribers.
#[derive(Default)]
pub(crate) struct Watched(Mutex<HashMap<Vec<u8>, watch::Sender<()>>>);

impl Watched {
    pub(crate) fn all(&self) -> MutexGuard<'_, HashMap<Vec<u8>, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_log_ins_never_goes_back() {
        let steady = Steady::default();
        let noon = DateTime::UNIX_EPOCH + Duration::days(20_000);
        assert_eq!(steady.now(noon), noon);
        let later = steady.now(noon - Duration::hours(5));
        assert!(later >= noon && later < noon + Duration::minutes(1), "{later}");
        assert_eq!(steady.now(noon + Duration::hours(1)), noon + Duration::hours(1));
    }
}
