//! The sealed (encrypted) content of contacts and messages.

use chrono::{DateTime, Utc};
use hotline_core::contact::{message::Remark, writer::Writer};
use serde::{Deserialize, Serialize};

use crate::{error::StoreError, sealing::keys::DataKey};

/// The sealed content of a contact: the person's identifier, addresses and name, and the subject. The type intentionally does not implement
/// `Debug`, so that this content is never logged.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct ContactContent {
    /// The address or account of the person on the line.
    pub identifier: Option<String>,
    /// `true` for a contact from the web form: the person reads replies on the web form's answer page.
    #[serde(default, rename = "answers_lie_ready")]
    pub replies_wait_on_page: bool,
    /// The person's name, as it arrived with a message.
    pub name: Option<String>,
    /// Who writes, as the person chose in the web form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<Writer>,
    /// The age that the person gave in the web form, in years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u8>,
    /// The address at which the person asked to be answered. Replies are sent to this address instead of the identifier. If the person
    /// reads replies on the web form's answer page, a copy is sent to this address on a second line.
    pub answer_to: Option<String>,
    /// Other addresses at which the person asked to be answered. The writer of a reply may choose one of these addresses instead.
    #[serde(default)]
    pub offered: Vec<String>,
    /// Addresses other than the identifier to which replies were sent in this contact.
    #[serde(default)]
    pub written_to: Vec<String>,
    /// Subject of the first message.
    pub subject: Option<String>,
    /// First words of the person's newest message.
    pub first_words: String,
}

/// The sealed content of a message. The type intentionally does not implement `Debug`, so that this content is never logged.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageContent {
    /// The text that the sender wrote, without the quoted text of earlier messages.
    pub text: String,
    /// The text that the sender quoted from earlier messages.
    pub quoted: String,
    /// Subject of the message.
    pub subject: Option<String>,
    /// The web address that the person reported. Hotline never opens it.
    pub url: Option<String>,
    /// The sender's name, as it arrived with the message.
    pub name: Option<String>,
    /// The sender's address, if it differs from the contact's identifier.
    pub from: Option<String>,
    /// The address for replies, if it differs from the sender's address.
    pub answer_to: Option<String>,
    /// The id that the platform or the sender's mail program gave to the message. Replies refer to this id.
    #[serde(rename = "their_id")]
    pub message_id: Option<String>,
    /// Ids of earlier messages in the same thread.
    pub references: Vec<String>,
    /// Remarks of the parser about the message, which are shown to staff.
    pub remarks: Vec<Remark>,
    /// When the message was sent, according to its sender.
    pub claimed_at: Option<DateTime<Utc>>,
    /// The parts of the message, such as the photos of an album, if the platform gives each part an id. Otherwise empty.
    #[serde(rename = "pieces")]
    pub parts: Vec<PartContent>,
    /// When the person last edited the message. `None` if the message was never edited.
    pub edited_at: Option<DateTime<Utc>>,
}

/// The current version of one message part.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct PartContent {
    /// The platform's id of the message part.
    pub id: String,
    /// Position of the message part in the conversation on the platform. Parts with lower positions are older.
    pub place: u64,
    /// Version number of the message part. A higher number means a newer version.
    pub version: i64,
    /// The text that the sender wrote, without the quoted text of earlier messages.
    pub text: String,
    /// The text that the sender quoted from earlier messages.
    pub quoted: String,
    /// A value for each file of the message part. The value of a file is the same in all versions of the part, so that unchanged files are
    /// recognised.
    pub files: Vec<String>,
    /// Journal id of the raw message with which the files of this part arrived.
    pub files_of: i64,
}

impl ContactContent {
    /// Returns the address for replies on a line, if there is one. `own_line` is `true` for the line on which the contact arrived. On that
    /// line, the address is `answer_to`, or the identifier if `answer_to` is missing; it is empty if the person reads replies on the answer
    /// page. On other lines, the address is always `answer_to`.
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
    /// Sorts the message parts by their position, and joins the texts and the quoted texts of the parts into those of the message.
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

    /// Returns the position of the message's first part in the conversation. Returns `None` if the message has no parts.
    pub(crate) fn place(&self) -> Option<u64> {
        self.parts.first().map(|part| part.place)
    }

    /// Returns the index of the message part whose files arrived with this raw message. Returns 0 if the message has no parts. Returns
    /// `None` if the files of this raw message belong only to an earlier version of a part.
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

/// Returns at most the first 140 characters of a text, as one line: each run of white space becomes one space.
pub(crate) fn first_words(text: &str) -> String {
    text.split_whitespace()
        .flat_map(|word| word.chars().chain([' ']))
        .take(140)
        .collect::<String>()
        .trim_end()
        .to_owned()
}
