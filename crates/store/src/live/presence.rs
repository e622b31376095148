//! Presence: which members of staff are reading a contact or writing a reply. Presence is kept only in memory. A browser tab repeatedly
//! reports the contact that it has open. If the reports stop, the member of staff counts as having left the contact after 12 seconds.

use hotline_core::identifiers::reference::Reference;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    db::{changes::CHANNEL, entity::contacts, store::Store},
    error::StoreError,
    inbox::list::name_of,
    memory::presence::{Activity, Present},
    staff::accounts::StaffMember,
};

impl Store {
    /// Records that a member of staff is reading a contact, is writing a reply, or has left the contact. Also notifies the other processes.
    ///
    /// # Errors
    /// Fails if there is no such contact.
    pub async fn report_presence(
        &self,
        who: &StaffMember,
        reference: Reference,
        doing: Activity,
    ) -> Result<(), StoreError> {
        let found = contacts::Entity::find().filter(contacts::Column::Reference.eq(reference.number()));
        let contact = found
            .one(&self.reading)
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        self.presence.note(contact.id, who.id, doing);
        if !self.on_sqlite() {
            // The payload contains only two ids and the name of an `Activity`, so no character in it needs escaping in SQL.
            let told = format!("NOTIFY {CHANNEL}, '{} {} {}'", contact.id, who.id, doing.as_str());
            let _ = self.reading.execute_unprepared(&told).await;
        }
        if doing == Activity::Writing {
            self.tell_typing(who, &contact).await?;
        }
        Ok(())
    }

    /// Returns the members of staff who have a contact open, sorted by name, without the member of staff `but`.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn present(&self, contact: Uuid, but: Uuid) -> Result<Vec<Present>, StoreError> {
        let found: Vec<(Uuid, bool)> = {
            let here = self.presence.here();
            let others = here.iter().filter(|((at, who), _)| *at == contact && *who != but);
            others
                .map(|((_, who), (doing, _))| (*who, *doing == Activity::Writing))
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

    /// Subscribes to changes of presence. A subscriber is notified when a member of staff opens a contact, leaves a contact, or begins or
    /// stops writing.
    #[must_use]
    pub fn watch_presence(&self) -> watch::Receiver<u64> {
        self.presence.changed.subscribe()
    }
}
