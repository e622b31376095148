//! The bridge: a channel for networks that Hotline does not support itself. An external program, the bridge program, connects to such a
//! network. Hotline and the bridge program send each other messages and replies as signed HTTP requests.
//!
//! Requests in both directions are signed according to the Standard Webhooks specification (1.0). Each request has the headers
//! `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`. The HMAC key is the
//! decoded base64 of the secret `whsec_<base64>`. A request is refused if its timestamp differs from our clock by more than five minutes. A
//! request with the `webhook-id` of an earlier request is not stored again. The response contains the reference that the earlier request
//! got.
//!
//! The bridge program posts incoming messages to `/bridge/<line>` as `{"id", "from": {"id", "name"}, "text", "language", "edit",
//! "sent_at", "place"}`. Hotline posts replies to `callback_url` as `{"id", "to", "text", "reference", "in_reply_to"}`. A response with a
//! 2xx status means that the bridge program accepted the reply.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use hotline_core::{
    contact::{
        joining::Joining,
        message::{Incoming, MessagePart, Normalised, OutboundMessage, RawMessage, Unreadable},
    },
    identifiers::{line_name::LineName, private::Private},
    intake::Intake,
    line_fields::LineField,
    text::{locale::Language, reason::Known, rich::RichText},
    time::clock::Clock,
};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

use crate::{
    channel::{Channel, ChannelError, ChannelKind, Opening, check_url, host_of, read_secret},
    clean,
    refusals::{Refusal, log_refusal},
};

/// The entry for this channel in the list `KINDS`.
pub const KIND: ChannelKind = ChannelKind {
    name: "bridge",
    platform: None,
    only_one: false,
    fields: FIELDS,
    open,
};

/// The settings that administrators can enter on screen.
const FIELDS: &[LineField] = &[
    LineField::secret("secret")
        .required()
        .example("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
    LineField::text("callback_url").example("https://bridge.example.org/replies"),
];

/// The largest permitted difference between a request's timestamp and our clock, in seconds. The specification gives this value.
const WINDOW: i64 = 300;
/// The size of the largest accepted request body, in bytes.
const LARGEST: usize = 1 << 20;
/// How long the bridge program may take to respond to a reply.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The settings in the table `[lines.<name>]` of a line with `channel = "bridge"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "channel")]
    _channel: String,
    /// The secret with which requests are signed: `whsec_` followed by the base64 of 24 to 64 bytes. If `secret` is not set, `secret_file`
    /// is the path of a file with the secret.
    secret: Option<Private<String>>,
    secret_file: Option<PathBuf>,
    /// The URL to which replies are posted. If it is `None`, the line receives messages but can't send replies.
    callback_url: Option<reqwest::Url>,
}

#[derive(Clone)]
struct Bridge {
    name: LineName,
    secret: Arc<[u8]>,
    callback_url: Option<reqwest::Url>,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
}

/// An incoming message, in the JSON format in which the bridge program posts it.
#[derive(Deserialize)]
struct Call {
    /// The id that the bridge program gave the message.
    id: String,
    from: Sender,
    #[serde(default)]
    text: String,
    language: Option<String>,
    /// The version number of the message. The first version has the number zero, and each edit has a higher number.
    #[serde(default)]
    edit: i64,
    sent_at: Option<DateTime<Utc>>,
    /// Orders the messages of one sender: a later message has a higher number.
    #[serde(default)]
    place: u64,
}

#[derive(Deserialize)]
struct Sender {
    id: String,
    name: Option<String>,
}

fn open(opening: Opening) -> anyhow::Result<Arc<dyn Channel>> {
    let settings: Settings = opening.settings.try_deserialize()?;
    if let Some(url) = &settings.callback_url {
        check_url(&opening.outgoing, "callback_url", url)?;
    }
    let given = read_secret(settings.secret.as_ref(), settings.secret_file.as_ref())?
        .context("Give `secret` or `secret_file`")?;
    let bytes = given
        .trim()
        .strip_prefix("whsec_")
        .and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let bytes =
        bytes.context("`secret` is \"whsec_\" and base64, as the Standard Webhooks specification has it")?;
    ensure!((24..=64).contains(&bytes.len()), "`secret` has 24 to 64 bytes");
    Ok(Arc::new(Bridge {
        name: opening.name,
        secret: bytes.into(),
        callback_url: settings.callback_url,
        client: reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?,
        clock: opening.clock,
    }))
}

#[async_trait]
impl Channel for Bridge {
    fn hosts(&self) -> Vec<String> {
        host_of(self.callback_url.as_ref())
    }

    fn routes(&self, intake: Arc<dyn Intake>) -> Option<Router> {
        let route = format!("/bridge/{}", self.name);
        Some(
            Router::new()
                .route(&route, post(receive_message))
                .layer(DefaultBodyLimit::max(LARGEST))
                .with_state((self.clone(), intake)),
        )
    }

    fn normalise(&self, raw: &RawMessage) -> Normalised {
        let Ok(call) = serde_json::from_slice::<Call>(&raw.bytes) else {
            return Normalised::Unreadable(Unreadable {
                reason: "it does not have the form of a call".to_owned(),
                ..Unreadable::default()
            });
        };
        let text = clean::text(&call.text);
        // A blank id becomes `None`. Otherwise all messages with blank ids would count as one message, and all senders with blank ids as
        // one person.
        let named = |id: String| Some(id).filter(|id| !id.trim().is_empty());
        let id = named(call.id);
        let language = call.language.as_deref().and_then(Language::parse);
        Normalised::Message(Box::new(Incoming {
            identifier: named(call.from.id).map(Private::new),
            name: call.from.name.as_deref().map(clean::one_line),
            joining: Joining::ByIdentifier,
            message_part: id.clone().map(|id| MessagePart {
                id,
                place: call.place,
                version: call.edit.max(0),
            }),
            // If the id is the id of one of our replies, the message is an echo: a copy of our reply that the network sent back. No thread
            // token is needed to prove this, because the signature proves that the id comes from the bridge program.
            echo_of: id.as_deref().and_then(|id| id.parse().ok()).map(|id| (id, None)),
            message_id: id,
            language: language.or_else(|| Language::guess(&text)),
            text,
            claimed_at: call.sent_at,
            ..Incoming::default()
        }))
    }

    async fn send(&self, message: &OutboundMessage, _chunk: usize) -> Result<(), ChannelError> {
        let url = self
            .callback_url
            .clone()
            .ok_or_else(|| ChannelError::permanent("this line has no `callback_url` to answer to"))?;
        let body = json!({
            "id": message.id.to_string(),
            "to": message.to.expose(),
            "text": RichText::parse(message.text.expose()).text(),
            "reference": message.reference.to_string(),
            "in_reply_to": message.thread.last(),
        });
        let (id, at) = (message.id.to_string(), self.clock.now().timestamp().to_string());
        let body = body.to_string();
        let signed = self.sign(&id, &at, body.as_bytes());
        let signed = signed.ok_or_else(|| ChannelError::transient("it cannot be signed"))?;
        let signature = BASE64.encode(&signed.finalize().into_bytes());
        let answer = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", format!("v1,{signature}"))
            .body(body)
            .send()
            .await;
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(to_channel_error(&answer)),
            Err(error) if error.is_connect() => Err(ChannelError::transient(Known::Unreachable)),
            // The bridge program may have received the reply. A retry has the same id, so the bridge program can recognise the repeat.
            Err(_) => Err(ChannelError::unknown(Known::Broke)),
        }
    }

    fn reaches_addresses(&self) -> bool {
        self.callback_url.is_some()
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn reports_health(&self) -> bool {
        false
    }

    async fn check(&self) -> anyhow::Result<Vec<String>> {
        let calls = format!("takes signed calls at /bridge/{}", self.name);
        let Some(url) = &self.callback_url else {
            return Ok(vec![
                calls,
                "without `callback_url` nobody can be answered".to_owned(),
            ]);
        };
        self.client
            .head(url.clone())
            .send()
            .await
            .map_err(reqwest::Error::without_url)?;
        Ok(vec![calls, "the call-back address answers".to_owned()])
    }
}

impl Bridge {
    /// Computes the signature of a request. HMAC accepts a key of any length, so the result is never `None` in practice.
    fn sign(&self, id: &str, at: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        mac.update(format!("{id}.{at}.").as_bytes());
        mac.update(body);
        Some(mac)
    }

    /// Returns the `webhook-id` of a request. Returns `None` if the signature is invalid or the timestamp is not current.
    fn verified_id(&self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Option<String> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let (id, at) = (text("webhook-id")?, text("webhook-timestamp")?);
        let off = now.timestamp().saturating_sub(at.parse::<i64>().ok()?);
        let signed = text("webhook-signature")?.split(' ').any(|signature| {
            let given = signature
                .strip_prefix("v1,")
                .and_then(|text| BASE64.decode(text.as_bytes()).ok());
            let signed = self.sign(id, at, body);
            given
                .zip(signed)
                .is_some_and(|(given, signed)| signed.verify_slice(&given).is_ok())
        });
        (signed && off.abs() <= WINDOW && !id.is_empty() && id.len() <= 500).then(|| id.to_owned())
    }
}

async fn receive_message(
    State((bridge, intake)): State<(Bridge, Arc<dyn Intake>)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            log_refusal(&bridge.name, Refusal::Body);
            return rejection.into_response();
        }
    };
    let now = bridge.clock.now();
    let Some(id) = bridge.verified_id(&headers, &body, now) else {
        log_refusal(&bridge.name, Refusal::WrongSignature);
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let raw = RawMessage {
        line: bridge.name.clone(),
        external_id: id,
        received_at: now,
        bytes: body.to_vec(),
        cut_from: None,
    };
    match intake.accept(vec![raw], None).await {
        Ok(accepted) => {
            let reference = accepted.first().map(|one| one.reference.to_string());
            (StatusCode::ACCEPTED, Json(json!({ "reference": reference }))).into_response()
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "10")]).into_response(),
    }
}

/// Converts a response without a 2xx status into an error that says whether a retry makes sense.
fn to_channel_error(answer: &reqwest::Response) -> ChannelError {
    let status = answer.status().as_u16();
    let reason = format!("the call-back address answered {status}");
    let after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|after| after.to_str().ok());
    match status {
        429 | 503 => ChannelError::Transient {
            reason: Known::Wait.saying(reason),
            retry_after: after
                .and_then(|after| after.parse().ok())
                .map(Duration::from_secs),
        },
        408 | 500..=599 | 401 | 404 => ChannelError::transient(reason),
        _ => ChannelError::permanent(reason),
    }
}
