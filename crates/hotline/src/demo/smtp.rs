//! The mail server of the demo (RFC 5321). It accepts every mail and sends none on.

use std::sync::Arc;

use mail_parser::MessageParser;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{raw, sink::SentMessages};

/// The largest mail that is accepted.
const LARGEST: usize = 32 << 20;

/// Serves connections until the future is dropped.
pub async fn serve(listener: TcpListener, sent: Arc<SentMessages>) {
    while let Ok((connection, _)) = listener.accept().await {
        let sent = Arc::clone(&sent);
        tokio::spawn(async move {
            if let Err(error) = converse(connection, &sent).await {
                tracing::debug!(error = %error, "A connection to the mail sink broke");
            }
        });
    }
}

async fn converse(connection: TcpStream, sent: &SentMessages) -> std::io::Result<()> {
    let mut connection = BufReader::new(connection);
    connection.write_all(b"220 demo ESMTP\r\n").await?;
    let mut recipients: Vec<String> = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if connection.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let command = String::from_utf8_lossy(&line).trim().to_owned();
        let verb = command.get(..4).unwrap_or(&command).to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-demo\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "MAIL" | "RSET" => {
                recipients.clear();
                "250 ok\r\n"
            }
            "RCPT" => {
                let address = command.split(['<', '>']).nth(1).unwrap_or_default();
                recipients.push(address.to_owned());
                "250 ok\r\n"
            }
            "DATA" => {
                connection.write_all(b"354 go on\r\n").await?;
                let Some(mail) = read_mail(&mut connection).await? else {
                    return connection.write_all(b"552 too large\r\n").await;
                };
                keep(sent, &recipients.join(", "), &mail);
                "250 kept\r\n"
            }
            "QUIT" => return connection.write_all(b"221 bye\r\n").await,
            "HELO" | "NOOP" => "250 ok\r\n",
            _ => "502 unknown\r\n",
        };
        connection.write_all(answer.as_bytes()).await?;
    }
}

/// Reads a mail up to the line with a single dot. Returns `None` if the mail is too large.
async fn read_mail(connection: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let (mut mail, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        let end = connection.read_until(b'\n', &mut line).await? == 0;
        if end || line == b".\r\n" {
            return Ok(Some(mail));
        }
        // A dot at the beginning of a line is sent twice.
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        if mail.len() > LARGEST {
            return Ok(None);
        }
    }
}

fn keep(sent: &SentMessages, to: &str, mail: &[u8]) {
    let parsed = MessageParser::default().parse(mail);
    let subject = parsed
        .as_ref()
        .and_then(|mail| mail.subject())
        .unwrap_or_default();
    let text = parsed
        .as_ref()
        .and_then(|mail| mail.body_text(0))
        .unwrap_or_default();
    sent.add(raw::MAIL, to.to_owned(), subject.to_owned(), text.into_owned());
}
