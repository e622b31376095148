//! Mail lines with slow, unreliable or misconfigured servers, and with each method of logging in.

use std::time::Duration;

use hotline_tests::{
    peers::{
        cable::Cable,
        dovecot::Dovecot,
        smtp::{Faults, Smtp},
        wait_until,
    },
    service::{CENTRE, Service, mail_lines},
    staff::{PASSWORD, Staff, text},
};
use serde_json::{Value, json};

const PEOPLE: [(&str, &str); 2] = [("kontakt", "kontakt"), ("ana", "ana")];

async fn servers() -> (Dovecot, Smtp) {
    let dovecot = Dovecot::start(&PEOPLE).await.unwrap();
    let smtp = mail_server(&dovecot).await;
    (dovecot, smtp)
}

async fn mail_server(dovecot: &Dovecot) -> Smtp {
    Smtp::start(dovecot, &[("ana@example.org", "ana"), (CENTRE, "kontakt")])
        .await
        .unwrap()
}

fn letter(number: usize, text: &str) -> Vec<u8> {
    format!(
        "From: <ana@example.org>\r\nTo: <{CENTRE}>\r\nSubject: mail {number}\r\nMessage-ID: <m{number}@example.org>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

/// Returns the settings of the mail line, with these keys for IMAP and SMTP.
fn lines(imap: &str, smtp: &str) -> String {
    format!(
        "[lines.mail]\nchannel = \"email\"\naddress = \"{CENTRE}\"\nacknowledge = false\n\
         [lines.mail.imap]\nhost = \"localhost\"\npoll_seconds = 3\n{imap}\n[lines.mail.smtp]\n{smtp}\n"
    )
}

fn plain_smtp(smtp: &Smtp) -> String {
    format!(
        "host = \"127.0.0.1\"\nport = {}\nsecurity = \"plain\"",
        smtp.port()
    )
}

async fn running(lines: &str) -> (Service, Staff) {
    let mut service = Service::with_lines(None, lines).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    (service, staff)
}

/// Returns the text about the line `mail` on the desk's queue page, in English.
async fn queue_page(service: &Service) -> String {
    let staff = match service.log_in("sara").await {
        Ok(staff) => staff,
        Err(_) => service.hire("sara", "supervisor").await.unwrap(),
    };
    staff.page("/desk/queue").await.unwrap()
}

#[tokio::test]
async fn a_message_that_cannot_be_fetched_holds_up_no_other_and_is_asked_for_again() {
    let (dovecot, smtp) = servers().await;
    dovecot
        .deliver_many("kontakt", (1..=100).map(|number| letter(number, "x")))
        .unwrap();
    dovecot.let_read("kontakt", 37, false).unwrap();
    let (service, staff) = running(&mail_lines(&dovecot, &smtp, "acknowledge = false")).await;
    let contacts = staff.until_contacts(99).await.unwrap();
    assert!(
        !contacts
            .iter()
            .any(|contact| text(contact, "/subject") == "mail 37"),
        "37 cannot be read"
    );
    wait_until(Duration::from_secs(20), || async {
        queue_page(&service)
            .await
            .contains("some messages cannot be fetched; they are asked for again")
    })
    .await
    .unwrap();
    dovecot.deliver("kontakt", &letter(101, "x")).unwrap();
    staff.until_contacts(100).await.unwrap();
    dovecot.let_read("kontakt", 37, true).unwrap();
    staff.until_contacts(101).await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        !queue_page(&service).await.contains("cannot be fetched")
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_cable_that_breaks_in_the_middle_of_a_large_mail_loses_nothing() {
    let (dovecot, smtp) = servers().await;
    let cable = Cable::to(dovecot.imap_port()).await.unwrap();
    let large = "Slika u rečima. ".repeat(120_000);
    for (number, words) in [(1, "prva"), (2, large.as_str()), (3, "treća")] {
        dovecot.deliver("kontakt", &letter(number, words)).unwrap();
    }
    let imap = format!(
        "port = {}\nsecurity = \"plain\"\nuser = \"kontakt\"\npassword = \"kontakt\"",
        cable.port()
    );
    // Two megabytes take five seconds at this speed. The first two attempts are cut in the middle.
    cable.slow(400_000);
    cable.cut_after(900_000);
    let (service, staff) = running(&lines(&imap, &plain_smtp(&smtp))).await;
    wait_until(Duration::from_secs(20), || async { cable.cuts() == 1 })
        .await
        .unwrap();
    cable.cut_after(1_200_000);
    wait_until(Duration::from_secs(100), || async {
        staff.contacts().await.unwrap().len() == 3
    })
    .await
    .unwrap();
    assert_eq!(cable.cuts(), 2);
    assert_eq!(
        staff.get("/api/v1/statistics/totals").await.unwrap().get("total"),
        Some(&json!(3))
    );
    service.must(&["reconcile"]).unwrap();
}

#[tokio::test]
async fn starttls_with_a_password_both_ways_and_never_without_it() {
    let (dovecot, smtp) = servers().await;
    let (user, password) = smtp.credentials();
    let imap = |security: &str| {
        format!(
            "port = {}\nsecurity = \"{security}\"\nca_file = \"{}\"\nuser = \"kontakt\"\npassword = \"kontakt\"",
            dovecot.imap_port(),
            dovecot.ca_file().display()
        )
    };
    let submission = format!(
        "host = \"localhost\"\nport = {}\nsecurity = \"starttls\"\nca_file = \"{}\"\nuser = \"{user}\"\npassword = \"{password}\"",
        smtp.submission_port(),
        dovecot.ca_file().display()
    );
    dovecot.deliver("kontakt", &letter(1, "Zdravo")).unwrap();
    let (service, staff) = running(&lines(&imap("starttls"), &submission)).await;
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference");
    staff.reply(reference, "Tu smo.").await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        !dovecot.messages("ana").unwrap().is_empty()
    })
    .await
    .unwrap();
    let checked = service.must(&["check"]).unwrap();
    assert!(checked.contains("logged in, INBOX holds 1 messages"), "{checked}");
    assert!(
        checked.contains(&format!("ready to send as {CENTRE}")),
        "{checked}"
    );

    // A wrong password and a missing feature of the server cause different messages.
    for (imap, smtp, said) in [
        (
            imap("starttls").replace("password = \"kontakt\"", "password = \"wrong\""),
            submission.clone(),
            "The server refused the log-in",
        ),
        (imap("tls"), submission.clone(), "No TLS connection"),
        (
            imap("starttls"),
            submission.replace(password, "wrong"),
            "The SMTP server does not answer",
        ),
        (
            imap("starttls").replace("ca_file", "# ca_file"),
            submission.clone(),
            "No TLS connection",
        ),
    ] {
        let other = Service::with_lines(None, &lines(&imap, &smtp)).unwrap();
        let output = other.run(&["check"], "").unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            !output.status.success() && printed.contains(said),
            "{said}: {printed}"
        );
    }
}

#[tokio::test]
async fn a_token_command_logs_in_by_xoauth2_both_ways() {
    let (dovecot, smtp) = servers().await;
    let (user, _) = smtp.credentials();
    let toml = |command: String| format!("token_command = '''{command}'''");
    let imap = format!(
        "port = {}\nsecurity = \"tls\"\nca_file = \"{}\"\nuser = \"kontakt\"\n{}",
        dovecot.imaps_port(),
        dovecot.ca_file().display(),
        toml(dovecot.token_command("kontakt"))
    );
    let submission = format!(
        "host = \"localhost\"\nport = {}\nsecurity = \"starttls\"\nca_file = \"{}\"\nuser = \"{user}\"\n{}",
        smtp.submission_port(),
        dovecot.ca_file().display(),
        toml(dovecot.token_command(user))
    );
    dovecot.deliver("kontakt", &letter(1, "Zdravo")).unwrap();
    let (_service, staff) = running(&lines(&imap, &submission)).await;
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference");
    staff.reply(reference, "Tu smo.").await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        !dovecot.messages("ana").unwrap().is_empty()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_server_without_idle_is_polled_and_one_that_hangs_up_is_called_again() {
    let dovecot = Dovecot::start_with(&PEOPLE, "imap_capability = IMAP4rev1\n")
        .await
        .unwrap();
    let smtp = mail_server(&dovecot).await;
    let (_service, staff) = running(&mail_lines(&dovecot, &smtp, "acknowledge = false")).await;
    for number in 1..=6 {
        dovecot.deliver("kontakt", &letter(number, "x")).unwrap();
        staff.until_contacts(number).await.unwrap();
        // Between two connections, `kick` finds no connection and fails.
        let _ = dovecot.kick("kontakt").await;
    }
}

#[tokio::test]
async fn no_mail_slips_through_between_a_look_and_the_wait_for_the_next() {
    let (dovecot, smtp) = servers().await;
    // With four minutes between polls, mail must arrive through IMAP IDLE.
    let patient =
        mail_lines(&dovecot, &smtp, "acknowledge = false").replace("poll_seconds = 5", "poll_seconds = 240");
    assert!(patient.contains("poll_seconds = 240"));
    let (_service, staff) = running(&patient).await;
    for number in 1..=25 {
        dovecot.deliver("kontakt", &letter(number, "x")).unwrap();
        wait_until(Duration::from_secs(20), || async {
            let totals = staff.get("/api/v1/statistics/totals").await.unwrap();
            totals.get("total") == Some(&json!(number))
        })
        .await
        .unwrap_or_else(|_| panic!("mail {number} was not told of"));
        tokio::time::sleep(Duration::from_millis(number as u64 % 9)).await;
    }
}

#[tokio::test]
async fn every_golden_mail_is_accounted_for() {
    let (dovecot, smtp) = servers().await;
    let (service, staff) = running(&mail_lines(&dovecot, &smtp, "acknowledge = true")).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/email");
    let mut sent = 0usize;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "eml") {
            dovecot.deliver("kontakt", &std::fs::read(path).unwrap()).unwrap();
            sent += 1;
        }
    }
    assert!(sent > 100);
    let outcome = |printed: &str, name: &str| {
        let words: Vec<&str> = printed.split([' ', '(', ')', ',', ';', '\n']).collect();
        let at = words.iter().position(|word| *word == name);
        at.and_then(|at| words.get(at - 1)?.parse::<usize>().ok())
            .unwrap_or_default()
    };
    let mut reconciled = String::new();
    for _ in 0..60 {
        reconciled = service.must(&["reconcile"]).unwrap_or_default();
        let mail = reconciled
            .lines()
            .filter(|line| line.starts_with("mail:"))
            .collect::<Vec<_>>()
            .join("\n");
        let settled: usize = ["message", "unreadable", "ignored", "report"]
            .iter()
            .map(|name| outcome(&mail, name))
            .sum();
        if settled == sent {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mail: Vec<&str> = reconciled
        .lines()
        .filter(|line| line.starts_with("mail:"))
        .collect();
    let mail = mail.join("\n");
    let count = |name| outcome(&mail, name);
    assert_eq!(
        count("message") + count("unreadable") + count("ignored") + count("report"),
        sent,
        "{reconciled}"
    );
    assert_eq!(count("accepted"), sent, "{reconciled}");
    let contacts = staff.contacts().await.unwrap().len();
    let joined = count("message") + count("unreadable") - contacts;
    assert!(joined <= 3, "hardly any of them belongs to another: {joined}");
    service.must(&["statistics", "verify"]).unwrap();
    // Every contact opens on the desk.
    for contact in staff.contacts().await.unwrap() {
        staff.contact(text(&contact, "/reference")).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_too_large_is_registered_by_its_head_and_seventy_parts_are_kept_once() {
    let (dovecot, smtp) = servers().await;
    let more = "acknowledge = false\nmax_size = 300000";
    let (mut service, staff) = running(&mail_lines(&dovecot, &smtp, more)).await;
    dovecot
        .deliver("kontakt", &letter(1, &"velika ".repeat(100_000)))
        .unwrap();
    let mut many = format!(
        "From: <ana@example.org>\r\nTo: <{CENTRE}>\r\nSubject: sedamdeset\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nevo ih\r\n"
    );
    for number in 0..70 {
        many.push_str(&format!(
            "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"isto-ime.pdf\"\r\n\r\n%PDF {number}\r\n"
        ));
    }
    many.push_str("--b--\r\n");
    dovecot.deliver("kontakt", many.as_bytes()).unwrap();
    let contacts = staff.until_contacts(2).await.unwrap();
    let whole = |subject: &'static str| {
        let contact = contacts
            .iter()
            .find(|one| text(one, "/subject") == subject)
            .unwrap();
        staff.contact(text(contact, "/reference"))
    };
    let large = whole("mail 1").await.unwrap();
    assert_eq!(large.pointer("/messages/0/remarks/0"), Some(&json!("too_large")));
    let seventy = whole("sedamdeset").await.unwrap();
    let parts = seventy
        .pointer("/messages/0/attachments")
        .and_then(Value::as_array)
        .unwrap();
    assert_eq!(parts.len(), 70);

    let files = |service: &Service| {
        std::fs::read_dir(service.data().join("attachments"))
            .unwrap()
            .count()
    };
    let before = files(&service);
    dovecot.change_uid_validity("kontakt", "INBOX").await.unwrap();
    service.stop();
    service.start().await.unwrap();
    dovecot.deliver("kontakt", &letter(3, "posle")).unwrap();
    let staff = service.log_in("mila").await.unwrap();
    staff.until_contacts(3).await.unwrap();
    assert_eq!(files(&service), before, "what is read again is not stored again");
}

#[tokio::test]
async fn a_mailbox_that_takes_no_attachments_names_them_and_hands_out_none() {
    let (dovecot, smtp) = servers().await;
    let more = "acknowledge = false\nattachments = \"never\"";
    let (_service, staff) = running(&mail_lines(&dovecot, &smtp, more)).await;
    let mail = format!(
        "From: <ana@example.org>\r\nTo: <{CENTRE}>\r\nSubject: slika\r\nMIME-Version: 1.0\r\nContent-Type: image/png; name=a.png\r\n\
         Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
    );
    dovecot.deliver("kontakt", mail.as_bytes()).unwrap();
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference");
    let contact = staff.contact(reference).await.unwrap();
    let part = contact.pointer("/messages/0/attachments/0").unwrap();
    assert_eq!(part.get("held"), Some(&json!("not_taken")));
    assert_eq!(part.get("size"), Some(&json!(8)));
    let path = format!("/desk/contacts/{reference}/attachments/{}", text(part, "/id"));
    assert_eq!(staff.status(reqwest::Method::GET, &path).await.unwrap(), 404);
}

#[tokio::test]
async fn a_mailbox_that_takes_no_attachments_stores_no_byte_of_them() {
    let (dovecot, smtp) = servers().await;
    let more = "acknowledge = false\nattachments = \"never\"";
    let (service, staff) = running(&mail_lines(&dovecot, &smtp, more)).await;
    let picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ";
    let mail = format!(
        "From: <ana@example.org>\r\nTo: <{CENTRE}>\r\nSubject: slika\r\nMessage-ID: <slika@example.org>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nEvo slike.\r\n\
         --b\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n{picture}\r\n--b--\r\n"
    );
    dovecot.deliver("kontakt", mail.as_bytes()).unwrap();
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference");
    let contact = staff.contact(reference).await.unwrap();
    let part = contact.pointer("/messages/0/attachments/0").unwrap();
    assert_eq!((text(part, "/name"), text(part, "/held")), ("a.png", "not_taken"));
    assert_eq!(part.get("size"), Some(&json!(33)));
    assert_eq!(text(&contact, "/messages/0/text"), "Evo slike.");

    let supervisor = service.hire("petra", "supervisor").await.unwrap();
    supervisor
        .post(
            &format!("/api/v1/contacts/{reference}/reveal"),
            &json!({ "reason": "emergency", "password": PASSWORD }),
        )
        .await
        .unwrap();
    let id = text(&contact, "/messages/0/id");
    let source = format!("/desk/contacts/{reference}/messages/{id}/source");
    let raw = supervisor.bytes(&source).await.unwrap();
    let raw = String::from_utf8(raw).unwrap();
    assert!(
        raw.contains("Evo slike.") && raw.contains("name=a.png") && raw.contains("X-Hotline-Removed: 33"),
        "{raw}"
    );
    assert!(!raw.contains("iVBORw0KGgo"), "{raw}");
    // The mail in the mailbox still has the picture, and is recognised as accepted.
    let reconciled = service.must(&["reconcile"]).unwrap();
    assert!(
        reconciled.contains("its source holds 1, 0 of them never accepted"),
        "{reconciled}"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_250_is_shown_as_uncertain_and_repeated_with_the_same_id() {
    let (dovecot, smtp) = servers().await;
    let mut service = Service::with_mail(None, &dovecot, &smtp, "acknowledge = false").unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    dovecot.deliver("kontakt", &letter(1, "Zdravo")).unwrap();
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference").to_owned();
    smtp.set_faults(&Faults {
        drop_before_250: 2,
        deliver_dropped: true,
        ..Faults::default()
    })
    .unwrap();
    staff.reply(&reference, "Da li je stiglo?").await.unwrap();
    staff.until_reply_is(&reference, "unknown").await.unwrap();
    service.set_clock("+1h").unwrap();
    wait_until(Duration::from_secs(20), || async {
        smtp.journal().unwrap().len() == 2
    })
    .await
    .unwrap();
    let staff = staff_again(&service).await;
    staff.until_reply_is(&reference, "unknown").await.unwrap();
    let listed = staff.contacts().await.unwrap();
    assert_eq!(
        text(listed.first().unwrap(), "/undelivered"),
        "unknown",
        "after a quarter of an hour the list says so"
    );
    service.set_clock("+2h").unwrap();
    let staff = staff_again(&service).await;
    staff.until_reply_is(&reference, "sent").await.unwrap();
    let mails = dovecot.messages("ana").unwrap();
    let ids: Vec<String> = mails.iter().map(|mail| message_id(mail)).collect();
    assert_eq!(ids.len(), 3, "SMTP cannot tell that the first two were taken");
    assert!(ids.iter().all(|id| id == &ids[0]), "so all have one id: {ids:?}");
}

#[tokio::test]
async fn a_relay_away_for_six_hours_gets_each_reply_once_and_one_away_for_days_makes_them_failed() {
    let (dovecot, smtp) = servers().await;
    let mut service = Service::with_mail(None, &dovecot, &smtp, "acknowledge = false").unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    for number in 1..=5 {
        dovecot.deliver("kontakt", &letter(number, "Zdravo")).unwrap();
    }
    let contacts = staff.until_contacts(5).await.unwrap();
    smtp.stop().await.unwrap();
    for contact in &contacts {
        let reference = text(contact, "/reference");
        staff.reply(reference, "Odgovor").await.unwrap();
    }
    for contact in &contacts {
        staff
            .until_reply_is(text(contact, "/reference"), "delayed")
            .await
            .unwrap();
    }
    for hours in [1, 3, 6] {
        service.set_clock(&format!("+{hours}h")).unwrap();
        tried_again(&service, 5).await;
    }
    smtp.start_again().await.unwrap();
    service.set_clock("+12h").unwrap();
    let staff = staff_again(&service).await;
    for contact in &contacts {
        staff
            .until_reply_is(text(contact, "/reference"), "sent")
            .await
            .unwrap();
    }
    assert_eq!(smtp.journal().unwrap().len(), 5, "each once");

    smtp.stop().await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference").to_owned();
    staff.reply(&reference, "Odgovor koji ne stiže").await.unwrap();
    // Each round advances the clock by eight hours and waits for one attempt.
    for round in 1..=100 {
        service.set_clock(&format!("+{}h", 12 + round * 8)).unwrap();
        if tried_again(&service, 1).await == 0 {
            break;
        }
    }
    let staff = staff_again(&service).await;
    staff.until_reply_is(&reference, "failed").await.unwrap();
    let (state, said) = staff.last_reply(&reference).await.unwrap();
    assert_eq!(state, "failed", "{said}");
    assert!(said.starts_with("given up on after five days"), "{said}");
    assert_eq!(
        text(&staff.contact(&reference).await.unwrap(), "/status"),
        "waiting",
        "somebody has to look again"
    );
}

#[tokio::test]
async fn a_clock_set_back_or_forward_stops_nothing() {
    let (dovecot, smtp) = servers().await;
    let mut service = Service::with_mail(None, &dovecot, &smtp, "acknowledge = true").unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    for (number, offset) in [(1, "+0"), (2, "+1d"), (3, "-1d"), (4, "+1h"), (5, "-1h")] {
        service.set_clock(offset).unwrap();
        dovecot
            .deliver("kontakt", &letter(number, &format!("broj {number}")))
            .unwrap();
        let staff = staff_again(&service).await;
        staff.until_contacts(number).await.unwrap();
    }
    drop(staff);
    wait_until(Duration::from_secs(20), || async {
        service
            .must(&["queue", "list"])
            .unwrap()
            .contains("Nothing waits")
    })
    .await
    .unwrap();
    service.must(&["statistics", "verify"]).unwrap();
    let ids: Vec<String> = smtp
        .journal()
        .unwrap()
        .iter()
        .map(|mail| message_id(&mail.data))
        .collect();
    let different: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), different.len(), "no acknowledgement twice");
}

/// Waits until every delivery job was attempted, so that none is due by the service's own clock. Returns the number of jobs.
async fn tried_again(service: &Service, at_most: usize) -> usize {
    let mut jobs = 0;
    wait_until(Duration::from_secs(20), || async {
        let list = service.must(&["queue", "list"]).unwrap();
        list.contains("Nothing waits")
            || list
                .lines()
                .all(|line| line.contains("ready") && !line.contains(" overdue"))
    })
    .await
    .unwrap();
    let list = service.must(&["queue", "list"]).unwrap();
    if !list.contains("Nothing waits") {
        jobs = list.lines().count();
    }
    assert!(jobs <= at_most);
    jobs
}

/// Logs in again, because a session lasts half an hour on the service's own clock.
async fn staff_again(service: &Service) -> Staff {
    service.log_in("mila").await.unwrap()
}

fn message_id(mail: &[u8]) -> String {
    let mail = String::from_utf8_lossy(mail);
    let line = mail.lines().find(|line| line.starts_with("Message-ID:"));
    line.unwrap_or_default().to_owned()
}
