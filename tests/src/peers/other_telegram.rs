//! An independent Bot API server: the npm package `telegram-test-api`. The package implements less than our stand-in, but does not share
//! our possible misunderstandings of the API.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Child, PATIENCE, free_port, wait_until};

/// The running server.
pub struct OtherTelegram {
    _child: Child,
    _folder: TempDir,
    port: u16,
    client: reqwest::Client,
}

impl OtherTelegram {
    /// Starts the server.
    pub async fn start() -> Result<Self> {
        let (folder, port) = (tempfile::tempdir()?, free_port()?);
        let home = std::env::var("HOME").unwrap_or_default();
        let tools = std::env::var_os("HOTLINE_TEST_TOOLS")
            .map_or_else(|| PathBuf::from(home).join(".cache/hotline/tools"), PathBuf::from);
        let script = format!(
            "const Server = require('telegram-test-api');\n\
             new Server({{ port: {port}, host: '127.0.0.1' }}).start();"
        );
        let mut command = Command::new("node");
        command
            .arg("-e")
            .arg(script)
            .current_dir(tools)
            .stdin(Stdio::null());
        let child = Child::spawn(&mut command, &folder.path().join("log"))?;
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .build()?;
        let server = Self {
            _child: child,
            _folder: folder,
            port,
            client,
        };
        wait_until(PATIENCE, || async { server.told(0).await.is_ok() })
            .await
            .context("telegram-test-api does not start (see tests/install)")?;
        Ok(server)
    }

    /// Returns the URL of the Bot API.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the bot's token. The server accepts any token.
    #[must_use]
    pub fn token(&self) -> &'static str {
        "4343:other"
    }

    /// Sends a text from a person in a private chat.
    pub async fn says(&self, person: i64, text: &str) -> Result<()> {
        let message = json!({
            "botToken": self.token(),
            "date": super::bridge::now(),
            "from": { "id": person, "first_name": "Neko", "is_bot": false },
            "chat": { "id": person, "type": "private", "first_name": "Neko" },
            "text": text,
        });
        self.post("sendMessage", &message).await?;
        Ok(())
    }

    /// Returns the texts that a person received since the last call.
    pub async fn told(&self, person: i64) -> Result<Vec<String>> {
        let answer = self
            .post("getUpdates", &json!({ "token": self.token(), "chatId": person }))
            .await?;
        let sent = answer.get("result").and_then(Value::as_array).cloned();
        let texts = sent.unwrap_or_default().into_iter();
        let texts = texts.filter_map(|one| Some(one.pointer("/message/text")?.as_str()?.to_owned()));
        Ok(texts.collect())
    }

    async fn post(&self, what: &str, body: &Value) -> Result<Value> {
        let request = self.client.post(format!("{}/{what}", self.api_url()));
        let answer: Value = request.json(body).send().await?.json().await?;
        ensure!(answer.get("ok") == Some(&Value::Bool(true)), "{answer}");
        Ok(answer)
    }
}
