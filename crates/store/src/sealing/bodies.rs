//! What is sealed of a contact and its messages, and where.

use chrono::{DateTime, Utc};
use hotline_core::contact::message::Remark;
use serde::{Deserialize, Serialize};

use crate::{error::StoreError, sealing::keys::DataKey};

/// Who is on the other side of a contact, and what it is about. Has no `Debug` on purpose.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Card {
    /// The address or account on the channel.
    pub identifier: Option<String>,
    /// Whether answers lie ready for whoever has the receipt code, instead of being sent.
    #[serde(default)]
    pub answers_lie_ready: bool,
    /// The name it came with.
    pub name: Option<String>,
    /// Where answers go instead, or as well.
    pub answer_to: Option<String>,
    /// Other addresses that the person asked to be answered at: whoever replies may choose one.
    #[serde(default)]
    pub offered: Vec<String>,
    /// Addresses other than the identifier that replies were sent to.
    #[serde(default)]
    pub written_to: Vec<String>,
    /// The subject of the first message.
    pub subject: Option<String>,
    /// The first words of the newest message of the person.
    pub first_words: String,
}

/// What a message says. Has no `Debug` on purpose.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Body {
    /// What was written.
    pub text: String,
    /// What was quoted with it.
    pub quoted: String,
    /// Its subject.
    pub subject: Option<String>,
    /// The address it reports.
    pub url: Option<String>,
    /// The name it came with.
    pub name: Option<String>,
    /// The address it came from, if that is not the contact's.
    pub from: Option<String>,
    /// Where it asks to be answered, if not where it came from.
    pub answer_to: Option<String>,
    /// The channel's own id of it, which a reply names.
    pub their_id: Option<String>,
    /// The ids before it in its thread.
    pub references: Vec<String>,
    /// How it was read.
    pub remarks: Vec<Remark>,
    /// When its sender says it was sent.
    pub claimed_at: Option<DateTime<Utc>>,
    /// Its pieces, where the platform names them.
    pub pieces: Vec<PieceBody>,
    /// When the newest of its later versions was written.
    pub edited_at: Option<DateTime<Utc>>,
}

/// A piece of a message, as it stands.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct PieceBody {
    /// The platform's id of it.
    pub id: String,
    /// Its place in its conversation.
    pub place: u64,
    /// Which version of it this is.
    pub version: i64,
    /// What was written.
    pub text: String,
    /// What was quoted with it.
    pub quoted: String,
    /// What makes its files the same files in another version.
    pub files: Vec<String>,
    /// The raw message that its files came with.
    pub files_of: i64,
}

impl Card {
    /// Where a message to the person goes: on the contact's own line to the address they asked to be answered at, or else to the one
    /// they wrote from. `None` if there is no address. Empty if answers lie ready for the person.
    pub(crate) fn answer_address(&self, own_line: bool) -> Option<String> {
        if own_line && self.answers_lie_ready {
            Some(String::new())
        } else if own_line {
            self.answer_to.clone().or_else(|| self.identifier.clone())
        } else {
            self.answer_to.clone()
        }
    }
}

impl Body {
    /// Makes the whole of its pieces, in their order.
    pub(crate) fn compose(&mut self) {
        self.pieces
            .sort_by(|a, b| (a.place, &a.id).cmp(&(b.place, &b.id)));
        let joined = |of: fn(&PieceBody) -> &str| {
            let texts: Vec<&str> = self
                .pieces
                .iter()
                .map(of)
                .filter(|text| !text.is_empty())
                .collect();
            texts.join("\n\n")
        };
        let (text, quoted) = (joined(|piece| &piece.text), joined(|piece| &piece.quoted));
        self.text = text;
        self.quoted = quoted;
    }

    /// Its place in its conversation, where the platform says it.
    pub(crate) fn place(&self) -> Option<u64> {
        self.pieces.first().map(|piece| piece.place)
    }

    /// Where the files that came with this raw message stand in it. `None`: they belong to another version.
    pub(crate) fn place_of_files(&self, journal_id: i64) -> Option<usize> {
        if self.pieces.is_empty() {
            return Some(0);
        }
        self.pieces.iter().position(|piece| piece.files_of == journal_id)
    }
}

pub(crate) fn seal<T: Serialize>(key: &DataKey, place: &str, value: &T) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(value).map_err(|_| StoreError::Sealed("Something new"))?;
    key.seal(place, &plain)
}

pub(crate) fn unseal<T: for<'de> Deserialize<'de>>(
    key: &DataKey,
    place: &str,
    sealed: &[u8],
) -> Result<T, StoreError> {
    serde_json::from_slice(&key.open(place, sealed)?).map_err(|_| StoreError::Sealed("A sealed value"))
}

/// The first words of a text, on one line.
pub(crate) fn first_words(text: &str) -> String {
    text.split_whitespace()
        .flat_map(|word| word.chars().chain([' ']))
        .take(140)
        .collect::<String>()
        .trim_end()
        .to_owned()
}
