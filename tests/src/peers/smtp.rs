//! A mail server that accepts mail over SMTP and delivers it into the Maildirs of a Dovecot server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::account::Account;
use super::dovecot::Dovecot;
use super::{Slot, free_port, wait_for_greeting, wait_for_silence};

const USER: &str = "submitter";
const PASSWORD: &str = "submit it";

/// A mail server on two ports of 127.0.0.1: plain SMTP without authentication, and submission with required STARTTLS and AUTH. The server
/// uses the certificate of the Dovecot server.
#[derive(Debug)]
pub struct Smtp {
    child: Slot,
    account: Account,
    folder: TempDir,
    port: u16,
    submission_port: u16,
    serial: AtomicU64,
}

/// The faults of the server; none by default.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Faults {
    /// Recipients to refuse, with the reply of each, such as `550 5.1.1 no such user`.
    pub refuse_rcpt: BTreeMap<String, String>,
    /// Replies 451 to every MAIL command.
    pub temporary: bool,
    /// How many of the next mails get no reply: the server reads each mail completely, then closes the connection.
    pub drop_before_250: u32,
    /// Whether the mails of `drop_before_250` are delivered, so that only the reply is lost.
    pub deliver_dropped: bool,
    /// Whether the server stops offering SMTPUTF8 on new connections.
    pub ascii_only: bool,
    /// Delay before each reply to MAIL, RCPT and the end of DATA, in milliseconds.
    pub delay_ms: u64,
}

/// A mail that the server accepted.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The sender of the envelope; empty for a bounce.
    pub mail_from: String,
    /// The accepted recipients of the envelope.
    pub rcpt_to: Vec<String>,
    /// The mail as sent, with dot-stuffing undone.
    pub data: Vec<u8>,
    /// When the mail was accepted, in seconds since 1970.
    pub time: f64,
    /// Whether the server closed the connection instead of replying 250.
    pub dropped: bool,
}

#[derive(Serialize)]
struct Numbered<'a> {
    serial: u64,
    #[serde(flatten)]
    faults: &'a Faults,
}

#[derive(Deserialize)]
struct Line {
    mail_from: Option<String>,
    rcpt_to: Vec<String>,
    data_base64: String,
    time: f64,
    dropped: bool,
}

impl Smtp {
    /// Starts a server that delivers mail for `addresses`: pairs of an address and a user of the Dovecot. Mail for `user+tag@host` goes to
    /// `user@host`; other recipients are refused with 550.
    pub async fn start(dovecot: &Dovecot, addresses: &[(&str, &str)]) -> Result<Self> {
        let account = Account::new("nobody")?;
        let smtp = Self {
            child: Slot::default(),
            folder: account.folder()?,
            account,
            port: free_port()?,
            submission_port: free_port()?,
            serial: AtomicU64::new(0),
        };
        let maildirs: BTreeMap<String, PathBuf> = addresses
            .iter()
            .map(|(address, user)| (address.to_lowercase(), dovecot.maildir(user)))
            .collect();
        let (certificate, key) = dovecot.certificate_files();
        let settings = serde_json::json!({
            "port": smtp.port,
            "submission_port": smtp.submission_port,
            "certificate": certificate,
            "key": key,
            "user": USER,
            "password": PASSWORD,
            "maildirs": maildirs,
            "journal": smtp.file("journal"),
            "faults": smtp.file("faults.json"),
            "dropped": smtp.file("dropped.json"),
        });
        std::fs::write(smtp.file("settings.json"), settings.to_string())?;
        std::fs::write(smtp.file("smtp_server.py"), include_str!("smtp_server.py"))?;
        smtp.start_again().await?;
        Ok(smtp)
    }

    /// Returns the port without authentication.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the port that requires STARTTLS and then AUTH (PLAIN or LOGIN).
    pub fn submission_port(&self) -> u16 {
        self.submission_port
    }

    /// Returns the user and the password for [`Smtp::submission_port`].
    pub fn credentials(&self) -> (&'static str, &'static str) {
        (USER, PASSWORD)
    }

    /// Returns all mails received so far, including those that got no reply.
    pub fn journal(&self) -> Result<Vec<Entry>> {
        let text = match std::fs::read_to_string(self.file("journal")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text?,
        };
        // A last line without a newline is still being written, and is left out.
        text.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| {
                let line: Line = serde_json::from_str(line)?;
                Ok(Entry {
                    mail_from: line.mail_from.unwrap_or_default(),
                    rcpt_to: line.rcpt_to,
                    data: STANDARD.decode(line.data_base64)?,
                    time: line.time,
                    dropped: line.dropped,
                })
            })
            .collect()
    }

    /// Replaces the faults. They apply from the next command, on open connections too.
    pub fn set_faults(&self, faults: &Faults) -> Result<()> {
        let serial = self.serial.fetch_add(1, Ordering::SeqCst) + 1;
        let json = serde_json::to_string(&Numbered { serial, faults })?;
        let (new, path) = (self.file("faults.new"), self.file("faults.json"));
        std::fs::write(&new, json)?;
        std::fs::rename(new, path).context("replacing the faults")
    }

    /// Returns the server's log so far.
    pub fn log_text(&self) -> String {
        let bytes = std::fs::read(self.file("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Stops the server and ends its connections.
    pub async fn stop(&self) -> Result<()> {
        drop(self.child.take());
        wait_for_silence(self.port).await?;
        wait_for_silence(self.submission_port).await
    }

    /// Starts the stopped server again, on the same ports and with the same journal and faults.
    pub async fn start_again(&self) -> Result<()> {
        let mut command = self.account.command("/usr/bin/python3", self.folder.path());
        command
            .args(["-B", "-s"])
            .arg(self.file("smtp_server.py"))
            .arg(self.file("settings.json"));
        let child = self.account.spawn(&mut command, &self.file("log"))?;
        self.child.put(child);
        for port in [self.port, self.submission_port] {
            wait_for_greeting(port, "220 ")
                .await
                .with_context(|| self.log_text())?;
        }
        Ok(())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
