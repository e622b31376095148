//! The sockets that accept HTTP connections: a TCP port, or a Unix socket that only the owner and its group can use.

use std::{
    io,
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixStream,
    },
    path::Path,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
};

use crate::settings::listen_address::ListenAddress;

/// The permissions of a Unix socket. The account of the reverse proxy is in the group.
const SOCKET_MODE: u32 = 0o660;

/// A connection of either kind.
pub trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

/// A socket that accepts connections.
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

impl Listener {
    /// Listens at an address. Replaces a Unix socket that an earlier process left behind.
    pub async fn bind(address: &ListenAddress) -> anyhow::Result<Self> {
        let bound = match address {
            ListenAddress::Tcp(address) => TcpListener::bind(address)
                .await
                .map(Self::Tcp)
                .map_err(anyhow::Error::from),
            ListenAddress::Unix(path) => bind_unix(path).map(Self::Unix),
        };
        bound.with_context(|| format!("Could not listen on {address}"))
    }

    /// Waits for a connection.
    pub async fn accept(&self) -> io::Result<Box<dyn Connection>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Each response is written in full. Nagle's algorithm, which delays small packets, would only slow the response down.
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(Box::new(stream))
            }
        }
    }
}

fn bind_unix(path: &Path) -> anyhow::Result<UnixListener> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket {
        match UnixStream::connect(path) {
            Ok(_) => bail!("another process listens there"),
            // The process that made the socket has ended.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            Err(error) => return Err(error.into()),
        }
    }
    // The umask of this process lets only the owner connect until the mode is set.
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_unix_socket_is_for_owner_and_group_and_replaces_dead_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        let address = ListenAddress::Unix(path.clone());
        let first = Listener::bind(&address).await.unwrap();
        let second = Listener::bind(&address).await.err().unwrap();
        assert!(format!("{second:#}").contains("another process"), "{second:#}");
        drop(first);
        assert!(path.exists(), "the socket of a killed process stays");
        let listener = Listener::bind(&address).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, SOCKET_MODE);
        let mut client = tokio::net::UnixStream::connect(&path).await.unwrap();
        let mut accepted = listener.accept().await.unwrap();
        accepted.write_all(b"here").await.unwrap();
        drop(accepted);
        let mut read = String::new();
        client.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "here");
    }

    #[tokio::test]
    async fn a_file_at_the_place_of_the_socket_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        std::fs::write(&path, "kept").unwrap();
        assert!(Listener::bind(&ListenAddress::Unix(path.clone())).await.is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept");
    }
}
