//! The fields of a posted form, and the checks of what the visitor entered in them.

use axum::http::{HeaderMap, header};
use data_encoding::BASE64;
use hotline_core::{
    contact::{
        message::{Asks, Content, Part},
        urgency::InDanger,
        writer::Writer,
    },
    text::visible::is_blank,
};
use serde::{Deserialize, Serialize};

use super::form_kind::FormKind;
use crate::clean;

/// The maximum length of a message, in characters.
pub const LONGEST: usize = 20_000;
/// The maximum length of the URL in a report, in characters.
const LONGEST_URL: usize = 8_000;
/// The maximum length of a name, in characters.
pub const LONGEST_NAME: usize = 100;
/// The highest age that a visitor can give, in years.
const HIGHEST_AGE: u8 = 120;
/// The size of the largest request without files, in bytes. It is sufficient for a message of `LONGEST` characters in any script, even
/// with percent-encoding.
pub const LARGEST: usize = 1 << 20;
/// The maximum number of files in one message.
pub const MOST_FILES: usize = 5;
/// The size of the largest accepted file, in bytes.
pub const LARGEST_FILE: usize = 10 << 20;
/// The size of the largest request with files, in bytes.
pub const LARGEST_WITH_FILES: usize = LARGEST + MOST_FILES * LARGEST_FILE;

/// The fields of a form.
#[derive(Default)]
pub struct FormFields {
    /// The id that was created when the form was shown.
    pub id: String,
    /// The language in which the form was shown.
    pub lang: String,
    pub message: String,
    /// The answer to the question "Are you in danger now?"; `None` if the visitor did not answer it.
    pub in_danger: Option<InDanger>,
    /// The URL that the visitor reports.
    pub url: String,
    /// The adult that the visitor chose in the form for adults.
    pub writer: Option<Writer>,
    /// The visitor's name or nickname.
    pub name: String,
    /// The visitor's age, as typed.
    pub age: String,
    /// The visitor's e-mail address, if the visitor wants to receive answers by e-mail, too.
    pub reply_to: String,
    /// The receipt code of a returning visitor.
    pub code: String,
    /// The reference on the receipt. It is sent only when the visitor switches the receipt to another language.
    pub reference: String,
    /// The form token that the line created when it showed the form.
    pub form_token: String,
    /// The solution of a proof-of-work challenge; empty if the form contains no solution.
    pub proof: String,
    /// The language to which the visitor switched the form; empty if the visitor did not switch the language.
    pub switch: String,
    /// Whether the request contains the names of chosen files without their contents.
    pub files_named: bool,
    /// The files in the request.
    pub files: Vec<PostedFile>,
    /// The key of the text that explains a mistake in the files; `None` if there is no mistake.
    pub wrong_files: Option<&'static str>,
}

/// A file in the format in which a post is stored. It has no `Debug` implementation, so that the file can't appear in a log.
#[derive(Clone, Serialize, Deserialize)]
pub struct PostedFile {
    name: Option<String>,
    media_type: String,
    /// The content in base64.
    bytes: String,
}

impl PostedFile {
    pub fn new(name: Option<String>, media_type: String, bytes: &[u8]) -> Self {
        Self {
            name,
            media_type,
            bytes: BASE64.encode(bytes),
        }
    }

    /// Converts the file into a part of a message.
    pub fn to_part(&self) -> Part {
        Part {
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            inline: false,
            content: Content::Here(BASE64.decode(self.bytes.as_bytes()).unwrap_or_default()),
        }
    }
}

/// A mistake in a field: the field's name, and the key of the text that explains the mistake.
pub type Mistake = (&'static str, &'static str);

/// Returns whether a request is a multipart form. Other forms can't contain files.
pub fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/"))
}

/// Returns the cleaned text. Returns an empty text if it has no visible character.
fn visible_text(text: &str) -> String {
    if is_blank(text) {
        return String::new();
    }
    clean::text(text)
}

/// Returns whether a text is a valid e-mail address whose domain contains a dot.
fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>()
        .is_ok_and(|address| address.domain().trim_matches('.').contains('.'))
}

impl FormFields {
    /// Sets the field with the form's field name `field`. Ignores unknown names.
    pub fn set(&mut self, field: &str, text: String) {
        match field {
            "id" => self.id = text,
            "lang" => self.lang = text,
            "message" => self.message = text,
            "url" => self.url = text,
            "in_danger" => self.in_danger = InDanger::parse(&text),
            "writer" => self.writer = Writer::parse(&text),
            "name" => self.name = text,
            "age" => self.age = text,
            "reply_to" => self.reply_to = text,
            "code" => self.code = text,
            "reference" => self.reference = text,
            "form_token" => self.form_token = text,
            "proof" => self.proof = text,
            "switch" => self.switch = text,
            // If a form is not multipart, the browser sends only the names of the chosen files.
            "file" => self.files_named |= !text.is_empty(),
            _ => {}
        }
    }

    /// Returns whether the visitor chose another language, and sets `lang` to it. If `true`, the caller shows the form again, with
    /// everything that the visitor typed.
    pub fn switches_language(&mut self) -> bool {
        if self.switch.is_empty() {
            return false;
        }
        self.lang = std::mem::take(&mut self.switch);
        if self.files_named {
            self.wrong_files = Some("mistake-files-again");
        }
        true
    }

    /// Cleans the text in every field. A field without a visible character becomes empty.
    pub fn cleaned(self) -> Self {
        Self {
            message: visible_text(&self.message),
            url: visible_text(&self.url),
            reply_to: visible_text(&self.reply_to),
            name: clean::one_line(&visible_text(&self.name))
                .chars()
                .take(LONGEST_NAME)
                .collect(),
            age: visible_text(&self.age),
            ..self
        }
    }

    /// Returns the age that the visitor gave. Returns `None` if the field is empty or contains no age.
    pub fn years(&self) -> Option<u8> {
        self.age.parse().ok().filter(|years| *years <= HIGHEST_AGE)
    }

    /// Returns the mistakes in the chosen files. They are shown when the form is shown again in another language.
    pub fn file_mistakes(&self) -> Vec<Mistake> {
        self.wrong_files
            .map(|wrong| ("file", wrong))
            .into_iter()
            .collect()
    }

    /// Returns the mistakes in a post of a form.
    pub fn mistakes(&self, kind: FormKind) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let has_content = !self.message.is_empty() || !self.files.is_empty();
        let formal = kind.is_formal();
        match kind.asks() {
            Asks::Advice if !has_content && formal => mistakes.push(("message", "mistake-adult-empty")),
            Asks::Advice if !has_content => mistakes.push(("message", "mistake-message-empty")),
            Asks::Report if !has_content && self.url.is_empty() => {
                mistakes.push(("url", "mistake-report-empty"))
            }
            Asks::Advice | Asks::Report => {}
        }
        if self.url.chars().count() > LONGEST_URL {
            mistakes.push(("url", "mistake-url-long"));
        }
        if !self.age.is_empty() && self.years().is_none() {
            mistakes.push(("age", "mistake-age"));
        }
        if !self.reply_to.is_empty() && !is_address(&self.reply_to) {
            mistakes.push(("reply_to", "mistake-reply-to"));
        }
        self.common_mistakes(&mut mistakes);
        mistakes
    }

    /// Returns the mistakes in a further message, which the visitor wrote on the answer page.
    pub fn mistakes_in_further_message(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        if self.message.is_empty() && self.files.is_empty() && self.wrong_files.is_none() {
            mistakes.push(("message", "mistake-more-empty"));
        }
        self.common_mistakes(&mut mistakes);
        mistakes
    }

    fn common_mistakes(&self, mistakes: &mut Vec<Mistake>) {
        if self.message.chars().count() > LONGEST {
            mistakes.push(("message", "mistake-message-long"));
        }
        if let Some(wrong) = self.wrong_files {
            mistakes.push(("file", wrong));
        } else if !mistakes.is_empty() && !self.files.is_empty() {
            // When a form is shown again, browsers forget the chosen files, so the visitor has to choose them again.
            mistakes.push(("file", "mistake-files-again"));
        }
    }
}
