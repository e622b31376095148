//! Mail, in a mailbox on a real server.

use std::collections::BTreeMap;

use async_trait::async_trait;
use hotline_tests::{
    peers::{
        dovecot::Dovecot,
        smtp::{Faults, Smtp},
    },
    service::{CENTRE, Service, mail_lines},
};
use mail_parser::{MessageParser, MimeHeaders};

use super::{NAME, Said, Who, World};

pub struct Mail {
    dovecot: Dovecot,
    smtp: Smtp,
    said: Vec<String>,
}

fn address(who: Who) -> &'static str {
    match who {
        Who::Ana => "ana.imenjakovicka@example.org",
        Who::Other => "ana.imenjakovicka@example.com",
    }
}

fn mailbox(who: Who) -> &'static str {
    match who {
        Who::Ana => "ana",
        Who::Other => "druga",
    }
}

impl Mail {
    /// Sends a mail. Every further mail of a person is a reply to that person's first mail.
    fn sends(&mut self, who: Who, headers: &str, body: &str) -> Said {
        let from = address(who);
        let letter = format!(
            "From: {NAME} <{from}>\r\nTo: <{CENTRE}>\r\nSubject: Tajni naslov\r\nMessage-ID: <m{}@{from}>\r\n\
             In-Reply-To: <m0@{from}>\r\nMIME-Version: 1.0\r\n{headers}\r\n\r\n{body}\r\n",
            self.said.len()
        );
        self.dovecot.deliver("kontakt", letter.as_bytes()).unwrap();
        self.said.push(letter);
        Said::Kept
    }
}

#[async_trait]
impl World for Mail {
    const CHANNEL: &'static str = "email";

    async fn start(_: &str) -> Self {
        let users = [("kontakt", "kontakt"), ("ana", "ana"), ("druga", "druga")];
        let dovecot = Dovecot::start(&users).await.unwrap();
        let people = [
            (address(Who::Ana), "ana"),
            (address(Who::Other), "druga"),
            (CENTRE, "kontakt"),
        ];
        Self {
            smtp: Smtp::start(&dovecot, &people).await.unwrap(),
            dovecot,
            said: Vec::new(),
        }
    }

    fn set_up(&self, service: &mut Service) {
        service
            .set_lines(&mail_lines(&self.dovecot, &self.smtp, ""))
            .unwrap();
    }

    async fn says(&mut self, who: Who, text: &str) -> Said {
        let headers = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit";
        self.sends(who, headers, text)
    }

    async fn sends_picture(&mut self, who: Who, name: &str) -> Said {
        let body = format!(
            "--x\r\nContent-Type: text/plain\r\n\r\nslika\r\n--x\r\nContent-Type: image/png; name=\"{name}\"\r\n\
             Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\nc2xpa2E=\r\n--x--"
        );
        self.sends(who, "Content-Type: multipart/mixed; boundary=x", &body)
    }

    async fn repeats(&mut self) {
        let again = self.said.clone().into_iter().map(String::into_bytes);
        self.dovecot.deliver_many("kontakt", again).unwrap();
    }

    async fn told(&mut self, who: Who) -> Vec<String> {
        let mails = self.dovecot.messages(mailbox(who)).unwrap();
        let read = mails
            .iter()
            .filter_map(|mail| MessageParser::default().parse(mail));
        read.map(|mail| mail.body_text(0).unwrap_or_default().into_owned())
            .collect()
    }

    async fn files(&mut self, who: Who) -> Option<Vec<(String, usize)>> {
        let mails = self.dovecot.messages(mailbox(who)).unwrap();
        let read = mails
            .iter()
            .filter_map(|mail| MessageParser::default().parse(mail));
        let files = read.flat_map(|mail| {
            let files = mail.attachments().map(|file| {
                let name = file.attachment_name().unwrap_or_default().to_owned();
                (name, file.contents().len())
            });
            files.collect::<Vec<_>>()
        });
        Some(files.collect())
    }

    async fn sees_typing(&mut self, _: Who) -> Option<bool> {
        None
    }

    /// Delivers all mail of a person into the service's mailbox, as automatic forwarding or a copy of sent mail would.
    async fn echoes(&mut self, who: Who) -> bool {
        let mails = self.dovecot.messages(mailbox(who)).unwrap();
        self.dovecot.deliver_many("kontakt", mails.into_iter()).unwrap();
        true
    }

    fn limits(&mut self) -> bool {
        let later = Faults {
            temporary: true,
            ..Faults::default()
        };
        self.smtp.set_faults(&later).unwrap();
        true
    }

    fn lets(&mut self) {
        self.smtp.set_faults(&Faults::default()).unwrap();
    }

    fn refuses(&mut self, who: Who) -> bool {
        let nobody = (address(who).to_owned(), "550 5.1.1 no such user".to_owned());
        let never = Faults {
            refuse_rcpt: BTreeMap::from([nobody]),
            ..Faults::default()
        };
        self.smtp.set_faults(&never).unwrap();
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![address(Who::Ana).to_owned(), "Tajni naslov".to_owned()]
    }
}
