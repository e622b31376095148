//! An address at which the service accepts HTTP connections.

use std::{fmt, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// What precedes the path of a Unix socket.
const UNIX: &str = "unix:";

/// An address at which the service accepts HTTP connections: an IP address with a port, or a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ListenAddress {
    /// An IP address and a port, such as `127.0.0.1:8080`.
    Tcp(SocketAddr),
    /// The absolute path of a Unix socket, as in `unix:/run/hotline/http.sock`.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Returns whether only programs on this machine can connect.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let invalid = || {
            "an address is an IP address with a port, such as 127.0.0.1:8080, or the absolute path of a Unix socket, such as \
             unix:/run/hotline/http.sock"
                .to_owned()
        };
        match text.strip_prefix(UNIX) {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(PathBuf::from(path))),
            Some(_) => Err(invalid()),
            None => text.parse().map(Self::Tcp).map_err(|_| invalid()),
        }
    }
}

impl From<ListenAddress> for String {
    fn from(address: ListenAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_port_or_a_socket_and_knows_who_connects() {
        for (text, is_local) in [
            ("127.0.0.1:8080", Some(true)),
            ("[::1]:8080", Some(true)),
            ("unix:/run/hotline/http.sock", Some(true)),
            ("0.0.0.0:8080", Some(false)),
            ("[::]:8080", Some(false)),
            ("192.0.2.10:8080", Some(false)),
            ("unix:http.sock", None),
            ("/run/hotline/http.sock", None),
            ("127.0.0.1", None),
            ("", None),
        ] {
            let address = ListenAddress::try_from(text.to_owned()).ok();
            assert_eq!(address.as_ref().map(ListenAddress::is_local), is_local, "{text}");
            if let Some(address) = address {
                assert_eq!(String::from(address), text);
            }
        }
    }
}
