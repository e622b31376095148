//! What a visitor sends, as it is kept and as it is understood.

use data_encoding::BASE64;
use hotline_core::{
    contact::{
        counting::Joining,
        message::{Asks, Content, Incoming, Normalised, Part, RawMessage, Unreadable},
    },
    intake::NotAccepted,
    text::locale::Language,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::typed::Typed;

/// One post, as it lies in the journal. Has no `Debug` on purpose.
#[derive(Clone, Serialize, Deserialize)]
pub struct Posted {
    /// Whether advice is asked for or something reported; none when a visitor writes again.
    pub kind: Option<Asks>,
    /// What was written.
    pub message: String,
    /// The address that is reported.
    pub url: String,
    /// The visitor's language.
    pub language: Language,
    /// Where else the visitor wants the answer.
    pub reply_to: String,
    /// The mark of the receipt code.
    pub receipt: String,
    /// What came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PostedFile>,
}

/// A file, as it lies in the journal. Has no `Debug` on purpose.
#[derive(Clone, Serialize, Deserialize)]
pub struct PostedFile {
    name: Option<String>,
    media_type: String,
    /// Base64.
    bytes: String,
}

impl PostedFile {
    /// A file with its name and kind as sent.
    pub fn new(name: Option<String>, media_type: String, bytes: &[u8]) -> Self {
        Self {
            name,
            media_type,
            bytes: BASE64.encode(bytes),
        }
    }

    fn to_part(&self) -> Part {
        Part {
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            inline: false,
            content: Content::Here(BASE64.decode(self.bytes.as_bytes()).unwrap_or_default()),
        }
    }
}

impl Posted {
    /// What was typed, without its receipt.
    pub fn new(typed: &Typed, kind: Option<Asks>, language: Language) -> Self {
        Self {
            kind,
            message: typed.message.clone(),
            url: typed.url.clone(),
            language,
            reply_to: typed.reply_to.clone(),
            receipt: String::new(),
            files: typed.files.clone(),
        }
    }

    /// A hash of what was written, its receipt left out.
    pub fn digest(&self) -> Result<String, NotAccepted> {
        let unmarked = Self {
            receipt: String::new(),
            ..self.clone()
        };
        let text = serde_json::to_vec(&unmarked).map_err(|error| NotAccepted(error.to_string()))?;
        Ok(data_encoding::HEXLOWER.encode(&Sha256::digest(&text)))
    }

    /// Whether two posts say the same, in whatever language the page around them was.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let what = |posted: &Self| {
            let unmarked = Self {
                receipt: String::new(),
                language: Language::En,
                ..posted.clone()
            };
            serde_json::to_vec(&unmarked).ok()
        };
        what(self) == what(other)
    }
}

/// Reads what was posted.
pub fn read(raw: &RawMessage) -> Normalised {
    let posted = serde_json::from_slice::<Posted>(&raw.bytes).ok();
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
        answers_lie_ready: true,
        text: posted.message,
        url: given(posted.url),
        asks: posted.kind,
        language: Some(posted.language),
        parts: posted.files.iter().map(PostedFile::to_part).collect(),
        ..Incoming::default()
    }))
}
