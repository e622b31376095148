//! Connects to an IMAP server and logs in.

use std::{fmt, path::Path, pin::Pin, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use async_imap::{Client, Session};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsConnector;

use super::settings::{Imap, Security, token};
use crate::channel::read_secret;

/// How long a connection may have no traffic before it is treated as broken.
const SILENCE: Duration = Duration::from_secs(300);
/// How long connecting and logging in may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A stream of bytes, with or without TLS.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Wire for T {}

/// A logged-in IMAP session, with or without TLS.
pub type Logged = Session<Box<dyn Wire>>;

/// Connects and logs in. Returns an error if TLS fails, and does not continue without encryption.
pub async fn connect(settings: &Imap) -> anyhow::Result<Logged> {
    tokio::time::timeout(TIMEOUT, log_in(settings))
        .await
        .context("The server is too slow")?
}

async fn log_in(settings: &Imap) -> anyhow::Result<Logged> {
    let tcp = TcpStream::connect((settings.host.as_str(), settings.port))
        .await
        .context("No connection")?;
    tcp.set_nodelay(true)?;
    let mut watched = TimeoutStream::new(tcp);
    watched.set_read_timeout(Some(SILENCE));
    watched.set_write_timeout(Some(SILENCE));
    let plain: Pin<Box<TimeoutStream<TcpStream>>> = Box::pin(watched);
    let client = match settings.security {
        Security::Tls => read_greeting(Client::new(protect(settings, plain).await?)).await?,
        Security::Plain => read_greeting(Client::new(Box::new(plain) as Box<dyn Wire>)).await?,
        Security::Starttls => {
            let mut client = read_greeting(Client::new(plain)).await?;
            client
                .run_command_and_check_ok("STARTTLS", None)
                .await
                .context("The server refused STARTTLS")?;
            Client::new(protect(settings, client.into_inner()).await?)
        }
    };
    authenticate_user(settings, client).await
}

async fn read_greeting<T: Wire>(mut client: Client<T>) -> anyhow::Result<Client<T>> {
    client
        .read_response()
        .await?
        .context("The server hung up without a greeting")?;
    Ok(client)
}

async fn protect(settings: &Imap, plain: impl Wire + 'static) -> anyhow::Result<Box<dyn Wire>> {
    let roots = trusted_certificates(settings.ca_file.as_deref())?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(settings.host.clone()).context("`imap.host` is not a host name")?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, plain)
        .await
        .context("No TLS connection")?;
    Ok(Box::new(stream))
}

/// Returns the certificates of the file or, without a file, those of the system.
fn trusted_certificates(file: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // An invalid certificate in the system's store is ignored, because the other certificates can still be used.
            let _ = roots.add(certificate);
        }
        return Ok(roots);
    };
    for certificate in CertificateDer::pem_file_iter(file).context("Could not read ca_file")? {
        roots.add(certificate?)?;
    }
    Ok(roots)
}

async fn authenticate_user(settings: &Imap, client: Client<Box<dyn Wire>>) -> anyhow::Result<Logged> {
    if let Some(command) = &settings.token_command {
        let token = token(command).await?;
        let answer = XOauth2(format!(
            "user={}\u{1}auth=Bearer {token}\u{1}\u{1}",
            settings.user
        ));
        return client
            .authenticate("XOAUTH2", answer)
            .await
            .map_err(|(error, _)| refused(&error));
    }
    let Some(password) = read_secret(settings.password.as_ref(), settings.password_file.as_ref())? else {
        bail!("Give `imap.password`, `imap.password_file` or `imap.token_command`");
    };
    client
        .login(&settings.user, &password)
        .await
        .map_err(|(error, _)| refused(&error))
}

fn refused(error: &async_imap::error::Error) -> anyhow::Error {
    anyhow::anyhow!("The server refused the log-in: {error}")
}

/// A client's response in an XOAUTH2 log-in: the user name and the access token.
struct XOauth2(String);

impl async_imap::Authenticator for XOauth2 {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> Self::Response {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBlzCCAT2gAwIBAgIUY9nchHqEwYNZ/ep+CFgsKkxfRNMwCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVQ2VydGlmaWNhdGUgb2YgYSB0ZXN0MCAXDTI2MTEzMDEwNTEz
M1oYDzIxMjYxMTA2MTA1MTMzWjAgMR4wHAYDVQQDDBVDZXJ0aWZpY2F0ZSBvZiBh
IHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASS/Y6OLBCT9DXaQqWaP7xX
sKZQQ6itVjcjN+09WfhlggIEaQR+eP3NdSqVpht6dk+lOeZPBMkD1ACbnjBLCBHn
o1MwUTAdBgNVHQ4EFgQU3+J3Qt+N3sJ4iYMYt9sQKjmsqB4wHwYDVR0jBBgwFoAU
3+J3Qt+N3sJ4iYMYt9sQKjmsqB4wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD
AgNIADBFAiAorTZ23X/VzQJ1N03vYoopaRda6axAOTo1EcEIh8Qx7wIhANzqLrKR
N+mwSC/WMk3jXJBL1QP6Vf1oyy7mtrIt1Ka8
-----END CERTIFICATE-----\n";

    #[test]
    fn only_the_certificates_of_ca_file_are_trusted() {
        let file = std::env::temp_dir().join(format!("hotline-ca-{}.pem", std::process::id()));
        std::fs::write(&file, CERTIFICATE).unwrap();
        let trusted = trusted_certificates(Some(file.as_path()));
        std::fs::write(&file, "no certificate").unwrap();
        let none = trusted_certificates(Some(file.as_path()));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(trusted.unwrap().len(), 1);
        assert!(none.is_ok_and(|none| none.is_empty()), "nothing replaces them");
        assert!(trusted_certificates(Some(file.as_path())).is_err());
    }
}
