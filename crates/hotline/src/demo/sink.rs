//! The sink of the demo: a mail server and a server in the place of the chat platforms, both on loopback. They accept everything, keep it
//! in memory and show it on a page. Nothing that the demo sends leaves the machine.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{Uri, header::CONTENT_TYPE},
    response::Html,
    routing::get,
};
use chrono::{DateTime, Utc};
use hotline_core::{
    text::locale::Words,
    time::clock::{Clock, SystemClock},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{free_address, raw, settings::SinkAddresses, smtp};
use crate::shutdown::Lifecycle;

/// The number of messages that the sink keeps.
const KEPT: usize = 200;

/// A message that the demo sent.
pub struct SentMessage {
    /// The line: its name.
    pub line: &'static str,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub at: DateTime<Utc>,
}

/// The messages that the demo sent, the newest first.
#[derive(Default)]
pub struct SentMessages(Mutex<VecDeque<SentMessage>>);

impl SentMessages {
    /// Adds a message.
    pub fn add(&self, line: &'static str, to: String, subject: String, text: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(SentMessage {
            line,
            to,
            subject,
            text,
            at: SystemClock.now(),
        });
        kept.truncate(KEPT);
    }
}

/// The running sink.
pub struct Sink {
    pub addresses: SinkAddresses,
    sent: Arc<SentMessages>,
    texts: Texts,
}

/// The texts of the page.
#[derive(Clone)]
struct Texts {
    title: String,
    none: String,
    language: &'static str,
}

impl Sink {
    /// Starts both servers on free ports.
    pub async fn start(words: &Words, lifecycle: &Lifecycle) -> anyhow::Result<Self> {
        let sent = Arc::new(SentMessages::default());
        let bind = || TcpListener::bind(free_address());
        let mails = bind().await.context("Could not start the mail sink")?;
        let platforms = bind()
            .await
            .context("Could not start the sink of the chat platforms")?;
        let addresses = SinkAddresses {
            smtp: mails.local_addr()?,
            platforms: platforms.local_addr()?,
        };
        let (receiving, stopped) = (smtp::serve(mails, Arc::clone(&sent)), lifecycle.stop.clone());
        lifecycle.run(async move {
            tokio::select! { () = receiving => {}, () = stopped.cancelled() => {} }
        });
        let router = Router::new()
            .fallback(accept_for_platform)
            .with_state(Arc::clone(&sent));
        let stopped = lifecycle.stop.clone();
        lifecycle.run(async move {
            tokio::select! {
                served = axum::serve(platforms, router) => {
                    if let Err(error) = served {
                        tracing::warn!(error = %error, "The sink of the chat platforms ended");
                    }
                }
                () = stopped.cancelled() => {}
            }
        });
        Ok(Self {
            addresses,
            sent,
            texts: Texts {
                title: words.say("demo-sent"),
                none: words.say("demo-sent-none"),
                language: words.language().tag(),
            },
        })
    }

    /// Returns the page that shows the messages.
    pub fn router(&self) -> Router {
        let state = (Arc::clone(&self.sent), self.texts.clone());
        let style = || async { ([(CONTENT_TYPE, "text/css")], include_str!("sent.css")) };
        Router::new()
            .route("/demo/sent", get(show_sent))
            .with_state(state)
            .route("/demo/sent.css", get(style))
    }
}

/// Accepts a request to a platform. A request that sends a message adds it to the messages.
async fn accept_for_platform(State(sent): State<Arc<SentMessages>>, uri: Uri, body: Bytes) -> Json<Value> {
    let fields: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let path = uri.path();
    let method = path.rsplit('/').next().unwrap_or_default();
    if !path.starts_with("/discord") {
        match method.to_lowercase().as_str() {
            "sendmessage" => sent.add(raw::TELEGRAM, text("chat_id"), String::new(), text("text")),
            "senddocument" => sent.add(raw::TELEGRAM, String::new(), String::new(), "[…]".to_owned()),
            _ => {}
        }
        return Json(json!({ "ok": true, "result": true }));
    }
    if method == "messages" {
        let content = if fields.is_object() {
            text("content")
        } else {
            "[…]".to_owned()
        };
        let to = path.rsplit('/').nth(1).unwrap_or_default().to_owned();
        sent.add(raw::DISCORD, to, String::new(), content);
    }
    // The same object is a valid answer to opening a conversation and to sending a message.
    Json(json!({ "id": "1", "type": 1, "content": text("content") }))
}

async fn show_sent(State((sent, texts)): State<(Arc<SentMessages>, Texts)>) -> Html<String> {
    let mut rows = String::new();
    {
        let kept = sent.0.lock().unwrap_or_else(PoisonError::into_inner);
        for one in kept.iter() {
            let at = one
                .at
                .with_timezone(&chrono_tz::Europe::Belgrade)
                .format("%H:%M:%S");
            rows.push_str(&format!(
                "<article><p><strong>{}</strong> → {} · {at}</p><h2>{}</h2><pre>{}</pre></article>\n",
                escaped(one.line),
                escaped(&one.to),
                escaped(&one.subject),
                escaped(&one.text),
            ));
        }
    }
    if rows.is_empty() {
        rows = format!("<p>{}</p>", escaped(&texts.none));
    }
    let page = include_str!("sent.html")
        .replace("{language}", texts.language)
        .replace("{title}", &escaped(&texts.title))
        .replace("{rows}", &rows);
    Html(page)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
