//! Sends messages by SMTP submission. All attempts to send one message use the same Message-ID.

use std::{sync::OnceLock, time::Duration};

use anyhow::Context;
use hotline_core::{
    contact::message::OutboundMessage,
    text::{address::on_the_wire, reason::Known, rich::RichText},
};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    address::Envelope,
    message::{
        Attachment, Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        AsyncSmtpTransportBuilder,
        authentication::{Credentials, Mechanism},
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};

use super::{
    own_addresses::{OurAddresses, OwnAddress},
    settings::{Security, Smtp, token},
};
use crate::channel::{ChannelError, LineAddresses, read_secret};

/// How long the server may take to accept a connection or to respond to a command.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The SMTP client of one mailbox.
pub struct Sender {
    builder: AsyncSmtpTransportBuilder,
    /// The user name, and a command that prints an access token (XOAUTH2). The command is run before each message is sent. `None` if the
    /// server requires a password or no log-in.
    token: Option<(String, String)>,
    /// The lettre transport through which messages are sent, so that connections stay open. With access tokens, a transport is created
    /// for each message instead.
    kept: OnceLock<Smtp1>,
    shown: String,
    address: OwnAddress,
    addresses: LineAddresses,
    plus_addressing: bool,
}

type Smtp1 = AsyncSmtpTransport<Tokio1Executor>;

impl Sender {
    /// Creates a client from the settings. Does not connect yet.
    pub fn new(
        settings: &Smtp,
        shown: String,
        address: OwnAddress,
        addresses: LineAddresses,
        plus_addressing: bool,
    ) -> anyhow::Result<Self> {
        let mut builder = Smtp1::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(protection(settings)?)
            .timeout(Some(TIMEOUT));
        let password = read_secret(settings.password.as_ref(), settings.password_file.as_ref())?;
        let mut token = None;
        match (&settings.user, &settings.token_command, password) {
            (Some(user), Some(command), None) => token = Some((user.clone(), command.clone())),
            (Some(user), None, Some(password)) => {
                builder = builder.credentials(Credentials::new(user.clone(), password));
            }
            (None, None, None) => {}
            _ => anyhow::bail!(
                "Give `smtp.user` with `smtp.password`, `smtp.password_file` or `smtp.token_command`"
            ),
        }
        Ok(Self {
            builder,
            token,
            kept: OnceLock::new(),
            shown,
            address,
            addresses,
            plus_addressing,
        })
    }

    async fn transport(&self) -> anyhow::Result<Smtp1> {
        let Some((user, command)) = &self.token else {
            return Ok(self.kept.get_or_init(|| self.builder.clone().build()).clone());
        };
        let credentials = Credentials::new(user.clone(), token(command).await?);
        Ok(self
            .builder
            .clone()
            .authentication(vec![Mechanism::Xoauth2])
            .credentials(credentials)
            .build())
    }

    /// Checks that the server accepts a connection and the log-in.
    pub async fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.transport().await?.test_connection().await?, "It said no");
        Ok(())
    }

    /// Sends one message to the SMTP server.
    pub async fn send(&self, message: &OutboundMessage) -> Result<(), ChannelError> {
        // A message to one of our own addresses would only return to us.
        let ours = OurAddresses::new(self.address.clone(), &self.addresses.current());
        if ours.contains(message.to.expose()) {
            return Err(ChannelError::permanent(Known::OwnAddress));
        }
        let (envelope, mail) = self
            .write(message)
            .map_err(|error| ChannelError::permanent(format!("{error:#}")))?;
        let transport = self
            .transport()
            .await
            .map_err(|error| ChannelError::transient(format!("{error:#}")))?;
        match transport.send_raw(&envelope, &mail).await {
            Ok(_) => Ok(()),
            // The server does not support non-ASCII letters in addresses (RFC 6531), so a retry would also fail.
            Err(error) if error.is_client() && !on_the_wire(message.to.expose()).is_ascii() => {
                Err(ChannelError::permanent(Known::LettersInAddress))
            }
            Err(error) if refuses_us(&error) => Err(ChannelError::transient(error.to_string())),
            Err(error) if error.is_permanent() => Err(ChannelError::permanent(error.to_string())),
            Err(error) if never_began(&error) => Err(ChannelError::transient(error.to_string())),
            Err(error) => Err(ChannelError::unknown(error.to_string())),
        }
    }

    /// Builds the mail. Received texts such as a subject can't add a header to it, because lettre encodes line breaks or returns an
    /// error.
    fn write(&self, message: &OutboundMessage) -> anyhow::Result<(Envelope, Vec<u8>)> {
        let own: Address = self.address.plain().parse()?;
        let tagged: Address = self.address.tagged(&message.token).parse()?;
        let to: Address = on_the_wire(message.to.expose())
            .parse()
            .context("This is not an address mail can be sent to")?;
        let answer_to = if self.plus_addressing { tagged } else { own.clone() };
        let mut mail = Message::builder()
            .from(Mailbox::new(Some(self.shown.clone()), own))
            .reply_to(Mailbox::new(Some(self.shown.clone()), answer_to.clone()))
            .to(Mailbox::new(None, to.clone()))
            .date(message.written_at.into())
            .subject(subject(message))
            .message_id(Some(format!(
                "<{}>",
                self.address.message_id(message.id, &message.token)
            )));
        if let Some(last) = message.thread.last() {
            mail = mail.in_reply_to(format!("<{last}>"));
            let all: Vec<_> = message.thread.iter().map(|id| format!("<{id}>")).collect();
            mail = mail.references(all.join(" "));
        }
        if message.automatic {
            mail = mail
                .raw_header(raw("Auto-Submitted", "auto-replied")?)
                .raw_header(raw("Precedence", "bulk")?)
                .raw_header(raw("X-Auto-Response-Suppress", "All")?);
        }
        let text = RichText::parse(message.text.expose());
        let plain = part(ContentType::TEXT_PLAIN, text.text().to_owned());
        // A mail has an HTML part only if the plain text does not show everything.
        let html = (!text.is_plain()).then(|| {
            let html = part(ContentType::TEXT_HTML, html_document(&text));
            MultiPart::alternative()
                .singlepart(plain.clone())
                .singlepart(html)
        });
        let mail = if message.files.is_empty() {
            match html {
                Some(both) => mail.multipart(both)?,
                None => mail.singlepart(plain)?,
            }
        } else {
            let parts = MultiPart::mixed();
            let mut parts = match html {
                Some(both) => parts.multipart(both),
                None => parts.singlepart(plain),
            };
            for file in &message.files {
                let kind = ContentType::parse(&file.media_type)
                    .unwrap_or(ContentType::parse("application/octet-stream")?);
                // Files are always encoded in Base64. Otherwise a server may change line ends, or refuse NUL bytes, a CR without LF or an
                // LF without CR.
                let encoding = ContentTransferEncoding::Base64;
                let body = Body::new_with_encoding(file.bytes.clone(), encoding)
                    .map_err(|_| anyhow::anyhow!("A file cannot be encoded"))?;
                parts = parts.singlepart(Attachment::new(file.name.clone()).body(body, kind));
            }
            mail.multipart(parts)?
        };
        Ok((Envelope::new(Some(answer_to), vec![to])?, mail.formatted()))
    }
}

fn part(kind: ContentType, text: String) -> SinglePart {
    SinglePart::builder()
        .header(kind)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(text)
}

/// Writes the HTML part. It loads nothing from elsewhere.
fn html_document(text: &RichText) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head>\n<body style=\"font-family: sans-serif\">\n{}</body></html>\n",
        text.to_html()
    )
}

fn subject(message: &OutboundMessage) -> String {
    let theirs = message
        .subject
        .as_ref()
        .map(|subject| subject.expose().as_str())
        .unwrap_or_default();
    let one_line: String = theirs
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect();
    let bare = one_line.trim();
    let already = bare
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    match (bare.is_empty(), already) {
        (true, _) => format!("[{}]", message.reference),
        (false, true) => bare.to_owned(),
        (false, false) => format!("Re: {bare}"),
    }
}

fn raw(name: &'static str, value: &str) -> anyhow::Result<HeaderValue> {
    let name = HeaderName::new_from_ascii_str(name);
    Ok(HeaderValue::new(name, value.to_owned()))
}

fn protection(settings: &Smtp) -> anyhow::Result<Tls> {
    if settings.security == Security::Plain {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(file) = &settings.ca_file {
        let pem = std::fs::read(file).with_context(|| format!("Could not read {}", file.display()))?;
        parameters = parameters
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(&pem)?);
    }
    let parameters = parameters.build_rustls()?;
    Ok(if settings.security == Security::Tls {
        Tls::Wrapper(parameters)
    } else {
        Tls::Required(parameters)
    })
}

/// Returns whether the server refused our log-in (RFC 4954, section 6), and not the message. A retry succeeds after the password in the
/// settings is corrected.
fn refuses_us(error: &lettre::transport::smtp::Error) -> bool {
    let code = error.status().map(|code| code.to_string());
    code.is_some_and(|code| ["530", "534", "535", "538"].contains(&code.as_str()))
}

/// Returns whether it is certain that the server did not accept the message. This is certain after a temporary error from the server, a
/// TLS error, an error in our own client, or a failed connection. A failed connection can be recognised only by the text of lettre's
/// error.
fn never_began(error: &lettre::transport::smtp::Error) -> bool {
    error.is_transient()
        || error.is_tls()
        || error.is_client()
        || error.to_string().starts_with("Connection error")
}

#[cfg(test)]
mod tests {
    use hotline_core::{
        contact::message::OutboundFile,
        identifiers::{reference::Reference, token::ThreadToken},
    };
    use mail_parser::{MessageParser, MimeHeaders};
    use uuid::Uuid;

    use super::*;

    fn written(subject: &str, to: &str, automatic: bool) -> anyhow::Result<String> {
        with_files(subject, to, automatic, Vec::new())
    }

    fn with_files(
        subject: &str,
        to: &str,
        automatic: bool,
        files: Vec<OutboundFile>,
    ) -> anyhow::Result<String> {
        let sender = Sender {
            builder: Smtp1::builder_dangerous("127.0.0.1"),
            token: None,
            kept: OnceLock::new(),
            shown: "Контакт центар".to_owned(),
            addresses: LineAddresses::default(),
            address: OwnAddress::parse("kontakt@centar.example.org").unwrap(),
            plus_addressing: true,
        };
        let message = OutboundMessage {
            id: Uuid::from_u128(1),
            reference: Reference::from_number(5),
            token: ThreadToken::from_secret(&[1; 32]),
            to: to.to_owned().into(),
            subject: Some(subject.to_owned().into()),
            text: "Драга Ана,\r\n.\r\nту смо.".to_owned().into(),
            thread: vec!["first@example.org".to_owned(), "second@example.org".to_owned()],
            files,
            uncertain: false,
            automatic,
            written_at: chrono::DateTime::UNIX_EPOCH,
        };
        Ok(String::from_utf8(sender.write(&message)?.1).unwrap())
    }

    #[test]
    fn a_reply_names_its_thread_and_where_to_answer() {
        let mail = written("Лажни профил", "ana@example.org", false).unwrap();
        assert!(mail.contains("In-Reply-To: <second@example.org>\r\n"));
        assert!(mail.contains("References: <first@example.org> <second@example.org>\r\n"));
        assert!(mail.contains("Message-ID: <r.00000000000000000000000000000001."));
        assert!(mail.contains("kontakt+aeaqcaibaeaqcaibaeaq@centar.example.org"));
        assert!(!mail.contains("Auto-Submitted"));
    }

    #[test]
    fn an_automatic_answer_says_that_it_is_one() {
        assert!(
            written("x", "ana@example.org", true)
                .unwrap()
                .contains("Auto-Submitted: auto-replied\r\n")
        );
    }

    #[test]
    fn files_arrive_byte_for_byte() {
        let contents: [&[u8]; 5] = [
            b"only ASCII\n",
            b"lone\nlone\rboth\r\n\r\n.\r\n",
            b"\0a\0",
            b"",
            &[0xff, 0xfe, 0x00, 0x0a],
        ];
        for (bytes, kind) in
            contents
                .into_iter()
                .zip(["text/plain", "text/csv", "image/png", "text/html", "x"])
        {
            let file = OutboundFile {
                name: "f".to_owned(),
                media_type: kind.to_owned(),
                bytes: bytes.to_vec(),
            };
            let mail = with_files("x", "ana@example.org", false, vec![file]).unwrap();
            assert!(
                mail.is_ascii() && !mail.contains('\0') && !mail.replace("\r\n", "").contains(['\r', '\n'])
            );
            let read = MessageParser::default().parse(&mail).unwrap();
            let file = read.attachment(0).unwrap();
            assert_eq!(file.contents(), bytes, "{kind}");
            assert!(
                file.content_transfer_encoding()
                    .is_some_and(|one| one == "base64")
            );
        }
    }

    #[test]
    fn domains_leave_as_a_labels() {
        let mail = written("x", "ana@пример.срб", false).unwrap();
        assert!(mail.contains("To: ana@xn--e1afmkfd.xn--90a3ac\r\n"), "{mail}");
    }

    #[test]
    fn line_breaks_make_no_headers() {
        let mail = written("Hello\r\nBcc: victim@example.org", "ana@example.org", false).unwrap();
        assert!(!mail.contains("\r\nBcc:"));
        assert!(written("x", "ana@example.org\r\nBcc: b@example.org", false).is_err());
        assert!(written("x", "not an address", false).is_err());
    }
}
