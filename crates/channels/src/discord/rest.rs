//! Sends requests to Discord's REST API. The library serenity only builds the requests. Its HTTP client is not used: with its rate
//! limiter it ignores the setting `api_url`, and without it, it does not report how long to wait after a refusal.

use std::time::Duration;

use hotline_core::network::{OutgoingSettings, is_this_machine};
use serde_json::Value;
use serenity::http::{LightMethod, Request, Route};

use crate::{backoff::Backoff, json};

/// How long Discord may take to respond to a request.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest wait for which a request is held back before it is sent. If Discord asked for a longer wait, the request fails with
/// `RestError::Limited`.
const SHORT: Duration = Duration::from_secs(5);

pub const LARGEST_FILE: u64 = 25 << 20;

/// The host of the official API.
const HOST: &str = "discord.com";

/// Creates the error for a request that Discord refused.
pub fn refusal(status: u16, code: i64, message: &str) -> RestError {
    RestError::Refused(Refusal {
        status,
        code,
        message: message.to_owned(),
    })
}

/// A client of Discord's REST API.
pub struct Rest {
    client: reqwest::Client,
    token: String,
    api_url: Option<reqwest::Url>,
    outgoing: OutgoingSettings,
    backoff: Backoff,
}

/// Why a request failed, or why its outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// The bot exceeded a rate limit. It may send the request again after this duration.
    #[error("Discord asks us to wait {} seconds", .0.as_secs() + 1)]
    Limited(Duration),
    /// Discord refused the request.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The request never reached Discord.
    #[error("Discord cannot be reached")]
    Unreachable,
    /// The connection broke during the request, so it is unknown whether Discord handled the request.
    #[error("the connection to Discord broke")]
    Broke,
}

/// A refusal by Discord.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.describe())]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Discord's own error code; 0 if the response contains no code.
    pub code: i64,
    pub message: String,
}

impl Refusal {
    fn describe(&self) -> String {
        let Self {
            status,
            code,
            message,
        } = self;
        match (status, code) {
            (401, _) => "Discord refuses the token".to_owned(),
            (_, 0) => format!("Discord answered {status} {message}"),
            (_, _) => format!("Discord says: {message} ({code})"),
        }
    }
}

impl RestError {
    /// Returns whether the requested object, such as a message or a thread, no longer exists.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 404)
    }

    /// Returns whether Discord would also refuse every later attempt.
    pub fn is_for_good(&self) -> bool {
        match self {
            Self::Refused(Refusal { status, .. }) => {
                (400..500).contains(status) && *status != 401 && *status != 408
            }
            Self::Limited(_) | Self::Unreachable | Self::Broke => false,
        }
    }
}

impl Rest {
    pub fn new(
        token: String,
        api_url: Option<reqwest::Url>,
        outgoing: OutgoingSettings,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            client: reqwest::Client::builder()
                .connect_timeout(Duration::from_secs(10))
                .timeout(TIMEOUT)
                // A redirect could lead to a host from which no file may be fetched.
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
            token,
            api_url,
            outgoing,
            backoff: Backoff::default(),
        })
    }

    /// Returns the host of the API.
    pub fn host(&self) -> &str {
        self.api_url
            .as_ref()
            .and_then(|url| url.host_str())
            .unwrap_or(HOST)
    }

    /// Checks that the line may connect to the host of a URL that Discord named: the settings permit it, and only an API on this machine leads
    /// to this machine.
    pub fn check_host(&self, url: &str) -> Result<(), String> {
        let url = reqwest::Url::parse(url).ok();
        let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
        if is_this_machine(host) && !is_this_machine(self.host()) {
            return Err(format!("Discord names the host {host}, which is this machine"));
        }
        self.outgoing.check(host).map_err(|refused| refused.to_string())
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// Returns the base URL of the API, or `None` for the official URL.
    pub fn api_url(&self) -> Option<&str> {
        self.api_url
            .as_ref()
            .map(|url| url.as_str().trim_end_matches('/'))
    }

    pub async fn get(&self, route: Route<'_>) -> Result<Value, RestError> {
        self.request(LightMethod::Get, route).await
    }

    pub async fn get_with(
        &self,
        route: Route<'_>,
        params: Vec<(&'static str, String)>,
    ) -> Result<Value, RestError> {
        let request = Request::new(route, LightMethod::Get);
        self.call(route, request.params(Some(params))).await
    }

    pub async fn request(&self, method: LightMethod, route: Route<'_>) -> Result<Value, RestError> {
        self.call(route, Request::new(route, method)).await
    }

    pub async fn send(
        &self,
        method: LightMethod,
        route: Route<'_>,
        body: &impl serde::Serialize,
    ) -> Result<Value, RestError> {
        let body = serde_json::to_vec(body).map_err(|_| RestError::Broke)?;
        self.call(route, Request::new(route, method).body(Some(body)))
            .await
    }

    /// Sends a request. If Discord asked for a wait, first waits for up to `SHORT`, or returns `RestError::Limited` if the wait is
    /// longer. A response to a pressed button or a submitted form never waits, because Discord expects it within three seconds.
    pub async fn call(&self, route: Route<'_>, request: Request<'_>) -> Result<Value, RestError> {
        let key = route.path();
        let at_once = matches!(
            route,
            Route::InteractionResponse { .. } | Route::WebhookOriginalInteractionResponse { .. }
        );
        while let Some(wait) = self.backoff.remaining_wait(&key).filter(|_| !at_once) {
            if wait > SHORT {
                return Err(RestError::Limited(wait));
            }
            tokio::time::sleep(wait).await;
        }
        let token = format!("Bot {}", self.token);
        let request = request
            .build(&self.client, &token, self.api_url())
            .map_err(|_| refusal(400, 0, "it cannot be asked"))?;
        let answer = request.send().await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                RestError::Unreachable
            } else {
                RestError::Broke
            }
        })?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<f64>().ok();
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let text = answer.text().await.map_err(|_| RestError::Broke)?;
        let body: Value = json::parse(text.as_bytes()).unwrap_or_default();
        if status.as_u16() == 429 {
            let asked = body.get("retry_after").and_then(Value::as_f64);
            let wait = seconds(asked.or_else(|| number("retry-after")).unwrap_or(1.0));
            let global = body.get("global").and_then(Value::as_bool).unwrap_or_default();
            if at_once {
                // This rate limit applies only to responses to buttons and forms, so other requests need not wait.
            } else if global || headers.contains_key("x-ratelimit-global") {
                self.backoff.note_global_wait(wait);
            } else {
                self.backoff.note_wait(&key, wait);
            }
            return Err(RestError::Limited(wait));
        }
        if number("x-ratelimit-remaining") == Some(0.0)
            && let Some(after) = number("x-ratelimit-reset-after")
        {
            self.backoff.note_wait(&key, seconds(after));
        }
        if status.is_success() {
            // A response whose body can't be parsed was truncated. It is an error, even with a success status.
            let whole = !text.is_empty() && body.is_null();
            return if whole && text.trim() != "null" {
                Err(RestError::Broke)
            } else {
                Ok(body)
            };
        }
        let code = json::number(&body, "/code").unwrap_or_default();
        let words = json::text(&body, "/message").unwrap_or_default();
        Err(refusal(status.as_u16(), code, words))
    }

    /// Downloads a file. Returns `None` if the file is larger than `LARGEST_FILE`, or if the URL does not belong to Discord or to a host that
    /// the settings permit.
    pub async fn file(&self, url: &str) -> Result<Option<Vec<u8>>, RestError> {
        if let Err(refused) = self.check_host(url) {
            tracing::warn!(problem = refused, "A file of Discord is not fetched");
            return Ok(None);
        }
        let Some(url) = reqwest::Url::parse(url).ok().filter(|url| self.is_discords(url)) else {
            return Ok(None);
        };
        let mut answer = self
            .client
            .get(url)
            .send()
            .await
            .map_err(|_| RestError::Unreachable)?;
        if !answer.status().is_success() {
            return Err(refusal(answer.status().as_u16(), 0, ""));
        }
        let mut bytes = Vec::new();
        while let Some(some) = answer.chunk().await.map_err(|_| RestError::Broke)? {
            bytes.extend_from_slice(&some);
            if bytes.len() as u64 > LARGEST_FILE {
                return Ok(None);
            }
        }
        Ok(Some(bytes))
    }

    fn is_discords(&self, url: &reqwest::Url) -> bool {
        match &self.api_url {
            Some(own) => url.origin() == own.origin(),
            None => {
                let hosts = ["cdn.discordapp.com", "media.discordapp.net"];
                url.scheme() == "https" && url.host_str().is_some_and(|host| hosts.contains(&host))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discord_leads_to_permitted_hosts_and_not_to_this_machine() {
        let rest = |api_url: Option<&str>, hosts: Option<&[&str]>| {
            let api_url = api_url.map(|url| reqwest::Url::parse(url).unwrap());
            let hosts = hosts.map(|hosts| hosts.iter().map(|&host| host.to_owned()).collect());
            let outgoing = OutgoingSettings {
                hosts,
                ..OutgoingSettings::default()
            };
            Rest::new("token".to_owned(), api_url, outgoing).unwrap()
        };
        let official = rest(None, None);
        assert!(official.check_host("wss://gateway.discord.gg").is_ok());
        assert!(official.check_host("ws://127.0.0.1:5432").is_err());
        assert!(official.check_host("wss://localhost").is_err());
        let local = rest(Some("http://127.0.0.1:9000"), None);
        assert!(local.check_host("ws://127.0.0.1:9001").is_ok());
        let listed = rest(None, Some(&["discord.com", "*.discord.gg"]));
        assert_eq!(listed.host(), "discord.com");
        assert!(listed.check_host("wss://gateway.discord.gg").is_ok());
        assert!(listed.check_host("https://cdn.discordapp.com/a").is_err());
        assert!(listed.check_host("no address").is_err());
    }
}
