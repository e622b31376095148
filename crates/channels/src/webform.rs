//! The web form: the start page `/`, a form for requests for advice, a form for reports, the receipt page, the answer page `/answer`, and
//! a JSON interface for programs.
//!
//! A form that is sent twice is stored once. When the line shows a form, it puts a new id into the form. The first post of the form is
//! stored with this id as its external id, so an identical second post counts as the same message. If a visitor goes back, changes the
//! text and sends the form again, the second post becomes a further message of the same contact. Its external id consists of the form's
//! id and a hash of the content.
//!
//! The receipt code is derived from the form's id and the master key. The line neither stores nor logs visitors' IP addresses.

mod answer_page;
mod api;
mod assets;
mod content_disposition;
mod context;
mod fields;
mod form_kind;
mod guess_limit;
mod pages;
mod proof;
mod routes;
mod stored_post;
mod upload;

use std::sync::{Arc, Mutex, OnceLock};

use anyhow::ensure;
use async_trait::async_trait;
use hotline_core::{
    contact::message::{Normalised, OutboundMessage, RawMessage},
    intake::Intake,
    line_fields::LineField,
    text::rich::ReplyStyle,
};
use serde::Deserialize;

use self::context::FormLine;
use crate::channel::{Attachments, Channel, ChannelError, ChannelKind, Opening};

/// The entry for this channel in the list `KINDS`.
pub const KIND: ChannelKind = ChannelKind {
    name: "webform",
    platform: None,
    only_one: true,
    fields: FIELDS,
    open,
};

/// The settings that administrators can enter on screen.
const FIELDS: &[LineField] = &[
    LineField::text("answers_also_by").example("mail"),
    LineField::choice("attachments", &["never", "on_request", "always"], "never"),
    LineField::switch("attachments_confirmed", false),
];

/// The settings in the table `[lines.<name>]` of a line with `channel = "webform"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "channel")]
    _channel: String,
    /// How files are handled. By default the form accepts no files and asks a visitor for the URL of the reported content instead
    /// (requirement P1).
    #[serde(default = "never")]
    attachments: Attachments,
    /// The operator's confirmation that the centre decided, with legal advice, to accept files.
    #[serde(default)]
    attachments_confirmed: bool,
    /// The name of an e-mail line. If a visitor left an e-mail address, this line also sends each answer to the visitor.
    answers_also_by: Option<String>,
}

const fn never() -> Attachments {
    Attachments::Never
}

struct WebForm {
    answers_also_by: Option<String>,
    line: Arc<FormLine>,
}

fn open(opening: Opening) -> anyhow::Result<Arc<dyn Channel>> {
    let settings: Settings = opening.settings.try_deserialize()?;
    ensure!(
        settings.attachments == Attachments::Never || settings.attachments_confirmed,
        "`attachments` other than \"never\" opens the form to material whose mere possession may be a crime: take legal advice, \
         then set `attachments_confirmed = true`"
    );
    Ok(Arc::new(WebForm {
        line: Arc::new(FormLine {
            name: opening.name,
            centre: opening.centre,
            locales: opening.locales,
            clock: opening.clock,
            guess_limit: guess_limit::GuessLimit::new(),
            opening: Mutex::default(),
            flood: Mutex::default(),
            proofs: OnceLock::new(),
            attachments: settings.attachments,
            answers_by_mail: settings.answers_also_by.is_some(),
        }),
        answers_also_by: settings.answers_also_by,
    }))
}

#[async_trait]
impl Channel for WebForm {
    fn hosts(&self) -> Vec<String> {
        Vec::new()
    }

    fn reply_style(&self) -> ReplyStyle {
        ReplyStyle::Formatted
    }

    fn routes(&self, intake: Arc<dyn Intake>) -> Option<axum::Router> {
        Some(routes::routes(Arc::clone(&self.line), intake))
    }

    fn normalise(&self, raw: &RawMessage) -> Normalised {
        stored_post::parse_post(raw)
    }

    /// Does nothing, because visitors fetch their answers: they enter the receipt code on the page `/answer` and read the answers there.
    async fn send(&self, _message: &OutboundMessage, _chunk: usize) -> Result<(), ChannelError> {
        Ok(())
    }

    fn reaches_addresses(&self) -> bool {
        false
    }

    fn reports_health(&self) -> bool {
        false
    }

    async fn check(&self) -> anyhow::Result<Vec<String>> {
        let files = match self.line.attachments {
            Attachments::Never => "takes no files",
            Attachments::OnRequest => "takes files when a counsellor asks for them",
            Attachments::Always => "takes files",
        };
        Ok(vec![format!("The form {files} and needs nothing else")])
    }

    fn asks_for_files(&self) -> bool {
        self.line.attachments == Attachments::OnRequest
    }

    fn answers_also_by(&self) -> Option<String> {
        self.answers_also_by.clone()
    }
}
