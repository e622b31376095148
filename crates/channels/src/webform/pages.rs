//! The page templates of the web form.

use askama::Template;
use chrono_tz::Tz;
use hotline_core::{
    centre::Centre,
    contact::{urgency::InDanger, writer::Writer},
    intake::{ConversationMessage, ReplyTarget},
    routing::targets::TargetClock,
    text::{
        locale::{Language, Words},
        rich::{Block, RichText},
    },
    time::local::format_time,
};

use super::{
    fields::{FormFields, LONGEST, LONGEST_NAME, Mistake},
    form_kind::FormKind,
};

/// The start page, with links to the forms.
#[derive(Template)]
#[template(path = "webform/home.html")]
pub struct Home<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    /// When the line opens, in words. `None`: the line is open.
    pub closed: Option<String>,
    /// Whether the stored hours say that the line is open.
    pub is_open: bool,
    pub path: &'a str,
}

/// The page that explains what happens to what a visitor writes.
#[derive(Template)]
#[template(path = "webform/privacy.html")]
pub struct Privacy<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    /// When the line opens, in words. `None`: the line is open.
    pub closed: Option<String>,
    pub path: &'a str,
}

impl Privacy<'_> {
    /// The parts of the page, as parts of their locale keys.
    const PARTS: [&'static str; 6] = ["reads", "kept", "not-kept", "others", "device", "rights"];

    fn text(&self, part: &str) -> String {
        self.centre.say(self.words, &format!("privacy-{part}-text"), &[])
    }
}

/// The page with a form.
#[derive(Template)]
#[template(path = "webform/form.html")]
pub struct Form<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    /// When the line opens, in words. `None`: the line is open.
    pub closed: Option<String>,
    pub path: &'a str,
    pub kind: FormKind,
    pub typed: &'a FormFields,
    pub mistakes: &'a [Mistake],
    pub files: bool,
    /// Whether the form asks for an e-mail address to which answers are sent, too.
    pub answers_by_mail: bool,
    /// Set if the form is shown again, with everything that the visitor typed, because the post could not be stored: the beginning of the
    /// locale keys of the reason.
    pub unavailable: Option<&'static str>,
    /// The challenge as JSON, if posts need a proof of work now.
    pub challenge: Option<String>,
}

impl Form<'_> {
    /// Returns the locale key of the formal version of a text if this form addresses the visitor formally. Otherwise returns `text`.
    fn key(&self, text: &'static str) -> &'static str {
        let formal = [
            ("in-danger", "in-danger-adult"),
            ("in-danger-hint", "in-danger-hint-adult"),
            ("message-label", "message-label-adult"),
            ("message-hint", "message-hint-adult"),
            ("name-label", "name-label-adult"),
            ("answer-way", "answer-way-adult"),
            ("answer-way-text", "answer-way-text-adult"),
            ("reply-to-label", "reply-to-label-adult"),
            ("reply-to-hint", "reply-to-hint-adult"),
            ("no-files", "no-files-adult"),
        ];
        let formal = formal.into_iter().find(|(informal, _)| *informal == text);
        formal
            .filter(|_| self.kind.is_formal())
            .map_or(text, |(_, formal)| formal)
    }

    /// Returns the locale key of the title.
    const fn title(&self) -> &'static str {
        match self.kind {
            FormKind::Child => "write-child",
            FormKind::Adult => "write-adult",
            FormKind::Link => "write-link",
            FormKind::Advice => "ask-advice",
            FormKind::Report => "ask-report",
        }
    }

    /// Returns the locale key of the label of the message.
    fn message_label(&self) -> &'static str {
        match self.kind {
            FormKind::Child | FormKind::Adult | FormKind::Advice => self.key("message-label"),
            FormKind::Link => "message-link-label",
            FormKind::Report => "message-report-label",
        }
    }

    fn mistake(&self, field: &str) -> Option<String> {
        mistake_text(self.words, self.mistakes, field)
    }
}

/// The receipt that a visitor gets after sending a form.
#[derive(Template)]
#[template(path = "webform/receipt.html")]
pub struct Receipt<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    /// When the line opens, in words. `None`: the line is open.
    pub closed: Option<String>,
    pub reference: String,
    pub code: String,
    /// The answer to the question "Are you in danger now?"
    pub in_danger: Option<InDanger>,
    /// The e-mail address to which answers are sent, too; empty if the visitor gave none.
    pub reply_to: &'a str,
    /// Whether a child wrote the message.
    pub child: bool,
}

impl Receipt<'_> {
    /// Returns whether the visitor may be in danger.
    fn may_be_in_danger(&self) -> bool {
        matches!(self.in_danger, Some(InDanger::Yes | InDanger::NotSure))
    }
}

/// The page that asks a returning visitor for the receipt code.
#[derive(Template)]
#[template(path = "webform/enter.html")]
pub struct Enter<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    /// When the line opens, in words. `None`: the line is open.
    pub closed: Option<String>,
    pub mistake: Option<&'static str>,
    /// The fields that the visitor has filled in so far.
    pub typed: &'a FormFields,
    /// A challenge as JSON, if a code with a proof of work is looked up sooner than others now.
    pub challenge: Option<String>,
}

/// The page that shows the visitor's conversation with the centre and has a field for a further message.
#[derive(Template)]
#[template(path = "webform/conversation.html")]
pub struct Conversation<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    /// When the line opens, in words. `None`: the line is open.
    pub closed: Option<String>,
    pub reference: String,
    pub code: String,
    /// The target for the reply that the visitor waits for.
    pub target: Option<ReplyTarget>,
    pub said: Vec<Shown>,
    pub typed: &'a str,
    pub id: String,
    pub sent: bool,
    pub mistakes: &'a [Mistake],
    pub files: bool,
    pub files_wanted: bool,
}

impl Conversation<'_> {
    /// Returns whether the visitor wrote the newest message, automatic answers aside.
    fn awaits_answer(&self) -> bool {
        let newest = self.said.iter().rev().find(|message| !message.automatic);
        newest.is_some_and(|newest| !newest.by_us)
    }

    /// Returns the target for the reply, in words.
    fn target_text(&self) -> Option<String> {
        let target = self.target?;
        if target.is_missed {
            return Some(self.words.say("answer-late"));
        }
        let minutes = target.within.num_minutes();
        let time = if minutes % 60 == 0 {
            self.words.count("hours-long", minutes / 60)
        } else {
            self.words.count("minutes", minutes)
        };
        let key = match target.clock {
            TargetClock::OpeningHours => "answer-within-open",
            TargetClock::Always => "answer-within",
        };
        Some(self.words.with(key, "time", &time))
    }

    fn mistake(&self, field: &str) -> Option<String> {
        mistake_text(self.words, self.mistakes, field)
    }
}

/// A page with a title and a text.
#[derive(Template)]
#[template(path = "webform/notice.html")]
pub struct Notice<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    /// When the line opens, in words. `None`: the line is open.
    pub closed: Option<String>,
    pub path: &'a str,
    pub title: &'a str,
    pub text: &'a str,
}

/// The page that hides the form until the neutral page appears.
#[derive(Template)]
#[template(path = "webform/leave.html")]
pub struct Leave<'a> {
    pub words: &'a Words,
}

/// One message of a conversation, formatted for the page.
pub struct Shown {
    pub by_us: bool,
    pub automatic: bool,
    pub at: String,
    pub text: ShownText,
}

/// The text of a message in a conversation.
pub enum ShownText {
    /// An answer of the centre.
    Answer(RichText),
    /// A message of the visitor. It is shown as written, without links.
    Plain(String),
}

/// Formats the messages of a conversation for the page. Times are shown in the time zone `zone`.
pub fn format_messages(said: &[ConversationMessage], zone: Tz) -> Vec<Shown> {
    said.iter()
        .map(|said| Shown {
            by_us: said.by_us,
            automatic: said.automatic,
            at: format_time(said.at, zone),
            text: if said.by_us {
                ShownText::Answer(RichText::parse(said.text.expose()))
            } else {
                ShownText::Plain(said.text.expose().clone())
            },
        })
        .collect()
}

fn mistake_text(words: &Words, mistakes: &[Mistake], field: &str) -> Option<String> {
    let (_, key) = mistakes.iter().find(|(name, _)| *name == field)?;
    Some(words.with(key, "most", &LONGEST.to_string()))
}
