//! Full disks, lost databases and duplicate processes: no message is lost or duplicated.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use hotline_tests::{
    peers::{
        disk::SmallDisk,
        dovecot::Dovecot,
        postgres::{FreshDatabase, Postgres},
        smtp::Smtp,
        wait_until,
    },
    service::{CENTRE, Service, mail_lines},
    staff::{Staff, text},
};
use reqwest::Method;
use serde_json::json;

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

/// Posts a message and returns the status; `None` without a response.
async fn post(client: &reqwest::Client, base: &str, number: usize) -> Option<u16> {
    let answer = client
        .post(format!("{base}/api/v1/contacts"))
        .header("idempotency-key", format!("post-{number}"))
        .json(&json!({ "kind": "advice", "message": format!("poruka {number} {}", "reč ".repeat(4_000)) }))
        .send()
        .await
        .ok()?;
    Some(answer.status().as_u16())
}

async fn mailbox() -> (Dovecot, Smtp) {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("ana", "ana")])
        .await
        .unwrap();
    let people = [("ana@example.org", "ana"), (CENTRE, "kontakt")];
    let smtp = Smtp::start(&dovecot, &people).await.unwrap();
    (dovecot, smtp)
}

fn letter(number: usize) -> Vec<u8> {
    format!(
        "From: <ana+{number}@example.org>\r\nTo: <{CENTRE}>\r\nSubject: mail {number}\r\n\
         Message-ID: <m{number}@example.org>\r\n\r\ntekst {number}\r\n"
    )
    .into_bytes()
}

async fn idle(service: &Service) {
    wait_until(Duration::from_secs(60), || async {
        service
            .must(&["queue", "list"])
            .is_ok_and(|list| list.contains("Nothing waits"))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_goes_on_by_itself_when_there_is_room() {
    let disk = SmallDisk::new(64).unwrap();
    let (dovecot, smtp) = mailbox().await;
    let lines = mail_lines(&dovecot, &smtp, "acknowledge = false");
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.keep_data_in(disk.path()).unwrap();
    service.set_data_keys("reserve_mib = 1").unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let client = client();
    for number in 0..20 {
        assert_eq!(post(&client, &service.base(), number).await, Some(201));
    }
    staff.until_contacts(20).await.unwrap();
    disk.fill().unwrap();
    for number in 20..30 {
        assert_eq!(post(&client, &service.base(), number).await, Some(503));
    }
    dovecot.deliver_many("kontakt", (0..10).map(letter)).unwrap();
    wait_until(Duration::from_secs(5), || async {
        staff.status(Method::GET, "/readyz").await.unwrap() == 503
    })
    .await
    .unwrap();
    assert_eq!(staff.status(Method::GET, "/healthz").await.unwrap(), 200);
    assert_eq!(
        staff.status(Method::GET, "/desk/inbox").await.unwrap(),
        200,
        "staff can still read"
    );
    let fields = [("message", "pomoć"), ("lang", "sr-Latn"), ("id", "x")];
    let form = client.post(format!("{}/advice", service.base())).form(&fields);
    let page = form.send().await.unwrap();
    assert_eq!(page.status().as_u16(), 503);
    assert_eq!(page.headers().get("retry-after").unwrap(), "30");
    let page = page.text().await.unwrap();
    assert!(page.contains("tel:192"), "with whom to call meanwhile");
    assert!(page.contains(">pomoć</textarea>"), "and what was typed");
    assert_eq!(staff.contacts().await.unwrap().len(), 20);

    disk.free().unwrap();
    for number in 20..30 {
        assert_eq!(post(&client, &service.base(), number).await, Some(201));
    }
    staff.until_contacts(20 + 10 + 10).await.unwrap();
    idle(&service).await;
    service.must(&["statistics", "verify"]).unwrap();
    service.must(&["reconcile"]).unwrap();
}

#[tokio::test]
async fn a_disk_filled_to_the_last_byte_in_the_middle_of_commits_loses_nothing_that_was_acknowledged() {
    let disk = SmallDisk::new(32).unwrap();
    let mut service = Service::new(None).unwrap();
    service.keep_data_in(disk.path()).unwrap();
    service.set_data_keys("reserve_mib = 0").unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let client = client();
    let (mut accepted, mut refused) = (0, 0);
    // Free space inside the database files is used up first, so some messages are still accepted.
    disk.fill().unwrap();
    for number in 0..3_000 {
        match post(&client, &service.base(), number).await {
            Some(201) => accepted += 1,
            Some(503) => refused += 1,
            other => panic!("{other:?}"),
        }
        if refused == 20 {
            break;
        }
    }
    assert_eq!(refused, 20, "a full disk is noticed");
    disk.free().unwrap();
    for number in 3_000..3_010 {
        assert_eq!(post(&client, &service.base(), number).await, Some(201));
        accepted += 1;
    }
    idle(&service).await;
    assert_eq!(staff.contacts().await.unwrap().len(), accepted);
    service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test]
async fn a_disk_with_less_than_its_reserve_accepts_nothing_and_mail_stays_where_it_is() {
    let (dovecot, smtp) = mailbox().await;
    dovecot.deliver_many("kontakt", (0..3).map(letter)).unwrap();
    let mut service = Service::with_mail(None, &dovecot, &smtp, "acknowledge = false").unwrap();
    service.set_data_keys("reserve_mib = 1000000000").unwrap();
    service.start_unready().await.unwrap();
    let client = client();
    assert_eq!(post(&client, &service.base(), 1).await, Some(503));
    let staff = service.hire("sara", "supervisor").await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        staff
            .page("/desk/queue")
            .await
            .unwrap()
            .contains("the disk is nearly full")
    })
    .await
    .unwrap();
    assert!(staff.contacts().await.unwrap().is_empty());
    service.stop();
    service.set_data_keys("").unwrap();
    service.start().await.unwrap();
    let staff = service.log_in("sara").await.unwrap();
    staff.until_contacts(3).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cuts_connections_and_dies_loses_and_doubles_nothing() {
    let postgres = Postgres::start().await.unwrap();
    let database = postgres.fresh_database().await.unwrap();
    let (dovecot, smtp) = mailbox().await;
    let lines = mail_lines(&dovecot, &smtp, "acknowledge = true");
    let mut service = Service::with_lines(Some(database.url()), &lines).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let running = Arc::new(AtomicBool::new(true));
    let next = Arc::new(AtomicUsize::new(0));
    let mut writers = Vec::new();
    for _ in 0..4 {
        let (running, next, base) = (Arc::clone(&running), Arc::clone(&next), service.base());
        writers.push(tokio::spawn(async move {
            let client = client();
            while running.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                // Posts again until there is a response, as a browser does after a broken connection.
                let mut answered = None;
                for _ in 0..600 {
                    answered = post(&client, &base, number).await;
                    if answered == Some(201) {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                assert_eq!(answered, Some(201), "post {number}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }));
    }
    for round in 0..12 {
        dovecot.deliver("kontakt", &letter(round)).unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        if round == 6 {
            postgres.restart_hard().await.unwrap();
        } else {
            postgres.cut_connections().await.unwrap();
        }
    }
    running.store(false, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let posts = next.load(Ordering::Relaxed);
    let staff = service.log_in("mila").await.unwrap();
    wait_until(Duration::from_secs(60), || async {
        staff.contacts().await.is_ok_and(|all| all.len() == posts + 12)
    })
    .await
    .unwrap();
    wait_until(Duration::from_secs(60), || async {
        smtp.journal().unwrap().len() >= 12
    })
    .await
    .unwrap();
    service.must(&["statistics", "verify"]).unwrap();
    service.must(&["reconcile"]).unwrap();
    let parked = service.must(&["queue", "list"]).unwrap();
    assert!(!parked.contains("parked"), "nothing was given up on: {parked}");
}

#[tokio::test]
async fn two_processes_on_one_mailbox_and_one_database_register_each_mail_once() {
    let postgres = Postgres::start().await.unwrap();
    let database: FreshDatabase = postgres.fresh_database().await.unwrap();
    let (dovecot, smtp) = mailbox().await;
    let lines = mail_lines(&dovecot, &smtp, "acknowledge = true");
    let mut one = Service::with_lines(Some(database.url()), &lines).unwrap();
    one.start().await.unwrap();
    let mut other = Service::with_lines(Some(database.url()), &lines).unwrap();
    other.share_key_of(&one).unwrap();
    other.start().await.unwrap();
    let staff = one.hire("mila", "counsellor").await.unwrap();
    dovecot.deliver_many("kontakt", (0..60).map(letter)).unwrap();
    let contacts = staff.until_contacts(60).await.unwrap();
    let elsewhere: Staff = other.log_in("mila").await.unwrap();
    let whole = elsewhere
        .contact(text(contacts.first().unwrap(), "/reference"))
        .await
        .unwrap();
    assert!(text(&whole, "/messages/0/text").starts_with("tekst"));
    wait_until(Duration::from_secs(30), || async {
        smtp.journal().unwrap().len() >= 60
    })
    .await
    .unwrap();
    idle(&one).await;
    assert_eq!(smtp.journal().unwrap().len(), 60, "each acknowledged once");
    one.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test]
async fn a_second_process_on_the_same_sqlite_folder_is_refused() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let output = service.run_bounded(&["serve"]).unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("another hotline serves this data folder already"),
        "{said}"
    );
    // After a kill the service can be started again at once.
    service.kill();
    service.start().await.unwrap();
}

#[tokio::test]
async fn a_visitor_who_left_an_address_is_answered_there_as_well() {
    let (dovecot, smtp) = mailbox().await;
    let lines = mail_lines(&dovecot, &smtp, "acknowledge = false");
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.set_form_keys("answers_also_by = \"mail\"").unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let with = json!({ "kind": "advice", "message": "s adresom", "reply_to": "ana@example.org" });
    let without = json!({ "kind": "advice", "message": "bez adrese" });
    for post in [&with, &without] {
        let answer = client()
            .post(format!("{}/api/v1/contacts", service.base()))
            .json(post)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 201);
    }
    for contact in staff.until_contacts(2).await.unwrap() {
        staff
            .reply(text(&contact, "/reference"), "Odgovor centra")
            .await
            .unwrap();
    }
    idle(&service).await;
    let mails = dovecot.messages("ana").unwrap();
    assert_eq!(mails.len(), 1, "who left no address gets no mail");
    let mail = String::from_utf8_lossy(&mails[0]).into_owned();
    assert!(
        mail.contains("Odgovor centra") && !mail.contains("adresom"),
        "nothing of the question is repeated: {mail}"
    );
}
