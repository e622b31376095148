//! Telegram: a bot that people write to in a private chat.
//!
//! Telegram calls an event an update. Updates arrive by long polling or at a webhook. The line stores an update before it confirms the
//! update to Telegram. A repeated update is recognised by its external id, which contains the ids of the update, the chat and the
//! message. The photos of an album form one message, and so do the versions of an edited message. The photos and versions may arrive in
//! any order.
//!
//! Telegram can't recognise a repeated reply, because its send methods accept no id from the line. If the connection breaks while the
//! line sends a reply, the reply may have arrived. A counsellor therefore decides whether to send it again. With the setting `repeat =
//! "send"`, the line sends it again automatically.

mod contents;
mod errors;
mod files;
mod line;
mod menu;
mod parse;
mod polling;
mod send;
mod update;
mod webhook;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use async_trait::async_trait;
use hotline_core::{
    contact::message::{Normalised, OutboundMessage, RawMessage},
    identifiers::private::Private,
    intake::Intake,
    line_fields::LineField,
    text::rich::ReplyStyle,
};
use teloxide::{Bot, requests::Requester};
use tokio_util::sync::CancellationToken;

use self::line::{Mode, Repeat, Settings, TIMEOUT, Telegram, default_api_url};
use crate::channel::{Channel, ChannelError, ChannelKind, Opening, check_url, host_of, read_secret};

/// The entry for this channel in the list `KINDS`.
pub const KIND: ChannelKind = ChannelKind {
    name: "telegram",
    platform: Some("Telegram"),
    only_one: false,
    fields: FIELDS,
    open,
};

/// The settings that administrators can enter on screen.
const FIELDS: &[LineField] = &[
    LineField::secret("token")
        .sent_to(&["api_url"])
        .required()
        .example("123456789:AAExampleOfTheTokenOfABot"),
    LineField::choice("attachments", &["never", "on_request", "always"], "on_request"),
    LineField::switch("acknowledge", true),
    LineField::choice("mode", &["polling", "webhook"], "polling").rare(),
    LineField::text("webhook_url")
        .rare()
        .example("https://help.example.org"),
    LineField::choice("repeat", &["ask", "send"], "ask").rare(),
    LineField::text("api_url")
        .rare()
        .example("https://api.telegram.org"),
];

fn open(opening: Opening) -> anyhow::Result<Arc<dyn Channel>> {
    let settings: Settings = opening.settings.try_deserialize()?;
    check_url(&opening.outgoing, "api_url", &settings.api_url)?;
    if let Some(url) = &settings.webhook_url {
        check_url(&opening.outgoing, "webhook_url", url)?;
    }
    let token = read_secret(settings.token.as_ref(), settings.token_file.as_ref())?
        .context("Give `token` or `token_file`: BotFather has it")?;
    let client = |patience| {
        reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(patience)
            // The token is part of each address, so it must not be sent to another host.
            .redirect(reqwest::redirect::Policy::none())
            // Keep-alive probes detect a connection on which the server no longer responds.
            .tcp_keepalive(Duration::from_secs(30))
            .build()
    };
    let bot = |client| Bot::with_client(token.clone(), client).set_api_url(settings.api_url.clone());
    let bot = bot(client(TIMEOUT)?);
    let polling_bot =
        Bot::with_client(token.clone(), client(polling::TIMEOUT)?).set_api_url(settings.api_url.clone());
    Ok(Arc::new(Telegram {
        menu: menu::Menu::new(
            opening.name.clone(),
            bot.clone(),
            opening.centre,
            opening.locales,
            opening.public_url.clone(),
            Arc::clone(&opening.clock),
        ),
        name: opening.name,
        bot,
        polling_bot,
        settings,
        public_url: opening.public_url,
        clock: opening.clock,
        backoff: crate::backoff::Backoff::default(),
    }))
}

#[async_trait]
impl Channel for Telegram {
    async fn receive(&self, intake: Arc<dyn Intake>, stop: CancellationToken) -> anyhow::Result<()> {
        let answering = self.menu.answer(&*intake, &stop);
        match self.settings.mode {
            Mode::Polling => tokio::join!(answering, self.poll(&*intake, &stop)),
            Mode::Webhook => tokio::join!(answering, self.watch_webhook(&*intake, &stop)),
        };
        Ok(())
    }

    fn hosts(&self) -> Vec<String> {
        host_of(Some(&self.settings.api_url))
    }

    fn loses_messages_after_a_day(&self) -> bool {
        true
    }

    fn routes(&self, intake: Arc<dyn Intake>) -> Option<axum::Router> {
        (self.settings.mode == Mode::Webhook).then(|| self.webhook(intake))
    }

    fn normalise(&self, raw: &RawMessage) -> Normalised {
        let (bot, _) = self.bot.token().split_once(':').unwrap_or_default();
        parse::parse_update(raw, bot, self.settings.attachments)
    }

    fn chunk_count(&self, message: &OutboundMessage) -> usize {
        send::chunk_count(message)
    }

    async fn send(&self, message: &OutboundMessage, chunk: usize) -> Result<(), ChannelError> {
        self.send_chunk(message, chunk).await
    }

    fn repeats_are_seen(&self) -> bool {
        self.settings.repeat == Repeat::Ask
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

    async fn show_typing(&self, to: &Private<String>, _thread: &[String]) {
        self.send_typing(to).await;
    }

    async fn fetch(&self, reference: &Private<String>) -> Result<Vec<u8>, ChannelError> {
        self.download(reference).await
    }

    async fn check(&self) -> anyhow::Result<Vec<String>> {
        let me = self.bot.get_me().await.map_err(errors::to_anyhow)?;
        let mut report = vec![format!("the token is that of the bot @{}", me.username())];
        let hook = self.bot.get_webhook_info().await.map_err(errors::to_anyhow)?;
        let set = hook.url.is_some();
        match self.settings.mode {
            Mode::Polling if set => {
                report.push("it has a webhook, which is removed at the next start".to_owned())
            }
            Mode::Polling => {}
            Mode::Webhook => {
                let url = self.webhook_url()?;
                anyhow::ensure!(
                    url.scheme() == "https" || self.settings.api_url != default_api_url(),
                    "Telegram calls only addresses with https, and the webhook would be {url}: set `http.public_url` or \
                     `webhook_url`"
                );
                report.push(format!("updates come to {url}"));
                if let Some(error) = hook.last_error_message.filter(|_| set) {
                    report.push(format!("Telegram's last call failed: {error}"));
                }
            }
        }
        report.push(format!(
            "{} updates wait with Telegram",
            hook.pending_update_count
        ));
        if me.can_read_all_group_messages {
            report.push(
                "it may read all messages of groups, which it never needs: switch that off with BotFather"
                    .to_owned(),
            );
        }
        Ok(report)
    }

    fn acknowledgement(&self) -> Option<&'static str> {
        self.settings.acknowledge.then_some("chat-acknowledgement")
    }
}
