//! Reading a contact with a masked identity, and revealing the identity for some minutes.

use chrono::{DateTime, Utc};
use hotline_core::{
    identifiers::{ids, reference::Reference},
    masking::{Masker, MaskingSettings, REVEALED_FOR, RevealReason, SHIFT},
    staff::audit::AuditAction,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::{
    contacts::{
        detail::{ContactDetail, Identity},
        masked::{mask_contact, masker_of},
    },
    db::{
        entity::{contacts, reveals, staff},
        store::{Store, time},
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
    staff::{accounts::StaffMember, sight::Sight},
};

impl Store {
    /// Returns the settings about masking.
    pub const fn masking_settings(&self) -> &MaskingSettings {
        &self.masking
    }

    /// Loads a contact as this member of staff may read it: with a masked identity, unless the settings say otherwise or the member of staff
    /// revealed it. Returns `None` if no contact has this reference. Whether the member of staff may read the contact at all is checked before
    /// ([`Store::may_read_contact`]).
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn contact_for(
        &self,
        who: &StaffMember,
        reference: Reference,
    ) -> Result<Option<ContactDetail>, StoreError> {
        let Some(mut contact) = self.contact(reference).await? else {
            return Ok(None);
        };
        if let Some(sight) = self.sight_of(who).await? {
            self.trim_to_readable(&sight, &mut contact).await?;
        }
        if self.masking.enabled {
            match self.revealed_until(who.id, contact.id).await? {
                Some(until) => contact.identity = Identity::RevealedUntil(until),
                None => mask_contact(&mut contact),
            }
        }
        Ok(Some(contact))
    }

    /// Removes what is about other contacts that a counsellor may not read: the person's other contacts, links, and notes.
    async fn trim_to_readable(&self, sight: &Sight, contact: &mut ContactDetail) -> Result<(), StoreError> {
        let others = contact.others.iter().map(|other| other.reference);
        let linked = contact.linked.iter().map(|(reference, _)| *reference);
        let pinned = contact.pinned.iter().map(|note| note.reference);
        let all = others.chain(linked).chain(pinned).chain(contact.refers_to);
        let readable = self.readable_among(sight, all.collect::<Vec<_>>()).await?;
        contact.others.retain(|other| readable.contains(&other.reference));
        contact
            .linked
            .retain(|(reference, _)| readable.contains(reference));
        contact.pinned.retain(|note| readable.contains(&note.reference));
        contact.refers_to = contact.refers_to.filter(|one| readable.contains(one));
        for event in &mut contact.history {
            if matches!(event.kind, HistoryKind::Linked | HistoryKind::Unlinked) {
                let other = Reference::parse(&event.detail);
                if other.is_ok_and(|other| !readable.contains(&other)) {
                    event.detail.clear();
                }
            }
        }
        Ok(())
    }

    /// Returns what hides the identity of the person from this member of staff. It hides nothing if the settings say so, or if the member
    /// of staff revealed the identity.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn masker_for(&self, who: &StaffMember, reference: Reference) -> Result<Masker, StoreError> {
        let contact = self.contact(reference).await?;
        let Some((contact, card)) = contact.as_ref().and_then(|one| Some((one, one.card.as_ref()?))) else {
            return Ok(Masker::default());
        };
        if !self.masking.enabled || self.revealed_until(who.id, contact.id).await?.is_some() {
            return Ok(Masker::default());
        }
        Ok(masker_of(card, &contact.messages))
    }

    /// Returns whether this member of staff may read what contains the identity of the person unmasked, such as a raw message.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn is_identity_open(
        &self,
        who: &StaffMember,
        reference: Reference,
    ) -> Result<bool, StoreError> {
        if !self.masking.enabled {
            return Ok(true);
        }
        let found = contacts::Entity::find().filter(contacts::Column::Reference.eq(reference.number()));
        let Some(contact) = found.one(&self.reading).await? else {
            return Ok(false);
        };
        Ok(self.revealed_until(who.id, contact.id).await?.is_some())
    }

    /// Reveals the identity of the person to a member of staff, for [`REVEALED_FOR`]. Returns when that time ends. The audit records the
    /// reason. Revealing again prolongs the time.
    ///
    /// # Errors
    /// Returns [`Conflict::TooManyReveals`] if the settings permit no further reveal in this shift. Fails if the contact does not exist
    /// or was erased.
    pub async fn reveal(
        &self,
        who: &StaffMember,
        reference: Reference,
        reason: RevealReason,
    ) -> Result<DateTime<Utc>, StoreError> {
        let transaction = self.begin().await?;
        let found = contacts::Entity::find().filter(contacts::Column::Reference.eq(reference.number()));
        let contact = found
            .one(&transaction)
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        self.contact_key(&contact)?;
        // Parallel reveals of one person are counted one after the other.
        let mut row = staff::Entity::find_by_id(who.id);
        if !self.on_sqlite() {
            row = row.lock_exclusive();
        }
        row.one(&transaction).await?;
        let now = self.clock.now();
        let most = u64::from(self.masking.reveals_per_shift);
        if most > 0 && reveals_since(&transaction, who.id, contact.id, now - SHIFT).await? >= most {
            return Err(StoreError::Conflict(Conflict::TooManyReveals));
        }
        let until = now + REVEALED_FOR;
        let row = reveals::ActiveModel {
            id: Set(ids::new(now)),
            staff_id: Set(who.id),
            contact_id: Set(contact.id),
            at: Set(now.timestamp_micros()),
            until: Set(until.timestamp_micros()),
        };
        reveals::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await?;
        // Earlier rows limit nothing; the audit keeps what they recorded.
        reveals::Entity::delete_many()
            .filter(reveals::Column::StaffId.eq(who.id))
            .filter(reveals::Column::At.lt((now - SHIFT).timestamp_micros()))
            .exec(&transaction)
            .await?;
        let object = format!("{reference} {}", reason.as_str());
        self.audit_in(&transaction, Some(who.id), AuditAction::Reveal, &object)
            .await?;
        self.commit(transaction).await?;
        Ok(until)
    }

    /// Returns until when this member of staff sees the identity of a contact; `None` if it is masked.
    async fn revealed_until(&self, who: Uuid, contact: Uuid) -> Result<Option<DateTime<Utc>>, StoreError> {
        let newest = reveals::Entity::find()
            .filter(reveals::Column::StaffId.eq(who))
            .filter(reveals::Column::ContactId.eq(contact))
            .filter(reveals::Column::Until.gt(self.now()))
            .order_by_desc(reveals::Column::Until)
            .one(&self.reading)
            .await?;
        Ok(newest.map(|row| time(row.until)))
    }
}

/// Counts the contacts, other than `contact`, whose identity a member of staff revealed since a time.
async fn reveals_since(
    connection: &impl ConnectionTrait,
    who: Uuid,
    contact: Uuid,
    since: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let count = reveals::Entity::find()
        .filter(reveals::Column::StaffId.eq(who))
        .filter(reveals::Column::ContactId.ne(contact))
        .filter(reveals::Column::At.gte(since.timestamp_micros()))
        .select_only()
        .column(reveals::Column::ContactId)
        .distinct()
        .count(connection)
        .await?;
    Ok(count)
}
