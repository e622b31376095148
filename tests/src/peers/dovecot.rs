//! An IMAP server: Dovecot with a Maildir for each user.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::account::Account;
use super::certificates::write_certificates;
use super::{Slot, free_port, program, run, wait_for_greeting, wait_for_silence};

/// The key that signs access tokens.
const TOKEN_KEY: &str = "the key of the tests for access tokens";

/// A Dovecot on two ports of 127.0.0.1: plain IMAP with STARTTLS, and implicit TLS.
#[derive(Debug)]
pub struct Dovecot {
    child: Slot,
    account: Account,
    folder: TempDir,
    users: Vec<(String, String)>,
    imap_port: u16,
    imaps_port: u16,
}

impl Dovecot {
    /// Starts a server with these users and passwords. All mailboxes are empty.
    pub async fn start(users: &[(&str, &str)]) -> Result<Self> {
        Self::start_with(users, "").await
    }

    /// Starts a server with additional settings, in Dovecot's syntax.
    pub async fn start_with(users: &[(&str, &str)], more: &str) -> Result<Self> {
        let account = Account::new("nobody")?;
        let dovecot = Self {
            child: Slot::default(),
            folder: account.folder()?,
            account,
            users: users
                .iter()
                .map(|(user, password)| ((*user).to_owned(), (*password).to_owned()))
                .collect(),
            imap_port: free_port()?,
            imaps_port: free_port()?,
        };
        write_certificates(dovecot.folder.path())?;
        let passwords: String = users
            .iter()
            .map(|(user, password)| format!("{user}:{{PLAIN}}{password}\n"))
            .collect();
        std::fs::write(dovecot.folder.path().join("users"), passwords)?;
        std::fs::write(dovecot.configuration(), dovecot.configuration_text(more))?;
        dovecot.write_token_key()?;
        for (user, _) in users {
            for part in ["cur", "new", "tmp"] {
                dovecot.account.create_folder(&dovecot.maildir(user).join(part))?;
            }
        }
        dovecot.start_again().await?;
        Ok(dovecot)
    }

    /// Returns the port of plain IMAP with STARTTLS.
    pub fn imap_port(&self) -> u16 {
        self.imap_port
    }

    /// Returns the port of implicit TLS.
    pub fn imaps_port(&self) -> u16 {
        self.imaps_port
    }

    /// Returns the PEM file of the certificate authority that signed the server's certificate for `localhost` and 127.0.0.1.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Returns the PEM files of the server's certificate chain and of its key.
    pub fn certificate_files(&self) -> (PathBuf, PathBuf) {
        let folder = self.folder.path();
        (folder.join("server.pem"), folder.join("server.key"))
    }

    /// Returns the Maildir of a user's INBOX.
    pub fn maildir(&self, user: &str) -> PathBuf {
        self.folder.path().join("mail").join(user)
    }

    /// Returns the server's log so far.
    pub fn log_text(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("dovecot.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Delivers a message into a user's INBOX.
    pub fn deliver(&self, user: &str, message: &[u8]) -> Result<()> {
        self.place(user, message, None)
    }

    /// Delivers a message that arrived at `at`, which becomes its INTERNALDATE.
    pub fn deliver_at(&self, user: &str, message: &[u8], at: SystemTime) -> Result<()> {
        self.place(user, message, Some(at))
    }

    fn place(&self, user: &str, message: &[u8], at: Option<SystemTime>) -> Result<()> {
        let maildir = self.maildir(user);
        let name = unique_name();
        let written = maildir.join("tmp").join(&name);
        std::fs::write(&written, message).with_context(|| format!("delivering to {user}"))?;
        if let Some(at) = at {
            let file = std::fs::File::options().write(true).open(&written)?;
            file.set_modified(at)?;
        }
        self.account.give(&written)?;
        std::fs::rename(&written, maildir.join("new").join(&name))?;
        Ok(())
    }

    /// Delivers messages into a user's INBOX, in this order.
    pub fn deliver_many(&self, user: &str, messages: impl Iterator<Item = Vec<u8>>) -> Result<()> {
        for message in messages {
            self.deliver(user, &message)?;
        }
        Ok(())
    }

    /// Sets whether the server may read the `number`-th message (counted from 1) of a user's INBOX.
    pub fn let_read(&self, user: &str, number: usize, may: bool) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let path = self
            .files(user, "INBOX")?
            .get(number - 1)
            .map(|(_, path)| path.clone());
        let path = path.with_context(|| format!("{user} has no message {number}"))?;
        let mode = if may { 0o600 } else { 0 };
        Ok(std::fs::set_permissions(
            path,
            std::fs::Permissions::from_mode(mode),
        )?)
    }

    /// Returns all messages of a user's INBOX, in the order of delivery.
    pub fn messages(&self, user: &str) -> Result<Vec<Vec<u8>>> {
        self.messages_in(user, "INBOX")
    }

    /// Returns all messages of a user's folder, in the order of delivery; none if the folder does not exist.
    pub fn messages_in(&self, user: &str, folder: &str) -> Result<Vec<Vec<u8>>> {
        // A file may be renamed between listing and reading. The loop then lists again.
        for _ in 0..100 {
            let mut files = self.files(user, folder)?;
            let names = files.len();
            files.dedup_by(|one, other| one.0 == other.0);
            let messages: std::io::Result<Vec<_>> =
                files.iter().map(|(_, path)| std::fs::read(path)).collect();
            match messages {
                Ok(messages) if messages.len() == names => return Ok(messages),
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        bail!("the Maildir of {user} does not come to rest")
    }

    /// Returns the files of a folder, in the order of delivery.
    fn files(&self, user: &str, folder: &str) -> Result<Vec<(Delivered, PathBuf)>> {
        let mut files = Vec::new();
        for part in ["new", "cur"] {
            let Ok(entries) = std::fs::read_dir(self.folder_path(user, folder).join(part)) else {
                continue;
            };
            for entry in entries {
                let path = entry?.path();
                files.push((delivery_order(&path), path));
            }
        }
        files.sort();
        Ok(files)
    }

    /// Cuts all connections of a user. Fails if there are none.
    pub async fn kick(&self, user: &str) -> Result<()> {
        run(self.doveadm(&["kick", user])?).await.map(drop)
    }

    /// Sets the flag `\Seen` on every message of a user's INBOX.
    pub async fn mark_all_seen(&self, user: &str) -> Result<()> {
        let arguments = ["flags", "add", "-u", user, "\\Seen", "mailbox", "INBOX", "ALL"];
        run(self.doveadm(&arguments)?).await.map(drop)
    }

    /// Runs `doveadm` with these arguments and returns its output.
    pub async fn administer(&self, arguments: &[&str]) -> Result<String> {
        let output = run(self.doveadm(arguments)?).await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Stops the server and ends its connections. Mail is kept.
    pub async fn stop(&self) -> Result<()> {
        drop(self.child.take());
        wait_for_silence(self.imap_port).await?;
        wait_for_silence(self.imaps_port).await
    }

    /// Starts the stopped server again, on the same ports and with the same mail.
    pub async fn start_again(&self) -> Result<()> {
        let folder = self.folder.path();
        let mut command = self.account.command(sbin("dovecot")?, folder);
        command.arg("-F").arg("-c").arg(self.configuration());
        let child = self.account.spawn(&mut command, &folder.join("dovecot.log"))?;
        self.child.put(child);
        wait_for_greeting(self.imap_port, "* OK")
            .await
            .with_context(|| self.log_text())
    }

    /// Gives a folder a new UIDVALIDITY and its messages new UIDs, and restarts the server.
    pub async fn change_uid_validity(&self, user: &str, folder: &str) -> Result<()> {
        let before = self.status(user, folder).await?;
        self.stop().await?;
        for entry in std::fs::read_dir(self.folder_path(user, folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "dovecot-uidlist" || name.starts_with("dovecot.index") {
                std::fs::remove_file(entry.path())?;
            }
        }
        self.start_again().await?;
        let after = self.status(user, folder).await?;
        if before == after {
            bail!("{folder} of {user} still has the UIDVALIDITY {before}");
        }
        Ok(())
    }

    /// Returns the UIDVALIDITY of a user's folder.
    pub async fn uid_validity(&self, user: &str, folder: &str) -> Result<u32> {
        self.status(user, folder).await
    }

    async fn status(&self, user: &str, folder: &str) -> Result<u32> {
        let (_, password) = self
            .users
            .iter()
            .find(|(name, _)| name == user)
            .with_context(|| format!("no user {user}"))?;
        let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", self.imap_port)).await?);
        let commands = format!(
            "a LOGIN {} {}\r\nb STATUS {} (UIDVALIDITY)\r\nc LOGOUT\r\n",
            quoted(user),
            quoted(password),
            quoted(folder)
        );
        stream.write_all(commands.as_bytes()).await?;
        let mut answer = String::new();
        while stream.read_line(&mut answer).await? > 0 {}
        answer
            .split_once("(UIDVALIDITY ")
            .and_then(|(_, rest)| rest.split_once(')'))
            .and_then(|(number, _)| number.parse().ok())
            .with_context(|| format!("no UIDVALIDITY in {answer:?}"))
    }

    fn folder_path(&self, user: &str, folder: &str) -> PathBuf {
        let maildir = self.maildir(user);
        if folder.eq_ignore_ascii_case("INBOX") {
            return maildir;
        }
        maildir.join(format!(".{folder}"))
    }

    fn doveadm(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = self.account.command(sbin("doveadm")?, self.folder.path());
        command.arg("-c").arg(self.configuration()).args(arguments);
        Ok(command)
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("dovecot.conf")
    }

    /// Writes the key that signs access tokens. The tokens are JSON web tokens (RFC 7519), and the server checks their signatures.
    fn write_token_key(&self) -> Result<()> {
        let folder = self.folder.path();
        let keys = folder.join("keys/default/HS256");
        self.account.create_folder(&keys)?;
        std::fs::write(keys.join("default"), STANDARD.encode(TOKEN_KEY))?;
        let settings = format!(
            "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={}/keys/\nusername_attribute = sub\n\
             tls_ca_cert_file = {}\n",
            folder.display(),
            self.ca_file().display()
        );
        Ok(std::fs::write(folder.join("oauth2.conf"), settings)?)
    }

    /// Returns a shell command that prints an access token for a user, like the command-line client of an identity provider.
    pub fn token_command(&self, user: &str) -> String {
        format!(
            "/usr/bin/python3 -c \"import base64,hmac,json,time; b=lambda x: base64.urlsafe_b64encode(x).rstrip(b'='); \
             t=b(json.dumps({{'alg':'HS256','typ':'JWT'}}).encode())+b'.'+b(json.dumps({{'sub':'{user}','iat':int(time.time()),\
             'exp':int(time.time())+600}}).encode()); print((t+b'.'+b(hmac.new(b'{TOKEN_KEY}',t,'sha256').digest())).decode())\""
        )
    }

    fn configuration_text(&self, more: &str) -> String {
        include_str!("dovecot.conf")
            .replace("{folder}", &self.folder.path().to_string_lossy())
            .replace("{user}", &self.account.user)
            .replace("{group}", &self.account.group)
            .replace("{imap_port}", &self.imap_port.to_string())
            .replace("{imaps_port}", &self.imaps_port.to_string())
            .replace("{more}", more)
    }
}

fn sbin(name: &str) -> Result<PathBuf> {
    program(name, &["/usr/sbin".into(), "/usr/bin".into()])
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Returns a unique Maildir name. Later names sort after earlier ones.
#[expect(
    clippy::disallowed_methods,
    reason = "the server sorts mail by the real time in its name"
)]
fn unique_name() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = u64::try_from(since.unwrap_or(Duration::ZERO).as_micros()).unwrap_or(0);
    let before = LAST
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(now.max(last + 1)))
        .unwrap_or(0);
    let micros = now.max(before + 1);
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    format!("{seconds}.M{rest:06}P{}.localhost", std::process::id())
}

/// The sort key of a Maildir file: second and microsecond of delivery, and file name.
type Delivered = (u64, u64, String);

/// Returns the sort key that orders Maildir files by delivery and ignores their flags.
fn delivery_order(path: &Path) -> Delivered {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split(':').next().unwrap_or_default();
    let (seconds, rest) = name.split_once('.').unwrap_or((name, ""));
    let micros = rest.strip_prefix('M').unwrap_or_default();
    let digits = micros
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or_default();
    let micros = digits.parse().unwrap_or(0);
    (seconds.parse().unwrap_or(0), micros, name.to_owned())
}
