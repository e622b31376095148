//! The texts and files of a MIME part, and the choice of the texts that are shown.

use bytes::Bytes;

use super::text::{has_words, join_paragraphs, tidy, word_set};

/// A decoded file of a mail.
pub struct MailFile {
    /// The file name that the sender gave.
    pub name: Option<String>,
    /// The media type that the sender declared.
    pub media_type: String,
    /// Whether the sender's mail program placed the file inside the text.
    pub inline: bool,
    /// The bytes of the file, without transfer encoding. Empty if the file was removed before the mail was stored.
    pub bytes: Bytes,
    /// The size of the file in bytes, also if it was removed.
    pub size: u64,
    /// Whether the file may contain encrypted data.
    pub encrypted: bool,
}

/// A text that is shown.
pub struct ShownText {
    pub text: String,
    pub from_html: bool,
}

/// The contents of a MIME part and of the parts inside it.
#[derive(Default)]
pub struct PartContents {
    pub shown: Vec<ShownText>,
    /// Lines from the hidden alternatives of a `multipart/alternative`. Each of these lines has a word that the shown alternative lacks.
    pub only_in_hidden: Vec<String>,
    /// The texts of forwarded mails.
    pub mails: Vec<String>,
    pub invitations: Vec<String>,
    /// Attached texts and texts of unusual types. They are shown only if `shown` and `invitations` are empty.
    pub spare: Vec<String>,
    /// Texts before the first part and after the last part of a multipart, where mails normally have no content.
    pub around: Vec<String>,
    /// The URLs of external pictures.
    pub pictures: Vec<String>,
    /// The files of the part.
    pub files: Vec<MailFile>,
    /// Whether the end of a text was dropped because the text was too long.
    pub cut: bool,
}

impl PartContents {
    /// Returns all texts that are shown, joined.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.shown.iter().map(|shown| shown.text.as_str()).collect();
        join_paragraphs(&texts)
    }

    /// Adds a plain text to the texts that are shown.
    pub fn show(&mut self, text: String) {
        self.shown.push(ShownText {
            text,
            from_html: false,
        });
    }

    /// Adds the contents of a hidden alternative of the same message. Leaves out the texts in `other.shown`.
    pub fn with_all_but_text_of(mut self, mut other: Self) -> Self {
        other.shown.clear();
        self.append(other);
        self
    }

    pub fn append(&mut self, other: Self) {
        self.shown.extend(other.shown);
        self.only_in_hidden.extend(other.only_in_hidden);
        self.mails.extend(other.mails);
        self.invitations.extend(other.invitations);
        self.spare.extend(other.spare);
        self.around.extend(other.around);
        self.pictures.extend(other.pictures);
        self.files.extend(other.files);
        self.cut |= other.cut;
    }

    /// Returns the text to show, and whether it comes from HTML. Uses the first of these sources that contains text: `shown` with
    /// `invitations`, then `spare`, then `around` with `pictures`. `around` and `pictures` are not used if the mail contains a forwarded
    /// mail, because the page then shows the forwarded mail.
    pub fn shown_text(&mut self) -> (String, bool) {
        self.drop_repeated();
        let from_html = self
            .shown
            .iter()
            .any(|shown| shown.from_html && has_words(&shown.text));
        let text = tidy(&self.text());
        let shown = word_set(&text);
        let news = |text: &&String| !word_set(text).is_subset(&shown);
        let invitations: Vec<&str> = self.invitations.iter().filter(news).map(String::as_str).collect();
        let text = tidy(&join_paragraphs(&[&text, &join_paragraphs(&invitations)]));
        if !text.is_empty() {
            return (text, from_html);
        }
        let spare = tidy(&join_paragraphs(&self.spare));
        if !spare.is_empty() || !self.mails.is_empty() {
            return (spare, false);
        }
        let around: Vec<&String> = self.around.iter().filter(|text| !is_preamble(text)).collect();
        let around: Vec<&str> = around.into_iter().map(String::as_str).collect();
        (
            tidy(&join_paragraphs(&[
                &join_paragraphs(&around),
                &join_paragraphs(&self.pictures),
            ])),
            false,
        )
    }

    /// Removes a repeated text. Some programs send the same text as plain text and then as HTML, or the other way round. The second of two
    /// such texts is removed if it has at least `FEWEST` different words and if the first text contains all of them.
    fn drop_repeated(&mut self) {
        const FEWEST: usize = 5;
        let mut kept: Vec<ShownText> = Vec::new();
        for shown in std::mem::take(&mut self.shown) {
            let repeats = kept.last().is_some_and(|before| {
                let words = word_set(&shown.text);
                before.from_html != shown.from_html
                    && words.len() >= FEWEST
                    && words.is_subset(&word_set(&before.text))
            });
            if !repeats {
                kept.push(shown);
            }
        }
        self.shown = kept;
    }

    pub fn folded(&self) -> String {
        join_paragraphs(&[
            join_paragraphs(&self.only_in_hidden),
            join_paragraphs(&self.mails),
        ])
    }
}

/// Returns whether a text is a notice such as "This is a multi-part message in MIME format". Many mail programs write it before the first
/// part, for recipients whose mail program does not support MIME.
fn is_preamble(text: &str) -> bool {
    let words = word_set(text);
    words.len() < 60 && words.contains("mime")
}
