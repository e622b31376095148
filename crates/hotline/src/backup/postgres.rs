//! The programs of PostgreSQL that dump and restore a database. They get the connection through environment variables, so that no command
//! line contains a password.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail};
use hotline_core::{
    identifiers::private::Private,
    master_key::{OLD_VARIABLE, VARIABLE},
};
use tokio::process::Command;
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

    /// Writes a dump of an exported snapshot into a file.
    ///
    /// # Errors
    /// Fails if the program cannot be run or reports an error.
    pub async fn dump(&self, snapshot: &str, to: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(&self.pg_dump);
        command
            .args([
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                "--no-password",
            ])
            .arg(format!("--snapshot={snapshot}"))
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

    /// Restores a dump into the empty database, completely or not at all.
    ///
    /// # Errors
    /// Fails if the program cannot be run or reports an error. The database is then still empty.
    pub async fn restore(&self, dump: &Path) -> anyhow::Result<()> {
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
        run(command.envs(variables)).await?;
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
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command
        .env_remove(VARIABLE)
        .env_remove(OLD_VARIABLE)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("Could not run {program}: install the client programs of PostgreSQL"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let errors: String = errors.trim().chars().take(SHOWN).collect();
        bail!("{program} failed: {errors}");
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
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
}
