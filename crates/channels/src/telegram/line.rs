//! The settings of a Telegram line, and the state that its modules share.

use std::{path::PathBuf, sync::Arc, time::Duration};

use hotline_core::{
    identifiers::{line_name::LineName, private::Private},
    time::clock::Clock,
};
use serde::Deserialize;
use teloxide::Bot;

use super::menu::Menu;
use crate::{
    backoff::Backoff,
    channel::{Attachments, default_true},
};

/// The settings in the table `[lines.<name>]` of a line with `channel = "telegram"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(rename = "channel")]
    _channel: String,
    /// The bot's token. If `token` is not set, `token_file` is the path of a file with the token.
    pub token: Option<Private<String>>,
    pub token_file: Option<PathBuf>,
    /// The base URL of the Bot API: Telegram's own server or a self-hosted server.
    #[serde(default = "default_api_url")]
    pub api_url: reqwest::Url,
    #[serde(default)]
    pub mode: Mode,
    /// The base URL to which Telegram posts updates with `mode = "webhook"`; `None` means `http.public_url`.
    pub webhook_url: Option<reqwest::Url>,
    #[serde(default)]
    pub attachments: Attachments,
    #[serde(default = "default_true")]
    pub acknowledge: bool,
    #[serde(default)]
    pub repeat: Repeat,
}

/// How updates arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The line requests updates again and again. Telegram responds as soon as it has an update.
    #[default]
    Polling,
    /// Telegram posts updates to the line's webhook.
    Webhook,
}

/// What to do with a reply that may have arrived, because the connection broke while the line sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// A counsellor decides whether the reply is sent again.
    #[default]
    Ask,
    /// The line sends the reply again automatically. The person may then receive it twice.
    Send,
}

#[expect(clippy::expect_used, reason = "an address written here; a test parses it")]
pub fn default_api_url() -> reqwest::Url {
    reqwest::Url::parse("https://api.telegram.org").expect("an address")
}

/// How long Telegram may take to respond to a request other than a poll.
pub const TIMEOUT: Duration = Duration::from_secs(40);

/// One Telegram line. Each line is one bot.
pub struct Telegram {
    pub name: LineName,
    /// The client for all requests except polls. Polls use `polling_bot`, which has its own connections and timeout.
    pub bot: Bot,
    pub polling_bot: Bot,
    pub settings: Settings,
    pub public_url: String,
    pub clock: Arc<dyn Clock>,
    pub backoff: Backoff,
    pub menu: Menu,
}
