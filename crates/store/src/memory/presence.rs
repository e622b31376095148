//! Who is at which contact: forgotten soon after a tab falls silent.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

/// Who is silent for this long has gone: a tab says every five seconds that it is there.
const SILENT: Duration = Duration::from_secs(12);

/// What somebody does at a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It was left.
    Gone,
    /// Reading it.
    Reading,
    /// Writing to the person.
    Writing,
}

impl Doing {
    const ALL: [Self; 3] = [Self::Gone, Self::Reading, Self::Writing];

    /// Its name in forms and between processes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Reading => "reading",
            Self::Writing => "writing",
        }
    }

    /// What has this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|doing| doing.as_str() == name)
    }
}

/// Somebody at a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The work name.
    pub name: String,
    /// Whether they are writing to the person.
    pub writing: bool,
}

/// Everybody who is somewhere.
pub(crate) struct Presence {
    /// By contact and member of staff.
    here: Mutex<HashMap<(Uuid, Uuid), (Doing, Instant)>>,
    pub(crate) changed: watch::Sender<u64>,
}

impl Presence {
    pub(crate) fn new() -> Self {
        Self {
            here: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    pub(crate) fn here(&self) -> MutexGuard<'_, HashMap<(Uuid, Uuid), (Doing, Instant)>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, contact: Uuid, staff: Uuid, doing: Doing) {
        let key = (contact, staff);
        let before = match doing {
            Doing::Gone => self.here().remove(&key),
            Doing::Reading | Doing::Writing => self.here().insert(key, (doing, Instant::now())),
        };
        if before.map_or(Doing::Gone, |(before, _)| before) != doing {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// Forgets who fell silent.
    pub(crate) fn sweep(&self) {
        let mut here = self.here();
        let before = here.len();
        here.retain(|_, (_, said)| said.elapsed() < SILENT);
        if here.len() != before {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// Hears what another process told.
    pub(crate) fn hear(&self, told: &str) {
        let mut words = told.split(' ');
        let mut id = || words.next()?.parse().ok();
        if let (Some(contact), Some(staff)) = (id(), id())
            && let Some(doing) = words.next().and_then(Doing::parse)
        {
            self.note(contact, staff, doing);
        }
    }
}
