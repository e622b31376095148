//! The reply address of a contact, the other addresses that a counsellor can choose for replies, and the addresses to which replies were
//! sent.
//!
//! A contact keeps its reply address until a counsellor chooses another. If the person asks for replies at another address, the software
//! only offers that address to the counsellor. A human must decide, because the new address may belong to someone else, and other people
//! may read the mailbox at the old address.

use hotline_core::{
    contact::{joining::Joining, message::Incoming},
    masking::mask_identifier,
    text::address::canonical,
};

use crate::{
    error::{Conflict, StoreError},
    sealing::bodies::ContactContent,
};

/// Maximum number of addresses offered to a counsellor as the reply address of one contact. If there are more, the newest are kept.
const MOST_OFFERED: usize = 5;

impl ContactContent {
    /// Returns the current reply address: the chosen address, or the contact's own identifier if no address was chosen.
    #[must_use]
    pub fn answered_at(&self) -> Option<&str> {
        self.answer_to.as_deref().or(self.identifier.as_deref())
    }

    /// Offers the reply address named in a message to the counsellor. If the message names none, offers the sender's address, but only on
    /// channels where an identifier can be forged, such as e-mail. Does not offer the current reply address.
    pub(crate) fn offer(&mut self, incoming: &Incoming) {
        let sender = incoming
            .identifier
            .as_ref()
            .filter(|_| incoming.joining == Joining::ByEvidence);
        let Some(asked) = incoming.answer_to.as_ref().or(sender) else {
            return;
        };
        let asked = asked.expose();
        if self.answered_at().is_some_and(|so_far| is_same(so_far, asked)) {
            return;
        }
        self.offered.retain(|known| !is_same(known, asked));
        self.offered.push(asked.clone());
        let surplus = self.offered.len().saturating_sub(MOST_OFFERED);
        self.offered.drain(..surplus);
    }

    /// Makes an offered address the reply address. The previous reply address is offered instead.
    pub(crate) fn choose(&mut self, address: &str) -> Result<(), StoreError> {
        if self.answered_at().is_some_and(|so_far| is_same(so_far, address)) {
            return Ok(());
        }
        let place = self.offered.iter().position(|known| is_same(known, address));
        let place = place.ok_or(StoreError::Conflict(Conflict::NotAskedFor))?;
        let chosen = self.offered.remove(place);
        self.offered.extend(self.answered_at().map(str::to_owned));
        self.answer_to = Some(chosen).filter(|chosen| self.identifier.as_ref() != Some(chosen));
        Ok(())
    }

    /// Returns the reply address that the member of staff chose from masked addresses. Any other text is returned as it is.
    pub(crate) fn resolve_masked(&self, typed: &str) -> Result<String, StoreError> {
        let known: Vec<&str> = self
            .answered_at()
            .into_iter()
            .chain(self.offered.iter().map(String::as_str))
            .collect();
        if known.contains(&typed) {
            return Ok(typed.to_owned());
        }
        let mut alike = known
            .into_iter()
            .filter(|address| mask_identifier(address) == typed);
        match (alike.next(), alike.next()) {
            (Some(address), None) => Ok(address.to_owned()),
            (Some(_), Some(_)) => Err(StoreError::Conflict(Conflict::MaskedAlike)),
            (None, _) => Ok(typed.to_owned()),
        }
    }

    /// Records that a reply is sent to the current reply address. A later message from that address can join the contact if the message
    /// contains the contact's thread token.
    pub(crate) fn write_to(&mut self) {
        if let Some(address) = &self.answer_to
            && !self.written_to.contains(address)
        {
            self.written_to.push(address.clone());
        }
    }

    /// Returns whether a reply was sent to this address. The address in `answer_to` also counts, because contacts from older versions have
    /// an empty `written_to`.
    pub(crate) fn was_written_to(&self, address: &str) -> bool {
        let known = self.written_to.iter().chain(&self.answer_to);
        known.into_iter().any(|known| is_same(known, address))
    }
}

/// Returns whether two spellings denote the same e-mail address. Other identifiers, such as account names, must match exactly.
fn is_same(one: &str, other: &str) -> bool {
    one == other || canonical(one).is_some_and(|one| canonical(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(from: &str, reply_to: Option<&str>) -> Incoming {
        Incoming {
            identifier: Some(from.to_owned().into()),
            answer_to: reply_to.map(|address| address.to_owned().into()),
            ..Incoming::default()
        }
    }

    fn ana() -> ContactContent {
        ContactContent {
            identifier: Some("ana@example.org".to_owned()),
            ..ContactContent::default()
        }
    }

    #[test]
    fn another_address_is_offered_and_used_only_when_chosen() {
        let mut card = ana();
        card.offer(&incoming("ana@example.org", None));
        assert!(card.offered.is_empty());
        card.offer(&incoming("ana@example.org", Some("nova@example.com")));
        card.offer(&incoming("ana@example.org", Some("nova@example.com")));
        assert_eq!(card.offered, ["nova@example.com"]);
        assert_eq!(card.answered_at(), Some("ana@example.org"));
        assert!(!card.was_written_to("nova@example.com"));

        assert!(card.choose("eva@example.com").is_err(), "nobody asked for that");
        card.choose("Nova@example.com").unwrap();
        card.write_to();
        assert_eq!(card.answered_at(), Some("nova@example.com"));
        assert_eq!(card.offered, ["ana@example.org"]);
        assert!(card.was_written_to("NOVA@example.com"));

        card.choose("ana@example.org").unwrap();
        assert_eq!(
            (card.answered_at(), card.answer_to.as_ref()),
            (Some("ana@example.org"), None)
        );
        assert!(
            card.was_written_to("nova@example.com"),
            "its replies may still be answered"
        );
    }

    #[test]
    fn who_goes_on_at_the_first_address_is_offered_that() {
        let mut card = ContactContent {
            answer_to: Some("nova@example.com".to_owned()),
            ..ana()
        };
        card.offer(&incoming("ana@example.org", None));
        assert_eq!(card.offered, ["ana@example.org"]);
    }

    #[test]
    fn only_the_newest_addresses_are_offered() {
        let mut card = ana();
        for number in 0..20 {
            let address = format!("{number}@example.com");
            card.offer(&incoming("ana@example.org", Some(&address)));
        }
        assert_eq!(card.offered.len(), MOST_OFFERED);
        assert_eq!(card.offered.last().map(String::as_str), Some("19@example.com"));
    }
}
