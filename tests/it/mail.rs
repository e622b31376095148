//! Mail, from a person's server to the desk and back.

use std::time::Duration;

use fantoccini::Locator;
use hotline_tests::{
    peers::{
        browser::Browser,
        dovecot::Dovecot,
        smtp::{Faults, Smtp},
        wait_until,
    },
    service::{CENTRE, Service, mail_lines, send_mail},
    staff::{PASSWORD, text},
};
use serde_json::{Value, json};

/// Ana and a stranger, who write to the centre through the same server.
pub struct World {
    dovecot: Dovecot,
    smtp: Smtp,
    pub service: Service,
}

pub async fn world(more: &str) -> World {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("ana", "ana"), ("stranac", "stranac")])
        .await
        .unwrap();
    let people = [
        ("ana@example.org", "ana"),
        ("stranac@example.com", "stranac"),
        (CENTRE, "kontakt"),
    ];
    let smtp = Smtp::start(&dovecot, &people).await.unwrap();
    let lines = mail_lines(&dovecot, &smtp, more).replace("poll_seconds = 5", "poll_seconds = 1");
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.set_masking_keys("enabled = false").unwrap();
    service.start().await.unwrap();
    World {
        dovecot,
        smtp,
        service,
    }
}

fn letter(from: &str, id: &str, subject: &str, more: &str, text: &str) -> String {
    format!(
        "From: {from}\nTo: <{CENTRE}>\nSubject: {subject}\nMessage-ID: <{id}>\n{more}MIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    )
}

impl World {
    pub async fn ana_writes(&self, id: &str, more: &str, text: &str) {
        let mail = letter("Ana <ana@example.org>", id, "Pomoć", more, text);
        send_mail(self.smtp.port(), "ana@example.org", CENTRE, &mail)
            .await
            .unwrap();
    }

    /// Waits until a mail with these words arrives for a user.
    pub async fn arrives(&self, user: &str, words: &str) -> String {
        let mut found = String::new();
        for _ in 0..600 {
            let mails = self.dovecot.messages(user).unwrap();
            let texts = mails
                .iter()
                .map(|mail| String::from_utf8_lossy(mail).into_owned());
            if let Some(mail) = texts.into_iter().find(|mail| mail.contains(words)) {
                found = mail;
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(!found.is_empty(), "{user} never got {words:?}");
        found
    }
}

fn header(mail: &str, name: &str) -> String {
    let start = format!("{name}: ");
    mail.lines()
        .find_map(|line| line.strip_prefix(&start))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

async fn log_in(browser: &Browser, service: &Service) {
    let client = browser.client();
    client
        .goto(&format!("{}/desk/login", service.base()))
        .await
        .unwrap();
    client
        .find(Locator::Css("#login"))
        .await
        .unwrap()
        .send_keys("mila")
        .await
        .unwrap();
    client
        .find(Locator::Css("#password"))
        .await
        .unwrap()
        .send_keys(PASSWORD)
        .await
        .unwrap();
    client
        .find(Locator::Css("main button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    client.wait().for_element(Locator::Css("#list")).await.unwrap();
}

#[tokio::test]
async fn a_mail_shows_live_is_answered_and_its_answer_joins_while_a_strangers_copy_does_not() {
    let world = world("acknowledge = false").await;
    let staff = world.service.hire("mila", "counsellor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    log_in(&browser, &world.service).await;
    let client = browser.client();
    // Sets a variable in the page, which a reload would remove.
    client
        .execute("window.neverReloaded = true", vec![])
        .await
        .unwrap();

    let sent = std::time::Instant::now();
    world
        .ana_writes("first@example.org", "", "Neko mi preti na mreži.")
        .await;
    let row = client
        .wait()
        .at_most(Duration::from_secs(10))
        .for_element(Locator::Css("#list [data-row]"))
        .await
        .unwrap();
    let shown_after = sent.elapsed();
    assert!(row.text().await.unwrap().contains("Neko mi preti"));
    assert_eq!(
        client
            .execute("return window.neverReloaded", vec![])
            .await
            .unwrap(),
        json!(true)
    );
    // Only the benchmark checks the duration, because the test machine may be busy.
    eprintln!("shown {shown_after:?} after it was sent");

    row.click().await.unwrap();
    client
        .wait()
        .for_element(Locator::Css("#reply"))
        .await
        .unwrap()
        .send_keys("Tu smo, Ana.")
        .await
        .unwrap();
    client
        .find(Locator::Css("[data-send]"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    let reply = world.arrives("ana", "Tu smo, Ana.").await;
    assert_eq!(header(&reply, "In-Reply-To"), "<first@example.org>");
    assert_eq!(header(&reply, "References"), "<first@example.org>");
    let our_id = header(&reply, "Message-ID");

    let evidence = format!("In-Reply-To: {our_id}\nReferences: <first@example.org> {our_id}\n");
    world
        .ana_writes("second@example.org", &evidence, "Hvala, ima još nešto.")
        .await;
    let joined = client.wait().at_most(Duration::from_secs(10));
    joined
        .for_element(Locator::XPath(
            "//*[@id='thread']//*[contains(., 'ima još nešto')]",
        ))
        .await
        .unwrap();
    assert_eq!(staff.contacts().await.unwrap().len(), 1, "the answer joined");

    let copied = letter(
        "Stranac <stranac@example.com>",
        "third@example.com",
        "Pomoć",
        &evidence,
        "Ko je Ana?",
    );
    send_mail(world.smtp.port(), "stranac@example.com", CENTRE, &copied)
        .await
        .unwrap();
    let contacts = staff.until_contacts(2).await.unwrap();
    let stranger = staff
        .contact(text(contacts.first().unwrap(), "/reference"))
        .await
        .unwrap();
    assert_eq!(text(&stranger, "/identifier"), "stranac@example.com");
    let first = text(contacts.last().unwrap(), "/reference");
    assert_eq!(
        text(&stranger, "/refers_to"),
        first,
        "shown for a counsellor to link"
    );
    let totals = staff.get("/api/v1/statistics/totals").await.unwrap();
    assert_eq!(totals.get("total"), Some(&json!(2)));

    let violations = browser.axe().await.unwrap();
    assert_eq!(violations, json!([]), "accessibility");
    browser.close().await.unwrap();
}

#[tokio::test]
async fn no_forgery_joins_anothers_contact_or_speaks_for_staff() {
    let world = world("acknowledge = false").await;
    let staff = world.service.hire("mila", "counsellor").await.unwrap();
    world.ana_writes("first@example.org", "", "Moja tajna").await;
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference").to_owned();
    staff.reply(&reference, "Tu smo, Ana.").await.unwrap();
    let reply = world.arrives("ana", "Tu smo, Ana.").await;
    let ours = header(&reply, "Message-ID");
    let tagged = reply.split(['<', '>']).find(|part| part.starts_with("kontakt+"));
    let tagged = tagged.unwrap().to_owned();
    let guessed = ours.replace("r.", "r.0");
    let evidence = format!("In-Reply-To: {ours}\nReferences: <first@example.org> {ours}\n");
    let stranger = "Stranac <stranac@example.com>";
    let forgeries = [
        // Another sender uses Ana's evidence, in each of the ways that link a mail to its thread.
        (stranger, CENTRE, evidence.clone(), "Pomoć".to_owned()),
        (stranger, tagged.as_str(), String::new(), "Pomoć".to_owned()),
        (
            stranger,
            tagged.as_str(),
            evidence,
            format!("Re: [{reference}] Pomoć"),
        ),
        (
            stranger,
            CENTRE,
            "X-Hotline-Contact: 1\nThread-Topic: Pomoć\n".to_owned(),
            format!("#{reference}"),
        ),
        // Ana's address is used without the evidence that only Ana has.
        (
            "Ana <ana@example.org>",
            CENTRE,
            String::new(),
            format!("Re: [{reference}] Pomoć"),
        ),
        (
            "Ana <ana@example.org>",
            CENTRE,
            format!("In-Reply-To: {guessed}\nReferences: {guessed}\n"),
            "Re: Pomoć".to_owned(),
        ),
        (
            "Ana <ana@example.org>",
            "kontakt+aaaaaaaaaaaaaaaaaaaa@centar.example.org",
            String::new(),
            "Re: Pomoć".to_owned(),
        ),
        // The sender has an address that resembles Ana's, or the address of a member of staff.
        (
            "Ana <ana@example.org.example.com>",
            CENTRE,
            format!("In-Reply-To: {ours}\n"),
            "Re: Pomoć".to_owned(),
        ),
        (
            "\"ana@example.org\" <stranac@example.com>",
            CENTRE,
            format!("In-Reply-To: {ours}\n"),
            "Re: Pomoć".to_owned(),
        ),
        (
            "mila <mila@centar.example.org>",
            CENTRE,
            format!("In-Reply-To: {ours}\n"),
            "Odgovori Ani".to_owned(),
        ),
    ];
    for (number, (from, to, more, subject)) in forgeries.iter().enumerate() {
        let mail = letter(
            from,
            &format!("forged-{number}@example.com"),
            subject,
            more,
            "Šta je Ana pisala?",
        );
        send_mail(world.smtp.port(), "stranac@example.com", to, &mail)
            .await
            .unwrap();
        staff.until_contacts(number + 2).await.unwrap();
    }
    let ana = staff.contact(&reference).await.unwrap();
    assert_eq!(
        ana.get("messages").and_then(Value::as_array).map(Vec::len),
        Some(2),
        "hers has what it had"
    );
    let before = world.dovecot.messages("ana").unwrap().len();
    for contact in staff.contacts().await.unwrap() {
        let whole = staff.contact(text(&contact, "/reference")).await.unwrap();
        let shows = whole.to_string().contains("Moja tajna");
        assert_eq!(shows, text(&whole, "/reference") == reference, "{whole}");
    }
    assert_eq!(before, 1, "nothing was sent in anybody's name");
}

#[tokio::test]
async fn a_first_mail_is_acknowledged_and_two_robots_fall_silent() {
    let world = world("acknowledge = true").await;
    let staff = world.service.hire("mila", "counsellor").await.unwrap();
    world.ana_writes("first@example.org", "", "Помоћ!").await;
    let acknowledgement = world.arrives("ana", "Auto-Submitted: auto-replied").await;
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference");
    assert!(
        acknowledgement.contains(reference),
        "it says the reference {reference}"
    );
    // Programs, mailing lists and automatic replies get no acknowledgement.
    for (id, more) in [
        ("a@x", "Precedence: bulk\n"),
        ("b@x", "List-Id: <list.example.org>\n"),
        ("c@x", "Auto-Submitted: auto-generated\n"),
    ] {
        world.ana_writes(id, more, &format!("machine {id}")).await;
    }
    staff.until_contacts(4).await.unwrap();
    // A robot responds to everything with a new mail.
    for round in 0..8 {
        world
            .ana_writes(
                &format!("robot-{round}@example.org"),
                "",
                &format!("I am away, {round}"),
            )
            .await;
    }
    staff.until_contacts(12).await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        world
            .service
            .must(&["queue", "list"])
            .is_ok_and(|list| list.contains("Nothing waits"))
    })
    .await
    .unwrap();
    assert_eq!(
        world.dovecot.messages("ana").unwrap().len(),
        3,
        "three a day and no more"
    );
}

#[tokio::test]
async fn what_the_server_says_of_a_reply_is_shown_as_it_is() {
    let world = world("acknowledge = false").await;
    let staff = world.service.hire("mila", "counsellor").await.unwrap();
    world
        .ana_writes("first@example.org", "", "Da li me čujete?")
        .await;
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference").to_owned();
    let path = format!("/api/v1/contacts/{reference}/reply");

    let refused = [("ana@example.org".to_owned(), "550 5.1.1 no such user".to_owned())].into();
    world
        .smtp
        .set_faults(&Faults {
            refuse_rcpt: refused,
            ..Faults::default()
        })
        .unwrap();
    staff.reply(&reference, "Odgovor koji ne stiže").await.unwrap();
    staff.until_reply_is(&reference, "failed").await.unwrap();
    assert!(
        staff
            .last_reply(&reference)
            .await
            .unwrap()
            .1
            .contains("no such user")
    );
    assert_eq!(
        text(&staff.contact(&reference).await.unwrap(), "/status"),
        "waiting",
        "somebody has to look again"
    );

    world
        .smtp
        .set_faults(&Faults {
            temporary: true,
            ..Faults::default()
        })
        .unwrap();
    staff.reply(&reference, "Odgovor koji kasni").await.unwrap();
    staff.until_reply_is(&reference, "delayed").await.unwrap();

    // The server accepts a reply, and then reports that it was not delivered.
    world.smtp.set_faults(&Faults::default()).unwrap();
    let id = "0190b6a0-0000-7000-8000-000000000001";
    for _ in 0..2 {
        staff
            .post(&path, &json!({ "id": id, "text": "Odgovor koji se vraća" }))
            .await
            .unwrap();
    }
    let reply = world.arrives("ana", "se vra").await;
    let ours = header(&reply, "Message-ID");
    let report = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/golden/email/bounce_dsn_replace_message_id.eml"
    ));
    let report = report.unwrap().replace("<REPLACE-MESSAGE-ID>", &ours);
    world.dovecot.deliver("kontakt", report.as_bytes()).unwrap();
    staff.until_reply_is(&reference, "failed").await.unwrap();
    assert_eq!(
        staff.contacts().await.unwrap().len(),
        1,
        "a bounce opens no contact"
    );
    let mails = world.dovecot.messages("ana").unwrap();
    let times = mails
        .iter()
        .filter(|mail| String::from_utf8_lossy(mail).contains("se vra"))
        .count();
    assert_eq!(times, 1, "the same reply asked for twice is sent once");
}

#[tokio::test]
async fn after_ten_days_and_a_new_uidvalidity_everything_arrives_and_nothing_twice() {
    let mut world = world("acknowledge = false").await;
    let staff = world.service.hire("mila", "counsellor").await.unwrap();
    let mail = |number: usize| {
        let day = 1 + number % 10;
        let more = format!("Date: {day} Nov 2026 10:00:00 +0100\n");
        letter(
            &format!("<osoba{number}@example.org>"),
            &format!("m{number}@example.org"),
            "x",
            &more,
            &format!("mail {number}"),
        )
        .replace('\n', "\r\n")
        .into_bytes()
    };
    world.dovecot.deliver_many("kontakt", (0..20).map(mail)).unwrap();
    staff.until_contacts(20).await.unwrap();

    world.service.stop();
    world.dovecot.stop().await.unwrap();
    world
        .dovecot
        .deliver_many("kontakt", (20..300).map(mail))
        .unwrap();
    world.dovecot.start_again().await.unwrap();
    world.dovecot.mark_all_seen("kontakt").await.unwrap();
    world
        .dovecot
        .change_uid_validity("kontakt", "INBOX")
        .await
        .unwrap();
    world.service.give_clock().unwrap();
    world.service.set_clock("+10d").unwrap();
    world.service.start().await.unwrap();
    let staff = world.service.log_in("mila").await.unwrap();
    staff.until_contacts(300).await.unwrap();

    // Restarts the server and gives the mailbox a new UIDVALIDITY. No mail is registered twice.
    world.dovecot.stop().await.unwrap();
    world.dovecot.start_again().await.unwrap();
    world
        .dovecot
        .change_uid_validity("kontakt", "INBOX")
        .await
        .unwrap();
    world.dovecot.deliver("kontakt", &mail(300)).unwrap();
    staff.until_contacts(301).await.unwrap();
    let reconciled = world.service.must(&["reconcile"]).unwrap();
    assert!(
        reconciled.contains("its source holds 301, 0 of them never accepted"),
        "{reconciled}"
    );
    world.service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test]
async fn a_folder_is_read_by_the_name_people_gave_it() {
    let mut world = world("acknowledge = false").await;
    world.service.stop();
    let folder = "Пошта & škola";
    let create = ["mailbox", "create", "-u", "kontakt", folder];
    world.dovecot.administer(&create).await.unwrap();
    world
        .dovecot
        .deliver(
            "kontakt",
            letter("<ana@example.org>", "a@x", "x", "", "u fascikli").as_bytes(),
        )
        .unwrap();
    let put = ["move", "-u", "kontakt", folder, "mailbox", "INBOX", "ALL"];
    world.dovecot.administer(&put).await.unwrap();
    for name in [folder, "&BB8EPgRIBEIEMA- &- &AWE-kola"] {
        let lines = mail_lines(&world.dovecot, &world.smtp, "acknowledge = false").replace(
            "poll_seconds = 5",
            &format!("poll_seconds = 1\nfolder = \"{name}\""),
        );
        let mut service = Service::with_lines(None, &lines).unwrap();
        service.start().await.unwrap();
        let staff = service.hire("mila", "counsellor").await.unwrap();
        let contacts = staff.until_contacts(1).await.unwrap();
        assert_eq!(text(&contacts[0], "/first_words"), "u fascikli", "{name}");
    }
}

#[tokio::test]
async fn a_domain_in_letters_is_answered_and_a_name_in_letters_where_the_server_can() {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("ana", "ana")])
        .await
        .unwrap();
    let people = [("ana@xn--e1afmkfd.xn--90a3ac", "ana"), ("ана@example.org", "ana")];
    let smtp = Smtp::start(&dovecot, &people).await.unwrap();
    let ascii_only = |ascii_only| Faults {
        ascii_only,
        ..Faults::default()
    };
    smtp.set_faults(&ascii_only(true)).unwrap();
    let lines =
        mail_lines(&dovecot, &smtp, "acknowledge = false").replace("poll_seconds = 5", "poll_seconds = 1");
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    for (from, id) in [("ana@пример.срб", "a@x"), ("ana@xn--e1afmkfd.xn--90a3ac", "b@x")] {
        let more = if id == "b@x" { "In-Reply-To: <a@x>\n" } else { "" };
        dovecot
            .deliver("kontakt", letter(from, id, "Pitanje", more, id).as_bytes())
            .unwrap();
        staff.until_contacts(1).await.unwrap();
    }
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    staff.until_messages(&reference, 2).await.unwrap();
    staff.reply(&reference, "Tu smo.").await.unwrap();
    staff.until_reply_is(&reference, "sent").await.unwrap();
    assert_eq!(dovecot.messages("ana").unwrap().len(), 1);

    dovecot
        .deliver(
            "kontakt",
            letter("ана@example.org", "c@x", "Pitanje", "", "c").as_bytes(),
        )
        .unwrap();
    let contacts = staff.until_contacts(2).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    staff.reply(&reference, "Tu smo opet.").await.unwrap();
    staff.until_reply_is(&reference, "failed").await.unwrap();
    let (_, said) = staff.last_reply(&reference).await.unwrap();
    assert!(
        said.contains("letters that the mail server cannot send to"),
        "{said}"
    );

    smtp.set_faults(&ascii_only(false)).unwrap();
    smtp.stop().await.unwrap();
    smtp.start_again().await.unwrap();
    staff.reply(&reference, "I opet.").await.unwrap();
    staff.until_reply_is(&reference, "sent").await.unwrap();
    assert_eq!(dovecot.messages("ana").unwrap().len(), 2);
}

#[tokio::test]
async fn no_reply_goes_to_ourselves_and_none_to_a_new_address_unasked() {
    let world = world("acknowledge = true").await;
    let staff = world.service.hire("mila", "counsellor").await.unwrap();
    world
        .ana_writes("a@x", &format!("Reply-To: <{CENTRE}>\n"), "Imam pitanje.")
        .await;
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    world.arrives("ana", "Auto-Submitted: auto-replied").await;
    staff.reply(&reference, "Prvi odgovor").await.unwrap();
    let reply = world.arrives("ana", "Prvi odgovor").await;
    let ours = header(&reply, "Message-ID");
    let evidence = format!("In-Reply-To: {ours}\nReply-To: Bezbedno <stranac@example.com>\n");
    world
        .ana_writes("b@x", &evidence, "Otac cita ovo. Odgovorite drugde.")
        .await;
    staff.until_messages(&reference, 2).await.unwrap();
    let contact = staff.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/answer_to"), "ana@example.org");
    assert_eq!(text(&contact, "/other_addresses/0"), "stranac@example.com");
    let page = staff.page(&format!("/desk/contacts/{reference}")).await.unwrap();
    assert!(
        page.contains("<option value=\"stranac@example.com\">"),
        "offered on the page"
    );
    staff.reply(&reference, "Drugi odgovor").await.unwrap();
    world.arrives("ana", "Drugi odgovor").await;
    let path = format!("/api/v1/contacts/{reference}/reply");
    let chosen = json!({ "text": "Treci odgovor", "to": "stranac@example.com" });
    staff.post(&path, &chosen).await.unwrap();
    let third = world.arrives("stranac", "Treci odgovor").await;
    // A mail from the address to which the reply was sent joins the same contact.
    let answer = letter(
        "<stranac@example.com>",
        "c@x",
        "Re: x",
        &format!("In-Reply-To: {}\n", header(&third, "Message-ID")),
        "Stiglo je.",
    );
    send_mail(world.smtp.port(), "stranac@example.com", CENTRE, &answer)
        .await
        .unwrap();
    let said = staff.until_messages(&reference, 3).await.unwrap();
    assert_eq!(text(said.last().unwrap(), "/from"), "stranac@example.com");
    assert_eq!(staff.contacts().await.unwrap().len(), 1);
    let strangers = world.dovecot.messages("stranac").unwrap().len();
    assert_eq!(strangers, 1, "only what was sent there on purpose");
}
