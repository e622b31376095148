//! Registers each message exactly once, in a new or an existing contact. All changes that a message causes are written in the same
//! transaction.
//!
//! The messages of a batch share a transaction. First, the stored contacts, messages and choices that these messages may affect are loaded.
//! Then the rules of `hotline_core` decide about one message after another. A decision takes the earlier messages of the batch into
//! account. At the end, all changes are written together.

use std::collections::{HashMap, HashSet};

use hotline_core::{
    abuse_material::FileHash,
    contact::{
        classification::Answers,
        message::{Incoming, Normalised, Origin, Remark, Unreadable},
    },
    statistics::figures,
};
use sea_orm::{
    Condition, ConnectionTrait, DatabaseTransaction,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{attachments, jobs},
        store::Store,
        values::Outcome,
    },
    error::StoreError,
    jobs::queue::Journalled,
    registration::{changes::Changes, message::Arrival, urgency::AssessedText},
};

pub use crate::registration::call::NewCall;

impl Store {
    /// Registers parsed messages, each exactly once. If another process has taken over the job of a message because this process lost its
    /// lease, the message is skipped; the other process registers it.
    ///
    /// # Errors
    /// Fails if the batch was not written. The call can safely be repeated.
    pub async fn register(&self, batch: Vec<(Journalled, Normalised)>) -> Result<(), StoreError> {
        // With an empty batch, the statement that deletes the batch's jobs would delete all jobs.
        if batch.is_empty() {
            return Ok(());
        }
        let mut kept = Vec::with_capacity(batch.len());
        let mut hashes = HashMap::new();
        for (journalled, normalised) in batch {
            let incoming = self.write_incoming_files(&journalled, &normalised).await?;
            hashes.extend(incoming.hashes);
            kept.push(ParsedMessage {
                assessed: self.assess_early(&normalised),
                journalled,
                normalised,
                attachments: incoming.rows,
            });
        }
        let files: HashSet<Uuid> = kept
            .iter()
            .flat_map(|message| message.attachments.iter().map(|file| *file.id.as_ref()))
            .collect();
        let used = self.register_kept(kept, &hashes).await?;
        // Deletes the files of messages that were not registered, such as repeated messages, because no attachment row refers to these
        // files. If `register_kept` fails, it is unknown whether the rows were committed, so all files are kept.
        self.files
            .remove(files.difference(&used).copied().collect())
            .await;
        self.notify_changed().await;
        self.deliver_due.notify_one();
        self.fetch_due.notify_one();
        Ok(())
    }

    /// Registers the batch in one transaction. Returns the ids of the stored attachments. `hashes` are the hashes of the stored files.
    async fn register_kept(
        &self,
        mut kept: Vec<ParsedMessage>,
        hashes: &HashMap<Uuid, FileHash>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let held = finish_jobs(&transaction, &kept).await?;
        kept.retain(|message| held.contains(&message.journalled.job.id));
        // Every transaction locks contacts before figures, to prevent deadlocks. `look_up` therefore also locks the contacts to which
        // delivery reports refer.
        let known = self.look_up(&transaction, &kept).await?;
        let mut changes = Changes {
            now: self.now(),
            ..Changes::default()
        };
        let is_report = |message: &ParsedMessage| matches!(message.normalised, Normalised::Report(_));
        let (reports, others): (Vec<_>, Vec<_>) = kept.into_iter().partition(is_report);
        // Delivery reports change stored contacts. After the reports are applied, the state for the other messages is therefore loaded
        // again.
        let stale = !reports.is_empty();
        for report in reports {
            self.decide(&transaction, &mut changes, report).await?;
        }
        changes.state = match stale {
            true => self.look_up(&transaction, &others).await?,
            false => known,
        };
        for message in others {
            self.decide(&transaction, &mut changes, message).await?;
        }
        self.count(&transaction, &mut changes).await?;
        self.lock_known_files(&transaction, &mut changes, hashes).await?;
        let used = changes.attachments.iter().map(|part| *part.id.as_ref()).collect();
        changes.write(&transaction).await?;
        transaction.commit().await?;
        Ok(used)
    }

    /// Adds the changes that the batch causes in the statistics. The statistics change if a contact is opened or reopened, or if the
    /// language of a contact changes.
    pub(super) async fn count(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        for (id, contact) in &changes.state.contacts {
            let (before, after) = match changes.state.before(*id) {
                None => (Vec::new(), self.facts(&contact.into(), &Answers::new())),
                Some(earlier)
                    if (earlier.language, earlier.closed_at) != (contact.language, contact.closed_at) =>
                {
                    let chosen = self.record_of(transaction, contact).await?.chosen;
                    (
                        self.facts(&earlier.into(), &chosen),
                        self.facts(&contact.into(), &chosen),
                    )
                }
                Some(_) => continue,
            };
            for (cell, by) in figures::change(&before, &after) {
                *changes.figures.entry(cell).or_default() += by;
            }
        }
        Ok(())
    }

    /// Takes a lock until the transaction ends (PostgreSQL only). Processes that share a database therefore register one batch at a time.
    /// Otherwise another process could change the data between a decision and the write that follows. SQLite needs no lock, because it has
    /// only one writer.
    pub(crate) async fn lock_registration(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<(), StoreError> {
        if !self.on_sqlite() {
            transaction
                .execute_unprepared("SELECT pg_advisory_xact_lock(7205759403792794)")
                .await?;
        }
        Ok(())
    }

    async fn decide(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        message: ParsedMessage,
    ) -> Result<(), StoreError> {
        let ParsedMessage {
            journalled,
            normalised,
            attachments,
            assessed,
        } = message;
        let journal_id = journalled.job.journal_id;
        match normalised {
            Normalised::Message(incoming) => {
                let arrival = Arrival {
                    assessed,
                    ..self.arrival(&journalled, *incoming, attachments)
                };
                self.decide_message(transaction, changes, arrival, Outcome::Message)
                    .await
            }
            Normalised::Unreadable(unreadable) => {
                let arrival = self.arrival(&journalled, from_unreadable(unreadable), attachments);
                self.decide_message(transaction, changes, arrival, Outcome::Unreadable)
                    .await
            }
            Normalised::Notice(notice) => {
                self.decide_notice(transaction, changes, &journalled, &notice)
                    .await
            }
            Normalised::Ignore(reason) => {
                changes.set_outcome(journal_id, Outcome::Ignored, reason);
                Ok(())
            }
            Normalised::Report(report) => {
                let contact = self.apply_report(transaction, &report).await?;
                changes.link_raw(journal_id, contact);
                let reason = match contact {
                    Some(_) => "",
                    None => "a report about nothing we sent",
                };
                changes.set_outcome(journal_id, Outcome::Report, reason);
                Ok(())
            }
        }
    }
}

/// A raw message with its normalised form and the rows of its attachments.
pub(super) struct ParsedMessage {
    pub(super) journalled: Journalled,
    pub(super) normalised: Normalised,
    attachments: Vec<attachments::ActiveModel>,
    assessed: Option<AssessedText>,
}

/// Deletes the jobs of these messages, except jobs that another process has taken over because this process lost its lease. Returns the ids
/// of the deleted jobs.
async fn finish_jobs(
    transaction: &DatabaseTransaction,
    kept: &[ParsedMessage],
) -> Result<HashSet<i64>, StoreError> {
    let mut ours = Condition::any();
    for ParsedMessage { journalled, .. } in kept {
        ours = ours.add(
            Expr::col(jobs::Column::Id)
                .eq(journalled.job.id)
                .and(Expr::col(jobs::Column::Attempt).eq(journalled.job.attempt)),
        );
    }
    let delete = Query::delete()
        .from_table(jobs::Entity)
        .cond_where(ours)
        .returning_col(jobs::Column::Id)
        .to_owned();
    let deleted = transaction.query_all(&delete).await?;
    deleted
        .iter()
        .map(|row| row.try_get("", "id").map_err(StoreError::from))
        .collect()
}

/// Converts an unreadable message to a message without text, so that a contact is opened for it too.
fn from_unreadable(unreadable: Unreadable) -> Incoming {
    Incoming {
        identifier: unreadable.identifier,
        joining: unreadable.joining,
        subject: unreadable.subject,
        origin: Origin::Machine,
        remarks: vec![Remark::Unreadable],
        ..Incoming::default()
    }
}
