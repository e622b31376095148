//! Erasing the data about a person. The contact row remains with its day, line and classification, so the figures of the statistics do not
//! change.

use std::collections::BTreeSet;

use hotline_core::{
    identifiers::{chance, reference::Reference},
    staff::audit::AuditAction,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{
            attachments, contacts, drafts, follows, jobs, journal, journal_contacts, links, messages, outbox,
            outreach, people, pinned_notes, records, versions,
        },
        store::Store,
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
    statistics::counts::AT_ONCE,
};

mod cases;
mod freed;

impl Store {
    /// Erases the content of a closed contact: messages with their earlier versions, notes, drafts, files, addresses, names, delivery
    /// reports, the texts of the contact's cases, and every raw message. Also erases the keys that encrypted this content. The hashes of
    /// the raw messages' ids remain, so a raw message that is delivered again is still recognised. A later message from the person opens a
    /// new contact.
    ///
    /// `account` is the operating-system account of the person who runs the command. It is recorded in the audit log.
    ///
    /// Returns `false` if SQLite's write-ahead log still contains erased content because another connection was reading from it. The log is
    /// emptied when the service next stops.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is open or already erased, or if one of its cases is open. Nothing changes then.
    pub async fn erase(&self, account: &str, reference: Reference) -> Result<bool, StoreError> {
        let (transaction, contact) = self.begin_on(reference).await?;
        if contact.status.0.is_open() {
            return Err(StoreError::Conflict(Conflict::StillOpen));
        }
        if contact.data_key.is_none() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let said = messages::Entity::find().filter(messages::Column::ContactId.eq(contact.id));
        let said = said.all(&transaction).await?;
        let mut files = self.erase_raw(&transaction, &contact, &said).await?;
        files.extend(erase_messages(&transaction, &contact, &said).await?);
        self.erase_cases(&transaction, contact.id).await?;
        self.forget_saved_views(&transaction, &self.contact_content(&contact)?)
            .await?;
        self.forget_person(&transaction, &contact).await?;
        // Removes the address and thread values. With them, a later message from the person would join this contact.
        contacts::ActiveModel {
            id: Unchanged(contact.id),
            identifier_hash: Set(None),
            thread_hash: Set(chance::bytes::<32>().into()),
            open_key: Set(chance::bytes::<32>().into()),
            data_key: Set(None),
            card: Set(None),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.add_event(&transaction, contact.id, None, HistoryKind::Erased, "")
            .await?;
        self.audit_in(
            &transaction,
            None,
            AuditAction::Erase,
            &format!("{reference} by {account} at the command line"),
        )
        .await?;
        self.commit(transaction).await?;
        self.files.remove(files).await;
        self.clear_deleted().await
    }

    /// Erases the raw messages of a contact. Keeps the hashes of their ids, so that a raw message that is delivered again is recognised.
    /// Returns the ids of the files to delete.
    async fn erase_raw(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        said: &[messages::Model],
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut raw: BTreeSet<i64> = BTreeSet::new();
        let key = self.contact_key(contact)?;
        for message in said {
            raw.extend(message.journal_id);
            // If a message consists of several parts, each part may have arrived in a raw message of its own.
            let body = self.message_content(&key, message)?;
            raw.extend(body.parts.iter().map(|part| part.files_of));
        }
        // `journal_contacts` links the raw messages of earlier versions, delivery reports and repeated deliveries to the contact. They are
        // erased too.
        let of_contact = || journal_contacts::Column::ContactId.eq(contact.id);
        let tied = journal_contacts::Entity::find().filter(of_contact());
        raw.extend(tied.all(transaction).await?.into_iter().map(|one| one.journal_id));
        journal_contacts::Entity::delete_many()
            .filter(of_contact())
            .exec(transaction)
            .await?;
        let raw: Vec<i64> = raw.into_iter().collect();
        let mut files = Vec::new();
        for some in raw.chunks(AT_ONCE) {
            let of = || journal::Column::Id.is_in(some.iter().copied());
            let rows = journal::Entity::find().filter(of()).all(transaction).await?;
            files.extend(rows.into_iter().filter_map(|row| row.file));
            journal::Entity::update_many()
                .col_expr(journal::Column::DataKey, Expr::value(Option::<Vec<u8>>::None))
                .col_expr(journal::Column::Sealed, Expr::value(Option::<Vec<u8>>::None))
                .col_expr(journal::Column::File, Expr::value(Option::<Uuid>::None))
                .filter(of())
                .exec(transaction)
                .await?;
        }
        Ok(files)
    }

    /// Deletes what is stored about the contact's identifier, unless another contact has the same identifier: a block by staff, the
    /// person's language, and the record that the person sent `/stop`.
    async fn forget_person(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
    ) -> Result<(), StoreError> {
        let Some(hash) = &contact.identifier_hash else {
            return Ok(());
        };
        let other = contacts::Entity::find()
            .filter(contacts::Column::IdentifierHash.eq(hash.clone()))
            .filter(contacts::Column::Id.ne(contact.id))
            .one(transaction)
            .await?;
        if other.is_none() {
            people::Entity::delete_many()
                .filter(people::Column::IdentifierHash.eq(hash.clone()))
                .exec(transaction)
                .await?;
        }
        Ok(())
    }
}

/// Deletes the messages, attachments, drafts and links of a contact, and the jobs for them. Returns the ids of the files to delete.
async fn erase_messages(
    transaction: &DatabaseTransaction,
    contact: &contacts::Model,
    said: &[messages::Model],
) -> Result<Vec<Uuid>, StoreError> {
    for some in said.chunks(AT_ONCE) {
        let of = versions::Column::MessageId.is_in(some.iter().map(|one| one.id));
        versions::Entity::delete_many()
            .filter(of)
            .exec(transaction)
            .await?;
    }
    let files = attachments::Entity::find().filter(attachments::Column::ContactId.eq(contact.id));
    let files: Vec<Uuid> = files
        .all(transaction)
        .await?
        .into_iter()
        .map(|file| file.id)
        .collect();
    let sent = outbox::Entity::find().filter(outbox::Column::ContactId.eq(contact.id));
    let sent: Vec<Uuid> = sent
        .all(transaction)
        .await?
        .into_iter()
        .map(|one| one.id)
        .collect();
    for some in sent.chunks(AT_ONCE) {
        let of = jobs::Column::OutboxId.is_in(some.iter().copied());
        jobs::Entity::delete_many().filter(of).exec(transaction).await?;
    }
    for some in files.chunks(AT_ONCE) {
        let of = jobs::Column::AttachmentId.is_in(some.iter().copied());
        jobs::Entity::delete_many().filter(of).exec(transaction).await?;
    }
    outbox::Entity::delete_many()
        .filter(outbox::Column::ContactId.eq(contact.id))
        .exec(transaction)
        .await?;
    attachments::Entity::delete_many()
        .filter(attachments::Column::ContactId.eq(contact.id))
        .exec(transaction)
        .await?;
    drafts::Entity::delete_many()
        .filter(drafts::Column::ContactId.eq(contact.id))
        .exec(transaction)
        .await?;
    follows::Entity::delete_many()
        .filter(follows::Column::ContactId.eq(contact.id))
        .exec(transaction)
        .await?;
    pinned_notes::Entity::delete_many()
        .filter(pinned_notes::Column::ContactId.eq(contact.id))
        .exec(transaction)
        .await?;
    links::Entity::delete_many()
        .filter(
            links::Column::ContactId
                .eq(contact.id)
                .or(links::Column::OtherId.eq(contact.id)),
        )
        .exec(transaction)
        .await?;
    records::Entity::update_many()
        .col_expr(records::Column::Words, Expr::value(Option::<Vec<u8>>::None))
        .filter(records::Column::ContactId.eq(contact.id))
        .exec(transaction)
        .await?;
    outreach::Entity::update_many()
        .col_expr(outreach::Column::ContactId, Expr::value(Option::<Uuid>::None))
        .filter(outreach::Column::ContactId.eq(contact.id))
        .exec(transaction)
        .await?;
    messages::Entity::delete_many()
        .filter(messages::Column::ContactId.eq(contact.id))
        .exec(transaction)
        .await?;
    Ok(files)
}
