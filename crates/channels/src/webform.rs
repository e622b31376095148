//! The web form: the start page `/`, the forms for advice and reports, the receipt page, the answer page `/answer`, and a JSON
//! interface for programs.
//!
//! A form that is sent twice is stored once. Each form contains an id that is created when the form is shown. The raw message of the form's
//! first post has this id as its external id, so an identical second post is the same message. A visitor who goes back, changes the text
//! and sends the form again adds a message to the same contact. The external id of the added message consists of the form's id and a hash
//! of the content.
//!
//! The receipt code is derived from the form's id and the master key. The line neither stores nor logs the IP addresses of visitors.

mod api;
mod content_disposition;
mod context;
mod fields;
mod guess_limit;
mod pages;
mod routes;
mod stored_post;
mod upload;

use std::sync::Arc;

use anyhow::ensure;
use async_trait::async_trait;
use hotline_core::{
    contact::message::{Normalised, OutboundMessage, RawMessage},
    intake::Intake,
};
use serde::Deserialize;

use self::context::FormLine;
use crate::channel::{Attachments, Channel, ChannelError, ChannelKind, Opening};

/// The entry for this channel in the list `KINDS`.
pub const KIND: ChannelKind = ChannelKind {
    name: "webform",
    only_one: true,
    open,
};

/// The settings table `[lines.<name>]` with `channel = "webform"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "channel")]
    _channel: String,
    /// How the line handles files. By default the form takes no files and asks for the URL of the reported content instead (requirement
    /// P1).
    #[serde(default = "never")]
    attachments: Attachments,
    /// Whether the centre has decided, with legal advice, to accept files.
    #[serde(default)]
    attachments_confirmed: bool,
    /// The name of the e-mail line that also sends each answer to a visitor who left an e-mail address.
    answers_also_by: Option<String>,
}

const fn never() -> Attachments {
    Attachments::Never
}

/// One web form.
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
            attachments: settings.attachments,
            answers_by_mail: settings.answers_also_by.is_some(),
        }),
        answers_also_by: settings.answers_also_by,
    }))
}

#[async_trait]
impl Channel for WebForm {
    fn routes(&self, intake: Arc<dyn Intake>) -> Option<axum::Router> {
        Some(routes::routes(Arc::clone(&self.line), intake))
    }

    fn normalise(&self, raw: &RawMessage) -> Normalised {
        stored_post::parse_post(raw)
    }

    /// Does nothing, because answers are not sent to visitors. A visitor enters the receipt code on the page `/answer` and reads the answer
    /// there.
    async fn send(&self, _message: &OutboundMessage, _chunk: usize) -> Result<(), ChannelError> {
        Ok(())
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
