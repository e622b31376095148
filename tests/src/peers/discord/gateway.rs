//! The gateway: the bot's WebSocket connections.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Callback, ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::events::Out;
use super::objects::{at, number};
use super::state::World;

/// How long an event is held back if no other event follows.
const HOLD: Duration = Duration::from_secs(1);
/// The longest message from the bot, in bytes.
const LONGEST: usize = 4096;

/// Accepts connections until the task is aborted. Aborting the task also ends the connections.
pub(super) async fn serve(listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, world.clone()));
                } else {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// A handshake callback that stores the query string of the request.
struct Query<'a>(&'a mut String);

impl Callback for Query<'_> {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        self.0.push_str(request.uri().query().unwrap_or_default());
        Ok(response)
    }
}

async fn connection(stream: TcpStream, world: Arc<World>) {
    let (out, mut tasks) = unbounded_channel();
    let mut query = String::new();
    let opening = tokio_tungstenite::accept_hdr_async(stream, Query(&mut query));
    let Ok(Ok(socket)) = timeout(Duration::from_secs(10), opening).await else {
        return;
    };
    let mut line = Line {
        socket,
        world: world.clone(),
        out: out.clone(),
        session: None,
        for_good: false,
    };
    let interval = {
        let mut state = world.lock();
        state.connections.retain(|other| !other.is_closed());
        state.connections.push(out.clone());
        state.heartbeat.as_millis()
    };
    let hello = json!({
        "op": 10,
        "d": { "heartbeat_interval": u64::try_from(interval).unwrap_or(2000), "_trace": [] },
        "s": null,
        "t": null,
    });
    // An error is ignored, because the session may outlive its connection.
    let _ = if query.split('&').any(|part| part == "v=10") {
        line.talk(hello, &mut tasks).await
    } else {
        line.close(4012, "Invalid API version.").await
    };
    if let Some(session) = &line.session {
        world.lock().detach(session, &out, line.for_good);
    }
}

/// A gateway connection.
struct Line {
    socket: WebSocketStream<TcpStream>,
    world: Arc<World>,
    out: UnboundedSender<Out>,
    session: Option<String>,
    /// Whether the bot has ended the session.
    for_good: bool,
}

/// Events that are not due yet.
#[derive(Default)]
struct Waiting {
    queue: VecDeque<(Instant, String)>,
    held: Option<(Instant, String)>,
}

impl Waiting {
    fn add(&mut self, text: String, due: Instant, hold: bool) {
        if let Some((_, before)) = self.held.take() {
            self.queue.push_back((due, text));
            self.queue.push_back((due, before));
        } else if hold {
            self.held = Some((due + HOLD, text));
        } else {
            self.queue.push_back((due, text));
        }
    }

    /// Returns when the next event is due.
    fn next(&self) -> Option<Instant> {
        let held = self.held.as_ref().map(|(due, _)| *due);
        self.queue.front().map(|(due, _)| *due).or(held)
    }

    fn take(&mut self) -> Option<String> {
        let next = self.queue.pop_front().or_else(|| self.held.take());
        next.map(|(_, text)| text)
    }
}

impl Line {
    async fn talk(
        &mut self,
        hello: Value,
        tasks: &mut tokio::sync::mpsc::UnboundedReceiver<Out>,
    ) -> Result<()> {
        self.send(hello.to_string()).await?;
        let mut waiting = Waiting::default();
        loop {
            let next = waiting.next();
            let wake = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(60));
            tokio::select! {
                task = tasks.recv() => match task.context("no tasks any more")? {
                    Out::Event { text, due, hold } => waiting.add(text, due, hold),
                    Out::Text(text) => self.send(text).await?,
                    Out::Close(code, reason) => return self.close(code, &reason).await,
                    Out::Cut => return Ok(()),
                },
                () = tokio::time::sleep_until(wake.into()), if next.is_some() => {
                    if let Some(text) = waiting.take() {
                        self.send(text).await?;
                    }
                }
                message = self.socket.next() => {
                    let message = message.context("the bot has gone")??;
                    if self.hear(message).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Handles a message from the bot. Returns whether the connection has ended.
    async fn hear(&mut self, message: Message) -> Result<bool> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(bytes) => String::from_utf8(bytes).unwrap_or_default(),
            Message::Close(frame) => {
                let code = frame.map(|frame| u16::from(frame.code));
                self.for_good = matches!(code, Some(1000 | 1001));
                // Reading to the end of the stream sends the reply to the close frame.
                while let Some(Ok(_)) = self.socket.next().await {}
                return Ok(true);
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(false),
        };
        let parsed = serde_json::from_str::<Value>(&text)
            .ok()
            .filter(|_| text.len() <= LONGEST);
        let Some((payload, op)) = parsed.and_then(|payload| number(&payload, "op").map(|op| (payload, op)))
        else {
            self.close(4002, "Error while decoding payload.").await?;
            return Ok(true);
        };
        let data = at(&payload, "d");
        // After an Invalid Session, the bot may identify again on the same connection.
        let world = self.world.clone();
        self.session
            .take_if(|session| !world.lock().sessions.contains_key(session));
        let answer = match (op, &self.session) {
            (1, _) => self.heartbeat(),
            (2 | 6, Some(_)) => Some(Out::Close(4005, "Already authenticated.".to_owned())),
            (2, None) => {
                let session = self.world.lock().identify(data, &self.out);
                self.enter(session)
            }
            (6, None) => {
                let session = self.world.lock().resume(data, &self.out);
                self.enter(session)
            }
            (3 | 4 | 8 | 31, Some(_)) => None,
            (3 | 4 | 8 | 31, None) => Some(Out::Close(4003, "Not authenticated.".to_owned())),
            _ => Some(Out::Close(4001, "Unknown opcode.".to_owned())),
        };
        match answer {
            Some(Out::Close(code, reason)) => {
                self.close(code, &reason).await?;
                Ok(true)
            }
            Some(Out::Text(text)) => {
                self.send(text).await?;
                Ok(false)
            }
            Some(Out::Cut) => Ok(true),
            Some(Out::Event { .. }) | None => Ok(false),
        }
    }

    fn heartbeat(&self) -> Option<Out> {
        let mut state = self.world.lock();
        state.heartbeats += 1;
        let ack = json!({ "op": 11, "d": null, "s": null, "t": null });
        (!state.faults.withhold_acks).then(|| Out::Text(ack.to_string()))
    }

    fn enter(&mut self, session: Result<String, Out>) -> Option<Out> {
        match session {
            Ok(session) => {
                self.session = Some(session);
                None
            }
            Err(answer) => Some(answer),
        }
    }

    async fn send(&mut self, text: String) -> Result<()> {
        self.socket
            .send(Message::Text(text))
            .await
            .context("sending to the bot")
    }

    /// Closes the connection, and gives the bot two seconds to close its side.
    async fn close(&mut self, code: u16, reason: &str) -> Result<()> {
        let frame = CloseFrame {
            code: CloseCode::from(code),
            reason: reason.to_owned().into(),
        };
        self.socket.close(Some(frame)).await?;
        let rest = async { while let Some(Ok(_)) = self.socket.next().await {} };
        // If that takes longer, the connection is cut.
        let _ = timeout(Duration::from_secs(2), rest).await;
        Ok(())
    }
}
