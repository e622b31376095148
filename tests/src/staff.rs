//! A member of staff who uses the API as a program does.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::peers::wait_until;

/// The password of all staff in tests.
pub const PASSWORD: &str = "a long password";

/// A member of staff with a session.
pub struct Staff {
    client: reqwest::Client,
    token: String,
    base: String,
}

impl Staff {
    /// Logs in with [`PASSWORD`].
    pub async fn log_in(base: String, login: &str) -> Result<Self> {
        Self::log_in_with(base, login, PASSWORD).await
    }

    /// Logs in with another password.
    pub async fn log_in_with(base: String, login: &str, password: &str) -> Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()?;
        let answer = client
            .post(format!("{base}/api/v1/session"))
            .json(&json!({ "login": login, "password": password }))
            .send()
            .await?
            .error_for_status()?;
        let session: Value = answer.json().await?;
        let token = session
            .get("token")
            .and_then(Value::as_str)
            .context("no token")?
            .to_owned();
        Ok(Self { client, token, base })
    }

    /// Returns the session token from the cookie.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Reads a path of the API.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let answer = self
            .client
            .get(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .send()
            .await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Returns the text of a page or file, in English.
    pub async fn page(&self, path: &str) -> Result<String> {
        let answer = self
            .client
            .get(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("cookie", "language=en")
            .send()
            .await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Returns the text of a page, for any response status.
    pub async fn any_page(&self, path: &str) -> Result<String> {
        let request = self.client.get(format!("{}{path}", self.base));
        let answer = request
            .bearer_auth(&self.token)
            .header("cookie", "language=en")
            .send()
            .await?;
        Ok(answer.text().await?)
    }

    /// Returns the number of bytes in which a page or file is sent to a browser that accepts compression.
    pub async fn compressed_size(&self, path: &str) -> Result<usize> {
        let request = self.client.get(format!("{}{path}", self.base));
        let request = request.bearer_auth(&self.token).header("accept-encoding", "gzip");
        Ok(request.send().await?.error_for_status()?.bytes().await?.len())
    }

    /// Downloads a file.
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let request = self.client.get(format!("{}{path}", self.base));
        let answer = request.bearer_auth(&self.token).send().await?;
        Ok(answer.error_for_status()?.bytes().await?.to_vec())
    }

    /// Submits a form of the desk and returns the HTML of the page that follows, in English.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Result<String> {
        let request = self.client.post(format!("{}{path}", self.base));
        let answer = request
            .bearer_auth(&self.token)
            .header("cookie", "language=en")
            .form(fields)
            .send()
            .await?;
        Ok(answer.text().await?)
    }

    /// Returns the response status of a request without a body.
    pub async fn status(&self, method: reqwest::Method, path: &str) -> Result<u16> {
        let request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        Ok(request.send().await?.status().as_u16())
    }

    /// Posts JSON to a path of the API.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        Ok(serde_json::from_slice(&self.post_for_file(path, body).await?)?)
    }

    /// Posts JSON to a path of the API whose answer has no content.
    pub async fn confirm(&self, path: &str, body: &Value) -> Result<()> {
        self.post_for_file(path, body).await.map(drop)
    }

    /// Posts JSON to a path of the API that answers with a file, and returns the file.
    pub async fn post_for_file(&self, path: &str, body: &Value) -> Result<Vec<u8>> {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .json(body);
        let answer = request.send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        if !status.is_success() {
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&bytes));
        }
        Ok(bytes.to_vec())
    }

    /// Replies to a contact.
    pub async fn reply(&self, reference: &str, text: &str) -> Result<Value> {
        let path = format!("/api/v1/contacts/{reference}/reply");
        self.post(&path, &json!({ "text": text })).await
    }

    /// Returns the delivery state of a contact's newest reply, and the server's message about it.
    pub async fn last_reply(&self, reference: &str) -> Result<(String, String)> {
        let contact = self.contact(reference).await?;
        let messages = contact.get("messages").and_then(Value::as_array);
        let mut replies = messages
            .into_iter()
            .flatten()
            .filter(|one| text(one, "/direction") == "reply");
        let reply = replies.next_back().cloned().unwrap_or_default();
        let part = |pointer| text(&reply, pointer).to_owned();
        Ok((part("/deliveries/0/state"), part("/deliveries/0/said")))
    }

    /// Waits until the delivery state of a contact's newest reply is `state`.
    pub async fn until_reply_is(&self, reference: &str, state: &str) -> Result<()> {
        wait_until(Duration::from_secs(20), || async {
            self.last_reply(reference).await.is_ok_and(|(is, _)| is == state)
        })
        .await
        .with_context(|| format!("the reply is not {state}"))
    }

    /// Returns all contacts, newest first.
    pub async fn contacts(&self) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("/api/v1/inbox?view=all{after}")).await?;
            all.extend(
                page.get("contacts")
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default(),
            );
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(all),
            }
        }
    }

    /// Waits until there are this many contacts, and returns them.
    pub async fn until_contacts(&self, count: usize) -> Result<Vec<Value>> {
        wait_until(Duration::from_secs(30), || async {
            self.contacts().await.is_ok_and(|all| all.len() == count)
        })
        .await
        .with_context(|| format!("there are not {count} contacts"))?;
        self.contacts().await
    }

    /// Returns the address of the desk's page with the results of a search.
    pub async fn address_of_search(&self, words: &str) -> Result<String> {
        let request = self.client.post(format!("{}/desk/search", self.base));
        let request = request.bearer_auth(&self.token).form(&[("q", words)]);
        let found = request.send().await?.error_for_status()?;
        let query = found
            .url()
            .query()
            .context("a search leads to an address with a query")?;
        Ok(format!("{}?{query}", found.url().path()))
    }

    /// Returns the results of a search.
    pub async fn search(&self, words: &str) -> Result<Value> {
        self.post("/api/v1/search", &json!({ "q": words })).await
    }

    /// Returns a contact with all its messages.
    pub async fn contact(&self, reference: &str) -> Result<Value> {
        self.get(&format!("/api/v1/contacts/{reference}")).await
    }

    /// Returns the messages of a contact's person, oldest first.
    pub async fn messages(&self, reference: &str) -> Result<Vec<Value>> {
        let contact = self.contact(reference).await?;
        let all = contact.get("messages").and_then(Value::as_array).cloned();
        let said = all.unwrap_or_default().into_iter();
        Ok(said.filter(|one| text(one, "/direction") == "in").collect())
    }

    /// Waits until a contact's person has written this many messages, and returns them.
    pub async fn until_messages(&self, reference: &str, count: usize) -> Result<Vec<Value>> {
        wait_until(Duration::from_secs(60), || async {
            self.messages(reference)
                .await
                .is_ok_and(|said| said.len() == count)
        })
        .await
        .with_context(|| format!("there are not {count} messages"))?;
        self.messages(reference).await
    }
}

/// Returns a text in a JSON value; empty if there is none.
#[must_use]
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
