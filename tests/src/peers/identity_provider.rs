//! A real `OpenID` provider: the npm package `oidc-provider`, which is certified, with a log-in page that believes every name.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{Child, PATIENCE, Slot, account::Account, free_port, program, tools, wait_until};

/// The secret that the provider gave to the service.
pub const CLIENT_SECRET: &str = "a secret that only these two know, of forty characters";

/// A provider on a port of 127.0.0.1.
#[derive(Debug)]
pub struct IdentityProvider {
    child: Slot,
    account: Account,
    folder: TempDir,
    port: u16,
}

impl IdentityProvider {
    /// Starts a provider that knows the service at this URL.
    pub async fn start(service: &str) -> Result<Self> {
        let account = Account::new("nobody")?;
        let provider = Self {
            child: Slot::default(),
            folder: account.folder()?,
            account,
            port: free_port()?,
        };
        let module = tools().join("node_modules/oidc-provider/lib/index.js");
        let settings = json!({
            "module": module,
            "port": provider.port,
            "issuer": provider.issuer(),
            "client": {
                "client_id": "hotline",
                "client_secret": CLIENT_SECRET,
                "redirect_uris": [format!("{service}/desk/login/provider/return")],
                "backchannel_logout_uri": format!("{service}/desk/login/provider/log-out"),
                "response_types": ["code"],
                "grant_types": ["authorization_code"],
            },
        });
        let folder = provider.folder.path();
        std::fs::write(folder.join("settings.json"), settings.to_string())?;
        std::fs::write(folder.join("server.mjs"), include_str!("oidc_server.mjs"))?;
        provider.start_again().await?;
        Ok(provider)
    }

    /// Returns the issuer.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends the provider.
    pub fn stop(&self) {
        drop(self.child.take());
    }

    /// Starts the stopped provider again. It remembers nothing.
    pub async fn start_again(&self) -> Result<()> {
        let folder = self.folder.path();
        // The tools can be in a folder that only this account may read, so the provider runs under it.
        let mut command = std::process::Command::new(program("node", &[PathBuf::from("/usr/bin")])?);
        command
            .current_dir(folder)
            .arg(folder.join("server.mjs"))
            .arg(folder.join("settings.json"));
        let log = folder.join("provider.log");
        let child: Child = self.account.spawn(&mut command, &log)?;
        self.child.put(child);
        wait_until(PATIENCE, async || {
            TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
        })
        .await
        .with_context(|| std::fs::read_to_string(&log).unwrap_or_default())
    }
}
