//! The webhook: its settings, and the delivery of updates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::http::{perform, record};
use super::params::{Params, Refusal, bad_request};
use super::request::Upload;
use super::state::{Server, State, Webhook, unix_now};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Handles setWebhook.
pub(super) fn set_webhook(state: &mut State, params: &Value, files: &[Upload]) -> Result<Value, Refusal> {
    let params = Params(params);
    let url = params.text("url").unwrap_or_default();
    if url.is_empty() {
        return delete_webhook(state, params);
    }
    if !(url.starts_with("https://") || url.starts_with("http://")) || reqwest::Url::parse(&url).is_err() {
        return Err(bad_request(
            "bad webhook: An HTTPS URL must be provided for webhook",
        ));
    }
    let secret = params.text("secret_token").filter(|secret| !secret.is_empty());
    if let Some(secret) = &secret {
        if secret.len() > 256 {
            return Err(bad_request("secret token is too long"));
        }
        if !secret
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        {
            return Err(bad_request("secret token contains unallowed characters"));
        }
    }
    let max_connections = params.int("max_connections")?.unwrap_or(40);
    let max_connections = usize::try_from(max_connections)
        .ok()
        .filter(|number| (1..=100).contains(number))
        .ok_or_else(|| bad_request("max_connections must be between 1 and 100"))?;
    let certificate = files.iter().find(|file| file.field == "certificate");
    let mut client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    if let Some(certificate) = certificate {
        let certificate = reqwest::Certificate::from_pem(&certificate.bytes)
            .map_err(|_| bad_request("bad webhook: can't use the certificate"))?;
        client = client.add_root_certificate(certificate);
    }
    let client = client
        .build()
        .map_err(|_| bad_request("bad webhook: can't use the certificate"))?;
    state.set_allowed(params)?;
    if params.flag("drop_pending_updates") {
        state.queue.clear();
    }
    state.webhook_epoch += 1;
    state.webhook = Some(Webhook {
        url,
        secret,
        max_connections,
        own_certificate: certificate.is_some(),
        client,
        epoch: state.webhook_epoch,
        last_error: None,
    });
    Ok(Value::Bool(true))
}

/// Handles deleteWebhook.
pub(super) fn delete_webhook(state: &mut State, params: Params<'_>) -> Result<Value, Refusal> {
    state.webhook = None;
    state.webhook_epoch += 1;
    if params.flag("drop_pending_updates") {
        state.queue.clear();
    }
    Ok(Value::Bool(true))
}

/// Handles getWebhookInfo.
pub(super) fn webhook_info(state: &mut State) -> Value {
    state.expire();
    let mut info = Map::new();
    let mut put = |key: &str, value: Value| info.insert(key.to_owned(), value);
    put("url", "".into());
    put("has_custom_certificate", false.into());
    put("pending_update_count", state.queue.len().into());
    if let Some(webhook) = &state.webhook {
        put("url", webhook.url.clone().into());
        put("has_custom_certificate", webhook.own_certificate.into());
        put("max_connections", webhook.max_connections.into());
        put("ip_address", "127.0.0.1".into());
        if let Some((date, message)) = &webhook.last_error {
            put("last_error_date", (*date).into());
            put("last_error_message", message.clone().into());
        }
    }
    if !state.allowed.is_empty() {
        put("allowed_updates", state.allowed.clone().into());
    }
    Value::Object(info)
}

/// Delivers pending updates to the webhook for as long as the server runs.
pub(super) async fn deliver(server: Arc<Server>) {
    let mut changes = server.changes();
    let mut deliveries = JoinSet::new();
    let mut under_way = BTreeSet::new();
    loop {
        changes.borrow_and_update();
        for id in due(&server, &under_way) {
            under_way.insert(id);
            deliveries.spawn(deliver_one(Arc::clone(&server), id));
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { break },
            Some(done) = deliveries.join_next() => {
                if let Ok(id) = done {
                    under_way.remove(&id);
                }
            }
        }
    }
}

/// Returns the identifiers of the updates that may be delivered now.
fn due(server: &Server, under_way: &BTreeSet<i64>) -> Vec<i64> {
    let mut state = server.lock();
    let Some(webhook) = &state.webhook else {
        return Vec::new();
    };
    let parallel = state.webhook_parallel.clamp(1, webhook.max_connections);
    state.expire();
    let waiting = state
        .queue
        .iter()
        .map(|pending| pending.id)
        .filter(|id| !under_way.contains(id));
    waiting.take(parallel.saturating_sub(under_way.len())).collect()
}

/// Tries to deliver an update until delivery succeeds or the update is no longer wanted. Returns the update's identifier.
async fn deliver_one(server: Arc<Server>, id: i64) -> i64 {
    let mut pause = FIRST_PAUSE;
    let mut epoch = None;
    loop {
        let attempt = {
            let mut state = server.lock();
            state.expire();
            let pending = state.queue.iter().find(|pending| pending.id == id).cloned();
            let webhook = state.webhook.clone();
            let webhook = webhook.filter(|webhook| *epoch.get_or_insert(webhook.epoch) == webhook.epoch);
            webhook.zip(pending).map(|(webhook, pending)| {
                let attempts = state.attempts.entry(id).or_default();
                *attempts = attempts.saturating_add(1);
                (webhook, pending.json, state.webhook_timeout)
            })
        };
        let Some((webhook, json, timeout)) = attempt else {
            return id;
        };
        match post(&webhook, &json, timeout).await {
            Ok(answer) => {
                let again = server.change(|state| {
                    if let Some(place) = state.queue.iter().position(|pending| pending.id == id) {
                        let pending = state.queue.remove(place);
                        pending
                            .into_iter()
                            .for_each(|pending| state.note_confirmed(pending));
                    }
                    state.duplicate && state.roll(3) == 0
                });
                carry_out(&server, &answer).await;
                if again {
                    // A faulty server delivers the update a second time and ignores the second response.
                    let _ = post(&webhook, &json, timeout).await;
                }
                return id;
            }
            Err(message) => {
                let mut state = server.lock();
                if let Some(now) = &mut state.webhook
                    && now.epoch == webhook.epoch
                {
                    now.last_error = Some((unix_now(), message));
                }
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Posts an update. Returns the body of a successful response, or the error message.
async fn post(webhook: &Webhook, json: &str, timeout: Duration) -> Result<String, String> {
    let mut request = webhook
        .client
        .post(&webhook.url)
        .timeout(timeout)
        .header("content-type", "application/json")
        .body(json.to_owned());
    if let Some(secret) = &webhook.secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let answer = request.send().await.map_err(|error| {
        if error.is_timeout() {
            "Read timeout expired".to_owned()
        } else if error.is_connect() {
            "Connection refused".to_owned()
        } else {
            "Connection closed".to_owned()
        }
    })?;
    if !answer.status().is_success() {
        return Err(format!("Wrong response from the webhook: {}", answer.status()));
    }
    answer.text().await.map_err(|_| "Connection closed".to_owned())
}

/// Carries out the Bot API request that the webhook's response may contain.
async fn carry_out(server: &Arc<Server>, answer: &str) {
    let Ok(params) = serde_json::from_str::<Value>(answer) else {
        return;
    };
    let Some(method) = Params(&params).text("method") else {
        return;
    };
    let call = record(server, &method, &params, &[]);
    let reply = perform(server, &method, &params, &[]).await;
    server.lock().answered(call, reply.status);
}

/// Returns how often the delivery of an update was attempted.
pub(super) fn attempts(attempts: &BTreeMap<i64, u32>, id: i64) -> u32 {
    attempts.get(&id).copied().unwrap_or(0)
}

/// Wraps the result of setWebhook and deleteWebhook with its description.
pub(super) fn described(result: &Value, description: &str) -> Value {
    json!({ "ok": true, "result": result, "description": description })
}
