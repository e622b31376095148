//! What a form's fields hold, however the browser sent them, and what is wrong with it.

use axum::{
    extract::{Form, FromRequest, Multipart, Request, multipart::Field},
    http::{HeaderMap, header},
};
use hotline_core::message::Asks;
use serde::Deserialize;

use super::read::PostedFile;
use crate::clean;

/// The longest message, in characters.
pub const LONGEST: usize = 20_000;
/// The longest address of a page that is reported, in characters.
const LONGEST_URL: usize = 8_000;
/// The largest request without files, in bytes: more than the longest message in any script, percent-encoded.
pub const LARGEST: usize = 1 << 20;
/// Files that may come with one message, and the largest of them in bytes.
pub const MOST_FILES: usize = 5;
const LARGEST_FILE: usize = 10 << 20;
/// The largest request with files.
pub const LARGEST_WITH_FILES: usize = LARGEST + MOST_FILES * LARGEST_FILE;

/// What the form's fields hold.
#[derive(Default, Deserialize)]
#[serde(default)]
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
    /// What came with it.
    #[serde(skip)]
    pub files: Vec<PostedFile>,
    /// What is wrong with the files, if anything.
    #[serde(skip)]
    pub wrong_files: Option<&'static str>,
}

/// A mistake: the field it is in, and the key of what to say.
pub type Mistake = (&'static str, &'static str);

/// Why a request holds no form.
pub enum Refused {
    /// It holds files, and none are taken.
    Files,
    /// It is not what a form sends.
    Unreadable,
}

/// Whether a request holds files.
pub fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/"))
}

/// Whether mail can be sent there: an address in a domain that has a name above it.
fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>()
        .is_ok_and(|address| address.domain().trim_matches('.').contains('.'))
}

impl Typed {
    /// Reads a posted form. The body was limited before.
    pub async fn read(request: Request, takes_files: bool) -> Result<Self, Refused> {
        let typed = if !is_multipart(request.headers()) {
            let Ok(Form(typed)) = Form::<Self>::from_request(request, &()).await else {
                return Err(Refused::Unreadable);
            };
            typed
        } else if takes_files {
            let Ok(parts) = Multipart::from_request(request, &()).await else {
                return Err(Refused::Unreadable);
            };
            Self::from_parts(parts).await?
        } else {
            super::door::drain(request.into_body()).await;
            return Err(Refused::Files);
        };
        Ok(typed.cleaned())
    }

    async fn from_parts(mut parts: Multipart) -> Result<Self, Refused> {
        let mut typed = Self::default();
        while let Some(field) = parts.next_field().await.map_err(|_| Refused::Unreadable)? {
            let name = field.name().unwrap_or_default().to_owned();
            if let Some(file) = field.file_name().map(str::to_owned) {
                typed.take_file(field, &file).await?;
                continue;
            }
            let text = field.text().await.map_err(|_| Refused::Unreadable)?;
            match name.as_str() {
                "id" => typed.id = text,
                "lang" => typed.lang = text,
                "message" => typed.message = text,
                "url" => typed.url = text,
                "reply_to" => typed.reply_to = text,
                "code" => typed.code = text,
                _ => {}
            }
        }
        Ok(typed)
    }

    /// Reads a file to its end; keeps it unless there are too many or it is too large.
    async fn take_file(&mut self, mut field: Field<'_>, name: &str) -> Result<(), Refused> {
        let media_type = clean::media_type(field.content_type().unwrap_or_default());
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|_| Refused::Unreadable)? {
            if bytes.len() + piece.len() > LARGEST_FILE {
                self.wrong_files = Some("mistake-file-large");
            } else {
                bytes.extend_from_slice(&piece);
            }
        }
        // A file field left alone is sent as a file without a name and without bytes.
        if name.is_empty() && bytes.is_empty() {
            return Ok(());
        }
        if self.files.len() == MOST_FILES {
            self.wrong_files = Some("mistake-files-many");
        } else {
            self.files
                .push(PostedFile::new(clean::file_name(name), media_type, &bytes));
        }
        Ok(())
    }

    /// What was typed, without what means nothing to anybody.
    pub fn cleaned(self) -> Self {
        Self {
            message: clean::text(&self.message),
            url: clean::text(&self.url),
            reply_to: clean::text(&self.reply_to),
            ..self
        }
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
