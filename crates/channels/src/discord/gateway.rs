//! The connection to the gateway, Discord's WebSocket server. If an event reports a message, a read of its conversation is queued. If an
//! event reports a press of the contact button, the line responds immediately.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::{anyhow, bail};
use hotline_core::{health::Health, identifiers::chance, intake::Intake};
use serde_json::Value;
use serenity::all::{ChannelId, GatewayIntents, Route, UserId};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    line::DiscordLine,
    reconnect::{ReconnectWaits, Starts},
    socket::{ConnectionEnd, GatewayMessage, NextStep, Session, Socket},
    trigger::ReadTrigger,
};
use crate::json;

/// How long Discord may take to begin or resume a session after the line has connected.
const BEGINNING: Duration = Duration::from_secs(30);
/// The code with which the line closes a connection if it may resume the session later. Discord then keeps the session for a while.
const GOING_AWAY: u16 = 4000;
/// The code with which the line closes a connection to end its session immediately.
const GONE: u16 = 1000;
/// The number of unreadable events in one counting period (`COUNTED`) that raises an alarm.
const ALARMING: u32 = 3;
const COUNTED: Duration = Duration::from_secs(3_600);

/// The state of the line that is kept from one connection to the next.
#[derive(Default)]
struct GatewayState {
    session: Option<Session>,
    waits: ReconnectWaits,
    /// The number of sessions that the bot may still begin today; `None` unless this number is low.
    few_starts: Option<u64>,
    /// The start of the current counting period for unreadable events, and the number of such events in it.
    unreadable: Option<(Instant, u32)>,
    /// When Discord began or resumed the session on the current connection; `None` before that.
    working: Option<Instant>,
}

impl GatewayState {
    /// Returns the health of the line while it is connected.
    fn health(&self) -> Health {
        match (self.unreadable, self.few_starts) {
            (Some((_, count)), _) if count >= ALARMING => Health::Ailing(format!(
                "{count} events of Discord could not be read; conversations are looked into instead"
            )),
            (_, Some(left)) => Health::Ailing(format!(
                "Discord lets the bot connect only {left} times more today: something connects again and again"
            )),
            (_, None) => Health::Up,
        }
    }
}

impl DiscordLine {
    /// Returns the gateway intents: flags for the kinds of events that Discord sends to the bot. They include events about direct messages
    /// and, if the setting `room` is given, events in the Discord server.
    fn intents(&self) -> u64 {
        let mut intents = GatewayIntents::DIRECT_MESSAGES;
        if self.room.is_some() {
            intents |=
                GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGES | GatewayIntents::MESSAGE_CONTENT;
        }
        intents.bits()
    }

    /// Keeps the line connected to the gateway until `stop` is cancelled.
    pub(super) async fn stay_connected(self: Arc<Self>, intake: Arc<dyn Intake>, stop: &CancellationToken) {
        let mut state = GatewayState::default();
        while !stop.is_cancelled() {
            state.working = None;
            let Some(ended) = self.connect(&intake, &mut state, stop).await else {
                return;
            };
            let is_lost = ended.next == NextStep::Resume && state.session.is_none();
            let next = if is_lost { NextStep::Identify } else { ended.next };
            let worked = state.working.map(|since| since.elapsed()).unwrap_or_default();
            let wait = state.waits.next_wait(worked, next).mul_f64(chance::jitter());
            tracing::warn!(line.name = %self.name, reason = ended.reason, wait_s = wait.as_secs(), "Line {} is not connected and tries again", self.name);
            if state.waits.is_alarming(next) {
                intake.health(&self.name, Health::Down(ended.reason)).await;
            }
            stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }

    /// Connects and handles events until the connection ends. Returns `None` if the line was stopped.
    async fn connect(
        self: &Arc<Self>,
        intake: &Arc<dyn Intake>,
        state: &mut GatewayState,
        stop: &CancellationToken,
    ) -> Option<ConnectionEnd> {
        let mut socket = match stop.run_until_cancelled(self.open_session(state)).await? {
            Ok(socket) => socket,
            Err(ended) => return Some(ended),
        };
        let begun_by = Instant::now() + BEGINNING;
        loop {
            let message = tokio::select! {
                message = socket.next_message() => message,
                () = sleep_until(begun_by), if state.working.is_none() => {
                    return Some(ConnectionEnd::new(NextStep::Resume, "Discord's gateway begins no session"));
                }
                () = stop.cancelled() => {
                    socket.close(GOING_AWAY).await;
                    return None;
                }
            };
            if let Some(session) = &mut state.session {
                session.sequence = socket.sequence.unwrap_or(session.sequence);
            }
            match message {
                Ok(GatewayMessage::Event { name, data }) => {
                    self.handle_event(intake, state, &name, data).await
                }
                Ok(GatewayMessage::Unreadable(text)) => self.count_unreadable(intake, state, "", &text).await,
                Ok(GatewayMessage::Heartbeat) => self.reset_unreadable(intake, state).await,
                Err(ended) => {
                    if ended.next == NextStep::Identify {
                        state.session = None;
                    }
                    return Some(ended);
                }
            }
        }
    }

    /// Connects to the gateway. Resumes the earlier session if there is one. If there is none, begins a new session.
    async fn open_session(&self, state: &mut GatewayState) -> Result<Socket, ConnectionEnd> {
        let unreached =
            |error: super::rest::RestError| ConnectionEnd::new(NextStep::Retry, error.to_string());
        self.own_id().await.map_err(unreached)?;
        if let Some(session) = &mut state.session
            && let Some(url) = session.url.clone()
        {
            match self.open_socket(&url).await {
                Ok(mut socket) => {
                    socket.resume(self.rest.token(), session).await?;
                    return Ok(socket);
                }
                // The gateway server that keeps the session can't be reached. The next attempt uses another server, which may be able to
                // resume the session.
                Err(_) => session.url = None,
            }
        }
        let gateway = self.rest.get(Route::GatewayBot).await.map_err(unreached)?;
        let url = json::text(&gateway, "/url")
            .ok_or_else(|| ConnectionEnd::new(NextStep::Retry, "Discord names no gateway"))?;
        if state.session.is_none()
            && let Some(starts) = Starts::read(&gateway)
        {
            state.few_starts = starts.are_few().then_some(starts.left);
            if starts.left == 0 {
                let minutes = starts.reset_after.as_secs() / 60 + 1;
                let words =
                    format!("Discord lets the bot connect no more before {minutes} minutes have passed");
                return Err(ConnectionEnd::new(NextStep::Wait(starts.reset_after), words));
            }
        }
        let mut socket = self.open_socket(url).await?;
        match &state.session {
            Some(session) => socket.resume(self.rest.token(), session).await?,
            None => socket.identify(self.rest.token(), self.intents()).await?,
        }
        Ok(socket)
    }

    /// Connects to the gateway at this URL, if the settings permit its host.
    async fn open_socket(&self, url: &str) -> Result<Socket, ConnectionEnd> {
        let permitted = self.rest.check_host(url);
        permitted.map_err(|refused| ConnectionEnd::new(NextStep::Refused, refused))?;
        Socket::open(url).await
    }

    async fn handle_event(
        self: &Arc<Self>,
        intake: &Arc<dyn Intake>,
        state: &mut GatewayState,
        name: &str,
        data: Value,
    ) {
        match name {
            "READY" | "RESUMED" => {
                if name == "READY" {
                    state.session = json::text(&data, "/session_id").map(|id| Session {
                        id: id.to_owned(),
                        url: json::text(&data, "/resume_gateway_url").map(str::to_owned),
                        sequence: 1,
                    });
                    self.trigger_read(ReadTrigger::Button);
                }
                state.working = Some(Instant::now());
                self.trigger_read(ReadTrigger::MissedEvents);
                intake.health(&self.name, state.health()).await;
            }
            "INTERACTION_CREATE" => {
                if !Arc::clone(self).answer_press(Arc::clone(intake), data) {
                    self.count_unreadable(intake, state, name, "").await;
                }
            }
            _ => {
                let message = match name {
                    "MESSAGE_CREATE" => self.queue_new_message(&data),
                    "MESSAGE_UPDATE" => self.queue_edited_message(&data),
                    _ => Some(()),
                };
                if message.is_none() {
                    self.count_unreadable(intake, state, name, &data.to_string())
                        .await;
                }
            }
        }
    }

    /// Queues a read of the conversation that contains a new message. Returns `None` if the event names no Discord channel.
    fn queue_new_message(&self, message: &Value) -> Option<()> {
        let channel = ChannelId::new(json::id(message, "/channel_id")?);
        let author = json::id(message, "/author/id");
        if !self.is_own_id(author) {
            self.trigger_read(ReadTrigger::NewMessage {
                channel,
                person: author.map(UserId::new),
                direct: message.get("guild_id").is_none_or(Value::is_null),
            });
        }
        Some(())
    }

    /// Queues a read of an edited message. Returns `None` if the event does not identify the message.
    fn queue_edited_message(&self, message: &Value) -> Option<()> {
        self.trigger_read(ReadTrigger::EditedMessage {
            channel: ChannelId::new(json::id(message, "/channel_id")?),
            message: json::id(message, "/id")?,
        });
        Some(())
    }

    /// Counts an unreadable event. Queues a read of each Discord channel whose id occurs in the event or, if there is none, a read of all
    /// conversations. Does not log the contents of the event.
    async fn count_unreadable(
        &self,
        intake: &Arc<dyn Intake>,
        state: &mut GatewayState,
        name: &str,
        text: &str,
    ) {
        let now = Instant::now();
        let counted = state.unreadable.filter(|(since, _)| now - *since < COUNTED);
        let (since, count) = counted.unwrap_or((now, 0));
        let count = count.saturating_add(1);
        state.unreadable = Some((since, count));
        // Discord's event names consist of capital letters and underscores. Any other text may come from a person, so it is not logged.
        let lawful = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let name = if lawful { name } else { "" };
        tracing::warn!(line.name = %self.name, event = name, count, "An event of line {} cannot be read", self.name);
        if count >= ALARMING {
            intake.health(&self.name, state.health()).await;
        }
        let channels: BTreeSet<u64> = json::numbers_after(text, "channel_id")
            .into_iter()
            .filter(|id| *id != 0)
            .collect();
        if channels.is_empty() {
            self.trigger_read(ReadTrigger::MissedEvents);
        }
        for channel in channels {
            self.trigger_read(ReadTrigger::NewMessage {
                channel: ChannelId::new(channel),
                person: None,
                direct: true,
            });
        }
    }

    /// Ends the counting period for unreadable events after an hour. This also ends an alarm about unreadable events.
    async fn reset_unreadable(&self, intake: &Arc<dyn Intake>, state: &mut GatewayState) {
        if state
            .unreadable
            .is_some_and(|(since, _)| since.elapsed() >= COUNTED)
        {
            state.unreadable = None;
            intake.health(&self.name, state.health()).await;
        }
    }

    /// Tests the gateway: begins a session, then closes it.
    pub(super) async fn try_gateway(&self) -> anyhow::Result<()> {
        let mut state = GatewayState::default();
        let in_words = |ended: ConnectionEnd| anyhow!(ended.reason);
        let mut socket = self.open_session(&mut state).await.map_err(in_words)?;
        let begun = timeout(BEGINNING, async {
            loop {
                match socket.next_message().await {
                    Ok(GatewayMessage::Event { name, .. }) if name == "READY" => return Ok(()),
                    Ok(
                        GatewayMessage::Event { .. }
                        | GatewayMessage::Unreadable(_)
                        | GatewayMessage::Heartbeat,
                    ) => {}
                    Err(ended) => return Err(in_words(ended)),
                }
            }
        });
        match begun.await {
            Ok(begun) => begun?,
            Err(_) => bail!("Discord's gateway begins no session"),
        }
        socket.close(GONE).await;
        Ok(())
    }
}
