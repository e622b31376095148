//! What a form's fields hold, however the browser sent them, and what is wrong with it.

use axum::http::{HeaderMap, header};
use hotline_core::{contact::message::Asks, text::visible::is_blank};

use super::read::PostedFile;
use crate::clean;

/// The longest message, in characters.
pub const LONGEST: usize = 20_000;
/// The longest address of a page that is reported, in characters.
const LONGEST_URL: usize = 8_000;
/// The largest request without files, in bytes: more than the longest message in any script, percent-encoded.
pub const LARGEST: usize = 1 << 20;
/// Files that may come with one message.
pub const MOST_FILES: usize = 5;
/// The largest of them, in bytes.
pub const LARGEST_FILE: usize = 10 << 20;
/// The largest request with files.
pub const LARGEST_WITH_FILES: usize = LARGEST + MOST_FILES * LARGEST_FILE;

/// What the form's fields hold.
#[derive(Default)]
pub struct Typed {
    /// Made when the form was shown.
    pub id: String,
    /// The language it was shown in.
    pub lang: String,
    /// What was written.
    pub message: String,
    /// The address that is reported.
    pub url: String,
    /// Where else the visitor wants the answer.
    pub reply_to: String,
    /// The receipt code, when a visitor comes back.
    pub code: String,
    /// The reference on a receipt that is shown in another language.
    pub reference: String,
    /// The language to show all this in instead of sending it.
    pub switch: String,
    /// Whether files were chosen that did not come along.
    pub files_named: bool,
    /// What came with it.
    pub files: Vec<PostedFile>,
    /// What is wrong with the files, if anything.
    pub wrong_files: Option<&'static str>,
}

/// A mistake: the field it is in, and the key of what to say.
pub type Mistake = (&'static str, &'static str);

/// Whether a request holds files.
pub fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/"))
}

/// What somebody wrote, or nothing if nobody can see any of it.
fn given(text: &str) -> String {
    if is_blank(text) {
        return String::new();
    }
    clean::text(text)
}

/// Whether mail can be sent there: an address in a domain that has a name above it.
fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>()
        .is_ok_and(|address| address.domain().trim_matches('.').contains('.'))
}

impl Typed {
    /// Puts a text into its field. Fields that no page has are ignored.
    pub fn set(&mut self, field: &str, text: String) {
        match field {
            "id" => self.id = text,
            "lang" => self.lang = text,
            "message" => self.message = text,
            "url" => self.url = text,
            "reply_to" => self.reply_to = text,
            "code" => self.code = text,
            "reference" => self.reference = text,
            "switch" => self.switch = text,
            // Without files only their names are sent.
            "file" => self.files_named |= !text.is_empty(),
            _ => {}
        }
    }

    /// Whether another language was asked for. Then this is to be shown in it, with everything that was typed.
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

    /// What was typed, without what means nothing to anybody.
    pub fn cleaned(self) -> Self {
        Self {
            message: given(&self.message),
            url: given(&self.url),
            reply_to: given(&self.reply_to),
            ..self
        }
    }

    /// What is wrong with the files that were chosen, when the form is only shown in another language.
    pub fn mistakes_of_switching(&self) -> Vec<Mistake> {
        self.wrong_files
            .map(|wrong| ("file", wrong))
            .into_iter()
            .collect()
    }

    /// What is wrong with a first message.
    pub fn mistakes(&self, asks: Asks) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let said = !self.message.is_empty() || !self.files.is_empty();
        match asks {
            Asks::Advice if !said => mistakes.push(("message", "mistake-message-empty")),
            Asks::Report if !said && self.url.is_empty() => mistakes.push(("url", "mistake-report-empty")),
            Asks::Advice | Asks::Report => {}
        }
        if self.url.chars().count() > LONGEST_URL {
            mistakes.push(("url", "mistake-url-long"));
        }
        if !self.reply_to.is_empty() && !is_address(&self.reply_to) {
            mistakes.push(("reply_to", "mistake-reply-to"));
        }
        self.common_mistakes(&mut mistakes);
        mistakes
    }

    /// What is wrong with a later message.
    pub fn mistakes_of_more(&self) -> Vec<Mistake> {
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
            // No browser keeps chosen files in a form that is shown again.
            mistakes.push(("file", "mistake-files-again"));
        }
    }
}
