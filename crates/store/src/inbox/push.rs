//! What devices are to be notified of: the waiting contacts that concern a member of staff and of which the device was not told yet.

use std::collections::{HashMap, hash_map::Entry};

use chrono::Duration;
use hotline_core::{
    identifiers::reference::Reference,
    routing::skills::DANGER,
    staff::push::{Concern, Concerns, PushKind, news},
    text::locale::Language,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{push_devices, sessions},
        store::Store,
    },
    error::StoreError,
    staff::{accounts::StaffMember, availability::Colleague, push::PushDevice, sessions::has_ended},
};

/// The shortest time between two notifications of a device, except about danger. During a flood, one notification stands for many contacts.
const PAUSE: Duration = Duration::seconds(30);

/// A notification that is to be sent now.
pub struct DuePush {
    /// The device that gets it.
    pub device: PushDevice,
    /// The language of its text.
    pub language: Language,
    /// What it is about.
    pub kind: PushKind,
    /// The contact that it is about. `None` if it is about several, or about none.
    pub reference: Option<Reference>,
}

impl Store {
    /// Returns the notifications that are due, and notes that the devices were told. If several processes ask at the same time, only one of
    /// them gets a notification.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn due_pushes(&self) -> Result<Vec<DuePush>, StoreError> {
        let rows = push_devices::Entity::find().all(&self.reading).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let hashes = rows.iter().map(|row| row.session_hash.clone());
        let sessions = sessions::Entity::find()
            .filter(sessions::Column::TokenHash.is_in(hashes))
            .all(&self.reading)
            .await?;
        let colleagues = self.availabilities().await?;
        let now = self.steady.now(self.clock.now());
        let mut concerns = HashMap::new();
        let mut due = Vec::new();
        for row in rows {
            let session = sessions.iter().find(|one| one.token_hash == row.session_hash);
            let Some(session) = session else { continue };
            if has_ended(session, now) {
                due.extend(self.end_with_session(&row, &colleagues).await?);
                continue;
            }
            // Staff who lost the right to work on contacts, or whose account is disabled, are not among the colleagues.
            let colleague = colleagues.iter().find(|one| one.member.id == row.staff_id);
            let Some(colleague) = colleague else { continue };
            let (concerns, references) = match concerns.entry(row.staff_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.concerns_of(&colleague.member).await?),
            };
            let on_duty = colleague.duty.switched_on;
            let told = self.tell_device(&row, concerns, on_duty).await?;
            due.extend(told.map(|(device, kind, contacts)| DuePush {
                language: colleague.member.preferences.language.unwrap_or(device.language),
                device,
                kind,
                reference: match contacts.as_slice() {
                    [only] => references.get(only).copied(),
                    _ => None,
                },
            }));
        }
        Ok(due)
    }

    /// Notes the present concerns of a device. Returns the kind of notification that the device is to get, and the contacts of that kind.
    /// Returns `None` if nothing is new, if the member of staff is off duty, or if another process was faster.
    async fn tell_device(
        &self,
        row: &push_devices::Model,
        concerns: &Concerns,
        on_duty: bool,
    ) -> Result<Option<(PushDevice, PushKind, Vec<Uuid>)>, StoreError> {
        let (device, told) = self.open_device(row)?;
        if told.as_ref() == Some(concerns) {
            return Ok(None);
        }
        let new = told.and_then(|told| news(&told, concerns)).filter(|_| on_duty);
        let now = self.now();
        let must_wait = now.saturating_sub(row.told_at) < PAUSE.num_microseconds().unwrap_or(0);
        if must_wait && new.as_ref().is_some_and(|(kind, _)| *kind != PushKind::Danger) {
            return Ok(None);
        }
        let text = serde_json::to_string(concerns).unwrap_or_default();
        let told_at = if new.is_some() { now } else { row.told_at };
        // The condition on the old value lets only one process note the change.
        let unchanged = match &row.told {
            Some(told) => push_devices::Column::Told.eq(told),
            None => push_devices::Column::Told.is_null(),
        };
        let transaction = self.begin().await?;
        let noted = push_devices::Entity::update_many()
            .col_expr(push_devices::Column::Told, Expr::value(text))
            .col_expr(push_devices::Column::ToldAt, Expr::value(told_at))
            .filter(push_devices::Column::SessionHash.eq(row.session_hash.clone()))
            .filter(unchanged)
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        let new = new.filter(|_| noted.rows_affected == 1);
        Ok(new.map(|(kind, contacts)| (device, kind, contacts)))
    }

    /// Ends the subscription of a device whose session ended by inactivity. Returns the last notification, without which the member of
    /// staff would go on relying on the device.
    async fn end_with_session(
        &self,
        row: &push_devices::Model,
        colleagues: &[Colleague],
    ) -> Result<Option<DuePush>, StoreError> {
        let (device, _) = self.open_device(row)?;
        let transaction = self.begin().await?;
        let ended = push_devices::Entity::delete_by_id(row.session_hash.clone())
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        let colleague = colleagues.iter().find(|one| one.member.id == row.staff_id);
        let colleague = colleague.filter(|_| ended.rows_affected == 1);
        Ok(colleague.map(|colleague| DuePush {
            language: colleague.member.preferences.language.unwrap_or(device.language),
            device,
            kind: PushKind::Ended,
            reference: None,
        }))
    }

    /// Returns the waiting contacts that concern a member of staff, with their references: those for which an open page notifies, and the
    /// contacts in danger for which it plays a sound.
    async fn concerns_of(
        &self,
        member: &StaffMember,
    ) -> Result<(Concerns, HashMap<Uuid, Reference>), StoreError> {
        let about = member.preferences.notify_about;
        let mut waiting = self
            .waiting_for(member.id, about)
            .await?
            .all(&self.reading)
            .await?;
        waiting.extend(self.unattended().await?);
        let names = self.names().await?;
        let handed = self.handed_over(&waiting, member.id, &names).await?;
        let concerns = waiting.iter().map(|contact| {
            let concern = Concern {
                since: contact.waiting_since.unwrap_or(contact.last_in_at),
                handed: handed.contains_key(&contact.id),
                danger: contact.urgency >= DANGER,
            };
            (contact.id, concern)
        });
        let references = waiting.iter().map(|contact| (contact.id, reference_of(contact)));
        Ok((concerns.collect(), references.collect()))
    }
}
