//! Links between related contacts, and the list of contacts that each member of staff follows.

use hotline_core::{contact::lifecycle::Status, identifiers::reference::Reference};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, follows, links},
        store::Store,
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

impl Store {
    /// Links two related contacts, or removes the link. The histories of both contacts record the change.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if both references are the same. Returns [`StoreError::NotFound`] if either contact does not exist.
    pub async fn link(
        &self,
        who: &StaffMember,
        reference: Reference,
        to: Reference,
        linked: bool,
    ) -> Result<(), StoreError> {
        if reference == to {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let (transaction, contact) = self.begin_on(reference).await?;
        let other = contacts::Entity::find()
            .filter(contacts::Column::Reference.eq(to.number()))
            .one(&transaction)
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        let known = links::Entity::find_by_id((contact.id, other.id))
            .one(&transaction)
            .await?;
        if known.is_some() == linked {
            return Ok(());
        }
        for (one, another) in [(&contact, &other), (&other, &contact)] {
            if linked {
                let tie = links::ActiveModel {
                    contact_id: Set(one.id),
                    other_id: Set(another.id),
                };
                links::Entity::insert(tie)
                    .exec_without_returning(&transaction)
                    .await?;
            } else {
                links::Entity::delete_by_id((one.id, another.id))
                    .exec(&transaction)
                    .await?;
            }
            let kind = if linked {
                HistoryKind::Linked
            } else {
                HistoryKind::Unlinked
            };
            let detail = reference_of(another).to_string();
            self.add_event(&transaction, one.id, Some(who.id), kind, &detail)
                .await?;
        }
        self.commit(transaction).await
    }

    /// Adds a contact to the list of contacts that `who` follows, or removes the contact from the list. The inbox has a view of this list.
    /// Returns `false` if nothing changed.
    ///
    /// # Errors
    /// Fails if the contact does not exist, or a database query fails.
    pub async fn set_followed(
        &self,
        who: &StaffMember,
        reference: Reference,
        follows: bool,
    ) -> Result<bool, StoreError> {
        let (transaction, contact) = self.begin_on(reference).await?;
        let known = follows::Entity::find_by_id((who.id, contact.id))
            .one(&transaction)
            .await?;
        if known.is_some() == follows {
            return Ok(false);
        }
        if follows {
            let tie = follows::ActiveModel {
                staff_id: Set(who.id),
                contact_id: Set(contact.id),
            };
            follows::Entity::insert(tie)
                .exec_without_returning(&transaction)
                .await?;
        } else {
            follows::Entity::delete_by_id((who.id, contact.id))
                .exec(&transaction)
                .await?;
        }
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Returns whether a member of staff follows a contact.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn is_followed(&self, who: Uuid, contact: Uuid) -> Result<bool, StoreError> {
        let known = follows::Entity::find_by_id((who, contact))
            .one(&self.reading)
            .await?;
        Ok(known.is_some())
    }

    /// Returns the reference and status of every contact linked to a contact.
    pub(crate) async fn linked(&self, contact: Uuid) -> Result<Vec<(Reference, Status)>, StoreError> {
        let ties = links::Entity::find()
            .filter(links::Column::ContactId.eq(contact))
            .all(&self.reading)
            .await?;
        let found = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(ties.iter().map(|tie| tie.other_id)))
            .all(&self.reading)
            .await?;
        Ok(found
            .iter()
            .map(|other| (reference_of(other), other.status.0))
            .collect())
    }
}
