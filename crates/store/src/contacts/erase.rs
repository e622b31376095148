//! Erasing the data about a person. The contact row remains with its day, line and classification, so the figures of the statistics do not
//! change.

use std::collections::BTreeSet;

use hotline_core::{
    identifiers::{chance, reference::Reference},
    staff::audit::AuditAction,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{
            attachments, case_contacts, cases as case_rows, contacts, drafts, erasures, follows, holds, jobs,
            journal, journal_contacts, links, messages, outbox, outreach, people, pinned_notes, records,
            reveals, versions,
        },
        erasure_list::{ErasedRaw, ErasedThing},
        store::Store,
        values::{ErasureCause, FetchState, HistoryKind},
    },
    error::{Conflict, StoreError},
    statistics::counts::AT_ONCE,
};

mod cases;
mod freed;
pub mod person;

/// What has to be done after the commit of an erasure.
pub(crate) struct ErasedContact {
    /// The ids of the files to delete.
    pub files: Vec<Uuid>,
    /// The raw messages that were erased, for the list of erasures.
    pub raw: Vec<ErasedRaw>,
}

/// Why and by whom a contact is erased, for the protocol.
pub(crate) struct ErasureOrder<'a> {
    pub cause: ErasureCause,
    /// The rule of the settings. Empty if the cause is not a rule.
    pub rule: &'a str,
    /// The worker, the operating-system account at the command line, or the log-in name at the desk.
    pub agent: &'a str,
    /// The member of staff at the desk.
    pub actor: Option<Uuid>,
}

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
    /// Returns [`StoreError::Conflict`] if the contact is open or already erased, if one of its cases is open, or if a legal hold keeps it.
    /// Nothing changes then.
    pub async fn erase(&self, account: &str, reference: Reference) -> Result<bool, StoreError> {
        let agent = format!("{account} at the command line");
        let transaction = self.begin().await?;
        let contact = self.lock_to_erase(&transaction, reference).await?;
        let order = ErasureOrder {
            cause: ErasureCause::Command,
            rule: "",
            agent: &agent,
            actor: None,
        };
        let erased = self.erase_in(&transaction, &contact, &order).await?;
        self.commit(transaction).await?;
        self.files.remove(erased.files).await;
        self.list_erasure(ErasedThing::Contact(reference.to_string()), erased.raw)
            .await;
        self.clear_deleted().await
    }

    /// Locks a contact that is to be erased, and everything that can place a hold on it, until the transaction ends.
    pub(crate) async fn lock_to_erase(
        &self,
        transaction: &DatabaseTransaction,
        reference: Reference,
    ) -> Result<contacts::Model, StoreError> {
        self.lock_registration(transaction).await?;
        self.lock_contact(transaction, reference).await
    }

    /// Erases the content of a closed contact in an open transaction, and enters the erasure in the protocol and the audit log. A contact that
    /// is erased again after a restore may be open, and nothing keeps it.
    ///
    /// # Errors
    /// Returns the errors of [`Store::erase`].
    pub(crate) async fn erase_in(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        order: &ErasureOrder<'_>,
    ) -> Result<ErasedContact, StoreError> {
        let is_again = order.cause == ErasureCause::Replay;
        if !is_again && let Some(conflict) = self.why_kept(transaction, contact).await? {
            return Err(StoreError::Conflict(conflict));
        }
        let said = messages::Entity::find().filter(messages::Column::ContactId.eq(contact.id));
        let said = said.all(transaction).await?;
        let mut erased = self.erase_raw(transaction, contact, &said).await?;
        erased
            .files
            .extend(erase_messages(transaction, contact, &said).await?);
        self.erase_cases(transaction, contact.id, is_again).await?;
        self.forget_saved_views(transaction, &self.contact_content(contact)?)
            .await?;
        self.forget_person(transaction, contact).await?;
        forget_reasons(transaction, holds::Column::ContactId.eq(contact.id)).await?;
        reveals::Entity::delete_many()
            .filter(reveals::Column::ContactId.eq(contact.id))
            .exec(transaction)
            .await?;
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
        .update(transaction)
        .await?;
        self.add_event(transaction, contact.id, order.actor, HistoryKind::Erased, "")
            .await?;
        let entry = erasures::ActiveModel {
            id: NotSet,
            at: Set(self.now()),
            reference: Set(contact.reference),
            cause: Set(order.cause),
            rule: Set(order.rule.to_owned()),
            agent: Set(order.agent.to_owned()),
        };
        entry.insert(transaction).await?;
        let reference = reference_of(contact);
        let what = match order.cause {
            ErasureCause::Rule => format!("{reference} by {} and the rule {}", order.agent, order.rule),
            ErasureCause::Command | ErasureCause::Replay | ErasureCause::Person => {
                format!("{reference} by {}", order.agent)
            }
        };
        self.audit_in(transaction, order.actor, AuditAction::Erase, &what)
            .await?;
        Ok(erased)
    }

    /// Returns why a contact cannot be erased now. `None` if it can be erased.
    pub(crate) async fn why_kept(
        &self,
        connection: &impl ConnectionTrait,
        contact: &contacts::Model,
    ) -> Result<Option<Conflict>, StoreError> {
        if contact.data_key.is_none() {
            return Ok(Some(Conflict::DoneAlready));
        }
        if contact.status.0.is_open() {
            return Ok(Some(Conflict::StillOpen));
        }
        let locked = attachments::Entity::find()
            .filter(attachments::Column::ContactId.eq(contact.id))
            .filter(attachments::Column::Fate.eq(FetchState::Locked));
        if locked.one(connection).await?.is_some() {
            return Ok(Some(Conflict::FileLocked));
        }
        let of_contact =
            case_contacts::Entity::find().filter(case_contacts::Column::ContactId.eq(contact.id));
        let of_contact = of_contact.all(connection).await?;
        let case_ids: Vec<Uuid> = of_contact.iter().map(|link| link.case_id).collect();
        let is_open = case_rows::Entity::find()
            .filter(case_rows::Column::Id.is_in(case_ids.iter().copied()))
            .filter(case_rows::Column::ClosedAt.is_null());
        if is_open.one(connection).await?.is_some() {
            return Ok(Some(Conflict::CaseOpen));
        }
        let kept = self.is_held(connection, contact.id, &case_ids).await?;
        Ok(kept.then_some(Conflict::OnHold))
    }

    /// Erases the raw messages of a contact. Keeps the hashes of their ids, so that a raw message that is delivered again is recognised.
    async fn erase_raw(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        said: &[messages::Model],
    ) -> Result<ErasedContact, StoreError> {
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
        let (mut files, mut erased) = (Vec::new(), Vec::new());
        for some in raw.chunks(AT_ONCE) {
            let of = || journal::Column::Id.is_in(some.iter().copied());
            let rows = journal::Entity::find().filter(of()).all(transaction).await?;
            for row in rows {
                files.extend(row.file);
                erased.push(ErasedRaw {
                    hash: data_encoding::HEXLOWER.encode(&row.external_hash),
                    line: row.line,
                    received_at: row.received_at,
                    size: row.size,
                });
            }
            journal::Entity::update_many()
                .col_expr(journal::Column::DataKey, Expr::value(Option::<Vec<u8>>::None))
                .col_expr(journal::Column::Sealed, Expr::value(Option::<Vec<u8>>::None))
                .col_expr(journal::Column::File, Expr::value(Option::<Uuid>::None))
                .filter(of())
                .exec(transaction)
                .await?;
        }
        Ok(ErasedContact { files, raw: erased })
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

/// Deletes the reasons of holds, which are content, and keeps the holds.
async fn forget_reasons(transaction: &DatabaseTransaction, of: SimpleExpr) -> Result<(), StoreError> {
    holds::Entity::update_many()
        .col_expr(holds::Column::Reason, Expr::value(Option::<Vec<u8>>::None))
        .col_expr(holds::Column::LiftReason, Expr::value(Option::<Vec<u8>>::None))
        .filter(of)
        .exec(transaction)
        .await?;
    Ok(())
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
