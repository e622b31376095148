//! The texts and files of a part of a mail, and the choice of the texts that are shown.

use bytes::Bytes;

use super::text::{has_words, join_paragraphs, tidy, word_set};

/// A decoded file.
pub struct MailFile {
    /// The name as sent.
    pub name: Option<String>,
    /// The media type as sent.
    pub media_type: String,
    /// Whether it was inside the text.
    pub inline: bool,
    /// The bytes, unchanged.
    pub bytes: Bytes,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

/// A text that is shown.
pub struct ShownText {
    pub text: String,
    pub from_html: bool,
}

/// The contents of a part and of the parts inside it.
#[derive(Default)]
pub struct PartContents {
    pub shown: Vec<ShownText>,
    /// Lines with words that occur only in an alternative of the message (`multipart/alternative`) that is
    /// not shown.
    pub only_in_hidden: Vec<String>,
    /// Forwarded mails.
    pub mails: Vec<String>,
    pub invitations: Vec<String>,
    /// Texts that are shown only if nothing else has words: attached texts, and texts of unknown types.
    pub spare: Vec<String>,
    /// Texts before the first and after the last part of multiparts.
    pub around: Vec<String>,
    /// The URLs of external pictures.
    pub pictures: Vec<String>,
    /// The files of the part.
    pub files: Vec<MailFile>,
    pub cut: bool,
}

impl PartContents {
    /// Returns all texts that are shown, joined.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.shown.iter().map(|shown| shown.text.as_str()).collect();
        join_paragraphs(&texts)
    }

    /// Adds a plain text to those that are shown.
    pub fn show(&mut self, text: String) {
        self.shown.push(ShownText {
            text,
            from_html: false,
        });
    }

    /// Adds everything of another alternative of the same message except its text.
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

    /// Returns the text, and whether it was made from HTML. The text is made from `shown` and `invitations`;
    /// if these are empty, from `spare`; if that is empty too and there is no forwarded mail, from `around`
    /// and `pictures`.
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

    /// Drops a text that follows a text of the other format (plain or HTML) and contains no new words. Some
    /// programs send both formats one after the other.
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

/// Returns whether a text is the preamble that programs write for programs without MIME.
fn is_preamble(text: &str) -> bool {
    let words = word_set(text);
    words.len() < 60 && words.contains("mime")
}
