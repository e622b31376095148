//! Receives updates at a webhook. Telegram posts an update again and again until the line confirms it.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use chrono::{DateTime, Utc};
use hotline_core::{health::Health, identifiers::line_name::LineName, intake::Intake, time::clock::Clock};
use sha2::{Digest, Sha256};
use teloxide::{
    payloads::SetWebhookSetters,
    requests::Requester,
    types::{AllowedUpdate, WebhookInfo},
};
use tokio_util::sync::CancellationToken;

use super::{errors, line::Telegram, menu::Menu, polling::ALARM, update};
use crate::{
    json,
    refusals::{Refusal, log_refusal},
};

const SECRET: HeaderName = HeaderName::from_static("x-telegram-bot-api-secret-token");
/// The size of the largest accepted request, in bytes. No update is nearly that large.
const LARGEST: usize = 4 << 20;
/// How often the line asks Telegram for the state of the webhook.
const CHECK_EVERY: Duration = Duration::from_secs(60);

#[derive(Clone)]
struct WebhookContext {
    line: LineName,
    secret: String,
    intake: Arc<dyn Intake>,
    clock: Arc<dyn Clock>,
    menu: Menu,
}

impl Telegram {
    /// Returns the URL to which Telegram posts updates.
    pub(super) fn webhook_url(&self) -> anyhow::Result<reqwest::Url> {
        let base = match &self.settings.webhook_url {
            Some(url) => url.clone(),
            None => reqwest::Url::parse(&self.public_url).context("`http.public_url` is no address")?,
        };
        Ok(base.join(&path(&self.name))?)
    }

    /// Returns the secret that Telegram sends with each update. It is derived from the bot's token, so it stays the same after a restart.
    /// An update that arrives before the line has set the webhook again is therefore accepted.
    fn webhook_secret(&self) -> String {
        let digest = Sha256::digest(format!("webhook secret of {}", self.bot.token()));
        data_encoding::HEXLOWER.encode(&digest)
    }

    pub(super) fn webhook(&self, intake: Arc<dyn Intake>) -> Router {
        let context = WebhookContext {
            line: self.name.clone(),
            secret: self.webhook_secret(),
            intake,
            clock: Arc::clone(&self.clock),
            menu: self.menu.clone(),
        };
        Router::new()
            .route(&path(&self.name), post(receive_update))
            .layer(DefaultBodyLimit::max(LARGEST))
            .with_state(context)
    }

    /// Sets the webhook, and reports its health until `stop` is cancelled.
    pub(super) async fn watch_webhook(&self, intake: &dyn Intake, stop: &CancellationToken) {
        let mut set = false;
        while let Some(watched) = stop.run_until_cancelled(self.watch_once(&mut set)).await {
            let health = watched.unwrap_or_else(|error| Health::Down(format!("{error:#}")));
            let well = health == Health::Up;
            if !well {
                tracing::warn!(line.name = %self.name, health = ?health, "Line {} has trouble with its webhook", self.name);
            }
            intake.health(&self.name, health).await;
            stop.run_until_cancelled(tokio::time::sleep(if set {
                CHECK_EVERY
            } else {
                CHECK_EVERY / 10
            }))
            .await;
        }
    }

    async fn watch_once(&self, set: &mut bool) -> anyhow::Result<Health> {
        if !*set {
            self.bot
                .set_webhook(self.webhook_url()?)
                .secret_token(self.webhook_secret())
                .allowed_updates([
                    AllowedUpdate::Message,
                    AllowedUpdate::EditedMessage,
                    AllowedUpdate::CallbackQuery,
                    AllowedUpdate::MyChatMember,
                ])
                .await
                .map_err(errors::to_anyhow)?;
            *set = true;
        }
        let info = self.bot.get_webhook_info().await.map_err(errors::to_anyhow)?;
        if info.url.is_none() {
            *set = false;
            anyhow::bail!("somebody removed the webhook; it is set again");
        }
        Ok(health(&info, self.clock.now()))
    }
}

/// Returns the health of the webhook. Telegram does not say how long updates have been waiting. The webhook therefore counts as ailing if
/// updates are waiting and Telegram's last failed request was less than [`ALARM`] ago.
fn health(info: &WebhookInfo, now: DateTime<Utc>) -> Health {
    let failing = info.last_error_date.filter(|_| info.pending_update_count > 0);
    match failing {
        Some(at) if now - at < ALARM => {
            let why = info.last_error_message.clone().unwrap_or_default();
            let count = info.pending_update_count;
            Health::Ailing(format!(
                "Telegram cannot call us, and {count} updates wait there for at most 24 hours: {why}"
            ))
        }
        Some(_) | None => Health::Up,
    }
}

fn path(line: &LineName) -> String {
    format!("/telegram/{line}")
}

/// Stores the content of a request with the right secret, even if it is not a valid update. If the line refused such an update, Telegram
/// would repeat it for 24 hours and hold back later updates.
async fn receive_update(
    State(context): State<WebhookContext>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            log_refusal(&context.line, Refusal::Body);
            return rejection.into_response();
        }
    };
    let given = headers.get(SECRET).map_or(&[][..], |secret| secret.as_bytes());
    if !secrets_match(given, context.secret.as_bytes()) {
        log_refusal(&context.line, Refusal::WrongSignature);
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let now = context.clock.now();
    let update = json::parse(&body);
    let raw = match &update {
        Some(update) => update::to_raw(&context.line, update, now),
        None => {
            let id = update::last_id_in(&String::from_utf8_lossy(&body));
            update::to_unparsed_raw(&context.line, id, body.to_vec(), now)
        }
    };
    match context.intake.accept(vec![raw], None).await {
        Ok(accepted) => {
            let fresh = accepted.first().is_some_and(|one| one.fresh);
            if let Some(update) = update.filter(|_| fresh) {
                context.menu.queue_answer(&update);
            }
            StatusCode::OK.into_response()
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]).into_response(),
    }
}

/// Compares the hashes of two secrets, so that the duration does not reveal where the secrets differ.
fn secrets_match(given: &[u8], secret: &[u8]) -> bool {
    Sha256::digest(given) == Sha256::digest(secret)
}
