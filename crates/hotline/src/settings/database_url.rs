//! The URL of the database.

use anyhow::bail;

/// Checks that the connection to a database on another machine uses TLS and verifies the certificate and its name. The default of the driver
/// (`prefer`) would accept a connection without TLS, and any certificate. `allow_unverified` permits that.
///
/// # Errors
/// Fails if the URL leads to another machine and does not contain `sslmode=verify-full`.
pub fn check_protection(url: &str, allow_unverified: bool) -> anyhow::Result<()> {
    let Ok(url) = url::Url::parse(url) else {
        return Ok(());
    };
    let given: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let is_local = |host: &str| {
        ["", "localhost", "127.0.0.1", "::1", "[::1]"].contains(&host)
            || host.starts_with('/')
            || host.to_lowercase().starts_with("%2f")
    };
    // The driver takes each of these, and the variables of the environment where the URL has no host.
    let mut hosts: Vec<String> = url.host_str().map(str::to_owned).into_iter().collect();
    let is_host = |name: &str| ["host", "hostaddr"].contains(&name);
    hosts.extend(
        given
            .iter()
            .filter(|(name, _)| is_host(name))
            .map(|(_, value)| value.clone()),
    );
    if hosts.iter().all(String::is_empty) {
        hosts.extend(
            ["PGHOST", "PGHOSTADDR"]
                .iter()
                .filter_map(|name| std::env::var(name).ok()),
        );
    }
    let is_here = hosts.iter().all(|host| is_local(host));
    // The driver takes the last of several modes.
    let mode = given
        .iter()
        .rfind(|(name, _)| ["sslmode", "ssl-mode"].contains(&name.as_str()));
    let is_verified = mode.is_some_and(|(_, mode)| mode.eq_ignore_ascii_case("verify-full"));
    if url.scheme() == "sqlite" || is_here || is_verified || allow_unverified {
        return Ok(());
    }
    bail!(
        "`database.url` reaches another machine: add `?sslmode=verify-full`, with `&sslrootcert=FILE` for a certificate of your own. If the \
         network in between is protected, `database.allow_unverified = true` permits other modes"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_elsewhere_is_reached_with_a_verified_certificate() {
        for (url, permitted) in [
            ("postgres://hotline@db.example.org/hotline", false),
            (
                "postgresql://hotline:p@10.0.0.7:5432/hotline?application_name=a",
                false,
            ),
            ("postgres:///hotline?host=db.example.org", false),
            ("postgres://hotline@localhost/hotline?hostaddr=10.0.0.7", false),
            (
                "postgres://hotline@localhost/hotline?host=/run&host=db.example.org",
                false,
            ),
            (
                "postgres://hotline@db.example.org/hotline?sslmode=verify-full",
                true,
            ),
            (
                "postgres://hotline@db.example.org/hotline?sslmode=disable&sslmode=verify-full",
                true,
            ),
            (
                "postgres://hotline@db.example.org/hotline?sslmode=verify-full&sslmode=disable",
                false,
            ),
            ("postgres://hotline@db.example.org/hotline?sslmode=disable", false),
            ("postgres://hotline@db.example.org/hotline?sslmode=prefer", false),
            ("postgres://hotline@db.example.org/hotline?sslmode=require", false),
            (
                "postgres://hotline@db.example.org/hotline?sslmode=verify-ca",
                false,
            ),
            ("postgres://hotline@127.0.0.1:5432/hotline", true),
            ("postgres://hotline@[::1]/hotline", true),
            ("postgres://hotline@localhost/hotline", true),
            ("postgres://hotline@%2Frun%2Fpostgresql/hotline", true),
            ("postgres:///hotline?host=/run/postgresql", true),
            ("sqlite://data/hotline.db", true),
        ] {
            assert_eq!(check_protection(url, false).is_ok(), permitted, "{url}");
            assert!(check_protection(url, true).is_ok(), "{url}");
        }
    }
}
