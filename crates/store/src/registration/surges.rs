//! Quarantining the posts of a surge. These posts arrived before the guard of the line recognised the flood.
//!
//! A surge is stored, so that its posts are also quarantined if they are registered later, by another process or after a crash.

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    contact::{
        lifecycle::Marking,
        message::{Incoming, Normalised},
        provenance::Provenance,
    },
    identifiers::line_name::LineName,
    intake::flood::Surge,
    routing::skills::DANGER,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{
    db::{
        entity::{contacts, surges},
        store::Store,
        stored::Stored,
        values::HistoryKind,
    },
    error::StoreError,
    jobs::queue::Journalled,
    registration::register::ParsedMessage,
};

/// The guard observes a post shortly before the arrival time of the post is recorded. A post that the guard observed during a surge can
/// therefore have an arrival time after the end of the surge. A post without a form belongs to a surge if its arrival time is at most this
/// long after the end of the surge.
const AFTER: TimeDelta = TimeDelta::minutes(1);
/// Surges are deleted after this time.
const KEPT: TimeDelta = TimeDelta::days(90);

impl Store {
    /// Stores a surge, and quarantines the contacts that were opened by posts of the surge without a form. Contacts that staff have opened
    /// or answered stay as they are. A contact that is quarantined here loses its assignee, unless the contact is in danger.
    ///
    /// # Errors
    /// Fails if the surge was not stored. No contact is quarantined then.
    pub(crate) async fn quarantine_posts_of(&self, line: &LineName, surge: Surge) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        // Because of this lock, a post that is registered at the same time either finds the stored surge or already has its contact.
        self.lock_registration(&transaction).await?;
        self.keep_surge(&transaction, line, surge).await?;
        let until = surge.recognised_at + AFTER;
        let mut opened = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(line.as_str()))
            .filter(contacts::Column::OpenedAt.between(micros(surge.since), micros(until)))
            .filter(contacts::Column::WithoutForm.eq(true))
            .filter(contacts::Column::FirstReadAt.is_null())
            .filter(contacts::Column::FirstReplyAt.is_null())
            .filter(Expr::cust("status = 'waiting' AND marking IS NULL"))
            .order_by_asc(contacts::Column::Id);
        if !self.on_sqlite() {
            opened = opened.lock_exclusive();
        }
        let opened = opened.all(&transaction).await?;
        for contact in &opened {
            let mut quarantined = contacts::Model {
                marking: Some(Stored(Marking::Quarantine)),
                ..contact.clone()
            };
            if contact.urgency < DANGER {
                (quarantined.assignee, quarantined.team) = (None, None);
            }
            self.change_contact(&transaction, contact, &quarantined).await?;
            let detail = Marking::Quarantine.as_str();
            self.add_event(&transaction, contact.id, None, HistoryKind::Marked, detail)
                .await?;
        }
        self.commit(transaction).await?;
        tracing::warn!(line.name = %line, contacts = opened.len(), "The contacts with which the flood began are in quarantine");
        Ok(())
    }

    async fn keep_surge(
        &self,
        transaction: &DatabaseTransaction,
        line: &LineName,
        surge: Surge,
    ) -> Result<(), StoreError> {
        surges::Entity::delete_many()
            .filter(surges::Column::RecognisedAt.lt(micros(self.clock.now() - KEPT)))
            .exec(transaction)
            .await?;
        let row = surges::ActiveModel {
            line: Set(line.as_str().to_owned()),
            recognised_at: Set(micros(surge.recognised_at)),
            since: Set(micros(surge.since)),
        };
        let known = OnConflict::columns([surges::Column::Line, surges::Column::RecognisedAt])
            .do_nothing()
            .to_owned();
        surges::Entity::insert(row)
            .on_conflict(known)
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }

    /// Loads the surges to which messages of a batch may belong.
    pub(super) async fn surges_of(
        &self,
        transaction: &DatabaseTransaction,
        kept: &[ParsedMessage],
    ) -> Result<Vec<surges::Model>, StoreError> {
        let arrivals = kept.iter().filter_map(|message| {
            let without_form = matches!(&message.normalised, Normalised::Message(incoming)
                if incoming.provenance == Provenance::WithoutForm);
            without_form.then_some(message.journalled.raw.received_at)
        });
        let Some(first) = arrivals.min() else {
            return Ok(Vec::new());
        };
        Ok(surges::Entity::find()
            .filter(surges::Column::RecognisedAt.gte(micros(first - AFTER)))
            .all(transaction)
            .await?)
    }
}

/// Returns whether the contact that a message opens is quarantined.
pub(super) fn is_quarantined(surges: &[surges::Model], journalled: &Journalled, incoming: &Incoming) -> bool {
    match incoming.provenance {
        Provenance::Ordinary => false,
        Provenance::Unproven => true,
        Provenance::WithoutForm => {
            let (raw, arrived) = (&journalled.raw, micros(journalled.raw.received_at));
            let after = AFTER.num_microseconds().unwrap_or_default();
            surges.iter().any(|surge| {
                surge.line == raw.line.as_str()
                    && (surge.since..=surge.recognised_at.saturating_add(after)).contains(&arrived)
            })
        }
    }
}

fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}
