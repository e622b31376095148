//! Finding the contacts that a message may join, and finding earlier copies of a message.

use hotline_core::contact::{
    joining::{Candidate, Proof, Sender},
    message::Incoming,
};
use sea_orm::{DatabaseTransaction, EntityTrait};
use uuid::Uuid;

use crate::{
    db::{
        entity::messages,
        store::{Store, time},
    },
    error::StoreError,
    registration::{batch::BatchState, changes::Changes, message::Arrival},
};

/// An earlier copy of an arriving message, given by the contact that contains it.
pub(super) struct Copied {
    pub(super) contact: Uuid,
    /// `true` if the earlier copy contains the whole text of the new message and the new message has no files.
    pub(super) is_whole: bool,
}

/// A contact to which a message refers by a thread token or by the id of an earlier message.
#[derive(Clone, Copy)]
pub(super) struct EvidentContact {
    pub(super) contact: Uuid,
    pub(super) proof: Proof,
}

/// Returns the contacts that a message may join: the contacts of the sender's identifier (`mine`), and the contacts from which a reply was
/// sent to the sender (`written_to`).
pub(super) fn as_candidates(
    known: &BatchState,
    mine: &[Uuid],
    written_to: &[Uuid],
    evident: &[EvidentContact],
) -> Vec<Candidate<Uuid>> {
    let candidate = |id: Uuid, sender: Sender| {
        let contact = known.contacts.get(&id)?;
        Some(Candidate {
            id,
            status: contact.status.0,
            closed_at: contact.closed_at.map(time),
            sender,
            proof: proof(evident, id),
        })
    };
    let same = mine.iter().filter_map(|id| candidate(*id, Sender::Same));
    let written_to = written_to
        .iter()
        .filter_map(|id| candidate(*id, Sender::WrittenTo));
    same.chain(written_to).collect()
}

fn proof(evident: &[EvidentContact], contact: Uuid) -> Proof {
    let of_it = evident.iter().filter(|one| one.contact == contact);
    of_it.map(|one| one.proof).max().unwrap_or_default()
}

impl Store {
    /// Returns the contacts of other identifiers that this message may join. The message must contain the contact's thread token, and a
    /// counsellor must have replied from the contact to the sender's address.
    pub(super) fn written_to(
        &self,
        known: &BatchState,
        mine: &[Uuid],
        evident: &[EvidentContact],
        incoming: &Incoming,
    ) -> Vec<Uuid> {
        let Some(sender) = &incoming.identifier else {
            return Vec::new();
        };
        let mut found: Vec<Uuid> = Vec::new();
        for one in evident {
            let id = one.contact;
            let other = one.proof == Proof::Token && !mine.contains(&id) && !found.contains(&id);
            let contact = known.contacts.get(&id).filter(|_| other);
            let card = contact.and_then(|contact| self.contact_content(contact).ok());
            if card.is_some_and(|card| card.was_written_to(sender.expose())) {
                found.push(id);
            }
        }
        found
    }

    /// Finds an earlier copy of a message. Copies have the same sender, message id and sending time, and one copy contains the whole text
    /// of the other. The texts may differ because a mailing list adds a tag or a footer. The message id alone is not sufficient, because
    /// some programs give the same id to every e-mail. Different children could then share a contact, and one child could see the text of
    /// another.
    pub(super) async fn copied(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        mine: &[Uuid],
        arrival: &Arrival<'_>,
    ) -> Result<Option<Copied>, StoreError> {
        let incoming = &arrival.incoming;
        if incoming.claimed_at.is_none() {
            return Ok(None);
        }
        for found in changes.state.written(mine, arrival.message_id_hash.as_ref()) {
            let contact = changes.state.contact(found.contact)?;
            let message = match changes.message(found.message) {
                Ok(message) => Some(message.clone()),
                Err(_) => {
                    messages::Entity::find_by_id(found.message)
                        .one(transaction)
                        .await?
                }
            };
            let Some(message) = message else { continue };
            let Ok(body) = self
                .contact_key(contact)
                .and_then(|key| self.message_content(&key, &message))
            else {
                continue;
            };
            let (earlier, now) = (
                words(&body.text, &body.quoted),
                words(&incoming.text, &incoming.quoted),
            );
            let same = body.claimed_at == incoming.claimed_at
                && !earlier.is_empty()
                && !now.is_empty()
                && (earlier.contains(&now) || now.contains(&earlier));
            if same {
                return Ok(Some(Copied {
                    contact: found.contact,
                    is_whole: earlier.contains(&now) && incoming.parts.is_empty(),
                }));
            }
        }
        Ok(None)
    }
}

/// Joins the words of both texts with single spaces, so that line breaks do not matter.
fn words(text: &str, quoted: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().chain(quoted.split_whitespace()).collect();
    words.join(" ")
}
