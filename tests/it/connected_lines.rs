//! Lines that administrators connect, change, pause and resume on screen.

use std::{path::Path, time::Duration};

use hotline_core::{identifiers::line_name::LineName, intake::Intake, staff::rights::Role};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::lines::StoredLine,
};
use hotline_tests::{
    peers::{dovecot::Dovecot, postgres::Postgres, smtp::Smtp, wait_until},
    service::{CENTRE, Service, send_mail},
    staff::{Staff, text},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    schedules::send,
    store::{on_both, second_store},
    writing::posted,
};

const LINES: &str = "/api/v1/admin/lines";
const PASSWORD: &str = "lozinka-kanarinka";
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail server with the centre's mailbox and a person who writes to it.
async fn servers() -> (Dovecot, Smtp) {
    let dovecot = Dovecot::start(&[("kontakt", PASSWORD), ("ana", "ana")])
        .await
        .unwrap();
    let people = [("ana@example.org", "ana"), (CENTRE, "kontakt")];
    let smtp = Smtp::start(&dovecot, &people).await.unwrap();
    (dovecot, smtp)
}

async fn ana_writes(smtp: &Smtp, id: &str, words: &str) {
    let mail = format!(
        "From: Ana <ana@example.org>\nTo: <{CENTRE}>\nSubject: {words}\nMessage-ID: <{id}@example.org>\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\n{words}\n"
    );
    send_mail(smtp.port(), "ana@example.org", CENTRE, &mail)
        .await
        .unwrap();
}

/// Fills in the form of a mailbox.
async fn save_mailbox(vera: &Staff, dovecot: &Dovecot, smtp: &Smtp, version: &str, password: &str) -> String {
    let (imap_port, smtp_port) = (dovecot.imap_port().to_string(), smtp.port().to_string());
    let fields = [
        ("version", version),
        ("channel", "email"),
        ("name", "posta"),
        ("set.address", CENTRE),
        ("set.imap.host", "127.0.0.1"),
        ("set.imap.port", &imap_port),
        ("set.imap.security", "plain"),
        ("set.imap.user", "kontakt"),
        ("set.imap.password", password),
        ("set.imap.poll_seconds", "1"),
        ("set.smtp.host", "127.0.0.1"),
        ("set.smtp.port", &smtp_port),
        ("set.smtp.security", "plain"),
        ("set.attachments", "on_request"),
        ("set.plus_addressing", "true"),
    ];
    vera.submit("/desk/admin/lines", &fields).await.unwrap()
}

/// Returns the files below a folder that contain these bytes.
fn files_with(folder: &Path, bytes: &[u8], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with(&path, bytes, found);
        } else if std::fs::read(&path)
            .unwrap_or_default()
            .windows(bytes.len())
            .any(|part| part == bytes)
        {
            found.push(path.display().to_string());
        }
    }
}

async fn put(service: &Service, who: &Staff, line: &str, body: &Value) -> (u16, Value) {
    send(service, who, Method::PUT, &format!("{LINES}/{line}"), body).await
}

async fn act(who: &Staff, line: &str, what: &str) -> u16 {
    who.status(Method::POST, &format!("{LINES}/{line}/{what}"))
        .await
        .unwrap()
}

async fn status(service: &Service, path: &str) -> u16 {
    let answer = reqwest::get(format!("{}{path}", service.base())).await.unwrap();
    answer.status().as_u16()
}

async fn form_line(service: &Service, who: &Staff, version: i64) -> (u16, Value) {
    let body = json!({ "version": version, "channel": "webform", "settings": {} });
    put(service, who, "obrazac", &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_connected_on_screen_receives_without_a_restart() {
    let (dovecot, smtp) = servers().await;
    let mut service = Service::new(None).unwrap();
    service.permit_hosts(&["127.0.0.1", "localhost"]).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let form = vera.page("/desk/admin/connect/email").await.unwrap();
    assert!(
        form.contains("name=\"set.imap.password\"") && form.contains("type=\"password\""),
        "{form}"
    );
    let refused = save_mailbox(&vera, &dovecot, &smtp, "0", "wrong-secret").await;
    assert!(
        refused.contains("refuses the log-in") && refused.contains("Nothing was saved"),
        "{refused}"
    );
    assert!(
        refused.contains(&format!("value=\"{CENTRE}\"")) && !refused.contains("wrong-secret"),
        "{refused}"
    );
    assert!(refused.contains("name=\"untested\""), "{refused}");
    let all = vera.get(LINES).await.unwrap();
    assert_eq!(all["lines"].as_array().unwrap().len(), 1, "{all}");
    ana_writes(&smtp, "1", "Prvo pitanje").await;
    let saved = save_mailbox(&vera, &dovecot, &smtp, "0", PASSWORD).await;
    assert!(saved.contains("on screen: version 1"), "{saved}");
    let contacts = mila.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();

    // A paused line reads nothing, and still sends replies.
    assert_eq!(act(&vera, "posta", "pause").await, 204);
    ana_writes(&smtp, "2", "Drugo pitanje").await;
    mila.reply(&reference, "Odgovor dok linija miruje").await.unwrap();
    let arrives = async || {
        let mails = dovecot.messages("ana").unwrap();
        mails
            .iter()
            .any(|mail| String::from_utf8_lossy(mail).contains("dok linija miruje"))
    };
    wait_until(PATIENCE, || async { arrives().await }).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(mila.contacts().await.unwrap().len(), 1);
    assert_eq!(act(&vera, "posta", "resume").await, 204);
    mila.until_contacts(2).await.unwrap();

    // A change of another setting keeps the password and restarts only this line.
    let saved = save_mailbox(&vera, &dovecot, &smtp, "3", "").await;
    assert!(saved.contains("on screen: version 4"), "{saved}");
    ana_writes(&smtp, "3", "Treće pitanje").await;
    mila.until_contacts(3).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(mila.contacts().await.unwrap().len(), 3, "nothing is doubled");
    service.must(&["reconcile"]).unwrap();
    assert!(service.must(&["check"]).unwrap().contains("line posta (email)"));

    let mut found = Vec::new();
    files_with(service.folder(), PASSWORD.as_bytes(), &mut found);
    assert_eq!(found, Vec::<String>::new());
    for said in [
        vera.page("/desk/admin/lines/posta").await.unwrap(),
        vera.page("/desk/admin/lines").await.unwrap(),
        vera.page("/desk/admin/settings").await.unwrap(),
        vera.get(LINES).await.unwrap().to_string(),
        vera.get(&format!("{LINES}/posta")).await.unwrap().to_string(),
        service.log().unwrap(),
    ] {
        assert!(!said.contains(PASSWORD), "{said}");
    }
    let line = vera.get(&format!("{LINES}/posta")).await.unwrap();
    assert_eq!(line["secrets"], json!(["imap.password"]));
    assert_eq!(
        (text(&line, "/settings/imap/user"), text(&line, "/changed_by")),
        ("kontakt", "vera")
    );

    // After a restart the line runs as it was stored.
    service.stop();
    service.start().await.unwrap();
    ana_writes(&smtp, "4", "Četvrto pitanje").await;
    mila.until_contacts(4).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_does_not_work_is_saved_only_if_confirmed() {
    let mut service = Service::new(None).unwrap();
    service.permit_hosts(&["127.0.0.1", "localhost"]).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let port = hotline_tests::peers::free_port().unwrap();
    let server = |user: &str| json!({ "host": "127.0.0.1", "port": port, "security": "plain", "user": user, "password": PASSWORD });
    let mut body = json!({
        "version": 0, "channel": "email",
        "settings": { "address": CENTRE, "imap": server("kontakt"), "smtp": server("kontakt") },
    });
    let (code, refused) = put(&service, &vera, "posta", &body).await;
    assert_eq!(code, 422, "{refused}");
    assert!(
        refused.to_string().contains("refuses the connection"),
        "{refused}"
    );
    for (key, value) in [
        ("/settings/imap/password_file", json!("/etc/passwd")),
        ("/settings/smtp/token_command", json!("id")),
        ("/settings/imap/port", json!("many")),
        ("/settings/address", json!("no address")),
    ] {
        let mut wrong = body.clone();
        let (table, name) = key.rsplit_once('/').unwrap();
        wrong.pointer_mut(table).unwrap()[name] = value;
        wrong["untested"] = json!(true);
        let (code, refused) = put(&service, &vera, "posta", &wrong).await;
        assert_eq!(code, 422, "{key}: {refused}");
        assert!(refused.to_string().contains(name), "{key}: {refused}");
    }
    body["untested"] = json!(true);
    let (code, saved) = put(&service, &vera, "posta", &body).await;
    assert_eq!((code, &saved["version"]), (200, &json!(1)), "{saved}");
    let (code, _) = put(&service, &vera, "posta", &body).await;
    assert_eq!(code, 409, "the version is no longer 0");
    // A stored password goes to no other server.
    body["version"] = json!(1);
    let imap = body["settings"]["imap"].as_object_mut().unwrap();
    imap.remove("password");
    imap["host"] = json!("localhost");
    let (code, refused) = put(&service, &vera, "posta", &body).await;
    assert_eq!(code, 422, "{refused}");
    assert!(refused.to_string().contains("imap.password"), "{refused}");
    // The channel of a line never changes, and the names in the settings file are taken.
    let form = json!({ "version": 0, "channel": "webform", "settings": {} });
    let (code, refused) = put(&service, &vera, "form", &form).await;
    assert_eq!(code, 422, "{refused}");
    assert!(refused.to_string().contains("settings have a line"), "{refused}");
    assert_eq!(act(&vera, "form", "pause").await, 404);
    let page = vera.page("/desk/admin/lines").await.unwrap();
    assert!(page.contains("settings file, line "), "{page}");
    let mila = service.hire("mila", "supervisor").await.unwrap();
    assert_eq!(act(&mila, "posta", "pause").await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_on_screen_reach_no_internal_host_unless_the_settings_permit_it() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let mailbox = |imap: &str, smtp: &str| {
        let server = |host: &str| json!({ "host": host, "user": "kontakt", "password": PASSWORD });
        let settings = json!({ "address": CENTRE, "imap": server(imap), "smtp": server(smtp) });
        json!({ "version": 0, "channel": "email", "untested": true, "settings": settings })
    };
    let bot = json!({ "token": "4242:secret", "api_url": "http://127.0.0.1:1" });
    let bridge = |url: &str| {
        let settings = json!({ "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "callback_url": url });
        json!({ "version": 0, "channel": "bridge", "untested": true, "settings": settings })
    };
    for body in [
        mailbox("127.0.0.1", "127.0.0.1"),
        mailbox("9.9.9.9", "localhost"),
        mailbox("10.0.0.7", "9.9.9.9"),
        json!({ "version": 0, "channel": "telegram", "untested": true, "settings": bot }),
        bridge("https://169.254.169.254/"),
    ] {
        let (code, refused) = put(&service, &vera, "posta", &body).await;
        assert_eq!(code, 422, "{body}: {refused}");
        assert!(
            refused.to_string().contains("outgoing.hosts"),
            "{body}: {refused}"
        );
    }
    let (code, saved) = put(&service, &vera, "most", &bridge("https://9.9.9.9/replies")).await;
    assert_eq!(code, 200, "public addresses are permitted: {saved}");

    service.stop();
    service.permit_hosts(&["127.0.0.1"]).unwrap();
    service.start().await.unwrap();
    let (code, saved) = put(&service, &vera, "posta", &mailbox("127.0.0.1", "127.0.0.1")).await;
    assert_eq!(code, 200, "{saved}");
    let (code, refused) = put(&service, &vera, "druga", &mailbox("9.9.9.9", "127.0.0.1")).await;
    assert_eq!(code, 422, "the list is complete: {refused}");
    assert!(service.log().unwrap().contains("does not name the host 9.9.9.9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_connected_on_screen_accepts_and_closes_in_words() {
    let mut service = Service::without_form(None).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    assert_eq!(status(&service, "/").await, 404);
    let (code, saved) = form_line(&service, &vera, 0).await;
    assert_eq!(code, 200, "{saved}");
    assert_eq!(status(&service, "/").await, 200);
    let (reference, code) = posted(&service, "Neko mi preti").await;
    mila.until_contacts(1).await.unwrap();
    let second = json!({ "version": 0, "channel": "webform", "settings": {} });
    let (refusal, refused) = put(&service, &vera, "drugi", &second).await;
    assert_eq!(refusal, 422, "{refused}");
    assert!(refused.to_string().contains("only one line"), "{refused}");

    assert_eq!(act(&vera, "obrazac", "pause").await, 204);
    let home = reqwest::get(format!("{}/?lang=en", service.base()))
        .await
        .unwrap();
    assert_eq!(home.status(), 503);
    let home = home.text().await.unwrap();
    assert!(home.contains("closed at the moment"), "{home}");
    let client = reqwest::Client::builder().build().unwrap();
    let fields = [
        ("lang", "en"),
        ("id", "00000000-0000-7000-8000-000000000001"),
        ("message", "Čekaću"),
        ("in_danger", "no"),
    ];
    let refused = client
        .post(format!("{}/advice", service.base()))
        .form(&fields)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 503);
    let refused = refused.text().await.unwrap();
    assert!(
        refused.contains("closed at the moment") && refused.contains("Čekaću"),
        "{refused}"
    );
    // Replies can still be read with the code of an earlier message.
    mila.reply(&reference, "Javite se policiji").await.unwrap();
    let answered = async || {
        let answer = client.post(format!("{}/answer", service.base()));
        let answer = answer.form(&[("code", code.as_str()), ("lang", "en")]);
        let page = answer.send().await.unwrap().text().await.unwrap();
        page.contains("Javite se policiji")
    };
    wait_until(PATIENCE, || async { answered().await }).await.unwrap();
    assert_eq!(mila.contacts().await.unwrap().len(), 1);

    assert_eq!(act(&vera, "obrazac", "resume").await, 204);
    posted(&service, "Opet ja").await;
    mila.until_contacts(2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_connected_in_one_process_runs_in_the_other() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut one = Service::without_form(Some(database.url())).unwrap();
    one.start().await.unwrap();
    let mut other = Service::without_form(Some(database.url())).unwrap();
    other.share_key_of(&one).unwrap();
    other.start().await.unwrap();
    let vera = one.hire("vera", "administrator").await.unwrap();
    let mila = one.hire("mila", "counsellor").await.unwrap();
    let (code, saved) = form_line(&one, &vera, 0).await;
    assert_eq!(code, 200, "{saved}");
    wait_until(PATIENCE, || async { status(&other, "/").await == 200 })
        .await
        .unwrap();
    for number in 0..8 {
        let process = [&one, &other][number % 2];
        posted(process, &format!("Poruka {number}")).await;
    }
    mila.until_contacts(8).await.unwrap();
    let vera = other.log_in("vera").await.unwrap();
    assert_eq!(act(&vera, "obrazac", "pause").await, 204);
    assert_eq!(status(&other, "/").await, 503);
    wait_until(PATIENCE, || async { status(&one, "/").await == 503 })
        .await
        .unwrap();
    let parked = one.must(&["queue", "list"]).unwrap();
    assert!(!parked.contains("parked"), "{parked}");
}

#[tokio::test]
async fn stored_lines_keep_their_versions_and_pauses() {
    on_both(async |world| {
        let password = "another long password".to_owned().into();
        let store = &world.store;
        let vera = store
            .add_staff("vera", "Vera", Role::Administrator, &password)
            .await
            .unwrap();
        let line = LineName::parse("posta").unwrap();
        let put = async |version, channel, settings: &str| {
            store
                .put_line(&vera, &line, version, channel, &settings.to_owned().into())
                .await
        };
        let other = second_store(&world).await;
        let mut changes = other.watch_stored_lines();
        let following = tokio::spawn(other.clone().follow());
        assert_eq!(put(0, "email", "{\"a\":1}").await.unwrap(), 1);
        tokio::time::timeout(PATIENCE, changes.changed())
            .await
            .unwrap()
            .unwrap();
        following.abort();
        let stale = put(0, "email", "{}").await.unwrap_err();
        assert!(
            matches!(stale, StoreError::Conflict(Conflict::LineChanged)),
            "{stale}"
        );
        let channel = put(1, "telegram", "{}").await.unwrap_err();
        assert!(
            matches!(channel, StoreError::Conflict(Conflict::LineOfOtherChannel)),
            "{channel}"
        );
        store.pause_line(&vera, &line, true).await.unwrap();
        let again = store.pause_line(&vera, &line, true).await.unwrap_err();
        assert!(
            matches!(again, StoreError::Conflict(Conflict::SoAlready)),
            "{again}"
        );
        assert_eq!(put(2, "email", "{\"a\":2}").await.unwrap(), 3);
        let shape = |one: StoredLine| (one.version, one.paused, one.settings.expose().clone());
        let versions: Vec<_> = other.line_versions(&line).await.unwrap();
        assert_eq!(
            versions.into_iter().map(shape).collect::<Vec<_>>(),
            [
                (3, true, "{\"a\":2}".to_owned()),
                (2, true, "{\"a\":1}".to_owned()),
                (1, false, "{\"a\":1}".to_owned()),
            ]
        );
        let newest: Vec<_> = other.stored_lines().await.unwrap();
        assert_eq!(newest.len(), 1);
        let counsellor = store.pause_line(&world.mila, &line, false).await;
        assert!(counsellor.is_err());
        // The store accepts no message for a paused line.
        let mut lines: Vec<_> = store.lines().iter().map(|line| (**line).clone()).collect();
        lines.iter_mut().for_each(|line| line.paused = true);
        let paused = LineName::parse(&lines[0].name).unwrap();
        store.set_lines(lines);
        let raw = hotline_core::contact::message::RawMessage {
            line: paused,
            external_id: "1".to_owned(),
            received_at: chrono::DateTime::UNIX_EPOCH,
            bytes: Vec::new(),
            cut_from: None,
        };
        let refused = store.accept(vec![raw], None).await.unwrap_err();
        assert!(refused.to_string().contains("is paused"), "{refused}");
    })
    .await;
}
