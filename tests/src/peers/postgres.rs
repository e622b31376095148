//! A PostgreSQL server, and fresh databases on it.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use super::account::Account;
use super::{Child, PATIENCE, Slot, free_port, program, run};

const SUPERUSER: &str = "postgres";

/// A PostgreSQL cluster on 127.0.0.1 that trusts all connections.
#[derive(Debug)]
pub struct Postgres {
    child: Slot,
    account: Account,
    folder: TempDir,
    port: u16,
}

/// A fresh database, identified by its URL. Dropping the value removes the database, and stops the server if it was started for this
/// database.
#[derive(Debug)]
pub struct FreshDatabase {
    url: String,
    name: String,
    admin_url: String,
    server: Option<Postgres>,
}

impl Postgres {
    /// Creates a cluster and starts its server.
    pub async fn start() -> Result<Self> {
        let account = Account::new("postgres")?;
        let folder = account.folder()?;
        let mut command = account.command(binary("initdb")?, folder.path());
        command
            .args([
                "-A",
                "trust",
                "-U",
                SUPERUSER,
                "-E",
                "UTF8",
                "--no-locale",
                "--no-sync",
                "-D",
            ])
            .arg(folder.path().join("data"));
        run(command).await?;
        let child = Slot::default();
        let postgres = Self {
            child,
            account,
            folder,
            port: free_port()?,
        };
        postgres.launch().await?;
        Ok(postgres)
    }

    /// Creates an empty database on the server whose admin URL is in the environment variable `HOTLINE_TEST_POSTGRES`. Without the
    /// variable, starts a server for the database.
    pub async fn url_of_fresh_database() -> Result<FreshDatabase> {
        match std::env::var("HOTLINE_TEST_POSTGRES") {
            Ok(admin_url) if !admin_url.is_empty() => create_database(admin_url, None).await,
            _ => {
                let server = Self::start().await?;
                create_database(server.admin_url(), Some(server)).await
            }
        }
    }

    /// Creates an empty database on this server.
    pub async fn fresh_database(&self) -> Result<FreshDatabase> {
        create_database(self.admin_url(), None).await
    }

    /// Returns the superuser's URL of the database `postgres`.
    pub fn admin_url(&self) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Returns the folder of the data and the log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the server's log so far.
    pub fn log_text(&self) -> String {
        let bytes = std::fs::read(self.log()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Ends every connection except the one that sends the command.
    pub async fn cut_connections(&self) -> Result<()> {
        let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        run(psql(&self.admin_url(), statement)?).await.map(drop)
    }

    /// Kills the server and starts it again. The server then recovers from its write-ahead log.
    pub async fn restart_hard(&self) -> Result<()> {
        self.kill();
        self.launch().await
    }

    /// Kills the server without a clean shutdown.
    pub fn kill(&self) {
        let child = self.child.take();
        if let Some(mut child) = child {
            child.kill();
        }
    }

    /// Starts the killed server again and waits until it responds.
    pub async fn launch(&self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        // A new server can't start until the processes and files of the killed server are gone, so failed starts are repeated.
        while Instant::now() < end {
            let mut child = self.spawn()?;
            while child.is_running() && Instant::now() < end {
                if self.answers().await && child.is_running() {
                    self.child.put(child);
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        bail!("PostgreSQL does not start: {}", self.log_text())
    }

    fn spawn(&self) -> Result<Child> {
        let folder = self.folder.path();
        let mut command = self.account.command(binary("postgres")?, folder);
        command
            .arg("-D")
            .arg(folder.join("data"))
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "max_connections=100"])
            .args(["-c", "fsync=on"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", folder.display()));
        // `pg_ctl stop -m immediate` sends SIGQUIT.
        Ok(self
            .account
            .spawn(&mut command, &self.log())?
            .stop_with(Signal::QUIT))
    }

    async fn answers(&self) -> bool {
        match psql(&self.admin_url(), "SELECT 1") {
            Ok(command) => run(command).await.is_ok(),
            Err(_) => false,
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }
}

impl FreshDatabase {
    /// Returns the database's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the server, if it was started for this database.
    pub fn server(&self) -> Option<&Postgres> {
        self.server.as_ref()
    }
}

impl Deref for FreshDatabase {
    type Target = str;

    fn deref(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for FreshDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.url)
    }
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        if self.server.is_some() {
            return;
        }
        // The shared server may already be stopped, so errors are ignored.
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Ok(mut command) = psql(&self.admin_url, &statement) {
            let _ = command.stdin(Stdio::null()).output();
        }
    }
}

async fn create_database(admin_url: String, server: Option<Postgres>) -> Result<FreshDatabase> {
    let name = format!("test_{:016x}", RandomState::new().hash_one(std::process::id()));
    let statement = format!("CREATE DATABASE {name} TEMPLATE template0");
    run(psql(&admin_url, &statement)?).await?;
    let (address, options) = match admin_url.split_once('?') {
        Some((address, options)) => (address, format!("?{options}")),
        None => (admin_url.as_str(), String::new()),
    };
    let base = match address.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or(rest);
            format!("{scheme}://{host}")
        }
        None => bail!("not a URL: {admin_url}"),
    };
    let url = format!("{base}/{name}{options}");
    Ok(FreshDatabase {
        url,
        name,
        admin_url,
        server,
    })
}

fn psql(url: &str, statement: &str) -> Result<Command> {
    let mut command = Command::new(binary("psql")?);
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]);
    command.env("PGCONNECT_TIMEOUT", "5").current_dir("/");
    Ok(command)
}

/// Finds a program of PostgreSQL: in `PATH`, else in the newest installed version.
fn binary(name: &str) -> Result<PathBuf> {
    let versions = std::fs::read_dir(Path::new("/usr/lib/postgresql"));
    let mut folders: Vec<(u32, PathBuf)> = versions
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    folders.sort();
    let folders: Vec<PathBuf> = folders.into_iter().rev().map(|(_, folder)| folder).collect();
    program(name, &folders)
}
