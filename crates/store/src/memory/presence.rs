//! Presence: which members of staff have which contact open. A browser tab reports every five seconds that it has a contact open. If the
//! reports stop, the entry is dropped after 12 seconds.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

/// After this time without a report, a member of staff no longer counts as having the contact open. An open browser tab reports every five
/// seconds.
const SILENT: Duration = Duration::from_secs(12);

/// The activity of a member of staff on the page of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Activity {
    /// Has left the page of the contact.
    Gone,
    /// Has the page open and is not writing.
    Reading,
    /// Has the page open and is writing to the person.
    Writing,
}

hotline_core::named!(Activity);

/// A member of staff who has a contact open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Display name of the member of staff.
    pub name: String,
    /// Whether the member of staff is writing a reply.
    pub writing: bool,
}

/// The members of staff who have contacts open.
pub(crate) struct Presence {
    /// Activity and time of the last report, by contact and member of staff.
    here: Mutex<HashMap<(Uuid, Uuid), (Activity, Instant)>>,
    pub(crate) changed: watch::Sender<u64>,
}

impl Presence {
    pub(crate) fn new() -> Self {
        Self {
            here: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    pub(crate) fn here(&self) -> MutexGuard<'_, HashMap<(Uuid, Uuid), (Activity, Instant)>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, contact: Uuid, staff: Uuid, doing: Activity) {
        let key = (contact, staff);
        let before = match doing {
            Activity::Gone => self.here().remove(&key),
            Activity::Reading | Activity::Writing => self.here().insert(key, (doing, Instant::now())),
        };
        if before.map_or(Activity::Gone, |(before, _)| before) != doing {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// Drops the entries for which no report arrived within the last 12 seconds.
    pub(crate) fn sweep(&self) {
        let mut here = self.here();
        let before = here.len();
        here.retain(|_, (_, said)| said.elapsed() < SILENT);
        if here.len() != before {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// Applies a presence report from another process. The report consists of the contact's id, the id of the member of staff, and the
    /// activity.
    pub(crate) fn hear(&self, told: &str) {
        let mut words = told.split(' ');
        let mut id = || words.next()?.parse().ok();
        if let (Some(contact), Some(staff)) = (id(), id())
            && let Some(doing) = words.next().and_then(Activity::parse)
        {
            self.note(contact, staff, doing);
        }
    }
}
