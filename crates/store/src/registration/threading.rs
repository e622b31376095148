//! Finding the contacts that a message may join, and detecting further copies of existing messages.

use hotline_core::contact::{
    counting::{Candidate, Proof, Sender},
    message::Incoming,
};
use sea_orm::{DatabaseTransaction, EntityTrait};

use crate::{
    db::{
        entity::messages,
        store::{Store, time},
    },
    error::StoreError,
    registration::{batch::BatchState, changes::Changes},
};

/// An earlier copy of a message.
pub(super) struct Copied {
    /// Index of its contact.
    pub(super) contact: usize,
    /// Whether the earlier copy contains everything that this one contains.
    pub(super) is_whole: bool,
}

/// Returns the contacts that a message may join: those of its identifier, and those whose replies were sent to its sender.
pub(super) fn as_candidates(
    known: &BatchState,
    mine: &[usize],
    written_to: &[usize],
    evident: &[(usize, bool)],
) -> Vec<Candidate<usize>> {
    let candidate = |index: usize, sender: Sender| {
        let contact = known.contacts.get(index)?;
        Some(Candidate {
            id: index,
            status: contact.status.0,
            closed_at: contact.closed_at.map(time),
            sender,
            proof: proof(evident, index),
        })
    };
    let same = mine.iter().filter_map(|index| candidate(*index, Sender::Same));
    let written_to = written_to
        .iter()
        .filter_map(|index| candidate(*index, Sender::WrittenTo));
    same.chain(written_to).collect()
}

fn proof(evident: &[(usize, bool)], index: usize) -> Proof {
    let of_it = evident.iter().filter(|(evident, _)| *evident == index);
    let proofs = of_it.map(|(_, by_token)| match by_token {
        true => Proof::Token,
        false => Proof::TheirMessage,
    });
    proofs.max().unwrap_or_default()
}

impl Store {
    /// Returns contacts of other identifiers that this message may join: the message has their thread token, and their replies were sent to
    /// the sender of the message.
    pub(super) fn written_to(
        &self,
        known: &BatchState,
        mine: &[usize],
        evident: &[(usize, bool)],
        incoming: &Incoming,
    ) -> Vec<usize> {
        let Some(sender) = &incoming.identifier else {
            return Vec::new();
        };
        let mut found: Vec<usize> = Vec::new();
        for (index, by_token) in evident {
            let other = *by_token && !mine.contains(index) && !found.contains(index);
            let contact = known.contacts.get(*index).filter(|_| other);
            let card = contact.and_then(|contact| self.card(contact).ok());
            if card.is_some_and(|card| card.was_written_to(sender.expose())) {
                found.push(*index);
            }
        }
        found
    }

    /// Finds a message of which this one is another copy. Copies have the same sender, message id and sending time, and one contains the
    /// whole text of the other; a mailing list may add a tag or a footer. The message id alone is not sufficient, because some programs
    /// give the same id to every e-mail. With the message id alone, one child's text could be shown to another.
    pub(super) async fn copied(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        mine: &[usize],
        their_id_hash: Option<&Vec<u8>>,
        incoming: &Incoming,
    ) -> Result<Option<Copied>, StoreError> {
        if incoming.claimed_at.is_none() {
            return Ok(None);
        }
        for found in changes.state.written(mine, their_id_hash) {
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
                .and_then(|key| self.body(&key, &message))
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
