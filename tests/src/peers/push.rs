//! A push service with browsers that are subscribed to it. The service checks the sender of each message (RFC 8292), and the browsers
//! decrypt the messages (RFC 8291), as real ones do.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hkdf::Hkdf;
use hotline_core::identifiers::chance;
use p256::{PublicKey, SecretKey, ecdh::diffie_hellman, elliptic_curve::sec1::ToSec1Point};
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{net::TcpListener, task::JoinHandle};

use super::bridge::now;

/// A push service on this machine.
pub struct PushService {
    origin: String,
    state: Shared,
    serving: JoinHandle<()>,
}

type Shared = Arc<Mutex<Inner>>;

#[derive(Default)]
struct Inner {
    origin: String,
    browsers: HashMap<String, Browser>,
    statuses: VecDeque<u16>,
    /// What was wrong with the messages that the service refused.
    faults: Vec<String>,
}

/// A browser that is subscribed to messages of one sender.
struct Browser {
    secret: SecretKey,
    auth: [u8; 16],
    /// The public key of the sender, in base64url.
    sender: String,
    attempts: usize,
    messages: Vec<PushMessage>,
}

/// A message that a browser received.
#[derive(Clone, Debug)]
pub struct PushMessage {
    /// The decrypted text.
    pub text: String,
    /// The header `urgency`.
    pub urgency: String,
    /// The header `ttl`.
    pub ttl: String,
    /// The length of the encrypted message.
    pub length: usize,
}

impl PushMessage {
    /// Parses the decrypted text as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl PushService {
    /// Starts the push service.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let origin = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let state = Shared::default();
        state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .origin
            .clone_from(&origin);
        let app = Router::new()
            .route("/push/{browser}", post(take))
            .with_state(Arc::clone(&state));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            origin,
            state,
            serving,
        })
    }

    /// Returns settings that permit this push service.
    #[must_use]
    pub fn settings(&self) -> &'static str {
        "[push]\nhosts = [\"127.0.0.1\"]\n"
    }

    /// Subscribes a browser to the messages of the sender with this public key. Returns the subscription as the API of the desk expects it.
    pub fn subscribe(&self, name: &str, sender: &str) -> Result<Value> {
        let secret = SecretKey::from_slice(&chance::bytes::<32>())?;
        let auth = chance::bytes();
        let subscription = json!({
            "endpoint": format!("{}/push/{name}", self.origin),
            "p256dh": BASE64.encode(secret.public_key().to_sec1_point(false).as_bytes()),
            "auth": BASE64.encode(auth),
        });
        let browser = Browser {
            secret,
            auth,
            sender: sender.to_owned(),
            attempts: 0,
            messages: Vec::new(),
        };
        self.inner(|inner| inner.browsers.insert(name.to_owned(), browser));
        Ok(subscription)
    }

    /// Sets the response statuses of the next messages. Later messages get 201.
    pub fn answer_next(&self, statuses: &[u16]) {
        self.inner(|inner| inner.statuses.extend(statuses));
    }

    /// Returns the messages that a browser received.
    #[must_use]
    pub fn messages(&self, name: &str) -> Vec<PushMessage> {
        self.inner(|inner| inner.browsers.get(name).map(|one| one.messages.clone()))
            .unwrap_or_default()
    }

    /// Returns how often the sender tried to reach a browser.
    #[must_use]
    pub fn attempts(&self, name: &str) -> usize {
        self.inner(|inner| inner.browsers.get(name).map_or(0, |one| one.attempts))
    }

    /// Returns what was wrong with the messages that the service refused.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.inner(|inner| inner.faults.clone())
    }

    fn inner<T>(&self, with: impl FnOnce(&mut Inner) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    State(state): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    let mut inner = state.lock().unwrap_or_else(PoisonError::into_inner);
    let origin = inner.origin.clone();
    let planned = inner.statuses.pop_front().unwrap_or(201);
    let received = match inner.browsers.get_mut(&name) {
        Some(browser) => {
            browser.attempts += 1;
            browser.receive(&origin, &headers, &body)
        }
        None => Err(anyhow::anyhow!("no browser {name}")),
    };
    let status = match received {
        Ok(message) => {
            if let (201, Some(browser)) = (planned, inner.browsers.get_mut(&name)) {
                browser.messages.push(message);
            }
            planned
        }
        Err(fault) => {
            inner.faults.push(format!("{fault:#}"));
            400
        }
    };
    (
        StatusCode::from_u16(status).unwrap_or_default(),
        [("retry-after", "1")],
    )
}

impl Browser {
    fn receive(&self, origin: &str, headers: &HeaderMap, body: &[u8]) -> Result<PushMessage> {
        let header = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value
                .map(str::to_owned)
                .with_context(|| format!("no header {name}"))
        };
        ensure!(header("content-encoding")? == "aes128gcm", "the content coding");
        check_sender(&header("authorization")?, &self.sender, origin)?;
        Ok(PushMessage {
            text: String::from_utf8(self.decrypt(body)?)?,
            urgency: header("urgency")?,
            ttl: header("ttl")?,
            length: body.len(),
        })
    }

    /// Decrypts a message of one record (RFC 8188, section 2, with the keys of RFC 8291, section 3.4).
    fn decrypt(&self, body: &[u8]) -> Result<Vec<u8>> {
        let (salt, rest) = body.split_at_checked(16).context("no salt")?;
        let (size, rest) = rest.split_first_chunk().context("no record size")?;
        let (length, rest) = rest.split_first().context("no key length")?;
        let (sender, record) = rest.split_at_checked((*length).into()).context("no key")?;
        ensure!(
            record.len() <= u32::from_be_bytes(*size) as usize,
            "a record that is too long"
        );
        let public = PublicKey::from_sec1_bytes(sender)?;
        let secret = diffie_hellman(self.secret.to_nonzero_scalar(), public.as_affine());
        let ours = self.secret.public_key().to_sec1_point(false);
        let info = [b"WebPush: info\0", ours.as_bytes(), sender].concat();
        let mut input = [0; 32];
        let of_pair = Hkdf::<Sha256>::new(Some(&self.auth), secret.raw_secret_bytes());
        let expanded = of_pair.expand(&info, &mut input);
        let of_message = Hkdf::<Sha256>::new(Some(salt), &input);
        let (mut key, mut nonce) = ([0; 16], [0; 12]);
        let all = expanded
            .and_then(|()| of_message.expand(b"Content-Encoding: aes128gcm\0", &mut key))
            .and_then(|()| of_message.expand(b"Content-Encoding: nonce\0", &mut nonce));
        all.ok().context("the keys")?;
        let key = UnboundKey::new(&AES_128_GCM, &key).ok().context("the key")?;
        let mut record = record.to_vec();
        let plain = LessSafeKey::new(key)
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
            .ok()
            .context("the message cannot be decrypted")?;
        let end = plain
            .iter()
            .rposition(|byte| *byte != 0)
            .context("no delimiter")?;
        ensure!(plain.get(end) == Some(&2), "not the last record");
        Ok(plain.get(..end).unwrap_or_default().to_vec())
    }
}

/// Checks the token of the sender (RFC 8292): the key that the browser expects, the signature, the audience and the time.
fn check_sender(authorization: &str, sender: &str, origin: &str) -> Result<()> {
    let parameters = authorization.strip_prefix("vapid t=").context("the scheme")?;
    let (token, key) = parameters.split_once(", k=").context("no key")?;
    ensure!(key == sender, "another sender");
    let (signed, signature) = token.rsplit_once('.').context("no signature")?;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, BASE64.decode(key)?);
    key.verify(signed.as_bytes(), &BASE64.decode(signature)?)
        .ok()
        .context("the signature")?;
    let (head, claims) = signed.split_once('.').context("no claims")?;
    let head: Value = serde_json::from_slice(&BASE64.decode(head)?)?;
    ensure!(head.get("alg") == Some(&json!("ES256")), "the algorithm");
    let claims: Value = serde_json::from_slice(&BASE64.decode(claims)?)?;
    ensure!(
        claims.get("aud") == Some(&json!(origin)),
        "the audience: {claims}"
    );
    let expires = claims.get("exp").and_then(Value::as_u64).context("no time")?;
    ensure!((now()..now() + 86_400).contains(&expires), "the time: {claims}");
    let contact = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    ensure!(
        contact.starts_with("http") || contact.starts_with("mailto:"),
        "the contact: {claims}"
    );
    Ok(())
}
