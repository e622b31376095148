//! Builds the rows of new contacts and of incoming messages.

use hotline_core::{
    contact::{
        joining::Joining,
        lifecycle::{Marking, Status},
        message::{Incoming, Origin},
        provenance::Provenance,
    },
    identifiers::ids,
    time::clock,
};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, messages},
        store::Store,
        stored::Stored,
        values::{Direction, HistoryKind},
    },
    error::StoreError,
    registration::{batch::Written, changes::Changes, message::Arrival, surges::is_quarantined},
    sealing::{
        bodies::{ContactContent, MessageContent, PartContent, first_words, seal},
        places::{contact_content_place, contact_place, message_content_place},
    },
};

impl Store {
    /// Adds a new contact for an arriving message. Returns the id of the contact. `refers_to` is a contact of another identifier whose
    /// thread token the message contains.
    pub(super) fn open_contact(
        &self,
        changes: &mut Changes,
        arrival: &Arrival<'_>,
        earlier: Option<Uuid>,
        refers_to: Option<Uuid>,
    ) -> Result<Uuid, StoreError> {
        let (journalled, incoming) = (arrival.journalled, &arrival.incoming);
        let received_at = journalled.raw.received_at;
        let id = ids::new(self.clock.now());
        let (key, data_key) = self.keys.new_data_key(&contact_place(id))?;
        let card = ContactContent {
            identifier: incoming
                .identifier
                .as_ref()
                .filter(|_| !incoming.replies_wait_on_page)
                .map(|identifier| identifier.expose().clone()),
            replies_wait_on_page: incoming.replies_wait_on_page,
            name: incoming.name.clone(),
            writer: incoming.writer,
            age: incoming.age,
            answer_to: incoming
                .answer_to
                .as_ref()
                .map(|address| address.expose().clone()),
            subject: incoming.subject.clone(),
            first_words: words_of(incoming),
            ..ContactContent::default()
        };
        let line = journalled.raw.line.as_str();
        let channel = self
            .line(line)
            .map_or_else(|| line.to_owned(), |settings| settings.channel.clone());
        let thread_hash = self.keys.lookup("thread", self.keys.thread_token(id).expose());
        let open_key = match (incoming.joining, &arrival.identifier_hash) {
            (Joining::ByIdentifier, Some(hash)) => hash.clone(),
            _ => thread_hash.clone(),
        };
        let day = clock::day_of(received_at, self.zone).to_string();
        let reference = journalled.reference;
        changes.event(id, self.now(), None, HistoryKind::Registered, "");
        let marking =
            is_quarantined(&changes.state.surges, journalled, incoming).then_some(Marking::Quarantine);
        if let Some(marking) = marking {
            changes.event(id, self.now(), None, HistoryKind::Marked, marking.as_str());
        }
        changes.state.add(contacts::Model {
            id,
            reference: i64::try_from(reference.number()).unwrap_or_default(),
            line: line.to_owned(),
            channel,
            day,
            status: Stored(Status::Waiting),
            assignee: None,
            marking: marking.map(Stored),
            asks: incoming.asks.map(Stored),
            language: incoming.language.map(Stored),
            identifier_hash: arrival.identifier_hash.clone(),
            thread_hash,
            open_key,
            data_key: Some(data_key),
            card: Some(seal(&key, &contact_content_place(id), &card)?),
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
            read_at: None,
            danger_seen_at: None,
            without_form: incoming.provenance == Provenance::WithoutForm,
            talk_seconds: None,
        });
        Ok(id)
    }

    /// Adds an arriving message and its attachments to a contact.
    pub(super) fn add_message(
        &self,
        changes: &mut Changes,
        contact_id: Uuid,
        arrival: Arrival<'_>,
    ) -> Result<(), StoreError> {
        let Arrival {
            journalled,
            incoming,
            attachments,
            message_id_hash,
            digest,
            ..
        } = arrival;
        let contact = changes.state.contact(contact_id)?;
        let key = self.contact_key(contact)?;
        let mut card: ContactContent = self.contact_content(contact)?;
        card.first_words = words_of(&incoming);
        card.offer(&incoming);
        let sealed_card = seal(&key, &contact_content_place(contact_id), &card)?;
        let id = ids::new(self.clock.now());
        let body = MessageContent {
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
            message_id: incoming.message_id.clone(),
            references: incoming.references.clone(),
            remarks: incoming.remarks.clone(),
            claimed_at: incoming.claimed_at,
            parts: incoming
                .message_part
                .iter()
                .map(|part| PartContent::new(&incoming, part, journalled.job.journal_id))
                .collect(),
            edited_at: None,
        };
        if let Some(hash) = &message_id_hash {
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
            body: Some(seal(&key, &message_content_place(id), &body)?),
            message_id_hash,
            digest: Some(digest),
        });
        let contact = changes.state.contact_mut(contact_id)?;
        if !attachments.is_empty() {
            contact.files_wanted = false;
        }
        if incoming.origin != Origin::AutoReply {
            contact.card = Some(sealed_card);
        }
        changes
            .attachments
            .extend(attachments.into_iter().map(|mut attachment| {
                attachment.contact_id = Set(contact_id);
                attachment.message_id = Set(id);
                attachment
            }));
        Ok(())
    }
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
