//! The network side of a bridge: sends signed requests to the service, and receives signed call-backs from it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::{net::TcpListener, task::JoinHandle};

const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A messaging network that uses the service's bridge channel, an HTTP API with signed requests.
pub struct Bridge {
    port: u16,
    calls: Calls,
    serving: JoinHandle<()>,
}

type Calls = Arc<Mutex<Inner>>;

#[derive(Default)]
struct Inner {
    taken: Vec<CallBack>,
    refused: Vec<CallBack>,
    answers: VecDeque<u16>,
}

/// A signed HTTP request from the service to the network.
#[derive(Clone, Debug)]
pub struct CallBack {
    /// The header `webhook-id`.
    pub id: String,
    /// The header `webhook-timestamp`.
    pub at: String,
    /// The header `webhook-signature`.
    pub signature: String,
    /// The body as received.
    pub text: String,
}

impl CallBack {
    /// Parses the body as JSON.
    #[must_use]
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Returns whether the signature is valid.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.signature == signature(&self.id, &self.at, &self.text)
    }
}

impl Bridge {
    /// Starts an HTTP server that receives call-backs.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let calls = Calls::default();
        let app = Router::new()
            .route("/replies", post(take))
            .with_state(Arc::clone(&calls));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { port, calls, serving })
    }

    /// Returns settings with a line connected to this bridge.
    #[must_use]
    pub fn lines(&self) -> String {
        format!(
            "[lines.signal]\nchannel = \"bridge\"\nsecret = \"whsec_{SECRET}\"\ncallback_url = \"http://127.0.0.1:{}/replies\"\n",
            self.port
        )
    }

    /// Returns the secret of the line.
    #[must_use]
    pub fn secret(&self) -> &'static str {
        SECRET
    }

    /// Sets the response statuses of the next call-backs. Later call-backs get 204.
    pub fn answer_next(&self, statuses: &[u16]) {
        self.inner(|inner| inner.answers.extend(statuses));
    }

    /// Returns the call-backs that this network accepted.
    #[must_use]
    pub fn taken(&self) -> Vec<CallBack> {
        self.inner(|inner| inner.taken.clone())
    }

    /// Returns the call-backs that this network refused.
    #[must_use]
    pub fn refused(&self) -> Vec<CallBack> {
        self.inner(|inner| inner.refused.clone())
    }

    fn inner<T>(&self, with: impl FnOnce(&mut Inner) -> T) -> T {
        with(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Posts `body` to the service at `base` and returns the response status. The signature covers `signed`, which may differ from `body`.
pub async fn call(base: &str, id: &str, at: u64, signed: &str, body: &str) -> Result<u16> {
    let at = at.to_string();
    let answer = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()?
        .post(format!("{base}/bridge/signal"))
        .header("webhook-id", id)
        .header("webhook-timestamp", &at)
        .header(
            "webhook-signature",
            format!("v1,AAAA {}", signature(id, &at, signed)),
        )
        .body(body.to_owned())
        .send()
        .await?;
    Ok(answer.status().as_u16())
}

/// Returns the network's current time in seconds since 1970. It is independent of the service's clock, which tests can change.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a caller has a clock of its own")]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

fn signature(id: &str, at: &str, body: &str) -> String {
    let secret = STANDARD.decode(SECRET).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&secret) else {
        return String::new();
    };
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

async fn take(
    State(calls): State<Calls>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let call = CallBack {
        id: header("webhook-id"),
        at: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        text: String::from_utf8_lossy(&body).into_owned(),
    };
    let mut inner = calls.lock().unwrap_or_else(PoisonError::into_inner);
    let status = inner.answers.pop_front().unwrap_or(204);
    if status < 300 {
        inner.taken.push(call);
    } else {
        inner.refused.push(call);
    }
    (
        StatusCode::from_u16(status).unwrap_or_default(),
        [("retry-after", "1")],
    )
}
