//! The gateway: serenity keeps the connection and resumes it; here every event is a bell, and a press of the button is answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hotline_core::{chance, health::Health, intake::Intake};
use serenity::{
    all::{
        ClientBuilder, ConnectionStage, Context, EventHandler, GatewayIntents, HttpBuilder, Interaction,
        Message, MessageUpdateEvent, Ready, ResumedEvent, Route, ShardId, ShardStageUpdateEvent,
    },
    gateway::GatewayError,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Shared, pull::Bell};

/// A gateway that is not connected for this long is left, and entered anew.
const SILENT: Duration = Duration::from_secs(90);
/// A close code after which Discord does not end the session at once.
const GOING_AWAY: u16 = 4000;

/// What hears the events.
struct Handler {
    shared: Arc<Shared>,
    intake: Arc<dyn Intake>,
    connected: Arc<AtomicBool>,
}

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, _: Context, _: Ready) {
        self.shared.open_room().await;
        self.came_back().await;
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.came_back().await;
    }

    async fn shard_stage_update(&self, _: Context, update: ShardStageUpdateEvent) {
        let connected = update.new == ConnectionStage::Connected;
        self.connected.store(connected, Ordering::Relaxed);
    }

    async fn message(&self, _: Context, message: Message) {
        if message.author.id != self.shared.me {
            self.shared.ring(Bell::Wrote {
                channel: message.channel_id,
                person: message.author.id,
                direct: message.guild_id.is_none(),
            });
        }
    }

    async fn message_update(
        &self,
        _: Context,
        _: Option<Message>,
        _: Option<Message>,
        event: MessageUpdateEvent,
    ) {
        self.shared.ring(Bell::Edited {
            channel: event.channel_id,
            message: event.id.get(),
        });
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        self.shared.answer(&*self.intake, interaction).await;
    }
}

impl Handler {
    async fn came_back(&self) {
        self.connected.store(true, Ordering::Relaxed);
        self.shared.ring(Bell::Gap);
        self.intake.health(&self.shared.name, Health::Up).await;
    }
}

impl Shared {
    /// Rings. The bell is answered for as long as the line is listened to.
    pub(super) fn ring(&self, bell: Bell) {
        let _ = self.bells.send(bell);
    }

    /// What is listened to: direct messages, and of a server only what the button needs.
    pub(super) fn intents(&self) -> GatewayIntents {
        let mut intents = GatewayIntents::DIRECT_MESSAGES;
        if self.room.is_some() {
            intents |=
                GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGES | GatewayIntents::MESSAGE_CONTENT;
        }
        intents
    }

    /// Stays connected until `stop`.
    pub(super) async fn stay(self: Arc<Self>, intake: Arc<dyn Intake>, stop: &CancellationToken) {
        let mut failures = 0u32;
        while !stop.is_cancelled() {
            let begun = Instant::now();
            let ended = self.connect(&intake, stop).await;
            let Err(error) = ended else { return };
            failures = if begun.elapsed() > SILENT * 2 {
                1
            } else {
                failures.saturating_add(1)
            };
            let reason = format!("{error:#}");
            tracing::warn!(line.name = %self.name, reason, "Line {} is not connected and tries again", self.name);
            intake.health(&self.name, Health::Down(reason)).await;
            let pause = Duration::from_secs(1 << failures.min(6)).mul_f64(chance::jitter());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// One client, for as long as it lasts. `Ok`: it was stopped.
    async fn connect(
        self: &Arc<Self>,
        intake: &Arc<dyn Intake>,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        // Asked here first: serenity would fall back on an address of its own.
        let gateway = self.rest.get(Route::GatewayBot, Vec::new()).await?;
        let url = gateway.get("url").and_then(serde_json::Value::as_str);
        let url = url
            .ok_or_else(|| anyhow::anyhow!("Discord names no gateway"))?
            .to_owned();
        let mut http = HttpBuilder::new(self.rest.token()).ratelimiter_disabled(true);
        if let Some(api_url) = self.rest.api_url() {
            http = http.proxy(api_url);
        }
        let connected = Arc::new(AtomicBool::new(false));
        let handler = Handler {
            shared: Arc::clone(self),
            intake: Arc::clone(intake),
            connected: Arc::clone(&connected),
        };
        let mut client = ClientBuilder::new_with_http(http.build(), self.intents())
            .event_handler(handler)
            .await
            .map_err(|_| anyhow::anyhow!("Discord's gateway cannot be prepared"))?;
        *client.ws_url.lock().await = url;
        let manager = Arc::clone(&client.shard_manager);
        let ended = tokio::select! {
            ended = client.start_shard(0, 1) => Some(ended),
            () = self.until_silent(&connected) => None,
            () = stop.cancelled() => {
                let leaving = manager.shutdown(ShardId(0), GOING_AWAY);
                let _ = tokio::time::timeout(Duration::from_secs(2), leaving).await;
                return Ok(());
            }
        };
        let leaving = manager.shutdown_all();
        let _ = tokio::time::timeout(Duration::from_secs(5), leaving).await;
        match ended {
            Some(Err(serenity::Error::Gateway(error))) => Err(anyhow::anyhow!(in_words(&error))),
            Some(_) => Err(anyhow::anyhow!("Discord's gateway ended")),
            None => Err(anyhow::anyhow!("Discord's gateway is silent")),
        }
    }

    /// Ends when the gateway was not connected for long.
    async fn until_silent(&self, connected: &AtomicBool) {
        let mut heard = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            if connected.load(Ordering::Relaxed) {
                heard = Instant::now();
            } else if heard.elapsed() > SILENT {
                return;
            }
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a set that the platform adds to")]
fn in_words(error: &GatewayError) -> &'static str {
    match error {
        GatewayError::InvalidAuthentication => "Discord refuses the token",
        GatewayError::DisallowedGatewayIntents => {
            "Discord does not allow the bot to read messages: switch on \"Message Content Intent\" in its developer portal \
             under \"Bot\", or leave out `guild` and `room`"
        }
        GatewayError::InvalidGatewayIntents => "Discord does not know what the bot asks to hear",
        _ => "Discord's gateway closed the connection",
    }
}
