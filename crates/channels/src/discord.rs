//! Discord: direct messages to a bot, and forms that people send after they press a contact button in a Discord channel.
//!
//! The gateway is Discord's WebSocket server. An event from the gateway only triggers a read of one conversation through the REST API.
//! Each read starts after the last accepted message of the conversation, so it also finds messages whose events were lost. As a result,
//! each message is accepted once and in order.
//!
//! A message that is read or sent twice is not duplicated. An incoming message is identified by its id and the time of its last edit. An
//! outgoing message carries a nonce, and for some minutes Discord ignores a second message with the same nonce. If it is unknown whether
//! an earlier attempt to send a message succeeded, the line first searches the conversation for the message.

mod button;
mod check;
mod contents;
mod conversations;
mod form;
mod gateway;
mod line;
mod mentions;
mod parse;
mod pull;
mod reconnect;
mod rest;
mod send;
mod socket;
mod thread_locks;
mod threads;
mod times;
mod trigger;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use anyhow::Context;
use async_trait::async_trait;
use hotline_core::{
    contact::message::{Normalised, OutboundMessage, RawMessage},
    identifiers::private::Private,
    intake::Intake,
    line_fields::LineField,
    text::rich::ReplyStyle,
};
use serde::Deserialize;
use serenity::all::{ChannelId, GuildId, UserId};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use self::{
    conversations::Conversations, line::DiscordLine, rest::Rest, thread_locks::ThreadLocks,
    trigger::ReadTrigger,
};
use crate::channel::{
    Attachments, Channel, ChannelError, ChannelKind, Opening, check_url, default_true, read_secret,
};

/// The entry for this channel in the list `KINDS`.
pub const KIND: ChannelKind = ChannelKind {
    name: "discord",
    platform: Some("Discord"),
    only_one: false,
    fields: FIELDS,
    open,
};

/// The settings that administrators can enter on screen.
const FIELDS: &[LineField] = &[
    LineField::secret("token")
        .sent_to(&["api_url"])
        .required()
        .example("MTIzNDU2Nzg5MDEyMzQ1Njc4.example.token"),
    LineField::number("guild", "").example("123456789012345678"),
    LineField::number("room", "").example("123456789012345678"),
    LineField::choice("attachments", &["never", "on_request", "always"], "on_request"),
    LineField::switch("acknowledge", true),
    LineField::text("api_url").rare().example("https://discord.com"),
];

/// The settings in the table `[lines.<name>]` of a line with `channel = "discord"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "channel")]
    _channel: String,
    /// The bot's token. If `token` is not set, `token_file` is the path of a file with the token.
    token: Option<Private<String>>,
    token_file: Option<PathBuf>,
    /// The base URL of Discord's API; `None` means the official URL.
    api_url: Option<reqwest::Url>,
    /// The Discord server that contains the Discord channel in `room`. If `guild` and `room` are not set, the bot only receives direct
    /// messages.
    guild: Option<GuildId>,
    /// The id of the Discord channel in which the bot posts the contact button.
    room: Option<ChannelId>,
    #[serde(default)]
    attachments: Attachments,
    #[serde(default = "default_true")]
    acknowledge: bool,
}

/// One Discord line. Each line is one bot.
struct Discord {
    line: Arc<DiscordLine>,
    triggered: Mutex<mpsc::UnboundedReceiver<ReadTrigger>>,
}

fn open(opening: Opening) -> anyhow::Result<Arc<dyn Channel>> {
    let settings: Settings = opening.settings.try_deserialize()?;
    if let Some(url) = &settings.api_url {
        check_url(&opening.outgoing, "api_url", url)?;
    }
    let token = read_secret(settings.token.as_ref(), settings.token_file.as_ref())?
        .context("Give `token` or `token_file`: it is in Discord's developer portal under \"Bot\"")?;
    let token = token.trim().trim_start_matches("Bot ").to_owned();
    anyhow::ensure!(
        !token.is_empty() && !token.contains(char::is_whitespace),
        "`token` is not the token of a Discord bot: it is one word, in Discord's developer portal under \"Bot\""
    );
    let me = bot_id_in(&token).map_or_else(OnceLock::new, OnceLock::from);
    let room = match (settings.guild, settings.room) {
        (Some(guild), Some(room)) => Some((guild, room)),
        (None, None) => None,
        _ => anyhow::bail!(
            "`guild` and `room` belong together: the server, and the channel in it with the button"
        ),
    };
    let (triggers, triggered) = mpsc::unbounded_channel();
    Ok(Arc::new(Discord {
        line: Arc::new(DiscordLine {
            name: opening.name,
            rest: Rest::new(token, settings.api_url, opening.outgoing)?,
            me,
            room,
            attachments: settings.attachments,
            acknowledge: settings.acknowledge,
            centre: opening.centre,
            locales: opening.locales,
            public_url: opening.public_url,
            clock: opening.clock,
            conversations: Conversations::default(),
            threads: ThreadLocks::default(),
            triggers,
        }),
        triggered: Mutex::new(triggered),
    }))
}

/// Reads the bot's user id from its token. The first part of a token is this id in base64.
fn bot_id_in(token: &str) -> Option<UserId> {
    let mut parts = token.split('.');
    let (first, _, _) = (parts.next()?, parts.next()?, parts.next()?);
    let bare = first.trim_end_matches('=');
    let id = data_encoding::BASE64URL_NOPAD
        .decode(bare.as_bytes())
        .or_else(|_| data_encoding::BASE64_NOPAD.decode(bare.as_bytes()))
        .ok()?;
    let id: u64 = std::str::from_utf8(&id).ok()?.parse().ok()?;
    (id != 0).then(|| UserId::new(id))
}

#[async_trait]
impl Channel for Discord {
    async fn receive(&self, intake: Arc<dyn Intake>, stop: CancellationToken) -> anyhow::Result<()> {
        let mut triggered = self.triggered.lock().await;
        tokio::join!(
            Arc::clone(&self.line).stay_connected(Arc::clone(&intake), &stop),
            self.line.pull(&*intake, &mut triggered, &stop),
        );
        Ok(())
    }

    fn hosts(&self) -> Vec<String> {
        vec![self.line.rest.host().to_owned()]
    }

    fn normalise(&self, raw: &RawMessage) -> Normalised {
        parse::parse_message(raw, self.line.me.get().copied(), self.line.attachments)
    }

    fn chunk_count(&self, message: &OutboundMessage) -> usize {
        send::chunk_count(message)
    }

    async fn send(&self, message: &OutboundMessage, chunk: usize) -> Result<(), ChannelError> {
        self.line.send_chunk(message, chunk).await
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn reply_style(&self) -> ReplyStyle {
        send::STYLE
    }

    fn sends_files(&self) -> bool {
        true
    }

    async fn show_typing(&self, to: &Private<String>, thread: &[String]) {
        self.line.show_typing(to, thread).await;
    }

    async fn fetch(&self, reference: &Private<String>) -> Result<Vec<u8>, ChannelError> {
        self.line.download(reference).await
    }

    async fn check(&self) -> anyhow::Result<Vec<String>> {
        self.line.check().await
    }

    fn acknowledgement(&self) -> Option<&'static str> {
        self.line.acknowledge.then_some("chat-acknowledgement")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is() {
        assert_eq!(bot_id_in("MTIzNDU2.abc.def"), Some(UserId::new(123_456)));
        assert_eq!(bot_id_in("MTIzNDU2"), None);
        assert_eq!(bot_id_in("4242:telegram-token"), None);
    }
}
