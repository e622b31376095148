//! Refuses hosts outside the public Internet for lines that administrators enter on screen.

use std::{net::IpAddr, time::Duration};

use anyhow::{Context, bail};
use hotline_core::network::is_public;

/// How long the name servers may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Checks that every address of each host is on the public Internet.
///
/// # Errors
/// Fails if a host has another address, or if its addresses cannot be found.
pub async fn check(hosts: &[String]) -> anyhow::Result<()> {
    for host in hosts {
        let addresses = find_addresses(host).await?;
        if let Some(address) = addresses.into_iter().find(|address| !is_public(*address)) {
            bail!(
                "The host {host} has the address {address}, which is not on the public Internet. The operator of the machine can permit the \
                 host in `outgoing.hosts`"
            );
        }
    }
    Ok(())
}

async fn find_addresses(host: &str) -> anyhow::Result<Vec<IpAddr>> {
    // URLs write IPv6 addresses in brackets.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::time::timeout(TIMEOUT, tokio::net::lookup_host((host, 0)))
        .await
        .with_context(|| format!("The name servers did not find the host {host} in time"))?
        .with_context(|| format!("The host {host} has no address"))?;
    Ok(found.map(|address| address.ip()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn internal_hosts_are_refused_however_they_are_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "localhost",
            "[::1]",
            "::ffff:127.0.0.1",
            "10.0.0.7",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
        ] {
            let hosts = ["9.9.9.9".to_owned(), host.to_owned()];
            let refused = check(&hosts).await.unwrap_err();
            assert!(
                refused.to_string().contains("`outgoing.hosts`"),
                "{host}: {refused:#}"
            );
        }
        assert!(check(&["9.9.9.9".to_owned()]).await.is_ok());
    }
}
