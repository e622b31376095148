//! Peers: the real servers and browsers that tests use. Each peer belongs to the test that starts it.
//!
//! Every peer listens on 127.0.0.1 only, keeps its files in its own temporary folder, and ends when its value is dropped. When the tests
//! run as root, the servers run under an ordinary account.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

mod account;
pub mod bridge;
pub mod browser;
pub mod cable;
mod certificates;
pub mod clamd;
pub mod discord;
pub mod disk;
pub mod dovecot;
pub mod identity_provider;
pub mod other_telegram;
pub mod postgres;
pub mod push;
pub mod smtp;
pub mod telegram;

/// How long a peer may take to start or to stop.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The locks of the ports that this process was given. They are released when the process ends.
static PORT_LOCKS: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// Returns a free TCP port of 127.0.0.1, which no other call in any process of the tests returns while this process runs.
///
/// The port is below the range that the kernel uses for outgoing connections, so it stays free while a peer is stopped. A peer binds the
/// port only later, so a lock on a file keeps the port for this process until then.
pub fn free_port() -> Result<u16> {
    let folder = std::env::temp_dir().join("hotline-test-ports");
    std::fs::create_dir_all(&folder)?;
    for attempt in 0..500_u16 {
        let random = RandomState::new().hash_one(attempt) % 12_000;
        let port = 20_000 + u16::try_from(random)?;
        let lock = File::create(folder.join(port.to_string()))?;
        if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            PORT_LOCKS
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(lock);
            return Ok(port);
        }
    }
    bail!("no free port from 20000 to 31999")
}

/// Repeats `check` until it returns `true`. Fails if that takes longer than `deadline`.
pub async fn wait_until<C, F>(deadline: Duration, mut check: C) -> Result<()>
where
    C: FnMut() -> F,
    F: Future<Output = bool>,
{
    let end = Instant::now() + deadline;
    while !check().await {
        if Instant::now() >= end {
            bail!("still not so after {deadline:?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Waits until the server at `port` sends a line that starts with `greeting`.
pub(crate) async fn wait_for_greeting(port: u16, greeting: &str) -> Result<()> {
    wait_until(PATIENCE, || greets(port, greeting))
        .await
        .with_context(|| format!("no {greeting:?} from port {port}"))
}

async fn greets(port: u16, greeting: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else {
        return false;
    };
    let mut start = vec![0; greeting.len()];
    let read = tokio::time::timeout(Duration::from_secs(2), stream.read_exact(&mut start)).await;
    matches!(read, Ok(Ok(_))) && start == greeting.as_bytes()
}

/// Waits until `port` refuses connections.
pub(crate) async fn wait_for_silence(port: u16) -> Result<()> {
    wait_until(PATIENCE, async || TcpListener::bind(("127.0.0.1", port)).is_ok())
        .await
        .with_context(|| format!("port {port} stays taken"))
}

/// Runs a command to its end and returns its output. Fails if the command fails.
pub(crate) async fn run(command: Command) -> Result<Output> {
    let shown = format!("{command:?}");
    let output = tokio::process::Command::from(command)
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("running {shown}"))?;
    if !output.status.success() {
        bail!(
            "{shown}: {}: {}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout)
        );
    }
    Ok(output)
}

/// Finds a program by its name: in `PATH`, else in one of the given folders.
pub(crate) fn program(name: &str, elsewhere: &[PathBuf]) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(elsewhere.iter().cloned())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| format!("{name} is not installed (see tests/install)"))
}

/// Returns the folder into which `tests/install` puts packages from npm and PyPI.
#[must_use]
pub fn tools() -> PathBuf {
    match std::env::var_os("HOTLINE_TEST_TOOLS").filter(|value| !value.is_empty()) {
        Some(tools) => PathBuf::from(tools),
        None => PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/hotline/tools"),
    }
}

/// A place for the running program of a server; empty while the server is stopped.
#[derive(Debug, Default)]
pub(crate) struct Slot(Mutex<Option<Child>>);

impl Slot {
    /// Stores a program, and stops the program stored before.
    pub(crate) fn put(&self, child: Child) {
        let before = self.lock().replace(child);
        drop(before);
    }

    /// Removes and returns the program, if there is one.
    pub(crate) fn take(&self) -> Option<Child> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running program, which is stopped when the value is dropped.
///
/// The program stays in the process group of the test, so that killing the group also ends the program.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    log: PathBuf,
    stop_signal: Signal,
}

impl Child {
    /// Starts a command and appends its output to the file `log`.
    pub fn spawn(command: &mut Command, log: &Path) -> Result<Self> {
        let file: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        let process = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting {command:?}"))?;
        let log = log.to_owned();
        Ok(Self {
            process,
            log,
            stop_signal: Signal::TERM,
        })
    }

    /// Sets the signal that [`Child::stop`] sends; SIGTERM by default.
    pub fn stop_with(mut self, signal: Signal) -> Self {
        self.stop_signal = signal;
        self
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Returns the file of the program's output.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Returns the program's output so far.
    pub fn log_text(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns whether the program is running.
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Returns the exit code of a program that has ended. `None`: it is running, or a signal ended it.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.process.try_wait().ok().flatten()?.code()
    }

    /// Kills the program with SIGKILL.
    pub fn kill(&mut self) {
        if self.is_running() {
            // The program may exit before the signal arrives, which is not an error.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// Sends the stop signal, and kills the program if it is still running after five seconds.
    pub fn stop(&mut self) {
        if let (true, Ok(pid)) = (self.is_running(), i32::try_from(self.pid())) {
            if let Some(pid) = Pid::from_raw(pid) {
                let _ = kill_process(pid, self.stop_signal);
            }
            let end = Instant::now() + Duration::from_secs(5);
            while self.is_running() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        self.kill();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let text = self.log_text();
            let lines: Vec<&str> = text.lines().collect();
            let tail = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default();
            eprintln!("--- end of {} ---\n{}", self.log.display(), tail.join("\n"));
        }
    }
}
