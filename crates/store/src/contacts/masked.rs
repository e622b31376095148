//! Masks the identity of the person in what the store returns about a contact.

use hotline_core::masking::{Masker, mask_identifier, mask_name};

use crate::{
    contacts::detail::{ContactDetail, Identity, Message},
    db::{entity::contacts, store::Store, values::HistoryKind},
    sealing::bodies::{ContactContent, MessageContent},
};

/// First words with this many characters were cut, so that their last word can be incomplete.
const CUT_AT: usize = 139;

impl Store {
    /// Masks the content of a contact, if the settings mask it.
    pub(crate) fn mask_card(&self, mut card: ContactContent) -> ContactContent {
        if self.masking.enabled {
            let masker = masker_of(&card, &[]);
            mask_content(&mut card, &masker);
        }
        card
    }

    /// Masks a text of a contact, such as an excerpt, if the settings mask it.
    pub(crate) fn mask_text_of(&self, contact: &contacts::Model, text: &str) -> String {
        match self.contact_content(contact) {
            // The search also finds names. An excerpt that is the name is masked even if the name is one word.
            Ok(card)
                if self.masking.enabled
                    && card
                        .name
                        .as_deref()
                        .is_some_and(|name| name.contains(text.trim_matches('…'))) =>
            {
                mask_name(text)
            }
            Ok(card) if self.masking.enabled => masker_of(&card, &[]).mask(text),
            Ok(_) | Err(_) => text.to_owned(),
        }
    }
}

/// Returns what hides the identity of a person in the texts of their contact.
pub(crate) fn masker_of(card: &ContactContent, messages: &[Message]) -> Masker {
    let mut masker = Masker::default();
    let addresses = card.identifier.iter().chain(&card.answer_to);
    for identifier in addresses.chain(&card.offered).chain(&card.written_to) {
        masker.add_identifier(identifier);
    }
    card.name.iter().for_each(|name| masker.add_name(name));
    let versions = messages.iter().flat_map(|message| &message.versions);
    let bodies = messages.iter().filter_map(|message| message.body.as_ref());
    for body in bodies.chain(versions.filter_map(|version| version.body.as_ref())) {
        body.from
            .iter()
            .chain(&body.answer_to)
            .for_each(|one| masker.add_identifier(one));
        body.name.iter().for_each(|name| masker.add_name(name));
    }
    masker
}

/// Masks the identity of the person in all that a page or a program reads about a contact.
pub(crate) fn mask_contact(contact: &mut ContactDetail) {
    let Some(card) = &mut contact.card else {
        return;
    };
    let masker = masker_of(card, &contact.messages);
    mask_content(card, &masker);
    for message in &mut contact.messages {
        message.body.iter_mut().for_each(|body| mask_body(body, &masker));
        let versions = message.versions.iter_mut();
        let files = message.attachments.iter_mut();
        let mut earlier = Vec::new();
        for version in versions {
            version.body.iter_mut().for_each(|body| mask_body(body, &masker));
            earlier.extend(version.attachments.iter_mut());
        }
        for name in files.chain(earlier).filter_map(|file| file.name.as_mut()) {
            *name = masker.mask(name);
        }
        let reasons = message
            .deliveries
            .iter_mut()
            .filter_map(|one| one.reason.as_mut());
        reasons.for_each(|reason| reason.words = masker.mask(&reason.words));
    }
    // Other details are names of values, such as a marking.
    let reasons = contact.history.iter_mut();
    for event in reasons.filter(|event| event.kind == HistoryKind::Closed) {
        event.detail = masker.mask(&event.detail);
    }
    for other in &mut contact.others {
        other.first_words = masker.mask(&other.first_words);
    }
    for note in &mut contact.pinned {
        note.text = masker.mask(&note.text);
    }
    for case in &mut contact.cases {
        case.summary = masker.mask(&case.summary);
    }
    contact.identity = Identity::Masked;
}

fn mask_content(card: &mut ContactContent, masker: &Masker) {
    let addresses = card.identifier.iter_mut().chain(&mut card.answer_to);
    for identifier in addresses.chain(&mut card.offered).chain(&mut card.written_to) {
        *identifier = mask_identifier(identifier);
    }
    card.name.iter_mut().for_each(|name| *name = mask_name(name));
    card.subject
        .iter_mut()
        .for_each(|subject| *subject = masker.mask(subject));
    // The last word can be the beginning of an address, which is not recognised.
    if card.first_words.chars().count() >= CUT_AT {
        let whole = card.first_words.rfind(' ').unwrap_or_default();
        card.first_words.truncate(whole);
    }
    card.first_words = masker.mask(&card.first_words);
}

fn mask_body(body: &mut MessageContent, masker: &Masker) {
    body.text = masker.mask(&body.text);
    body.quoted = masker.mask(&body.quoted);
    body.subject
        .iter_mut()
        .for_each(|subject| *subject = masker.mask(subject));
    body.url.iter_mut().for_each(|url| *url = masker.mask(url));
    body.name.iter_mut().for_each(|name| *name = mask_name(name));
    let addresses = body.from.iter_mut().chain(&mut body.answer_to);
    addresses.for_each(|address| *address = mask_identifier(address));
    // The parts repeat the texts for edits. Nothing shows them.
    body.parts.clear();
}
