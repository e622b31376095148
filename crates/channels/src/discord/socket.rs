//! One connection to the gateway. This module handles heartbeats and other control messages. It does not interpret events.
//!
//! The gateway client of the library serenity is not used, for two reasons. It silently drops events of unknown types. After a refusal,
//! it begins another session every five seconds, until Discord resets the bot's token.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use hotline_core::{identifiers::chance, network};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::json;

/// The timeout for connecting, for receiving the gateway's first message and for sending a message.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The timeout for closing the connection.
const CLOSING: Duration = Duration::from_secs(2);

/// A session with the gateway. If the connection is lost, the session can be resumed on another connection. Discord then sends the events
/// that occurred in between, which it keeps for a while.
pub struct Session {
    pub id: String,
    /// The URL at which to resume the session; `None` if Discord named no URL.
    pub url: Option<String>,
    /// The sequence number of the last received event.
    pub sequence: u64,
}

/// A message from the gateway.
pub enum GatewayMessage {
    Event {
        name: String,
        data: Value,
    },
    /// A message that is not JSON or lacks the fields of a gateway message.
    Unreadable(String),
    /// The gateway's confirmation of a heartbeat.
    Heartbeat,
}

/// What to do after a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Resume the session.
    Resume,
    /// Begin a new session.
    Identify,
    /// Connect again. The gateway was not reached.
    Retry,
    /// Connect again after a longer wait. Discord refuses the bot until a setting in Hotline or at Discord is corrected.
    Refused,
    /// Connect again after this duration. The bot has begun all sessions that Discord allows for the day.
    Wait(Duration),
}

/// Why a connection ended, and what to do next.
#[derive(Debug)]
pub struct ConnectionEnd {
    pub next: NextStep,
    pub reason: String,
}

impl ConnectionEnd {
    pub fn new(next: NextStep, reason: impl Into<String>) -> Self {
        Self {
            next,
            reason: reason.into(),
        }
    }

    /// Returns the end of a connection that Discord closed with the close code `code`.
    fn closed(code: Option<u16>) -> Self {
        let (next, words) = match code {
            Some(4004) => (NextStep::Refused, "Discord refuses the token"),
            Some(4014) => (
                NextStep::Refused,
                "Discord does not allow the bot to read messages: switch on \"Message Content Intent\" in its developer portal \
                 under \"Bot\", or leave out `guild` and `room`",
            ),
            Some(4013) => (
                NextStep::Refused,
                "Discord does not know what the bot asks to hear",
            ),
            Some(4010..=4012) => (
                NextStep::Refused,
                "Discord's gateway does not take the bot's way of connecting",
            ),
            Some(1000 | 1001 | 4003 | 4007 | 4009) => {
                (NextStep::Identify, "Discord's gateway ended the session")
            }
            Some(_) | None => (NextStep::Resume, "Discord's gateway closed the connection"),
        };
        let code = code.map_or_else(String::new, |code| format!(" ({code})"));
        Self::new(next, format!("{words}{code}"))
    }

    fn broke() -> Self {
        Self::new(NextStep::Resume, "the connection to Discord's gateway broke")
    }
}

/// An open connection on which the gateway has sent its hello message.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    interval: Duration,
    next_beat: Instant,
    answered: bool,
    /// The sequence number of the last received event.
    pub sequence: Option<u64>,
}

impl Socket {
    /// Connects and waits for the gateway's hello message.
    pub async fn open(url: &str) -> Result<Self, ConnectionEnd> {
        let address = format!("{}/?v=10&encoding=json", url.trim_end_matches('/'));
        if !is_protected(&address) {
            return Err(ConnectionEnd::new(
                NextStep::Retry,
                "Discord's gateway has an address without TLS",
            ));
        }
        let unreachable = || ConnectionEnd::new(NextStep::Retry, "Discord's gateway cannot be reached");
        let opened = timeout(TIMEOUT, connect_async(address)).await;
        let (stream, _) = opened.map_err(|_| unreachable())?.map_err(|_| unreachable())?;
        let mut socket = Self {
            stream,
            interval: Duration::MAX,
            next_beat: Instant::now(),
            answered: true,
            sequence: None,
        };
        let hello = timeout(TIMEOUT, socket.hello()).await;
        let interval =
            hello.map_err(|_| ConnectionEnd::new(NextStep::Retry, "Discord's gateway says nothing"))??;
        socket.interval = interval;
        // A random delay spreads the heartbeats of clients that connect at the same time.
        socket.next_beat = Instant::now() + interval.mul_f64((chance::jitter() - 0.8).clamp(0.05, 0.4));
        Ok(socket)
    }

    async fn hello(&mut self) -> Result<Duration, ConnectionEnd> {
        loop {
            let payload = json::parse(self.receive().await?.as_bytes()).unwrap_or_default();
            if json::number(&payload, "/op") == Some(10) {
                let millis = json::id(&payload, "/d/heartbeat_interval").unwrap_or(40_000);
                return Ok(Duration::from_millis(millis.clamp(100, 600_000)));
            }
        }
    }

    /// Begins a new session. Discord limits how many sessions a bot may begin in a day.
    pub async fn identify(&mut self, token: &str, intents: u64) -> Result<(), ConnectionEnd> {
        let properties = json!({ "os": std::env::consts::OS, "browser": "hotline", "device": "hotline" });
        let data = json!({ "token": token, "intents": intents, "shard": [0, 1], "properties": properties });
        self.send(2, &data).await
    }

    pub async fn resume(&mut self, token: &str, session: &Session) -> Result<(), ConnectionEnd> {
        self.sequence = Some(session.sequence);
        let data = json!({ "token": token, "session_id": session.id, "seq": session.sequence });
        self.send(6, &data).await
    }

    /// Returns the next message from the gateway. Sends heartbeats while it waits.
    pub async fn next_message(&mut self) -> Result<GatewayMessage, ConnectionEnd> {
        loop {
            let next_beat = self.next_beat;
            let text = tokio::select! {
                text = self.receive() => text?,
                () = sleep_until(next_beat) => {
                    self.send_heartbeat().await?;
                    continue;
                }
            };
            let Some(mut payload) = json::parse(text.as_bytes()).filter(Value::is_object) else {
                return Ok(GatewayMessage::Unreadable(text));
            };
            self.sequence = json::id(&payload, "/s").or(self.sequence);
            match json::number(&payload, "/op") {
                Some(0) => {
                    let Some(name) = json::text(&payload, "/t").map(str::to_owned) else {
                        return Ok(GatewayMessage::Unreadable(text));
                    };
                    let data = payload.get_mut("d").map(Value::take).unwrap_or_default();
                    return Ok(GatewayMessage::Event { name, data });
                }
                Some(1) => self.send(1, &json!(self.sequence)).await?,
                Some(7) => {
                    return Err(ConnectionEnd::new(
                        NextStep::Resume,
                        "Discord's gateway asks to connect again",
                    ));
                }
                Some(9) if payload.get("d") == Some(&Value::Bool(true)) => return Err(ConnectionEnd::broke()),
                Some(9) => {
                    return Err(ConnectionEnd::new(
                        NextStep::Identify,
                        "Discord's gateway does not know the session",
                    ));
                }
                Some(11) => {
                    self.answered = true;
                    return Ok(GatewayMessage::Heartbeat);
                }
                Some(_) => {}
                None => return Ok(GatewayMessage::Unreadable(text)),
            }
        }
    }

    /// Closes the connection with a close code. After code 4000, Discord keeps the session for a while, so that it can be resumed.
    pub async fn close(mut self, code: u16) {
        let frame = CloseFrame {
            code: CloseCode::from(code),
            reason: "".into(),
        };
        let closing = async {
            let _ = self.stream.close(Some(frame)).await;
            while let Some(Ok(_)) = self.stream.next().await {}
        };
        let _ = timeout(CLOSING, closing).await;
    }

    async fn send_heartbeat(&mut self) -> Result<(), ConnectionEnd> {
        if !self.answered {
            return Err(ConnectionEnd::new(
                NextStep::Resume,
                "Discord's gateway is silent",
            ));
        }
        self.answered = false;
        self.next_beat = Instant::now() + self.interval;
        self.send(1, &json!(self.sequence)).await
    }

    async fn send(&mut self, op: u8, data: &Value) -> Result<(), ConnectionEnd> {
        let text = json!({ "op": op, "d": data }).to_string();
        let sent = timeout(TIMEOUT, self.stream.send(Message::Text(text))).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ConnectionEnd::broke()),
        }
    }

    async fn receive(&mut self) -> Result<String, ConnectionEnd> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Binary(bytes))) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Some(Ok(Message::Close(frame))) => {
                    return Err(ConnectionEnd::closed(frame.map(|frame| u16::from(frame.code))));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return Err(ConnectionEnd::broke()),
            }
        }
    }
}

/// Returns whether nobody on the network can read a connection to this address: with TLS, or on this machine.
fn is_protected(address: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(address) else {
        return false;
    };
    ["ws", "wss"].contains(&url.scheme()) && network::is_protected(&url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_is_reached_with_tls_or_on_this_machine() {
        for (address, protected) in [
            ("wss://gateway.discord.gg/?v=10", true),
            ("ws://127.0.0.1:2000/?v=10", true),
            ("ws://[::1]:2000/", true),
            ("ws://gateway.discord.gg/?v=10", false),
            ("ws://127.0.0.1.example.org/", false),
            ("gateway", false),
        ] {
            assert_eq!(is_protected(address), protected, "{address}");
        }
    }
}
