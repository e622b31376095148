//! Deciding about one message: whether it is new, which contact it belongs to, and what changes it causes.

use hotline_core::contact::{
    joining::{Belongs, Proof, belongs},
    message::{Incoming, MessagePart, Origin, Remark},
};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::{
    db::{
        entity::attachments,
        store::Store,
        values::{HistoryKind, Outcome},
    },
    error::StoreError,
    jobs::queue::Journalled,
    registration::{
        batch::{Repeated, repeated},
        changes::Changes,
        follow_up::{Arrived, may_be_acknowledged},
        parts::{FoundMessage, Match},
        threading::{EvidentContact, as_candidates},
        urgency::AssessedText,
    },
};

/// A message of the batch, with the hashes of its sender's identifier, its message id and its content.
pub(super) struct Arrival<'a> {
    pub(super) journalled: &'a Journalled,
    pub(super) incoming: Incoming,
    /// Attachment rows that are not linked to a message yet.
    pub(super) attachments: Vec<attachments::ActiveModel>,
    pub(super) identifier_hash: Option<Vec<u8>>,
    pub(super) message_id_hash: Option<Vec<u8>>,
    /// The digest of the message content as it arrived.
    pub(super) digest: Vec<u8>,
    pub(super) assessed: Option<AssessedText>,
}

/// Whether an arriving message repeats or extends a stored message.
enum Duplicate {
    /// `contact` already contains the message, or the message is a returned copy of a message that was sent from `contact`.
    Stored { contact: Uuid, reason: &'static str },
    /// The message is a part of the existing message `found`, or another version of such a part.
    PartOf { found: FoundMessage, part: MessagePart },
    /// The message is new. If a contact contains an earlier, incomplete copy of the message, `copy_of` is that contact.
    No { copy_of: Option<Uuid> },
}

/// The contact that a new message joins or opens.
struct Place {
    belongs: Belongs<Uuid>,
    /// A contact of another identifier whose thread token the message contains. The message does not join this contact.
    refers_to: Option<Uuid>,
    /// When the block on the sender's identifier ends. `None` if the identifier is not blocked.
    blocked_until: Option<i64>,
}

impl Store {
    pub(super) fn arrival<'a>(
        &self,
        journalled: &'a Journalled,
        incoming: Incoming,
        attachments: Vec<attachments::ActiveModel>,
    ) -> Arrival<'a> {
        let line = journalled.raw.line.as_str();
        let identifier = incoming.identifier.as_ref();
        let message_id = incoming.message_id.as_ref();
        Arrival {
            identifier_hash: identifier.map(|identifier| self.hash_of_identifier(line, identifier.expose())),
            message_id_hash: message_id.map(|id| self.keys.lookup("their id", id)),
            digest: self.digest(&incoming),
            journalled,
            incoming,
            attachments,
            assessed: None,
        }
    }

    /// Computes a digest of the content: subject, text (including quoted text), and the types and sizes of the files. It does not include
    /// the headers that mail servers add, so repeated deliveries of a message have equal digests.
    fn digest(&self, incoming: &Incoming) -> Vec<u8> {
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

    /// Deduplicates a message, decides which contact it belongs to, and collects the resulting changes.
    pub(super) async fn decide_message(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        mut arrival: Arrival<'_>,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let journal_id = arrival.journalled.job.journal_id;
        let line = arrival.journalled.raw.line.as_str();
        let mine = changes
            .state
            .of_identifier(line, arrival.identifier_hash.as_ref());
        let copy_of = match self
            .deduplicate(transaction, changes, &mut arrival, &mine)
            .await?
        {
            Duplicate::Stored { contact, reason } => {
                changes.link_raw(journal_id, Some(contact));
                changes.set_outcome(journal_id, Outcome::Ignored, reason);
                return Ok(());
            }
            Duplicate::PartOf { found, part } => {
                return self.merge(changes, arrival, &part, &mine, found);
            }
            Duplicate::No { copy_of } => copy_of,
        };
        changes.apply_choices(&mut arrival);
        let place = self
            .place(transaction, changes, &mut arrival, &mine, copy_of)
            .await?;
        self.apply(transaction, changes, arrival, place, outcome).await
    }

    /// Checks whether an arriving message was already received, is a part of an existing message, or is a returned copy of a message that
    /// this service sent. `mine` are the contacts of the sender.
    async fn deduplicate(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        arrival: &mut Arrival<'_>,
        mine: &[Uuid],
    ) -> Result<Duplicate, StoreError> {
        let stored = |contact| Duplicate::Stored {
            contact,
            reason: "delivered again",
        };
        if let Some((id, token)) = &arrival.incoming.echo_of
            && let Some(contact) = self.sent_by_us(transaction, *id, token.as_ref()).await?
        {
            let reason = "our own message, come back";
            return Ok(Duplicate::Stored { contact, reason });
        }
        let message_id_hash = arrival.message_id_hash.as_ref();
        if let Some(part) = &arrival.incoming.message_part {
            let written = changes.state.written(mine, message_id_hash);
            return Ok(
                match self
                    .match_part(transaction, changes, &arrival.incoming, part, &written)
                    .await?
                {
                    Match::New => Duplicate::No { copy_of: None },
                    Match::Repeated(found) => stored(found.contact),
                    Match::Belongs(found) => Duplicate::PartOf {
                        found,
                        part: part.clone(),
                    },
                    Match::OtherContent => {
                        arrival.incoming.remarks.push(Remark::SameIdOtherContent);
                        Duplicate::No { copy_of: None }
                    }
                },
            );
        }
        match repeated(&changes.state, mine, message_id_hash, &arrival.digest) {
            Repeated::SameContent(contact) => Ok(stored(contact)),
            Repeated::OtherContent => {
                let copied = self.copied(transaction, changes, mine, arrival).await?;
                if let Some(copied) = copied.as_ref().filter(|copied| copied.is_whole) {
                    return Ok(stored(copied.contact));
                }
                arrival.incoming.remarks.push(Remark::SameIdOtherContent);
                Ok(Duplicate::No {
                    copy_of: copied.map(|copied| copied.contact),
                })
            }
            Repeated::No => Ok(Duplicate::No { copy_of: None }),
        }
    }

    /// Decides whether a new message joins a contact or opens a new one. Also unfolds text that looks copied but occurs in no earlier
    /// message. `mine` are the contacts of the sender. `copy_of` is the contact with an incomplete copy of the message.
    async fn place(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        arrival: &mut Arrival<'_>,
        mine: &[Uuid],
        copy_of: Option<Uuid>,
    ) -> Result<Place, StoreError> {
        let incoming = &mut arrival.incoming;
        let mut evident = self.evident(&changes.state, &incoming.evidence);
        evident.extend(copy_of.map(|contact| EvidentContact {
            contact,
            proof: Proof::EarlierMessage,
        }));
        let written_to = self.written_to(&changes.state, mine, &evident, incoming);
        let by_token = |one: &&EvidentContact| one.proof == Proof::Token;
        let belongs = match evident.iter().find(by_token) {
            // An automatic reply with a thread token joins the contact that has this token. The contact is not reopened, and the statistics
            // do not change.
            Some(one) if incoming.origin == Origin::AutoReply => Belongs::Joins(one.contact),
            _ => {
                let candidates = as_candidates(&changes.state, mine, &written_to, &evident);
                let now = arrival.journalled.raw.received_at;
                belongs(&candidates, incoming.joining, self.reopen_days, now)
            }
        };
        let refers_to = evident
            .iter()
            .filter(by_token)
            .map(|one| one.contact)
            .find(|contact| !mine.contains(contact) && !written_to.contains(contact));
        if refers_to.is_some() {
            incoming.remarks.push(Remark::OtherSender);
        }
        let mut threads: Vec<Uuid> = evident.iter().map(|one| one.contact).collect();
        threads.dedup();
        self.show_what_is_new(transaction, changes, incoming, &threads)
            .await?;
        Ok(Place {
            belongs,
            refers_to,
            blocked_until: changes
                .state
                .blocked(arrival.identifier_hash.as_ref(), changes.now),
        })
    }

    /// Adds a message to the contact that it joins, or to a new contact. An automatic reply that joins no contact is ignored.
    async fn apply(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        mut arrival: Arrival<'_>,
        place: Place,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let journal_id = arrival.journalled.job.journal_id;
        let findings = self.findings_in(&arrival.incoming, arrival.assessed.take());
        let in_danger = arrival.incoming.in_danger;
        match (place.belongs, arrival.incoming.origin) {
            (Belongs::Opens { .. }, Origin::AutoReply) => {
                let reason = "an automatic answer that belongs to nothing";
                changes.set_outcome(journal_id, Outcome::Ignored, reason);
                return Ok(());
            }
            (Belongs::Joins(contact), origin) => {
                let at = arrival.journalled.raw.received_at.timestamp_micros();
                changes.state.join(contact, at, origin, changes.now)?;
                let event = if origin == Origin::AutoReply {
                    HistoryKind::AutoReply
                } else {
                    HistoryKind::Joined
                };
                changes.event(contact, self.now(), None, event, "");
                let may_answer = may_be_acknowledged(&arrival.incoming);
                self.add_message(changes, contact, arrival)?;
                if origin == Origin::Person {
                    self.raise_by_message(transaction, changes, contact, findings, in_danger)
                        .await?;
                }
                if may_answer && place.blocked_until.is_none() {
                    self.answer_automatically(transaction, changes, contact, Arrived::Joined)
                        .await?;
                }
            }
            (Belongs::Opens { earlier }, Origin::Person | Origin::Machine) => {
                let contact = self.open_contact(changes, &arrival, earlier, place.refers_to)?;
                let may_answer = may_be_acknowledged(&arrival.incoming);
                self.add_message(changes, contact, arrival)?;
                self.raise_by_message(transaction, changes, contact, findings, in_danger)
                    .await?;
                if let Some(until) = place.blocked_until {
                    changes.keep_out(contact, until)?;
                } else if may_answer {
                    self.answer_automatically(transaction, changes, contact, Arrived::Opened)
                        .await?;
                }
            }
        }
        changes.set_outcome(journal_id, outcome, "");
        Ok(())
    }
}
