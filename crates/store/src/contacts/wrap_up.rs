//! Wrap-up: classifying contacts by a scheme of questions and answers. An incomplete classification can be saved. Unless the configuration
//! says otherwise, a contact can be closed only when its classification is complete. Each stored classification names the scheme and its
//! version.

use hotline_core::{
    contact::{
        classification::{Answers, KIND, PRESENTATION, TOPIC},
        urgency::UrgencyRules,
    },
    identifiers::reference::Reference,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ConnectionTrait, DatabaseTransaction, EntityTrait,
    sea_query::OnConflict,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, records},
        store::Store,
        values::HistoryKind,
    },
    error::{Conflict, StoreError, unreadable},
    sealing::bodies::{seal, unseal},
    staff::{accounts::StaffMember, schemes::number_of},
    statistics::counts,
};

/// The classification of a contact so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrapUpRecord {
    /// Answers, by the id of their question.
    pub answers: Answers,
    /// The answers that are not free text. The statistics count only these answers.
    pub(crate) chosen: Answers,
    /// Questions that must still be answered before the contact can be closed.
    pub missing: Vec<String>,
}

impl Store {
    /// Returns whether a contact must be classified before it is closed.
    #[must_use]
    pub const fn requires_wrap_up(&self) -> bool {
        self.wrap_up
    }

    /// Returns the rules that raise the urgency of contacts.
    #[must_use]
    pub fn urgency_rules(&self) -> &UrgencyRules {
        match &self.urgency_rules {
            Some(rules) => rules,
            None => UrgencyRules::centre(),
        }
    }

    /// Saves the answers of a contact's classification, complete or not. Choosing a kind that is also a marking (spam, test, duplicate)
    /// marks the contact. Choosing any other kind removes the marking.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the scheme has no such answer, if the contact is assigned to someone else, or if the chosen kind
    /// is a marking and the marking would close the contact but requires a reason (see [`Store::mark`]).
    pub async fn classify(
        &self,
        who: &StaffMember,
        reference: Reference,
        answers: Answers,
    ) -> Result<(), StoreError> {
        self.classify_with_reason(who, reference, answers, None).await
    }

    /// Classifies a contact like [`Store::classify`]. If the answers mark the contact and thereby close it, `reason` is stored as a note.
    pub(crate) async fn classify_with_reason(
        &self,
        who: &StaffMember,
        reference: Reference,
        answers: Answers,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let scheme = self.scheme();
        let answers = scheme
            .validate(answers)
            .map_err(|_| StoreError::Conflict(Conflict::InvalidAnswers))?;
        let (transaction, contact) = self.begin_work(who, reference).await?;
        let before = self.record_of(&transaction, &contact).await?;
        let answers = scheme.replace_answers(&before.answers, answers);
        if before.answers == answers {
            return Ok(());
        }
        self.keep_record(&transaction, who, &contact, &answers).await?;
        let marking = |answers: &Answers| scheme.kind(answers).and_then(|kind| kind.marking);
        if marking(&before.answers) != marking(&answers) {
            self.mark_in(&transaction, who, &contact, marking(&answers), reason)
                .await?;
        }
        // The history records only the first answers and each change from an incomplete to a complete classification or back.
        let (complete, was_complete) = (scheme.missing(&answers).is_empty(), before.missing.is_empty());
        if before.answers.is_empty() || complete != was_complete {
            let kind = if complete {
                HistoryKind::Classified
            } else {
                HistoryKind::ClassifiedInPart
            };
            self.add_event(&transaction, contact.id, Some(who.id), kind, "")
                .await?;
        }
        self.commit(transaction).await
    }

    /// Replaces the stored answers of a contact and updates the figures of the statistics.
    pub(crate) async fn keep_record(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        contact: &contacts::Model,
        answers: &Answers,
    ) -> Result<(), StoreError> {
        let before = self.record_of(transaction, contact).await?.chosen;
        let scheme = self.scheme();
        let (chosen, words) = scheme.chosen_and_words(answers);
        let columns = contact.into();
        let (before, after) = (self.facts(&columns, &before), self.facts(&columns, &chosen));
        counts::recount(transaction, &before, &after).await?;
        if answers
            .get(KIND)
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == PRESENTATION))
        {
            self.plan_presentation(transaction, who, contact).await?;
        }
        let complete = scheme.missing(answers).is_empty();
        // Free text may name a person, so it is encrypted with the contact's key and erased with the contact.
        let place = words_place(contact.id);
        let sealed = || seal(&self.contact_key(contact)?, &place, &words);
        let words = (!words.is_empty()).then(sealed).transpose()?;
        let row = records::ActiveModel {
            contact_id: Set(contact.id),
            scheme: Set(scheme.name.clone()),
            version: Set(number_of(&scheme)),
            answers: Set(serde_json::to_string(&chosen).unwrap_or_default()),
            words: Set(words),
            complete: Set(complete),
            by: Set(who.id),
            at: Set(self.now()),
        };
        let newer = OnConflict::column(records::Column::ContactId)
            .update_columns([
                records::Column::Scheme,
                records::Column::Version,
                records::Column::Answers,
                records::Column::Words,
                records::Column::Complete,
                records::Column::By,
                records::Column::At,
            ])
            .to_owned();
        records::Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(transaction)
            .await?;
        let shown = contacts::ActiveModel {
            id: Unchanged(contact.id),
            // Without an answer, the urgency that the rules found stays.
            urgency: Set(scheme.urgency(answers).unwrap_or(contact.urgency)),
            topic: Set(answers.get(TOPIC).and_then(|topics| topics.first().cloned())),
            ..Default::default()
        };
        shown.update(transaction).await?;
        Ok(())
    }

    pub(crate) async fn record_of(
        &self,
        connection: &impl ConnectionTrait,
        contact: &contacts::Model,
    ) -> Result<WrapUpRecord, StoreError> {
        let row = records::Entity::find_by_id(contact.id).one(connection).await?;
        let mut scheme = self.scheme();
        // Another process may have put a newer version into force a moment ago. Only that version knows which answers are counselling, so
        // the figures would differ from a recount.
        if row
            .as_ref()
            .is_some_and(|row| row.scheme == scheme.name && row.version > number_of(&scheme))
        {
            self.refresh_scheme().await?;
            scheme = self.scheme();
        }
        let chosen = row
            .as_ref()
            .map(|row| serde_json::from_str::<Answers>(&row.answers));
        let chosen = chosen.transpose().map_err(unreadable)?.unwrap_or_default();
        let mut answers = chosen.clone();
        // An erased contact has no key, so its free text cannot be decrypted and is left out.
        if let Some(sealed) = row.and_then(|row| row.words)
            && let Ok(key) = self.contact_key(contact)
        {
            let words: Answers = unseal(&key, &words_place(contact.id), &sealed)?;
            answers.extend(words);
        }
        let missing = scheme.missing(&answers).into_iter();
        Ok(WrapUpRecord {
            missing: missing.map(|question| question.id.clone()).collect(),
            answers,
            chosen,
        })
    }

    /// Returns `true` if a contact may be closed: if it is marked, if its classification is complete, or if the configuration makes the
    /// wrap-up optional.
    pub(crate) async fn is_wrapped_up(
        &self,
        connection: &impl ConnectionTrait,
        contact: &contacts::Model,
    ) -> Result<bool, StoreError> {
        let marked = contact.marking.is_some();
        Ok(!self.wrap_up || marked || self.record_of(connection, contact).await?.missing.is_empty())
    }
}

fn words_place(contact: Uuid) -> String {
    format!("contact|{contact}|words of the record")
}
