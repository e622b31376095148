//! The sealed (encrypted) content of contacts and messages.

use chrono::{DateTime, Utc};
use hotline_core::contact::message::Remark;
use serde::{Deserialize, Serialize};

use crate::{error::StoreError, sealing::keys::DataKey};

/// The sealed content of a contact: the person's identifier, addresses and name, and the subject. The type intentionally does not implement
/// `Debug`.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct ContactContent {
    /// The address or account of the person on the channel.
    pub identifier: Option<String>,
    /// `true` if replies are shown on the web form's answer page instead of being sent.
    #[serde(default, rename = "answers_lie_ready")]
    pub replies_wait_on_page: bool,
    /// The sender's name as received.
    pub name: Option<String>,
    /// The address at which the person asked to be answered. On the contact's own line, replies go to this address instead of the
    /// identifier. A reply to a web form is shown on the answer page and also sent to this address.
    pub answer_to: Option<String>,
    /// Other addresses at which the person asked to be answered. The writer of a reply may choose one of these addresses.
    #[serde(default)]
    pub offered: Vec<String>,
    /// Addresses to which replies were sent, except the identifier.
    #[serde(default)]
    pub written_to: Vec<String>,
    /// Subject of the first message.
    pub subject: Option<String>,
    /// First words of the person's newest message.
    pub first_words: String,
}

/// The sealed content of a message. The type intentionally does not implement `Debug`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageContent {
    /// The text, without quoted text.
    pub text: String,
    /// Quoted text.
    pub quoted: String,
    /// Subject of the message.
    pub subject: Option<String>,
    /// The web address that the message reports.
    pub url: Option<String>,
    /// The sender's name as received.
    pub name: Option<String>,
    /// The sender's address, if it is not the contact's identifier.
    pub from: Option<String>,
    /// The address for replies, if it differs from the sender's address.
    pub answer_to: Option<String>,
    /// The channel's id of the message. Replies refer to this id.
    #[serde(rename = "their_id")]
    pub message_id: Option<String>,
    /// Ids of earlier messages in the same thread.
    pub references: Vec<String>,
    /// Remarks by the parser.
    pub remarks: Vec<Remark>,
    /// When the message was sent, according to its sender.
    pub claimed_at: Option<DateTime<Utc>>,
    /// The message parts, if the platform gives them ids.
    #[serde(rename = "pieces")]
    pub parts: Vec<PartContent>,
    /// When the newest version of the message was written. `None` if the message was never edited.
    pub edited_at: Option<DateTime<Utc>>,
}

/// The current version of one message part.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct PartContent {
    /// The platform's id of the message part.
    pub id: String,
    /// Position of the message part in the conversation.
    pub place: u64,
    /// Version number of the message part.
    pub version: i64,
    /// The text, without quoted text.
    pub text: String,
    /// Quoted text.
    pub quoted: String,
    /// One value for each file of the message part. The value of a file is the same in all versions.
    pub files: Vec<String>,
    /// Journal id of the raw message that contained the files.
    pub files_of: i64,
}

impl ContactContent {
    /// Returns the address for replies on a line, or `None` if there is no address. On any line other than the contact's own line, the
    /// address is `answer_to`. On the contact's own line, the address is `answer_to` or, if that is missing, the identifier. If replies on
    /// the contact's own line are only shown on the answer page, the address is the empty string.
    pub(crate) fn answer_address(&self, own_line: bool) -> Option<String> {
        if own_line && self.replies_wait_on_page {
            Some(String::new())
        } else if own_line {
            self.answer_to.clone().or_else(|| self.identifier.clone())
        } else {
            self.answer_to.clone()
        }
    }
}

impl MessageContent {
    /// Sorts the message parts and joins their texts into the text of the message.
    pub(crate) fn compose(&mut self) {
        self.parts.sort_by(|a, b| (a.place, &a.id).cmp(&(b.place, &b.id)));
        let joined = |of: fn(&PartContent) -> &str| {
            let texts: Vec<&str> = self
                .parts
                .iter()
                .map(of)
                .filter(|text| !text.is_empty())
                .collect();
            texts.join("\n\n")
        };
        let (text, quoted) = (joined(|part| &part.text), joined(|part| &part.quoted));
        self.text = text;
        self.quoted = quoted;
    }

    /// Returns the position of the message in the conversation, if the platform provides positions.
    pub(crate) fn place(&self) -> Option<u64> {
        self.parts.first().map(|part| part.place)
    }

    /// Returns the index of the message part whose files came with this raw message. Returns 0 if the message has no parts, and `None` if
    /// the files belong to another version.
    pub(crate) fn place_of_files(&self, journal_id: i64) -> Option<usize> {
        if self.parts.is_empty() {
            return Some(0);
        }
        self.parts.iter().position(|part| part.files_of == journal_id)
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

/// Returns at most the first 140 characters of a text, as one line.
pub(crate) fn first_words(text: &str) -> String {
    text.split_whitespace()
        .flat_map(|word| word.chars().chain([' ']))
        .take(140)
        .collect::<String>()
        .trim_end()
        .to_owned()
}
