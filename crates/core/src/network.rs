//! Rules for connections to other machines: which hosts the settings permit, which addresses are public, and which URLs are protected.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use url::Url;

/// The `[outgoing]` table of the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutgoingSettings {
    /// The hosts to which lines and the client of the identity provider may connect. `*.example.org` permits every host below
    /// `example.org`. `None`: any host, except internal addresses for lines that were connected on screen.
    pub hosts: Option<Vec<String>>,
    /// Hosts to which lines may connect without TLS, because the network in between is protected, such as that of containers on one machine.
    pub plain_hosts: Vec<String>,
}

/// The settings have a list of hosts, and this host is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`outgoing.hosts` does not name the host {0}")]
pub struct HostNotPermitted(String);

impl OutgoingSettings {
    /// Checks that the settings permit connections to this host.
    ///
    /// # Errors
    /// Fails if there is a list of hosts, and the host is not on it.
    pub fn check(&self, host: &str) -> Result<(), HostNotPermitted> {
        match &self.hosts {
            Some(hosts) if !is_named(hosts, host) => Err(HostNotPermitted(host.to_owned())),
            Some(_) | None => Ok(()),
        }
    }
}

impl OutgoingSettings {
    /// Returns whether the network cannot read what is sent to this URL, or the settings state that it is protected.
    #[must_use]
    pub fn protects(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        is_protected(url) || is_named(&self.plain_hosts, host)
    }
}

/// Returns whether a list names this host. `*.example.org` names every host below `example.org`.
#[must_use]
pub fn is_named(hosts: &[String], host: &str) -> bool {
    let host = bare(host).to_lowercase();
    hosts.iter().any(|named| match named.strip_prefix("*.") {
        Some(domain) => host
            .strip_suffix(&domain.to_lowercase())
            .is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        None => host == bare(named).to_lowercase(),
    })
}

/// Returns whether a host is this machine: `localhost` or a loopback address.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let address = || bare(host).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || address().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Returns whether the network cannot read what is sent to this URL: it uses TLS, or leads to this machine.
#[must_use]
pub fn is_protected(url: &Url) -> bool {
    match url.scheme() {
        "https" | "wss" => true,
        "http" | "ws" => url.host_str().is_some_and(is_this_machine),
        _ => false,
    }
}

/// Returns whether an address is on the public Internet. Addresses of this machine, of internal networks, of links and of the services that
/// clouds offer to their machines are not.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The address at which Azure offers its services to a machine. It looks public.
const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// The special blocks are those of the IANA registry (RFC 6890).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_protocol = (first, second, third) == (192, 0, 0);
    let is_benchmark = first == 198 && (18..20).contains(&second);
    let is_special =
        first == 0 || first >= 240 || is_shared || is_protocol || is_benchmark || address == AZURE;
    !is_special
        && !address.is_loopback()
        && !address.is_private()
        && !address.is_link_local()
        && !address.is_multicast()
        && !address.is_documentation()
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, fourth, fifth, sixth, seventh, eighth] = address.segments();
    let embedded =
        |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match (first, second) {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) contain an IPv4 address.
        (0x0064, 0xff9b) => (third, fourth, fifth, sixth) == (0, 0, 0, 0) && embedded(seventh, eighth),
        (0x2002, _) => embedded(second, third),
        // Protocol assignments, among them Teredo, and documentation.
        (0x2001, 0x0000..=0x01ff | 0x0db8) => false,
        // Global unicast is 2000::/3.
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

/// Removes the brackets in which URLs write IPv6 addresses.
fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for address in [
            "192.0.32.10",
            "9.9.9.9",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::909:909",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "0.0.0.0",
            "10.0.0.7",
            "172.16.3.4",
            "192.168.1.1",
            "100.64.0.1",
            "100.100.100.200",
            "169.254.169.254",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.7",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:7",
            "64:ff9b:1::a00:7",
            "2002:a00:7::",
            "2001::1",
            "2001:db8::1",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_url_without_tls_leads_to_this_machine_only() {
        for (url, protected) in [
            ("https://example.org", true),
            ("wss://example.org/", true),
            ("http://127.0.0.1:8080/a", true),
            ("http://[::1]:8080", true),
            ("http://localhost:8080", true),
            ("http://LOCALHOST", true),
            ("http://localhost.example.org", false),
            ("http://127.0.0.1.example.org", false),
            ("http://127.0.0.1@example.org", false),
            ("http://10.0.0.7", false),
            ("http://example.org", false),
            ("ftp://127.0.0.1", false),
        ] {
            assert_eq!(is_protected(&Url::parse(url).unwrap()), protected, "{url}");
        }
    }

    #[test]
    fn with_a_list_only_named_hosts_are_permitted() {
        let any = OutgoingSettings::default();
        assert_eq!(any.check("example.org"), Ok(()));
        let hosts = ["Mail.example.org", "*.discord.gg", "::1"].map(str::to_owned);
        let some = OutgoingSettings {
            hosts: Some(hosts.into()),
            ..OutgoingSettings::default()
        };
        for (host, permitted) in [
            ("mail.example.org", true),
            ("MAIL.EXAMPLE.ORG", true),
            ("gateway.discord.gg", true),
            ("[::1]", true),
            ("discord.gg", false),
            (".discord.gg", false),
            ("evildiscord.gg", false),
            ("example.org", false),
            ("mail.example.org.example.net", false),
            ("", false),
        ] {
            assert_eq!(some.check(host).is_ok(), permitted, "{host}");
        }
        let none = OutgoingSettings {
            hosts: Some(Vec::new()),
            ..OutgoingSettings::default()
        };
        assert!(none.check("example.org").is_err());
    }
}
