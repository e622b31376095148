//! The programs of PostgreSQL that dump and restore a database. They get the connection through environment variables, so that no command
//! line contains a password.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use anyhow::{Context, bail};
use hotline_core::{
    identifiers::private::Private,
    master_key::{OLD_VARIABLE, VARIABLE},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;
use url::Url;

/// The longest part of an error of a program that is shown, in characters.
const SHOWN: usize = 400;

/// The programs `pg_dump` and `pg_restore`, with the database.
#[derive(Clone)]
pub struct PostgresTools {
    pg_dump: PathBuf,
    url: Private<String>,
}

impl PostgresTools {
    /// Uses the program `pg_dump` of the settings, or the one in `PATH`.
    pub fn new(pg_dump: Option<&Path>, url: &Private<String>) -> Self {
        Self {
            pg_dump: pg_dump.unwrap_or(Path::new("pg_dump")).to_owned(),
            url: url.clone(),
        }
    }

    /// Writes a dump into a file: of an exported snapshot or, without one, of the present state.
    ///
    /// # Errors
    /// Fails if the program cannot be run or reports an error.
    pub async fn dump(&self, snapshot: Option<&str>, to: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(&self.pg_dump);
        command
            .args([
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                "--no-password",
            ])
            .args(snapshot.map(|snapshot| format!("--snapshot={snapshot}")))
            .arg(file_argument(to));
        run(command.envs(variables(self.url.expose())?)).await?;
        Ok(())
    }

    /// Reads the table of contents of a dump. The database need not be reachable.
    ///
    /// # Errors
    /// Fails if the file is no readable dump.
    pub async fn list(&self, dump: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(self.pg_restore());
        let listed = run(command.arg("--list").arg(dump)).await?;
        if !listed.contains(" TABLE ") {
            bail!("The dump contains no table");
        }
        Ok(())
    }

    /// Restores a dump into the empty database, completely or not at all. Once `stop` is cancelled, ends the program and waits for it.
    ///
    /// # Errors
    /// Fails if the program cannot be run, reports an error or was ended. The database is then still empty, unless the program or its
    /// connection ended just when it committed.
    pub async fn restore(&self, dump: &Path, stop: &CancellationToken) -> anyhow::Result<()> {
        let variables = variables(self.url.expose())?;
        let is_name = |(name, _): &&(&str, String)| *name == "PGDATABASE";
        let database = variables.iter().find(is_name).map(|(_, value)| value.clone());
        let database = database.context("`database.url` names no database")?;
        let mut command = Command::new(self.pg_restore());
        command
            .args([
                "--single-transaction",
                "--no-owner",
                "--no-privileges",
                "--no-password",
            ])
            .arg(format!("--dbname={database}"))
            .arg(dump);
        run_until(command.envs(variables), stop).await?;
        Ok(())
    }

    fn pg_restore(&self) -> PathBuf {
        self.pg_dump.with_file_name("pg_restore")
    }
}

fn file_argument(path: &Path) -> OsString {
    let mut argument = OsString::from("--file=");
    argument.push(path);
    argument
}

/// Runs a program and returns what it prints. Ends it if the caller is dropped.
async fn run(command: &mut Command) -> anyhow::Result<String> {
    run_until(command, &CancellationToken::new()).await
}

/// Runs a program as [`run`] does. Once `stop` is cancelled, ends the program and waits until it has ended.
async fn run_until(command: &mut Command, stop: &CancellationToken) -> anyhow::Result<String> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let mut child = command
        .env_remove(VARIABLE)
        .env_remove(OLD_VARIABLE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("Could not run {program}: install the client programs of PostgreSQL"))?;
    let finished = tokio::select! {
        finished = finish(&mut child) => Some(finished),
        () = stop.cancelled() => None,
    };
    let Some(finished) = finished else {
        // Fails only if the program has already ended.
        let _ = child.start_kill();
        let _ = child.wait().await;
        bail!("{program} was stopped");
    };
    let output = finished.with_context(|| format!("Could not run {program}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let errors: String = errors.trim().chars().take(SHOWN).collect();
        bail!("{program} failed: {errors}");
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until a program has ended, and returns what it printed.
async fn finish(child: &mut Child) -> io::Result<Output> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (status, stdout, stderr) = tokio::try_join!(child.wait(), read_all(stdout), read_all(stderr))?;
    Ok(Output {
        status,
        stdout,
        stderr,
    })
}

async fn read_all(from: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        from.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// Returns the environment variables with which libpq connects to the database of a URL. A variable of the process applies where the URL
/// says nothing, as for the service.
fn variables(url: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let url = Url::parse(url).context("`database.url` is no URL")?;
    let mut variables: Vec<(&'static str, String)> = Vec::new();
    let mut set = |name: &'static str, value: String| {
        variables.retain(|(other, _)| *other != name);
        if !value.is_empty() {
            variables.push((name, value));
        }
    };
    let host = url.host_str().unwrap_or_default();
    set(
        "PGHOST",
        decoded(host.trim_start_matches('[').trim_end_matches(']')),
    );
    set(
        "PGPORT",
        url.port().map(|port| port.to_string()).unwrap_or_default(),
    );
    set("PGUSER", decoded(url.username()));
    set("PGPASSWORD", decoded(url.password().unwrap_or_default()));
    set("PGDATABASE", decoded(url.path().trim_start_matches('/')));
    for (key, value) in url.query_pairs() {
        let name = match &*key {
            "host" => "PGHOST",
            "hostaddr" => "PGHOSTADDR",
            "port" => "PGPORT",
            "user" => "PGUSER",
            "password" => "PGPASSWORD",
            "dbname" => "PGDATABASE",
            "sslmode" | "ssl-mode" => "PGSSLMODE",
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
            "sslcert" | "ssl-cert" => "PGSSLCERT",
            "sslkey" | "ssl-key" => "PGSSLKEY",
            // The others concern only the service, such as the size of its cache of statements.
            _ => continue,
        };
        set(name, value.into_owned());
    }
    let has = |name: &str, value: Option<&str>| {
        variables
            .iter()
            .any(|(other, given)| *other == name && value.is_none_or(|value| value == given))
    };
    // The service then trusts the certificates of the system; libpq needs to be told.
    if has("PGSSLMODE", Some("verify-full")) && !has("PGSSLROOTCERT", None) {
        variables.push(("PGSSLROOTCERT", "system".to_owned()));
    }
    Ok(variables)
}

/// Decodes the percent-encoding of a part of a URL.
fn decoded(text: &str) -> String {
    // In a query, `+` is a space. In the other parts of a URL, it is a plus sign.
    let query = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> Vec<String> {
        let mut shown: Vec<String> = variables(url)
            .unwrap()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        shown.sort();
        shown
    }

    #[test]
    fn a_connection_becomes_variables() {
        assert_eq!(
            shown(
                "postgres://hotline:p%40s+s@db.example.org:5433/hot%20line?sslmode=verify-full&sslrootcert=/ca.pem"
            ),
            [
                "PGDATABASE=hot line",
                "PGHOST=db.example.org",
                "PGPASSWORD=p@s+s",
                "PGPORT=5433",
                "PGSSLMODE=verify-full",
                "PGSSLROOTCERT=/ca.pem",
                "PGUSER=hotline",
            ]
        );
        assert_eq!(
            shown("postgresql:///hotline?host=/run/postgresql&statement-cache-capacity=10"),
            ["PGDATABASE=hotline", "PGHOST=/run/postgresql"]
        );
        assert_eq!(
            shown("postgres://[::1]/hotline?sslmode=verify-full"),
            [
                "PGDATABASE=hotline",
                "PGHOST=::1",
                "PGSSLMODE=verify-full",
                "PGSSLROOTCERT=system",
            ]
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let url = "postgres://127.0.0.1/hotline".to_owned().into();
        let tools = PostgresTools::new(Some(Path::new("/nowhere/pg_dump")), &url);
        let refused = runtime.block_on(tools.list(Path::new("x"))).unwrap_err();
        assert!(
            format!("{refused:#}").contains("/nowhere/pg_restore"),
            "{refused:#}"
        );
    }
    #[tokio::test]
    async fn a_stopped_program_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("echo $$ > {}; exec sleep 600", file.display()));
        let stop = CancellationToken::new();
        let stop_soon = async {
            while !std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n')) {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            stop.cancel();
        };
        let (ran, ()) = tokio::join!(run_until(&mut command, &stop), stop_soon);
        assert!(ran.unwrap_err().to_string().contains("was stopped"));
        let pid = std::fs::read_to_string(&file).unwrap();
        assert!(
            !Path::new("/proc").join(pid.trim()).exists(),
            "it was also reaped"
        );
    }
}
