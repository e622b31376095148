//! The settings of a mailbox.

use std::{net::IpAddr, path::PathBuf};

use anyhow::ensure;
use hotline_core::identifiers::private::Private;
use serde::Deserialize;

use crate::channel::{Attachments, yes};

/// The table `[lines.<name>]` with `channel = "email"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Always `email`.
    #[serde(rename = "channel")]
    _channel: String,
    /// The address people write to.
    pub address: String,
    /// The name answers come from; the centre's if not given.
    #[serde(default)]
    pub name: Option<String>,
    /// Where messages are read.
    pub imap: Imap,
    /// Where answers leave.
    pub smtp: Smtp,
    /// Bytes beyond which only the head of a message is fetched.
    #[serde(default = "default_max_size")]
    pub max_size: u64,
    /// Whether the mailbox receives `local+anything@domain`.
    #[serde(default = "yes")]
    pub plus_addressing: bool,
    /// Whether a first message is acknowledged.
    #[serde(default = "yes")]
    pub acknowledge: bool,
    /// What becomes of what comes with a mail: `on_request` keeps it sealed and hands it out when a counsellor asks, which
    /// is logged; `never` names it only.
    #[serde(default)]
    pub attachments: Attachments,
    /// Minutes after which a mailbox that cannot be reached is an alarm.
    #[serde(default = "default_alarm")]
    pub alarm_minutes: u64,
}

/// The server messages are read from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imap {
    /// Its name.
    pub host: String,
    /// Its port.
    #[serde(default = "imaps")]
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// Allows `plain` to other machines.
    #[serde(default)]
    pub allow_plain: bool,
    /// The account.
    pub user: String,
    /// Its password.
    #[serde(default)]
    pub password: Option<Private<String>>,
    /// A file with its password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// A command that prints an access token (XOAUTH2), instead of a password.
    #[serde(default)]
    pub token_command: Option<String>,
    /// The folder to read.
    #[serde(default = "inbox")]
    pub folder: String,
    /// Seconds between looks at a server without IDLE, and at most while idling: a server may forget to tell of a mail.
    #[serde(default = "default_poll")]
    pub poll_seconds: u64,
    /// A file of certificates to trust besides the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// The server answers leave by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    #[serde(default = "submissions")]
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// Allows `plain` to other machines.
    #[serde(default)]
    pub allow_plain: bool,
    /// The account; none: no authentication.
    #[serde(default)]
    pub user: Option<String>,
    /// Its password.
    #[serde(default)]
    pub password: Option<Private<String>>,
    /// A file with its password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// A command that prints an access token (XOAUTH2), instead of a password.
    #[serde(default)]
    pub token_command: Option<String>,
    /// A file of certificates to trust besides the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// TLS after STARTTLS; never without.
    Starttls,
    /// No TLS: to this machine only, unless allowed.
    Plain,
}

impl Email {
    /// Refuses what would send a password in the clear.
    pub fn check(&self) -> anyhow::Result<()> {
        for (what, host, security, allowed) in [
            ("imap", &self.imap.host, self.imap.security, self.imap.allow_plain),
            ("smtp", &self.smtp.host, self.smtp.security, self.smtp.allow_plain),
        ] {
            ensure!(
                security != Security::Plain || allowed || is_loopback(host),
                "`{what}.security = \"plain\"` to {host} would show passwords and messages to the network: \
                 use \"tls\" or \"starttls\", or set `{what}.allow_plain = true`"
            );
        }
        ensure!(
            self.attachments != Attachments::Always,
            "`attachments` of a mailbox is \"on_request\" or \"never\": what came with a mail is never shown unasked"
        );
        ensure!(
            self.max_size >= 1 << 16,
            "`max_size` is below 64 KiB: hardly any message would be whole"
        );
        Ok(())
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Runs a command that prints an access token.
pub async fn token(command: &str) -> anyhow::Result<String> {
    let ran = tokio::process::Command::new("sh")
        .arg("-c")
        .arg(command)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(30), ran).await??;
    ensure!(
        output.status.success(),
        "The token command failed: {}",
        output.status
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

const fn imaps() -> u16 {
    993
}

const fn submissions() -> u16 {
    465
}

const fn default_poll() -> u64 {
    15
}

const fn default_alarm() -> u64 {
    15
}

const fn default_max_size() -> u64 {
    30 << 20
}

fn inbox() -> String {
    "INBOX".to_owned()
}
