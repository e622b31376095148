//! Erasing all contacts of one person at once, after a preview.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hotline_core::{identifiers::reference::Reference, staff::audit::AuditAction};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::ErasureOrder;
use crate::{
    contacts::detail::ContactDetail,
    db::{
        contact_row::reference_of,
        entity::contacts,
        erasure_list::ErasedThing,
        store::{Store, time},
        values::ErasureCause,
    },
    error::{Conflict, StoreError},
    staff::factors::Reauthenticated,
};

/// A contact of the person who is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactToErase {
    /// The reference of the contact.
    pub reference: Reference,
    /// When the contact was opened.
    pub opened_at: DateTime<Utc>,
    /// The line on which the contact arrived.
    pub line: String,
    /// Why the contact cannot be erased now. `None` if it can.
    pub kept: Option<Conflict>,
}

/// What was erased, for the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonErased {
    /// When it was erased.
    pub at: DateTime<Utc>,
    /// The references of the contacts that were erased.
    pub references: Vec<Reference>,
    /// Whether nothing erased is left in the write-ahead log of the database.
    pub is_cleared: bool,
}

fn is_same_set(some: &[Reference], others: &[Reference]) -> bool {
    let numbers = |some: &[Reference]| -> BTreeSet<u64> { some.iter().map(|one| one.number()).collect() };
    numbers(some) == numbers(others)
}

impl Store {
    /// Returns the contacts of the person of a contact that are not erased, oldest first: the contact itself, and all contacts of the same
    /// address or account on all lines. A contact without an identifier, such as an anonymous post, is alone.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the contact does not exist, and [`Conflict::DoneAlready`] if it was erased.
    pub async fn contacts_of_person(&self, reference: Reference) -> Result<Vec<ContactToErase>, StoreError> {
        let rows = self.rows_of_person(&self.reading, reference).await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(ContactToErase {
                reference: reference_of(&row),
                opened_at: time(row.opened_at),
                line: row.line.clone(),
                kept: self.why_kept(&self.reading, &row).await?,
            });
        }
        Ok(all)
    }

    /// Erases all contacts of a person, or none. `seen` are the references of the preview.
    ///
    /// # Errors
    /// Returns [`Conflict::Changed`] if the person has other contacts than the preview showed, and the reason if one of them cannot be erased.
    /// Returns the errors of [`Store::contacts_of_person`].
    pub async fn erase_person(
        &self,
        who: &Reauthenticated,
        reference: Reference,
        seen: &[Reference],
    ) -> Result<PersonErased, StoreError> {
        let agent = format!("{} at the desk", who.member().login);
        let order = ErasureOrder {
            cause: ErasureCause::Person,
            rule: "",
            agent: &agent,
            actor: Some(who.member().id),
        };
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let rows = self.rows_of_person(&transaction, reference).await?;
        let references: Vec<Reference> = rows.iter().map(reference_of).collect();
        if !is_same_set(&references, seen) {
            return Err(StoreError::Conflict(Conflict::Changed));
        }
        // All are checked before the first is erased: contacts of one case keep each other.
        let mut locked = Vec::with_capacity(rows.len());
        for row in &rows {
            let row = self.lock_contact(&transaction, reference_of(row)).await?;
            if let Some(conflict) = self.why_kept(&transaction, &row).await? {
                return Err(StoreError::Conflict(conflict));
            }
            locked.push(row);
        }
        let mut erased = Vec::with_capacity(locked.len());
        for row in &locked {
            erased.push((reference_of(row), self.erase_in(&transaction, row, &order).await?));
        }
        self.commit(transaction).await?;
        for (reference, one) in erased {
            self.files.remove(one.files).await;
            self.list_erasure(ErasedThing::Contact(reference.to_string()), one.raw)
                .await;
        }
        Ok(PersonErased {
            at: self.clock.now(),
            references,
            is_cleared: self.clear_deleted().await?,
        })
    }

    /// Returns the contacts of [`Store::contacts_of_person`] unmasked, with all messages, for the file that the person gets. `seen` are the
    /// references of the preview: callers who gave the same name, such as "Mum", can be different people.
    ///
    /// # Errors
    /// Returns [`Conflict::Changed`] if the person has other contacts than the preview showed. Returns the errors of
    /// [`Store::contacts_of_person`].
    pub async fn export_person(
        &self,
        who: &Reauthenticated,
        reference: Reference,
        seen: &[Reference],
    ) -> Result<Vec<ContactDetail>, StoreError> {
        let rows = self.rows_of_person(&self.reading, reference).await?;
        let references: Vec<Reference> = rows.iter().map(reference_of).collect();
        if !is_same_set(&references, seen) {
            return Err(StoreError::Conflict(Conflict::Changed));
        }
        self.audit(
            Some(who.member()),
            AuditAction::ExportPerson,
            &reference.to_string(),
        )
        .await?;
        let mut all = Vec::new();
        for reference in references {
            all.extend(self.contact(reference).await?);
        }
        Ok(all)
    }

    async fn rows_of_person(
        &self,
        connection: &impl ConnectionTrait,
        reference: Reference,
    ) -> Result<Vec<contacts::Model>, StoreError> {
        let contact = contacts::Entity::find()
            .filter(contacts::Column::Reference.eq(reference.number()))
            .one(connection)
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        if contact.data_key.is_none() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let mut same = Condition::any().add(contacts::Column::Id.eq(contact.id));
        if let Some(identifier) = self.contact_content(&contact)?.identifier {
            // The same address has another hash on each line.
            let lines = self.lines();
            let names = lines.iter().map(|line| line.name.as_str());
            for line in names.chain([contact.line.as_str()]) {
                let hash = self.hash_of_identifier(line, &identifier);
                same = same.add(contacts::Column::IdentifierHash.eq(hash));
            }
        }
        Ok(contacts::Entity::find()
            .filter(same)
            .filter(contacts::Column::DataKey.is_not_null())
            .order_by_asc(contacts::Column::OpenedAt)
            .order_by_asc(contacts::Column::Id)
            .all(connection)
            .await?)
    }
}
