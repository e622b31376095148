//! The e-mail channel: receives mails over IMAP and sends replies over SMTP.
//!
//! An incoming mail is accepted only once, even if it is read several times. It is identified by its external id: a hash of the mail's
//! raw bytes, followed by the Message-ID. With `attachments = "never"`, the hash is that of the mail in the mailbox, and the accepted bytes
//! lack its files. A reply may be sent twice, because the connection may break after the SMTP server accepted the reply and before the line
//! receives the confirmation. All attempts to send a reply use the same Message-ID, so that the recipient's mail system can recognise the
//! duplicate.

mod address;
mod alternative;
mod automatic;
mod charset;
mod charset_detection;
mod connect;
mod contents;
mod data_uri;
mod delivery_status;
mod encoded_words;
mod fetch_retries;
mod folder_name;
mod html;
mod imap;
mod layout;
mod other_formats;
mod own_addresses;
mod parameters;
mod parse;
mod part_contents;
mod parts;
mod position;
mod removed_files;
mod repair;
mod report;
mod settings;
mod smime;
mod smtp;
mod stripping;
mod text;
mod token_search;
mod transfer_encoding;
mod tree;
mod without_files;

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use hotline_core::{
    contact::message::{Normalised, OutboundMessage, RawMessage},
    identifiers::line_name::LineName,
    intake::Intake,
    line_fields::LineField,
    text::rich::ReplyStyle,
    time::clock::Clock,
};
use tokio_util::sync::CancellationToken;

use crate::channel::{Channel, ChannelError, ChannelKind, LineAddresses, Opening};

/// The e-mail channel's entry in `KINDS`, the list of channel kinds.
pub const KIND: ChannelKind = ChannelKind {
    name: "email",
    platform: None,
    only_one: false,
    fields: FIELDS,
    open,
};

/// The settings that administrators can enter on screen.
const FIELDS: &[LineField] = &[
    LineField::text("address")
        .required()
        .example("kontakt@example.org"),
    LineField::text("name"),
    LineField::text("imap.host")
        .required()
        .example("mail.example.org"),
    LineField::number("imap.port", "993"),
    LineField::choice("imap.security", SECURITY, "tls"),
    LineField::text("imap.user").required().example("kontakt"),
    LineField::secret("imap.password")
        .sent_to(&["imap.host", "imap.port", "imap.security", "imap.allow_plain"])
        .required(),
    LineField::text("imap.folder").with_default("INBOX"),
    LineField::text("smtp.host")
        .required()
        .example("mail.example.org"),
    LineField::number("smtp.port", "465"),
    LineField::choice("smtp.security", SECURITY, "tls"),
    LineField::text("smtp.user").example("kontakt"),
    LineField::secret("smtp.password").sent_to(&[
        "smtp.host",
        "smtp.port",
        "smtp.security",
        "smtp.allow_plain",
    ]),
    LineField::switch("acknowledge", true),
    LineField::choice("attachments", &["never", "on_request"], "on_request"),
    LineField::switch("plus_addressing", true).rare(),
    LineField::number("max_size", "31457280").rare(),
    LineField::number("alarm_minutes", "15").rare(),
    LineField::number("imap.poll_seconds", "15").rare(),
    LineField::switch("imap.allow_plain", false).rare(),
    LineField::switch("smtp.allow_plain", false).rare(),
];

/// How a connection is protected.
const SECURITY: &[&str] = &["tls", "starttls", "plain"];

/// A mailbox, and the SMTP server that sends replies to the mails in it.
struct Email {
    name: LineName,
    settings: settings::Email,
    address: own_addresses::OwnAddress,
    addresses: LineAddresses,
    clock: Arc<dyn Clock>,
    sender: smtp::Sender,
}

fn open(opening: Opening) -> anyhow::Result<Arc<dyn Channel>> {
    let settings: settings::Email = opening.settings.try_deserialize()?;
    settings.check()?;
    let address = own_addresses::OwnAddress::parse(&settings.address)
        .with_context(|| format!("`address` is not an e-mail address: {}", settings.address))?;
    let centre = opening.centre.settings();
    let words = opening.locales.of(centre.language);
    let shown = settings
        .name
        .clone()
        .unwrap_or_else(|| centre.name.localized(words));
    let sender = smtp::Sender::new(
        &settings.smtp,
        shown,
        address.clone(),
        opening.addresses.clone(),
        settings.plus_addressing,
    )?;
    Ok(Arc::new(Email {
        name: opening.name,
        settings,
        address,
        addresses: opening.addresses,
        clock: opening.clock,
        sender,
    }))
}

#[async_trait]
impl Channel for Email {
    fn hosts(&self) -> Vec<String> {
        vec![self.settings.imap.host.clone(), self.settings.smtp.host.clone()]
    }

    async fn receive(&self, intake: Arc<dyn Intake>, stop: CancellationToken) -> anyhow::Result<()> {
        let mailbox = imap::Mailbox {
            line: &self.name,
            settings: &self.settings.imap,
            largest: self.settings.max_size,
            alarm: std::time::Duration::from_secs(self.settings.alarm_minutes * 60),
            attachments: self.settings.attachments,
            address: &self.address,
            addresses: &self.addresses,
            clock: &*self.clock,
        };
        mailbox.receive(&*intake, &stop).await;
        Ok(())
    }

    fn normalise(&self, raw: &RawMessage) -> Normalised {
        let ours = own_addresses::OurAddresses::new(self.address.clone(), &self.addresses.current());
        parse::parse_mail(raw, &ours, self.settings.attachments)
    }

    async fn send(&self, message: &OutboundMessage, _chunk: usize) -> Result<(), ChannelError> {
        self.sender.send(message).await
    }

    async fn check(&self) -> anyhow::Result<Vec<String>> {
        let held = imap::count(&self.settings.imap)
            .await
            .context("The mailbox does not answer")?;
        self.sender
            .check()
            .await
            .context("The SMTP server does not answer")?;
        let imap = &self.settings.imap;
        let smtp = &self.settings.smtp;
        Ok(vec![
            format!(
                "IMAP {}:{}: logged in, {} holds {held} messages",
                imap.host, imap.port, imap.folder
            ),
            format!(
                "SMTP {}:{}: ready to send as {}",
                smtp.host, smtp.port, self.settings.address
            ),
        ])
    }

    async fn held_ids(&self) -> anyhow::Result<Option<Vec<String>>> {
        imap::external_ids(&self.settings.imap, self.settings.max_size)
            .await
            .map(Some)
    }

    fn acknowledgement(&self) -> Option<&'static str> {
        self.settings.acknowledge.then_some("mail-acknowledgement")
    }

    fn reply_style(&self) -> ReplyStyle {
        ReplyStyle::Formatted
    }

    fn sends_files(&self) -> bool {
        true
    }
}
