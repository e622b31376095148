//! The push worker: sends notifications to the devices of staff on which no page of the desk is open (RFC 8030). A notification contains no
//! word and no name of a contact, and the log never contains the address of a device.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use axum::http::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER},
};
use hotline_core::{
    staff::push::{PushKind, PushSettings},
    text::locale::Locales,
    time::clock::{Clock, SystemClock},
};
use hotline_store::{db::store::Store, inbox::push::DuePush};
use reqwest::{Client, redirect};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::vapid::VapidKey;

mod encryption;
mod vapid;

/// The time between two queries for due notifications.
const LOOK: Duration = Duration::from_secs(2);
/// The time limit for one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The waits before the attempts to send a notification.
const ATTEMPTS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(180),
];
/// The longest wait that a push service can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(180);
/// The seconds for which a push service keeps a notification for a device that it cannot reach.
const TTL: &str = "600";

/// The dependencies of the push worker.
pub struct Pusher {
    store: Arc<Store>,
    settings: PushSettings,
    locales: Arc<Locales>,
    client: Client,
    key: VapidKey,
    /// The URL of the desk, which names the sender to push services.
    desk_url: String,
}

/// The response of a push service, as far as it decides what to do next.
enum Sent {
    /// The push service accepted the notification.
    Accepted,
    /// The push service no longer knows the device.
    Gone,
    /// The notification may be sent again after this time, or after the usual wait.
    Later(Option<Duration>),
}

impl Pusher {
    /// Creates the key pair of this installation if it has none.
    ///
    /// # Errors
    /// Fails if the key pair cannot be read or stored.
    pub async fn new(
        store: &Arc<Store>,
        settings: &PushSettings,
        locales: &Arc<Locales>,
        desk_url: &str,
    ) -> anyhow::Result<Self> {
        let new = VapidKey::generate().map_err(|_| anyhow!("Could not make a key for push messages"))?;
        let key = store.push_key(new).await?;
        Ok(Self {
            store: Arc::clone(store),
            settings: settings.clone(),
            locales: Arc::clone(locales),
            // A redirect could lead to a host that `push.hosts` does not name.
            client: Client::builder()
                .redirect(redirect::Policy::none())
                .timeout(PATIENCE)
                .build()?,
            key: VapidKey::read(&key).map_err(|error| anyhow!("The key for push messages: {error}"))?,
            desk_url: desk_url.to_owned(),
        })
    }

    /// Returns the public key, with which browsers subscribe.
    pub fn public_key(&self) -> String {
        self.key.public()
    }

    /// Sends the notifications that are due until `stop` is cancelled. Each one is sent in a task of its own, so that a slow push service
    /// delays nothing else.
    pub async fn work(self, stop: CancellationToken) {
        let pusher = Arc::new(self);
        let mut sending = JoinSet::new();
        while !stop.is_cancelled() {
            match pusher.store.due_pushes().await {
                Ok(due) => {
                    for push in due {
                        let pusher = Arc::clone(&pusher);
                        sending.spawn(async move { pusher.deliver(&push).await });
                    }
                }
                Err(error) => tracing::error!(error = %error, "It is unknown whom to notify"),
            }
            while sending.try_join_next().is_some() {}
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Sends a notification, and repeats this for some minutes if the push service does not accept it.
    async fn deliver(&self, push: &DuePush) {
        let mut asked: Option<Duration> = None;
        let mut problem = String::new();
        for usual in ATTEMPTS {
            tokio::time::sleep(asked.take().unwrap_or(usual)).await;
            // The last notification of a device follows the end of its subscription.
            if push.kind != PushKind::Ended && !self.store.is_subscribed(&push.device).await.unwrap_or(true) {
                return;
            }
            match self.send(push).await {
                Ok(Sent::Accepted) => return,
                Ok(Sent::Gone) => return self.end(push).await,
                Ok(Sent::Later(wait)) => {
                    asked = wait;
                    "the push service is busy".clone_into(&mut problem);
                }
                Err(error) => problem = format!("{error:#}"),
            }
        }
        tracing::warn!(
            kind = push.kind.name(),
            problem,
            "A notification could not be sent to a device"
        );
    }

    async fn send(&self, push: &DuePush) -> anyhow::Result<Sent> {
        // The setting may have changed since the device subscribed.
        let endpoint = self.settings.permitted(&push.device.endpoint);
        let endpoint: Url = endpoint.context("`push.hosts` does not name the push service")?;
        let body = encryption::encrypt(&push.device, self.message(push).as_bytes());
        let body = body.map_err(|_| anyhow!("the key of the device is invalid"))?;
        let authorization = self
            .key
            .authorization(&endpoint, &self.desk_url, SystemClock.now())
            .map_err(|_| anyhow!("the request could not be signed"))?;
        let urgency = match push.kind {
            PushKind::Danger => "high",
            PushKind::Message | PushKind::Handed | PushKind::Ended => "normal",
        };
        let request = self
            .client
            .post(endpoint)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("ttl", TTL)
            .header("urgency", urgency)
            .body(body);
        // The text of an error would contain the address of the device.
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        match response.status() {
            status if status.is_success() => Ok(Sent::Accepted),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Sent::Gone),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let asked = response.headers().get(RETRY_AFTER);
                let seconds = asked.and_then(|asked| asked.to_str().ok()?.parse().ok());
                let wait = seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT));
                Ok(Sent::Later(wait))
            }
            status => Err(anyhow!("the push service answered {status}")),
        }
    }

    /// Returns what the device shows, as JSON for the service worker (`assets/account/push_worker.js`).
    fn message(&self, push: &DuePush) -> String {
        let words = self.locales.of(push.language);
        let path = match push.reference {
            Some(reference) => format!("/desk/contacts/{reference}"),
            None => "/desk".to_owned(),
        };
        let kind = push.kind.name();
        json!({ "kind": kind, "text": words.say(&format!("push-{kind}")), "path": path }).to_string()
    }

    async fn end(&self, push: &DuePush) {
        if let Err(error) = self.store.end_device(&push.device).await {
            tracing::warn!(error = %error, "A device that is gone could not be forgotten");
        }
    }
}
