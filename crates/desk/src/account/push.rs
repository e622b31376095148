//! Notifications to the device of a member of staff while no page of the desk is open (Web Push). The browser subscribes at its push
//! service (`assets/account/push.js`) and gives the subscription to these routes, which only programs and scripts use.

use axum::{extract::State, http::HeaderMap};
use data_encoding::BASE64URL_NOPAD;
use hotline_core::text::locale::Language;
use hotline_store::staff::push::PushDevice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    http::{
        access::{Who, token},
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, NoBody},
    },
    state::{Desk, PushFacts},
};

/// The length of an uncompressed point of the curve P-256.
const PUBLIC_KEY_BYTES: usize = 65;
/// The length of the secret of a subscription (RFC 8291).
const SECRET_BYTES: usize = 16;
/// The maximum length of the address at a push service, in bytes.
const LONGEST_ENDPOINT: usize = 2_000;

/// Whether this session's device is notified while no page of the desk is open.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PushJson {
    /// The public key of this installation (`applicationServerKey` of the Push API). `null` if the settings turn notifications off.
    public_key: Option<String>,
    /// Whether the session has a device that is notified.
    subscribed: bool,
}

/// The subscription of a browser (`PushSubscription` of the Push API). Keys are in base64url without padding.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PushForm {
    /// The address at the push service. The setting `push.hosts` must name its host.
    endpoint: String,
    /// The public key of the browser.
    p256dh: String,
    /// The secret of the subscription.
    auth: String,
}

/// Returns whether the device of this session is notified.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(_): Who,
    headers: HeaderMap,
) -> Result<Answer<PushJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    describe(&desk, &token).await
}

/// Lets the device of this session be notified until the session ends.
pub(crate) async fn subscribe(
    State(desk): State<Desk>,
    Who(me): Who,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(form): FormOrJson<PushForm>,
) -> Result<Answer<PushJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let facts = desk.push.as_deref().ok_or(PageError::Bad("error-push-off"))?;
    let device = form.read(facts, desk.words(&jar).language())?;
    desk.store.subscribe_device(&me, &token, &device).await?;
    describe(&desk, &token).await
}

/// Ends the notifications of this session's device.
pub(crate) async fn unsubscribe(
    State(desk): State<Desk>,
    Who(me): Who,
    headers: HeaderMap,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<PushJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    desk.store.unsubscribe_device(&me, &token).await?;
    describe(&desk, &token).await
}

async fn describe(desk: &Desk, token: &str) -> Result<Answer<PushJson>, PageError> {
    Ok(Answer::Json(PushJson {
        public_key: desk.push.as_ref().map(|facts| facts.public_key.clone()),
        subscribed: desk.store.has_device(token).await?,
    }))
}

impl PushForm {
    fn read(self, facts: &PushFacts, language: Language) -> Result<PushDevice, PageError> {
        let permitted = facts.settings.permitted(&self.endpoint);
        let endpoint = permitted.filter(|_| self.endpoint.len() <= LONGEST_ENDPOINT);
        let bytes = |text: &str, length: usize| {
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
            let bytes = bytes.filter(|bytes| bytes.len() == length);
            bytes.ok_or(PageError::Bad("error-push-key"))
        };
        Ok(PushDevice {
            endpoint: endpoint.ok_or(PageError::Bad("error-push-host"))?.into(),
            p256dh: bytes(&self.p256dh, PUBLIC_KEY_BYTES)?,
            auth: bytes(&self.auth, SECRET_BYTES)?,
            language,
        })
    }
}
