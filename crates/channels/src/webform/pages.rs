//! The form's pages.

use askama::Template;
use chrono_tz::Tz;
use hotline_core::{
    centre::Centre,
    contact::message::Asks,
    intake::Said,
    text::locale::{Language, Words},
};

use super::typed::{LONGEST, Mistake, Typed};

/// The two paths.
#[derive(Template)]
#[template(path = "webform/home.html")]
pub struct Home<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    pub path: &'a str,
}

/// One of the two forms.
#[derive(Template)]
#[template(path = "webform/form.html")]
pub struct Form<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    pub path: &'a str,
    pub asks: Asks,
    pub typed: &'a Typed,
    pub mistakes: &'a [Mistake],
    pub files: bool,
    /// Whether there is a field for an address to be answered at.
    pub answers_by_mail: bool,
    /// Nothing could be written down: the same form again, with what was typed.
    pub unavailable: bool,
}

impl Form<'_> {
    fn mistake(&self, field: &str) -> Option<String> {
        mistake_text(self.words, self.mistakes, field)
    }
}

/// The receipt.
#[derive(Template)]
#[template(path = "webform/receipt.html")]
pub struct Receipt<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    pub reference: String,
    pub code: String,
}

/// Where a code is entered.
#[derive(Template)]
#[template(path = "webform/enter.html")]
pub struct Enter<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    pub mistake: Option<&'static str>,
    /// What was typed before.
    pub typed: &'a Typed,
}

/// What was said so far, and room to write again.
#[derive(Template)]
#[template(path = "webform/conversation.html")]
pub struct Conversation<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    pub reference: String,
    pub code: String,
    pub said: Vec<Shown>,
    pub typed: &'a str,
    pub id: String,
    pub sent: bool,
    pub mistakes: &'a [Mistake],
    pub files: bool,
    pub files_wanted: bool,
}

impl Conversation<'_> {
    fn mistake(&self, field: &str) -> Option<String> {
        mistake_text(self.words, self.mistakes, field)
    }
}

/// One thing to tell.
#[derive(Template)]
#[template(path = "webform/notice.html")]
pub struct Notice<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    pub path: &'a str,
    pub title: &'a str,
    pub text: &'a str,
}

/// One message, ready to show.
pub struct Shown {
    pub by_us: bool,
    pub at: String,
    pub text: String,
}

/// Messages with their times in the centre's zone.
pub fn shown(said: &[Said], zone: Tz) -> Vec<Shown> {
    said.iter()
        .map(|said| Shown {
            by_us: said.by_us,
            at: said.at.with_timezone(&zone).format("%d.%m.%Y. %H:%M").to_string(),
            text: said.text.expose().clone(),
        })
        .collect()
}

fn mistake_text(words: &Words, mistakes: &[Mistake], field: &str) -> Option<String> {
    let (_, key) = mistakes.iter().find(|(name, _)| *name == field)?;
    Some(words.with(key, "most", &LONGEST.to_string()))
}
