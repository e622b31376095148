//! Notices from a platform about a person. They are shown in the person's contact. If a notice reports that the person chose a language or
//! sent `/stop`, this choice is stored.

use hotline_core::{
    contact::message::{News, Notice},
    identifiers::ids,
};
use sea_orm::DatabaseTransaction;

use crate::{
    db::{
        entity::messages,
        store::Store,
        stored::Stored,
        values::{Direction, HistoryKind, Outcome},
    },
    error::StoreError,
    intake::choices,
    jobs::queue::Journalled,
    registration::changes::Changes,
    sealing::{
        bodies::{MessageContent, seal},
        places::message_content_place,
    },
};

impl Store {
    pub(super) async fn decide_notice(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        journalled: &Journalled,
        notice: &Notice,
    ) -> Result<(), StoreError> {
        let line = journalled.raw.line.as_str();
        let journal_id = journalled.job.journal_id;
        let hash = self.hash_of_identifier(line, notice.identifier.expose());
        choices::choose(transaction, line, hash.clone(), notice.news).await?;
        let choice = changes.state.choices.entry(hash.clone()).or_default();
        match notice.news {
            News::Chose(language) => choice.language = Some(language),
            News::Stopped => {
                choice.stopped = true;
                changes.heard.remove(&hash);
            }
            News::Blocked | News::Unblocked | News::Gap => {}
        }
        let mine = changes.state.of_identifier(line, Some(&hash));
        let Some(contact_id) = mine.first().copied() else {
            changes.set_outcome(
                journal_id,
                Outcome::Ignored,
                "news of somebody who has not written",
            );
            return Ok(());
        };
        if let News::Chose(language) = notice.news {
            changes.state.contact_mut(contact_id)?.language = Some(Stored(language));
        }
        let key = self.contact_key(changes.state.contact(contact_id)?)?;
        let id = ids::new(self.clock.now());
        let body = MessageContent {
            text: notice.news.as_str().to_owned(),
            ..MessageContent::default()
        };
        changes.messages.push(messages::Model {
            id,
            contact_id,
            direction: Direction::Notice,
            author: None,
            at: journalled.raw.received_at.timestamp_micros(),
            journal_id: Some(journal_id),
            body: Some(seal(&key, &message_content_place(id), &body)?),
            message_id_hash: None,
            digest: None,
        });
        changes.event(
            contact_id,
            self.now(),
            None,
            HistoryKind::News,
            notice.news.as_str(),
        );
        changes.set_outcome(journal_id, Outcome::Notice, "");
        Ok(())
    }
}
