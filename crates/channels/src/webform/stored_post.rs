//! The format in which visitors' posts are stored, and the parser for it.

use hotline_core::{
    contact::{
        joining::Joining,
        message::{Asks, Incoming, Normalised, RawMessage, Unreadable},
        provenance::Provenance,
        urgency::InDanger,
        writer::Writer,
    },
    intake::NotAccepted,
    text::locale::Language,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fields::{FormFields, PostedFile};

/// One post, in the format of its raw message. It has no `Debug` implementation, so that the post can't appear in a log.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoredPost {
    /// Whether the post is a request for advice or a report; `None` for a further message from the answer page.
    pub kind: Option<Asks>,
    pub message: String,
    /// The answer to the question "Are you in danger now?".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_danger: Option<InDanger>,
    /// The URL that the visitor reports.
    pub url: String,
    /// The language of the form that the visitor filled in, or the language that a program named.
    pub language: Language,
    /// Who writes, as the visitor chose. Posts of earlier versions do not contain this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<Writer>,
    /// The visitor's name or nickname.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The visitor's age in years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u8>,
    /// The visitor's e-mail address, if the visitor wants to receive answers by e-mail, too.
    pub reply_to: String,
    /// The keyed hash of the receipt code. The code itself is not stored.
    pub receipt: String,
    /// The files of the message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PostedFile>,
    /// What the post shows about its sender.
    #[serde(default, skip_serializing_if = "Provenance::is_ordinary")]
    pub provenance: Provenance,
}

impl StoredPost {
    /// Creates a post from the fields of a form. Leaves the field `receipt` empty. This field is set when the post is stored.
    pub fn new(fields: &FormFields, kind: Option<Asks>, language: Language) -> Self {
        Self {
            kind,
            message: fields.message.clone(),
            in_danger: fields.in_danger,
            url: fields.url.clone(),
            language,
            writer: fields.writer,
            name: fields.name.clone(),
            age: fields.years(),
            reply_to: fields.reply_to.clone(),
            receipt: String::new(),
            files: fields.files.clone(),
            provenance: Provenance::Ordinary,
        }
    }

    /// Returns a hash of all fields except `receipt` and `provenance`.
    pub fn digest(&self) -> Result<String, NotAccepted> {
        let unmarked = Self {
            receipt: String::new(),
            provenance: Provenance::Ordinary,
            ..self.clone()
        };
        let text = serde_json::to_vec(&unmarked).map_err(|error| NotAccepted(error.to_string()))?;
        Ok(data_encoding::HEXLOWER.encode(&Sha256::digest(&text)))
    }

    /// Returns whether all fields except `receipt`, `language` and `provenance` are the same.
    pub fn has_same_content(&self, other: &Self) -> bool {
        let what = |posted: &Self| {
            let unmarked = Self {
                receipt: String::new(),
                language: Language::En,
                provenance: Provenance::Ordinary,
                ..posted.clone()
            };
            serde_json::to_vec(&unmarked).ok()
        };
        what(self) == what(other)
    }
}

/// Parses a stored post.
pub fn parse_post(raw: &RawMessage) -> Normalised {
    let posted = serde_json::from_slice::<StoredPost>(&raw.bytes).ok();
    let Some(posted) = posted.filter(|posted| !posted.receipt.is_empty()) else {
        let reason = "it is not what the form sends".to_owned();
        return Normalised::Unreadable(Unreadable {
            reason,
            ..Unreadable::default()
        });
    };
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    Normalised::Message(Box::new(Incoming {
        identifier: Some(posted.receipt.into()),
        answer_to: given(posted.reply_to).map(Into::into),
        joining: Joining::ByIdentifier,
        replies_wait_on_page: true,
        text: posted.message,
        in_danger: posted.in_danger,
        writer: posted.writer,
        name: given(posted.name),
        age: posted.age,
        url: given(posted.url),
        asks: posted.kind,
        language: Some(posted.language),
        provenance: posted.provenance,
        parts: posted.files.iter().map(PostedFile::to_part).collect(),
        ..Incoming::default()
    }))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use hotline_core::identifiers::line_name::LineName;

    use super::*;

    fn parse(json: &str) -> Option<Incoming> {
        let raw = RawMessage {
            line: LineName::parse("form").unwrap(),
            external_id: String::new(),
            received_at: DateTime::UNIX_EPOCH,
            bytes: json.as_bytes().to_vec(),
            cut_from: None,
        };
        let Normalised::Message(message) = parse_post(&raw) else {
            return None;
        };
        Some(*message)
    }

    #[test]
    fn posts_of_earlier_versions_name_no_writer() {
        let old = r#"{"kind":"advice","message":"Zdravo","url":"","language":"sr-Latn","reply_to":"","receipt":"x"}"#;
        let old = parse(old).unwrap();
        assert_eq!((old.writer, old.name, old.age), (None, None, None));
    }

    #[test]
    fn a_post_keeps_who_writes() {
        let post = r#"{"kind":"advice","message":"Zdravo","url":"","language":"sr-Latn","writer":"child","name":"Ana","age":12,
            "reply_to":"","receipt":"x"}"#;
        let post = parse(post).unwrap();
        assert_eq!(
            (post.writer, post.name.as_deref(), post.age),
            (Some(Writer::Child), Some("Ana"), Some(12))
        );
    }
}
