//! Registration: registers each message exactly once, in a new or an existing contact. Everything that a message changes is written in the
//! same transaction.
//!
//! Several messages share a transaction. Registration first loads the stored records of their identifiers and threads. Then the rules of
//! `core` decide about each message, taking the earlier ones of the batch into account. All results are written together at the end.

use std::collections::HashSet;

use hotline_core::{
    contact::{
        classification::Answers,
        counting::{Belongs, Joining, belongs},
        lifecycle::Status,
        message::{Incoming, Normalised, Origin, Remark, Unreadable},
    },
    identifiers::ids,
    statistics::figures,
    time::clock,
};
use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, DatabaseTransaction,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::db::stored::Stored;
use crate::{
    db::{
        entity::{attachments, contacts, jobs, messages},
        store::{LineSettings, Store},
        values::{Direction, HistoryKind, Outcome},
    },
    error::StoreError,
    jobs::queue::Journalled,
    registration::{
        batch::{Repeated, Written, repeated},
        changes::Changes,
        parts::Match,
        threading::as_candidates,
    },
    sealing::{
        bodies::{Body, Card, PieceBody, first_words, seal},
        places::{body_place, card_place, contact_place},
    },
};

pub use crate::registration::call::NewCall;

impl Store {
    /// Registers parsed messages, each exactly once. Skips messages whose lease was lost, because another process registers them.
    ///
    /// # Errors
    /// If the batch was not written. It is safe to repeat.
    pub async fn register(&self, batch: Vec<(Journalled, Normalised)>) -> Result<(), StoreError> {
        // With an empty batch, the statement that deletes the batch's jobs would delete all jobs.
        if batch.is_empty() {
            return Ok(());
        }
        let mut kept = Vec::with_capacity(batch.len());
        for (journalled, normalised) in batch {
            let parts = self.keep_parts(&journalled, &normalised).await?;
            kept.push((journalled, normalised, parts));
        }
        let files: HashSet<Uuid> = kept
            .iter()
            .flat_map(|(_, _, parts)| parts.iter().map(|part| *part.id.as_ref()))
            .collect();
        let used = self.register_kept(kept).await?;
        // Files of repeated messages were not stored, so they are deleted. After an error it is unknown what was committed, so all files
        // remain.
        self.files
            .remove(files.difference(&used).copied().collect())
            .await;
        self.notify_changed().await;
        self.deliver_due.notify_one();
        self.fetch_due.notify_one();
        Ok(())
    }

    /// Registers the batch in one transaction. Returns the ids of the stored attachments.
    async fn register_kept(&self, mut kept: Vec<ReadMessage>) -> Result<HashSet<Uuid>, StoreError> {
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        let held = finish_jobs(&transaction, &kept).await?;
        kept.retain(|(journalled, ..)| held.contains(&journalled.job.id));
        // Also locks the contacts of delivery reports, because contacts must be locked before figures.
        let known = self.look_up(&transaction, &kept).await?;
        let mut changes = Changes {
            now: self.now(),
            ..Changes::default()
        };
        let is_report = |kept: &ReadMessage| matches!(kept.1, Normalised::Report(_));
        let (reports, others): (Vec<ReadMessage>, Vec<ReadMessage>) = kept.into_iter().partition(is_report);
        // Reports change stored contacts, so the records for the other messages are loaded again after them.
        let stale = !reports.is_empty();
        for (journalled, normalised, parts) in reports {
            self.decide(&transaction, &mut changes, &journalled, normalised, parts)
                .await?;
        }
        changes.state = match stale {
            true => self.look_up(&transaction, &others).await?,
            false => known,
        };
        for (journalled, normalised, parts) in others {
            self.decide(&transaction, &mut changes, &journalled, normalised, parts)
                .await?;
        }
        self.count(&transaction, &mut changes).await?;
        let used = changes.attachments.iter().map(|part| *part.id.as_ref()).collect();
        changes.write(&transaction).await?;
        transaction.commit().await?;
        Ok(used)
    }

    /// Collects the changes of the figures: contacts that were opened or reopened, or whose language became known.
    pub(super) async fn count(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        for (index, contact) in changes.state.contacts.iter().enumerate() {
            let (before, after) = if changes.state.added.contains(&index) {
                (Vec::new(), self.facts(&contact.into(), &Answers::new()))
            } else if let Some(earlier) = changes.state.before(index)
                && (&earlier.language, earlier.closed_at) != (&contact.language, contact.closed_at)
            {
                let chosen = self.record_of(transaction, contact).await?.chosen;
                (
                    self.facts(&earlier.into(), &chosen),
                    self.facts(&contact.into(), &chosen),
                )
            } else {
                continue;
            };
            for (cell, by) in figures::change(&before, &after) {
                *changes.figures.entry(cell).or_default() += by;
            }
        }
        Ok(())
    }

    /// Takes a lock so that processes sharing a PostgreSQL database register one after the other. A decision based on what a process read
    /// must still be valid when it writes. SQLite has only one writer anyway.
    pub(crate) async fn one_at_a_time(&self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
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
        journalled: &Journalled,
        normalised: Normalised,
        parts: Vec<attachments::ActiveModel>,
    ) -> Result<(), StoreError> {
        let journal_id = journalled.job.journal_id;
        match normalised {
            Normalised::Message(incoming) => {
                self.decide_message(
                    transaction,
                    changes,
                    journalled,
                    *incoming,
                    parts,
                    Outcome::Message,
                )
                .await
            }
            Normalised::Unreadable(unreadable) => {
                let incoming = from_unreadable(unreadable);
                self.decide_message(
                    transaction,
                    changes,
                    journalled,
                    incoming,
                    parts,
                    Outcome::Unreadable,
                )
                .await
            }
            Normalised::Notice(notice) => {
                self.decide_notice(transaction, changes, journalled, &notice)
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

    async fn decide_message(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        journalled: &Journalled,
        mut incoming: Incoming,
        parts: Vec<attachments::ActiveModel>,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let journal_id = journalled.job.journal_id;
        if let Some((id, token)) = &incoming.echo_of
            && let Some(contact) = self.sent_by_us(transaction, *id, token.as_ref()).await?
        {
            changes.link_raw(journal_id, Some(contact));
            changes.set_outcome(journal_id, Outcome::Ignored, "our own message, come back");
            return Ok(());
        }
        let line = journalled.raw.line.as_str();
        let identifier_hash = incoming
            .identifier
            .as_ref()
            .map(|identifier| self.hash_of_identifier(line, identifier.expose()));
        let their_id_hash = incoming
            .message_id
            .as_ref()
            .map(|id| self.keys.lookup("their id", id));
        let digest = self.digest(&incoming);
        let mine = changes.state.of_identifier(line, identifier_hash.as_ref());
        let mut copy_of = None;
        if let Some(piece) = &incoming.piece {
            let written = changes.state.written(&mine, their_id_hash.as_ref());
            match self
                .match_part(transaction, changes, &incoming, piece, &written)
                .await?
            {
                Match::New => {}
                Match::Repeated(found) => {
                    changes.link_raw(journal_id, Some(changes.state.contact(found.contact)?.id));
                    changes.set_outcome(journal_id, Outcome::Ignored, "delivered again");
                    return Ok(());
                }
                Match::Belongs(found) => {
                    return self.merge(changes, journalled, &incoming, piece, &mine, found, parts);
                }
                Match::OtherContent => incoming.remarks.push(Remark::SameIdOtherContent),
            }
        } else {
            match repeated(&changes.state, &mine, their_id_hash.as_ref(), &digest) {
                Repeated::SameContent(contact) => {
                    changes.link_raw(journal_id, Some(contact));
                    changes.set_outcome(journal_id, Outcome::Ignored, "delivered again");
                    return Ok(());
                }
                Repeated::OtherContent => {
                    let hash = their_id_hash.as_ref();
                    let copied = self.copied(transaction, changes, &mine, hash, &incoming).await?;
                    if let Some(copied) = copied.as_ref().filter(|copied| copied.is_whole) {
                        changes.link_raw(journal_id, Some(changes.state.contact(copied.contact)?.id));
                        changes.set_outcome(journal_id, Outcome::Ignored, "delivered again");
                        return Ok(());
                    }
                    copy_of = copied.map(|copied| copied.contact);
                    incoming.remarks.push(Remark::SameIdOtherContent);
                }
                Repeated::No => {}
            }
        }
        if let Some(hash) = &identifier_hash {
            let choice = changes.state.choices.entry(hash.clone()).or_default();
            incoming.language = choice.language.or(incoming.language);
            if std::mem::take(&mut choice.stopped) {
                changes.heard.insert(hash.clone());
            }
        }
        let blocked = changes.state.blocked(identifier_hash.as_ref(), changes.now);
        let mut evident = self.evident(&changes.state, &incoming.evidence);
        evident.extend(copy_of.map(|contact| (contact, false)));
        let written_to = self.written_to(&changes.state, &mine, &evident, &incoming);
        let candidates = as_candidates(&changes.state, &mine, &written_to, &evident);
        let now = journalled.raw.received_at;
        let place = match evident.iter().find(|(_, by_token)| *by_token) {
            // An automatic reply with a token is shown next to the message it answers. It does not reopen the contact or change a figure.
            Some((contact, _)) if incoming.origin == Origin::AutoReply => Belongs::Joins(*contact),
            _ => belongs(&candidates, incoming.joining, self.reopen_days, now),
        };
        let is_others = |contact: &usize| !mine.contains(contact) && !written_to.contains(contact);
        if evident
            .iter()
            .any(|(contact, by_token)| *by_token && is_others(contact))
        {
            incoming.remarks.push(Remark::OtherSender);
        }
        let mut threads: Vec<usize> = evident.iter().map(|(contact, _)| *contact).collect();
        threads.dedup();
        self.show_what_is_new(transaction, changes, &mut incoming, &threads)
            .await?;
        match (place, incoming.origin) {
            (Belongs::Opens { .. }, Origin::AutoReply) => {
                changes.set_outcome(
                    journal_id,
                    Outcome::Ignored,
                    "an automatic answer that belongs to nothing",
                );
                return Ok(());
            }
            (Belongs::Joins(index), origin) => {
                changes
                    .state
                    .join(index, now.timestamp_micros(), origin, changes.now);
                let event = if origin == Origin::AutoReply {
                    HistoryKind::AutoReply
                } else {
                    HistoryKind::Joined
                };
                let contact_id = changes.state.contact(index)?.id;
                changes.changed.insert(index);
                changes.event(contact_id, self.now(), None, event, "");
                self.add_message(
                    changes,
                    index,
                    journalled,
                    &incoming,
                    their_id_hash,
                    digest,
                    parts,
                )?;
            }
            (Belongs::Opens { earlier }, Origin::Person | Origin::Machine) => {
                let refers_to = evident
                    .iter()
                    .find(|(contact, by_token)| *by_token && is_others(contact));
                let earlier = earlier
                    .map(|index| changes.state.contact(index).map(|contact| contact.id))
                    .transpose()?;
                let refers_to = refers_to
                    .map(|(index, _)| changes.state.contact(*index).map(|contact| contact.id))
                    .transpose()?;
                let index = self.open_contact(
                    changes,
                    journalled,
                    &incoming,
                    identifier_hash,
                    earlier,
                    refers_to,
                )?;
                self.add_message(
                    changes,
                    index,
                    journalled,
                    &incoming,
                    their_id_hash,
                    digest,
                    parts,
                )?;
                if let Some(until) = blocked {
                    changes.keep_out(index, until);
                } else {
                    self.assign(transaction, changes, index).await?;
                    self.acknowledge(transaction, changes, index, &incoming).await?;
                }
            }
        }
        changes.set_outcome(journal_id, outcome, "");
        Ok(())
    }

    /// Computes a digest of the content: subject, text, and the types and sizes of the files. The headers of mail servers are left out, so
    /// repeated deliveries of a message have equal digests.
    pub(super) fn digest(&self, incoming: &Incoming) -> Vec<u8> {
        let mut parts = String::new();
        for part in &incoming.parts {
            parts.push_str(&format!("\n{} {}", part.media_type, part.content.size()));
        }
        let subject = incoming.subject.as_deref().unwrap_or_default();
        self.keys.lookup(
            "digest",
            &format!("{subject}\n{}\n{}{parts}", incoming.text, incoming.quoted),
        )
    }

    pub(super) fn open_contact(
        &self,
        changes: &mut Changes,
        journalled: &Journalled,
        incoming: &Incoming,
        identifier_hash: Option<Vec<u8>>,
        earlier: Option<Uuid>,
        refers_to: Option<Uuid>,
    ) -> Result<usize, StoreError> {
        let received_at = journalled.raw.received_at;
        let id = ids::new(self.clock.now());
        let (key, data_key) = self.keys.new_data_key(&contact_place(id))?;
        let card = Card {
            identifier: incoming
                .identifier
                .as_ref()
                .filter(|_| !incoming.answers_lie_ready)
                .map(|identifier| identifier.expose().clone()),
            answers_lie_ready: incoming.answers_lie_ready,
            name: incoming.name.clone(),
            answer_to: incoming
                .answer_to
                .as_ref()
                .map(|address| address.expose().clone()),
            subject: incoming.subject.clone(),
            first_words: words_of(incoming),
            ..Card::default()
        };
        let line = journalled.raw.line.as_str();
        let channel = self
            .line(line)
            .map_or_else(|| line.to_owned(), |settings| settings.channel.clone());
        let thread_hash = self.keys.lookup("thread", self.keys.thread_token(id).expose());
        let open_key = match (incoming.joining, &identifier_hash) {
            (Joining::ByIdentifier, Some(hash)) => hash.clone(),
            _ => thread_hash.clone(),
        };
        let day = clock::day_of(received_at, self.zone).to_string();
        let reference = journalled.reference;
        changes.event(id, self.now(), None, HistoryKind::Registered, "");
        Ok(changes.state.add(contacts::Model {
            id,
            reference: i64::try_from(reference.number()).unwrap_or_default(),
            line: line.to_owned(),
            channel,
            day,
            status: Stored(Status::Waiting),
            assignee: None,
            marking: None,
            asks: incoming.asks.map(Stored),
            language: incoming.language.map(Stored),
            identifier_hash,
            thread_hash,
            open_key,
            data_key: Some(data_key),
            card: Some(seal(&key, &card_place(id), &card)?),
            opened_at: received_at.timestamp_micros(),
            last_in_at: received_at.timestamp_micros(),
            waiting_since: Some(received_at.timestamp_micros()),
            closed_at: None,
            acknowledged_at: None,
            earlier,
            refers_to,
            files_wanted: false,
            urgency: 0,
            snoozed_until: None,
            team: None,
            topic: None,
            first_reply_at: None,
            first_read_at: None,
        }))
    }

    #[expect(clippy::too_many_arguments, reason = "one message is all of these")]
    pub(super) fn add_message(
        &self,
        changes: &mut Changes,
        index: usize,
        journalled: &Journalled,
        incoming: &Incoming,
        their_id_hash: Option<Vec<u8>>,
        digest: Vec<u8>,
        parts: Vec<attachments::ActiveModel>,
    ) -> Result<(), StoreError> {
        let contact = changes.state.contact(index)?;
        let (contact_id, key) = (contact.id, self.contact_key(contact)?);
        let mut card: Card = self.card(contact)?;
        card.first_words = words_of(incoming);
        card.offer(incoming);
        let sealed_card = seal(&key, &card_place(contact_id), &card)?;
        let id = ids::new(self.clock.now());
        let body = Body {
            text: incoming.text.clone(),
            quoted: incoming.quoted.clone(),
            subject: incoming.subject.clone(),
            url: incoming.url.clone(),
            name: incoming.name.clone(),
            from: incoming
                .identifier
                .as_ref()
                .map(|identifier| identifier.expose().clone())
                .filter(|from| {
                    incoming.joining == Joining::ByEvidence && card.identifier.as_ref() != Some(from)
                }),
            answer_to: incoming
                .answer_to
                .as_ref()
                .map(|address| address.expose().clone()),
            their_id: incoming.message_id.clone(),
            references: incoming.references.clone(),
            remarks: incoming.remarks.clone(),
            claimed_at: incoming.claimed_at,
            pieces: incoming
                .piece
                .iter()
                .map(|piece| PieceBody::new(incoming, piece, journalled.job.journal_id))
                .collect(),
            edited_at: None,
        };
        if let Some(hash) = &their_id_hash {
            changes
                .state
                .theirs
                .entry(hash.clone())
                .or_default()
                .push(Written {
                    contact: contact_id,
                    message: id,
                    digest: Some(digest.clone()),
                });
        }
        changes.messages.push(messages::Model {
            id,
            contact_id,
            direction: Direction::In,
            author: None,
            at: journalled.raw.received_at.timestamp_micros(),
            journal_id: Some(journalled.job.journal_id),
            body: Some(seal(&key, &body_place(id), &body)?),
            their_id_hash,
            digest: Some(digest),
        });
        if !parts.is_empty()
            && let Some(contact) = changes.state.contacts.get_mut(index)
        {
            contact.files_wanted = false;
        }
        changes.attachments.extend(parts.into_iter().map(|mut part| {
            part.contact_id = Set(contact_id);
            part.message_id = Set(id);
            part
        }));
        if incoming.origin != Origin::AutoReply
            && let Some(contact) = changes.state.contacts.get_mut(index)
        {
            contact.card = Some(sealed_card);
        }
        Ok(())
    }

    pub(crate) fn line(&self, name: &str) -> Option<&LineSettings> {
        self.lines.iter().find(|line| line.name == name)
    }
}

/// A raw message with its normalised form and the rows of its attachments.
pub(super) type ReadMessage = (Journalled, Normalised, Vec<attachments::ActiveModel>);

/// Deletes the batch's jobs and returns those whose lease was not lost.
async fn finish_jobs(
    transaction: &DatabaseTransaction,
    kept: &[ReadMessage],
) -> Result<HashSet<i64>, StoreError> {
    let mut ours = Condition::any();
    for (journalled, ..) in kept {
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

fn words_of(incoming: &Incoming) -> String {
    // A forwarded e-mail may have all of its text in `quoted`.
    let texts = [
        Some(incoming.text.as_str()),
        incoming.url.as_deref(),
        Some(incoming.quoted.as_str()),
    ];
    let text = texts.into_iter().flatten().find(|text| !text.trim().is_empty());
    first_words(text.unwrap_or_default())
}

/// Converts an unreadable message to an empty one, so that it is registered too.
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
