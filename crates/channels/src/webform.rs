//! The web form: `/`, the receipt, `/answer`, and the same as JSON.
//!
//! What makes a repeat harmless: a form carries an id made when it was shown, and the external id is that with a hash of what
//! was written, so that the same post twice is one message, and another text under the same id is another. The receipt code
//! follows from the external id and the master key. No address of a visitor is stored or logged.

mod pages;
mod post;
mod read;
mod slow;

use std::sync::Arc;

use async_trait::async_trait;
use hotline_core::{
    centre::Centre,
    clock::Clock,
    intake::Intake,
    line::LineName,
    locale::Locales,
    message::{Normalised, OutboundMessage, RawMessage},
};
use serde::Deserialize;

use crate::channel::{Channel, ChannelError, Kind, Opening};

/// The registration of this channel.
pub const KIND: Kind = Kind {
    name: "webform",
    only_one: true,
    open,
};

/// The table `[lines.<name>]` with `channel = "webform"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "channel")]
    _channel: String,
    /// What becomes of attachments. The form takes none: asked for a file, it asks for its address.
    #[serde(default)]
    attachments: Attachments,
    /// The e-mail line by which visitors who left an address are answered as well.
    #[serde(default)]
    answers_also_by: Option<String>,
}

/// Whether attachments are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Attachments {
    /// No.
    #[default]
    Never,
}

/// One form.
struct WebForm {
    answers_also_by: Option<String>,
    shared: Arc<Shared>,
}

/// What every request to the form needs.
struct Shared {
    name: LineName,
    centre: Arc<Centre>,
    locales: Arc<Locales>,
    clock: Arc<dyn Clock>,
    slow: slow::Slow,
}

fn open(opening: Opening) -> anyhow::Result<Arc<dyn Channel>> {
    let settings: Settings = opening.settings.try_deserialize()?;
    match settings.attachments {
        Attachments::Never => {}
    }
    Ok(Arc::new(WebForm {
        answers_also_by: settings.answers_also_by,
        shared: Arc::new(Shared {
            name: opening.name,
            centre: opening.centre,
            locales: opening.locales,
            clock: opening.clock,
            slow: slow::Slow::new(),
        }),
    }))
}

#[async_trait]
impl Channel for WebForm {
    fn routes(&self, intake: Arc<dyn Intake>) -> Option<axum::Router> {
        Some(post::routes(Arc::clone(&self.shared), intake))
    }

    fn normalise(&self, raw: &RawMessage) -> Normalised {
        read::read(raw)
    }

    /// An answer lies ready for whoever has the receipt code: there is nothing to hand over.
    async fn send(&self, _message: &OutboundMessage) -> Result<(), ChannelError> {
        Ok(())
    }

    async fn check(&self) -> anyhow::Result<Vec<String>> {
        Ok(vec!["The form takes no files and needs nothing else".to_owned()])
    }

    fn answers_also_by(&self) -> Option<String> {
        self.answers_also_by.clone()
    }
}
