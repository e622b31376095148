//! Who looks at a contact, and who writes to it: known in memory, told at once, forgotten soon after somebody fell silent.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_core::reference::Reference;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use crate::{
    changes::CHANNEL, entity::contacts, error::StoreError, inbox::name_of, staff::Person, store::Store,
};

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
    changed: watch::Sender<u64>,
}

impl Presence {
    pub(crate) fn new() -> Self {
        Self {
            here: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    fn here(&self) -> MutexGuard<'_, HashMap<(Uuid, Uuid), (Doing, Instant)>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, contact: Uuid, staff: Uuid, doing: Doing) {
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

impl Store {
    /// Notes that somebody is at a contact, or left it.
    ///
    /// # Errors
    /// When there is no such contact.
    pub async fn is_at(&self, who: &Person, reference: Reference, doing: Doing) -> Result<(), StoreError> {
        let found = contacts::Entity::find().filter(contacts::Column::Reference.eq(reference.number()));
        let contact = found
            .one(&self.reading)
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        self.presence.note(contact.id, who.id, doing);
        if !self.on_sqlite() {
            // Ids and one of three words: nothing that could end the quotation.
            let told = format!("NOTIFY {CHANNEL}, '{} {} {}'", contact.id, who.id, doing.as_str());
            let _ = self.reading.execute_unprepared(&told).await;
        }
        if doing == Doing::Writing {
            self.tell_typing(who, &contact).await?;
        }
        Ok(())
    }

    /// Who else is at a contact.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn present(&self, contact: Uuid, but: Uuid) -> Result<Vec<Present>, StoreError> {
        let found: Vec<(Uuid, bool)> = {
            let here = self.presence.here();
            let others = here.iter().filter(|((at, who), _)| *at == contact && *who != but);
            others
                .map(|((_, who), (doing, _))| (*who, *doing == Doing::Writing))
                .collect()
        };
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let names = self.names().await?;
        let named = found.into_iter().filter_map(|(who, writing)| {
            let name = name_of(&names, who)?;
            Some(Present { name, writing })
        });
        let mut present: Vec<_> = named.collect();
        present.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(present)
    }

    /// Watches for people who come, go or begin to write.
    #[must_use]
    pub fn watch_presence(&self) -> watch::Receiver<u64> {
        self.presence.changed.subscribe()
    }
}
