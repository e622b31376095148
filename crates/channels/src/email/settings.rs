//! The settings of an e-mail line.

use std::path::PathBuf;

use anyhow::ensure;
use hotline_core::{
    identifiers::private::Private,
    master_key::{OLD_VARIABLE, VARIABLE},
    network::is_this_machine,
};
use serde::Deserialize;

use crate::channel::{Attachments, default_true};

/// The settings in the table `[lines.<name>]` of a line with `channel = "email"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Always `email`.
    #[serde(rename = "channel")]
    _channel: String,
    /// The e-mail address to which people write.
    pub address: String,
    /// The sender name of replies; `None` means the centre's name.
    pub name: Option<String>,
    /// The server from which messages are read.
    pub imap: Imap,
    /// The server through which replies are sent.
    pub smtp: Smtp,
    /// The size in bytes above which only the headers of a message are fetched.
    #[serde(default = "default_max_size")]
    pub max_size: u64,
    /// Whether a mail to `local+anything@domain` arrives in the mailbox of `local@domain`.
    #[serde(default = "default_true")]
    pub plus_addressing: bool,
    /// Whether the first message of a contact is acknowledged automatically.
    #[serde(default = "default_true")]
    pub acknowledge: bool,
    /// How files are handled. With `on_request`, files are stored encrypted, a counsellor receives a file only on request, and each
    /// request is logged. With `never`, files are only listed.
    #[serde(default)]
    pub attachments: Attachments,
    /// If the mailbox is unreachable for this many minutes, an error is logged instead of a warning.
    #[serde(default = "default_alarm")]
    pub alarm_minutes: u64,
}

/// The server from which messages are read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imap {
    /// The host name.
    pub host: String,
    /// The port.
    #[serde(default = "imaps")]
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// Whether connections to another computer may be unencrypted (`security = "plain"`).
    #[serde(default)]
    pub allow_plain: bool,
    /// The user name.
    pub user: String,
    /// The password.
    pub password: Option<Private<String>>,
    /// A file that contains the password.
    pub password_file: Option<PathBuf>,
    /// A command that prints an access token (XOAUTH2) to use instead of a password.
    pub token_command: Option<String>,
    /// The folder to read.
    #[serde(default = "inbox")]
    pub folder: String,
    /// The number of seconds between two searches for new mail on a server without IDLE. With IDLE, the line also searches if the server
    /// announces no mail for this long, because a server may fail to announce one.
    #[serde(default = "default_poll")]
    pub poll_seconds: u64,
    /// A PEM file with the certificates to trust. Without it, the system's certificates are trusted.
    pub ca_file: Option<PathBuf>,
}

/// The server through which replies are sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// The host name.
    pub host: String,
    /// The port.
    #[serde(default = "submissions")]
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// Whether connections to another computer may be unencrypted (`security = "plain"`).
    #[serde(default)]
    pub allow_plain: bool,
    /// The user name; `None` for no authentication.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Private<String>>,
    /// A file that contains the password.
    pub password_file: Option<PathBuf>,
    /// A command that prints an access token (XOAUTH2) to use instead of a password.
    pub token_command: Option<String>,
    /// A PEM file with the certificates to trust. Without it, the system's certificates are trusted.
    pub ca_file: Option<PathBuf>,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// TLS begins after the command STARTTLS. If the server refuses the command, the line does not use the connection.
    Starttls,
    /// No TLS. Allowed only for connections to this computer, unless `allow_plain` is set.
    Plain,
}

impl Email {
    /// Returns an error if a password would be sent unencrypted, or if another setting is invalid.
    pub fn check(&self) -> anyhow::Result<()> {
        for (what, host, security, allowed) in [
            ("imap", &self.imap.host, self.imap.security, self.imap.allow_plain),
            ("smtp", &self.smtp.host, self.smtp.security, self.smtp.allow_plain),
        ] {
            ensure!(
                security != Security::Plain || allowed || is_this_machine(host),
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

/// Runs a command that prints an access token, and returns the token.
pub async fn token(command: &str) -> anyhow::Result<String> {
    let ran = tokio::process::Command::new("sh")
        .arg("-c")
        .arg(command)
        .env_remove(VARIABLE)
        .env_remove(OLD_VARIABLE)
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
