//! The service under test: the real program with its own settings file, used from outside.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, bail, ensure};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor, address::Envelope};
use tempfile::TempDir;

use crate::{
    peers::{Child, dovecot::Dovecot, free_port, smtp::Smtp, wait_until},
    staff::{PASSWORD, Staff},
};

/// The centre's address in tests.
pub const CENTRE: &str = "kontakt@centar.example.org";

/// The start of the clock of [`Service::fix_clock`], in UTC: 10:00 in Belgrade on a Tuesday.
const FIXED_TIME: &str = "2026-11-24 09:00:00";

/// Returns the time at which a fixed clock starts. Tests use it for the dates that peers set.
#[must_use]
pub fn fixed_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_510_800)
}

/// Reads an offset of faketime, such as `+6h`, as seconds.
fn seconds(offset: &str) -> Result<i64> {
    let number = offset.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match offset.trim_start_matches(number) {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "y" => 31_536_000,
        unit => bail!("{offset}: the unit {unit} is unknown"),
    };
    Ok(number.parse::<i64>()? * unit)
}

/// The program, with a folder of its own.
pub struct Service {
    /// The running program. It is dropped before the folder, so that its log can still be shown.
    child: Option<Child>,
    folder: TempDir,
    port: u16,
    database_url: Option<String>,
    started: u32,
    /// The data folder, if it is not in the service's folder.
    data: Option<PathBuf>,
    /// Settings of the lines other than the form.
    lines: String,
    /// Additional keys of the table `[data]`.
    of_data: String,
    /// Whether the settings have a form.
    has_form: bool,
    /// Additional keys of the form's line.
    of_form: String,
    /// Keys of the table `[centre]`.
    of_centre: String,
    /// Keys of the table `[abuse_material]`.
    of_abuse_material: String,
    /// Keys of the table `[masking]`.
    of_masking: String,
    /// Further keys of the table `[http]`.
    of_http: String,
    /// The table `[outgoing]`, or nothing.
    outgoing: String,
    /// Further keys of the table `[accounts]`.
    of_accounts: String,
    /// The numbers of openings and downloads that a member of staff may have in a minute; 0: no limit. By default tests have none.
    staff_limits: (u16, u16),
    /// How long a reply can be cancelled, in seconds. By default replies are sent at once, so that tests need not wait.
    undo_seconds: u8,
    /// Whether closing a contact requires a complete wrap-up.
    wrap_up: bool,
    /// The roles that need a second factor, as the settings write them.
    second_factor: String,
    /// The port of the desk, if it differs from that of the public pages.
    desk_port: Option<u16>,
    /// The program that starts the service, with its arguments.
    starter: Vec<String>,
    /// Whether the service has a clock that tests can set.
    own_clock: bool,
    /// Whether the service logs everything.
    logs_everything: bool,
}

impl Service {
    /// Creates settings with a web form, on SQLite or on the PostgreSQL database at this URL. Does not start the service.
    pub fn new(database_url: Option<&str>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let service = Self {
            port: free_port()?,
            database_url: database_url.map(str::to_owned),
            child: None,
            folder,
            started: 0,
            data: None,
            lines: String::new(),
            of_data: String::new(),
            has_form: true,
            of_form: String::new(),
            of_centre: String::new(),
            of_abuse_material: String::new(),
            of_masking: String::new(),
            of_http: String::new(),
            outgoing: String::new(),
            of_accounts: String::new(),
            staff_limits: (0, 0),
            undo_seconds: 0,
            wrap_up: false,
            second_factor: "[]".to_owned(),
            desk_port: None,
            starter: Vec::new(),
            own_clock: false,
            logs_everything: false,
        };
        service.write_settings()?;
        Ok(service)
    }

    /// Creates settings without any line.
    pub fn without_form(database_url: Option<&str>) -> Result<Self> {
        let mut service = Self::new(database_url)?;
        service.has_form = false;
        service.write_settings()?;
        Ok(service)
    }

    /// Creates settings with these lines and the form.
    pub fn with_lines(database_url: Option<&str>, lines: &str) -> Result<Self> {
        let mut service = Self::new(database_url)?;
        lines.clone_into(&mut service.lines);
        service.write_settings()?;
        Ok(service)
    }

    /// Replaces the lines other than the form.
    pub fn set_lines(&mut self, lines: &str) -> Result<()> {
        lines.clone_into(&mut self.lines);
        self.write_settings()
    }

    /// Moves the data into another folder.
    pub fn keep_data_in(&mut self, folder: &Path) -> Result<()> {
        self.data = Some(folder.to_owned());
        self.write_settings()
    }

    /// Replaces the additional keys of `[data]`.
    pub fn set_data_keys(&mut self, keys: &str) -> Result<()> {
        keys.clone_into(&mut self.of_data);
        self.write_settings()
    }

    /// Replaces the additional keys of the form's line.
    pub fn set_form_keys(&mut self, keys: &str) -> Result<()> {
        keys.clone_into(&mut self.of_form);
        self.write_settings()
    }

    /// Replaces the keys of `[centre]`.
    pub fn set_centre_keys(&mut self, keys: &str) -> Result<()> {
        keys.clone_into(&mut self.of_centre);
        self.write_settings()
    }

    /// Replaces the keys of `[abuse_material]`.
    pub fn set_abuse_material_keys(&mut self, keys: &str) -> Result<()> {
        keys.clone_into(&mut self.of_abuse_material);
        self.write_settings()
    }

    /// Replaces the keys of `[masking]`.
    pub fn set_masking_keys(&mut self, keys: &str) -> Result<()> {
        keys.clone_into(&mut self.of_masking);
        self.write_settings()
    }

    /// Replaces the further keys of `[http]`.
    pub fn set_http_keys(&mut self, keys: &str) -> Result<()> {
        keys.clone_into(&mut self.of_http);
        self.write_settings()
    }

    /// Permits connections to these hosts only. Without this call, lines entered on screen cannot connect to servers of the test.
    pub fn permit_hosts(&mut self, hosts: &[&str]) -> Result<()> {
        self.outgoing = format!("[outgoing]\nhosts = {hosts:?}\n");
        self.write_settings()
    }

    /// Replaces the further keys of `[accounts]`.
    pub fn set_account_keys(&mut self, keys: &str) -> Result<()> {
        keys.clone_into(&mut self.of_accounts);
        self.write_settings()
    }

    /// Limits what a member of staff may open and download in a minute.
    pub fn limit_staff(&mut self, opened: u16, downloads: u16) -> Result<()> {
        self.staff_limits = (opened, downloads);
        self.write_settings()
    }

    /// Sets how long replies can be cancelled, in seconds.
    pub fn let_replies_be_taken_back(&mut self, seconds: u8) -> Result<()> {
        self.undo_seconds = seconds;
        self.write_settings()
    }

    /// Makes closing a contact require a complete wrap-up.
    pub fn require_wrap_up(&mut self) -> Result<()> {
        self.wrap_up = true;
        self.write_settings()
    }

    /// Requires a second factor of these roles, as in `["supervisor"]`.
    pub fn require_second_factor(&mut self, roles: &str) -> Result<()> {
        roles.clone_into(&mut self.second_factor);
        self.write_settings()
    }

    /// Gives the service its own clock from the next start on. [`Service::set_clock`] sets that clock.
    pub fn give_clock(&mut self) -> Result<()> {
        self.own_clock = true;
        self.set_clock("+0")
    }

    /// Makes the clock begin at [`fixed_time`] whenever the service or one of its commands starts, so that no page depends on the date.
    pub fn fix_clock(&mut self) -> Result<()> {
        self.own_clock = true;
        self.set_clock(&format!("@{FIXED_TIME}"))
    }

    /// Sets the clock: `+6h` is six hours after the time of the test, `-1d` a day before it. Monotonic time does not change.
    pub fn set_clock(&self, offset: &str) -> Result<()> {
        let offset = match std::env::var("FAKETIME") {
            // The test itself runs on another date (see tests/dates), and the service does not inherit its clock.
            Ok(date) if !offset.starts_with('@') => format!("{:+}", seconds(&date)? + seconds(offset)?),
            _ => offset.to_owned(),
        };
        let (new, file) = (self.folder.path().join("clock.new"), self.clock_file());
        std::fs::write(&new, offset)?;
        Ok(std::fs::rename(new, file)?)
    }

    /// Serves the desk on a port of its own.
    pub fn give_desk_a_port(&mut self) -> Result<()> {
        self.desk_port = Some(free_port()?);
        self.write_settings()
    }

    /// Starts the service through another program that then executes it, such as `prlimit` with its arguments.
    pub fn run_under(&mut self, starter: &[&str]) {
        self.starter = starter.iter().map(|&word| word.to_owned()).collect();
    }

    /// Makes the service log everything from the next start on.
    pub fn log_everything(&mut self) {
        self.logs_everything = true;
    }

    fn clock_file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// Creates settings with the mailbox `kontakt` as a line. `more` contains additional keys of that line.
    pub fn with_mail(database_url: Option<&str>, dovecot: &Dovecot, smtp: &Smtp, more: &str) -> Result<Self> {
        let lines = mail_lines(dovecot, smtp, more);
        Self::with_lines(database_url, &lines)
    }

    /// Returns the port of the public pages.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    fn write_settings(&self) -> Result<()> {
        let url = self
            .database_url
            .as_ref()
            .map(|url| format!("url = \"{url}\"\n"))
            .unwrap_or_default();
        let (port, desk_port) = (self.port, self.desk_port.unwrap_or(self.port));
        let form = match self.has_form {
            true => format!("[lines.form]\nchannel = \"webform\"\n{}", self.of_form),
            false => String::new(),
        };
        let text = format!(
            "[http]\npublic = \"127.0.0.1:{port}\"\ndesk = \"127.0.0.1:{desk_port}\"\n{}\n[desk]\nundo_seconds = {}\nwrap_up = {}\n\
             opened_per_minute = {}\ndownloads_per_minute = {}\n[accounts]\nsecond_factor = {}\n{}\n[database]\n{url}\
             [data]\nfolder = \"{}\"\n{}\n\
             [centre]\n{}\n[abuse_material]\n{}\n[masking]\n{}\n{}\n{}\n{}",
            self.of_http,
            self.undo_seconds,
            self.wrap_up,
            self.staff_limits.0,
            self.staff_limits.1,
            self.second_factor,
            self.of_accounts,
            self.data().display(),
            self.of_data,
            self.of_centre,
            self.of_abuse_material,
            self.of_masking,
            self.outgoing,
            form,
            self.lines,
        );
        std::fs::write(self.settings(), text)?;
        Ok(())
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("hotline.toml")
    }

    /// Returns the data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        match &self.data {
            Some(folder) => folder.clone(),
            None => self.folder.path().join("data"),
        }
    }

    /// Returns the folder with all files of the service, including logs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the URL of the service.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the URL of the desk.
    #[must_use]
    pub fn desk_base(&self) -> String {
        format!("http://127.0.0.1:{}", self.desk_port.unwrap_or(self.port))
    }

    /// Returns the log since the last start.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.log_file())?)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join(format!("log-{}", self.started))
    }

    /// Returns the process id while the service runs; `None` otherwise.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::pid)
    }

    /// Starts the service, waits until it is ready, and returns how long that took.
    pub async fn start(&mut self) -> Result<Duration> {
        self.start_until("/readyz").await
    }

    /// Starts the service, waits until it responds, ready or not, and returns how long that took.
    pub async fn start_unready(&mut self) -> Result<Duration> {
        self.start_until("/healthz").await
    }

    async fn start_until(&mut self, path: &str) -> Result<Duration> {
        let begun = Instant::now();
        self.started += 1;
        let log = self.log_file();
        let mut command = match self.starter.split_first() {
            Some((starter, arguments)) => {
                let mut command = Command::new(starter);
                command.args(arguments).arg(program()?);
                command
            }
            None => Command::new(program()?),
        };
        command
            .arg("--config")
            .arg(self.settings())
            .arg("serve")
            .stdin(Stdio::null());
        if self.logs_everything {
            command.env("HOTLINE_LOG", "trace");
        }
        if self.own_clock {
            self.lend_clock(&mut command)?;
        }
        self.child = Some(Child::spawn(&mut command, &log)?);
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .build()?;
        let ready = format!("{}{path}", self.base());
        wait_until(Duration::from_secs(60), || {
            let request = client.get(&ready).send();
            async move { request.await.is_ok_and(|answer| answer.status().is_success()) }
        })
        .await
        .with_context(|| format!("not ready: {}", std::fs::read_to_string(&log).unwrap_or_default()))?;
        Ok(begun.elapsed())
    }

    /// Kills the service without a shutdown, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill();
        }
    }

    /// Asks the service to stop, and waits until it has ended.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.stop();
        }
    }

    /// Waits until the service has ended without being asked to, and returns its exit code.
    pub async fn until_ended(&mut self) -> Result<i32> {
        let end = Instant::now() + Duration::from_secs(40);
        while Instant::now() < end {
            if let Some(code) = self.child.as_mut().and_then(Child::exit_code) {
                self.child = None;
                return Ok(code);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the service still runs: {}", self.log()?)
    }

    /// Runs a command of the program, with text on its standard input.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<Output> {
        use std::io::Write;
        let mut command = Command::new(program()?);
        if self.own_clock {
            self.lend_clock(&mut command)?;
        }
        let mut child = command
            .arg("--config")
            .arg(self.settings())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child
            .stdin
            .take()
            .context("no input")?
            .write_all(input.as_bytes())?;
        Ok(child.wait_with_output()?)
    }

    /// Runs a command that should end within twenty seconds, and stops it if it takes longer.
    pub fn run_bounded(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new("timeout");
        command
            .arg("20")
            .arg(program()?)
            .arg("--config")
            .arg(self.settings());
        Ok(command.args(arguments).stdin(Stdio::null()).output()?)
    }

    /// Copies the master key of another service. Services that share a database need the same key.
    pub fn share_key_of(&self, other: &Self) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        std::fs::create_dir_all(self.data())?;
        let key = self.data().join("master.key");
        std::fs::copy(other.data().join("master.key"), &key)?;
        Ok(std::fs::set_permissions(
            key,
            std::fs::Permissions::from_mode(0o600),
        )?)
    }

    fn lend_clock(&self, command: &mut Command) -> Result<()> {
        command
            .env("LD_PRELOAD", faketime()?)
            // With this time zone, faketime reads absolute times as UTC. The service does not inherit the clock of the test process.
            .env("TZ", "UTC")
            .env_remove("FAKETIME")
            .env("FAKETIME_TIMESTAMP_FILE", self.clock_file())
            .env("FAKETIME_NO_CACHE", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
        Ok(())
    }

    /// Runs a command that must succeed, and returns its output.
    pub fn must(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments, "")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{arguments:?}: {printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(printed)
    }

    /// Adds a member of staff and logs in.
    pub async fn hire(&self, login: &str, role: &str) -> Result<Staff> {
        let output = self.run(&["staff", "add", login, "--role", role], PASSWORD)?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        self.log_in(login).await
    }

    /// Logs in a member of staff.
    pub async fn log_in(&self, login: &str) -> Result<Staff> {
        Staff::log_in(self.desk_base(), login).await
    }
}

/// Returns settings of a line for the mailbox `kontakt`, reached over TLS. `more` contains additional keys of the line.
#[must_use]
pub fn mail_lines(dovecot: &Dovecot, smtp: &Smtp, more: &str) -> String {
    format!(
        "[lines.mail]\nchannel = \"email\"\naddress = \"{CENTRE}\"\n{more}\n\
         [lines.mail.imap]\nhost = \"localhost\"\nport = {}\nsecurity = \"tls\"\nca_file = \"{}\"\nuser = \"kontakt\"\n\
         password = \"kontakt\"\npoll_seconds = 5\n\
         [lines.mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"plain\"\n",
        dovecot.imaps_port(),
        dovecot.ca_file().display(),
        smtp.port(),
    )
}

/// Finds the library that gives a program a clock of its own.
fn faketime() -> Result<PathBuf> {
    for entry in std::fs::read_dir("/usr/lib")? {
        let library = entry?.path().join("faketime/libfaketimeMT.so.1");
        if library.is_file() {
            return Ok(library);
        }
    }
    bail!("libfaketime is not installed (see tests/install)")
}

/// Sends a mail to an SMTP server.
pub async fn send_mail(port: u16, from: &str, to: &str, mail: &str) -> Result<()> {
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(port)
        .build();
    let envelope = Envelope::new(Some(from.parse()?), vec![to.parse()?])?;
    transport
        .send_raw(
            &envelope,
            mail.replace("\r\n", "\n").replace('\n', "\r\n").as_bytes(),
        )
        .await?;
    Ok(())
}

/// Returns the path of the program, which is built beside the tests.
pub fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("HOTLINE_BIN") {
        return Ok(PathBuf::from(named));
    }
    let mut folder = std::env::current_exe()?;
    while folder.pop() {
        let candidate = folder.join("hotline");
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    bail!("the program is not built: cargo build --workspace, or ./tests/run")
}
