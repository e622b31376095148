//! Erasing a person removes all texts of that person from every place where the service stores them. It also removes every key that
//! decrypts such a text.

use std::{path::Path, time::Duration};

use hotline_tests::{
    peers::{
        bridge::{Bridge, call, now},
        dovecot::Dovecot,
        postgres::Postgres,
        smtp::Smtp,
        wait_until,
    },
    service::{CENTRE, Service, mail_lines},
    staff::{PASSWORD, Staff, text},
};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::{Value, json};

use crate::privacy::files_with;

/// Unique words, which occur only in planted texts.
struct Planted(Vec<String>);

impl Planted {
    /// Creates a unique word and remembers it.
    fn word(&mut self) -> String {
        let word = format!("kanarinac{:02}", self.0.len());
        self.0.push(word.clone());
        word
    }

    fn words<const N: usize>(&mut self) -> [String; N] {
        std::array::from_fn(|_| self.word())
    }
}

/// A service that communicated with people by mail, bridge, telephone and form.
struct World {
    service: Service,
    staff: Staff,
    planted: Planted,
    references: Vec<String>,
    _bridge: Bridge,
    peers: (Dovecot, Smtp),
}

impl World {
    async fn new(database: Option<&str>) -> Self {
        let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("ana", "ana")])
            .await
            .unwrap();
        let people = [("kanarinac01@example.org", "ana"), (CENTRE, "kontakt")];
        let smtp = Smtp::start(&dovecot, &people).await.unwrap();
        let bridge = Bridge::start().await.unwrap();
        let lines = mail_lines(&dovecot, &smtp, "acknowledge = false") + &bridge.lines();
        let mut service = Service::with_lines(database, &lines).unwrap();
        service.start().await.unwrap();
        let staff = service.hire("mila", "supervisor").await.unwrap();
        let mut world = Self {
            service,
            staff,
            planted: Planted(Vec::new()),
            references: Vec::new(),
            _bridge: bridge,
            peers: (dovecot, smtp),
        };
        world.write_mails().await;
        world.write_and_edit_on_the_bridge().await;
        world.call_and_use_the_form().await;
        world
    }

    /// Writes a mail with a file, a reply whose bounce quotes it, a note, a wrap-up, a draft and a case.
    async fn write_mails(&mut self) {
        let [name, address, subject, body, quoted, file, bytes] = self.planted.words();
        let [header, html, comment] = self.planted.words();
        let mail = format!(
            "From: {name} <{address}@example.org>\r\nTo: <{CENTRE}>\r\nSubject: {subject}\r\nMessage-ID: <1@example.org>\r\n\
             X-Place: {header}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
             {body}\r\n\r\n> {quoted}\r\n--b\r\n\
             Content-Type: text/html\r\n\r\n<p>{html}<!-- {comment} --></p>\r\n--b\r\n\
             Content-Type: application/octet-stream; name={file}.bin\r\n\
             Content-Disposition: attachment; filename={file}.bin\r\n\r\n{bytes}\r\n--b--\r\n"
        );
        self.peers.0.deliver("kontakt", mail.as_bytes()).unwrap();
        let contacts = self.staff.until_contacts(1).await.unwrap();
        let reference = text(contacts.first().unwrap(), "/reference").to_owned();
        let path = format!("/api/v1/contacts/{reference}");
        let reply = self.planted.word();
        self.staff.reply(&reference, &reply).await.unwrap();
        self.staff.until_reply_is(&reference, "sent").await.unwrap();
        let sent = self.peers.1.journal().unwrap();
        let sent = String::from_utf8_lossy(&sent.last().unwrap().data).into_owned();
        let [diagnosis, returned] = self.planted.words();
        let id = sent
            .lines()
            .find(|line| line.starts_with("Message-ID:"))
            .unwrap()
            .to_owned();
        let bounce = format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@example.org\r\nTo: <{CENTRE}>\r\nSubject: Undelivered\r\n\
             Message-ID: <2@example.org>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; example.org\r\n\r\n\
             Final-Recipient: rfc822; ana@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 {diagnosis}\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\n{id}\r\nSubject: x\r\n\r\n{reply} {returned}\r\n--b--\r\n"
        );
        self.peers.0.deliver("kontakt", bounce.as_bytes()).unwrap();
        self.staff.until_reply_is(&reference, "failed").await.unwrap();
        // The same mail arrives a second time with one more header. It is recognised as a duplicate, and its raw message is kept.
        let again = format!("X-Other-Way: yes\r\n{mail}");
        self.peers.0.deliver("kontakt", again.as_bytes()).unwrap();
        let [note, own, draft, first_summary, summary] = self.planted.words();
        self.staff
            .post(&format!("{path}/note"), &json!({ "text": note }))
            .await
            .unwrap();
        let answers = json!({ "answers": { "kind": ["counselling"], "platform_named": [own] } });
        self.staff
            .post(&format!("{path}/wrap-up"), &answers)
            .await
            .unwrap();
        let desk = format!("/desk/contacts/{reference}/draft");
        let fields = [("kind", "reply"), ("text", draft.as_str())];
        self.staff.submit(&desk, &fields).await.unwrap();
        let contact = self.staff.contact(&reference).await.unwrap();
        assert!(contact.to_string().contains(&draft), "{contact}");
        let case = self
            .staff
            .post(&format!("{path}/case"), &json!({}))
            .await
            .unwrap();
        let case = format!("/api/v1/cases/{}", text(&case, "/id"));
        for summary in [first_summary, summary] {
            let summary = json!({ "summary": summary });
            self.staff
                .post(&format!("{case}/summary"), &summary)
                .await
                .unwrap();
        }
        let [basis, sent, number, outcome] = self.planted.words();
        let referral = json!({ "institution": "mup", "basis": basis, "sent": sent });
        let made = self
            .staff
            .post(&format!("{case}/referrals"), &referral)
            .await
            .unwrap();
        let referral = format!("{case}/referrals/{}", text(&made, "/referrals/0/id"));
        let details = json!({ "number": number, "outcome": outcome });
        let made = self.staff.post(&referral, &details).await.unwrap();
        let second = self.service.hire("petar", "supervisor").await.unwrap();
        let seen = json!({ "seen": made.pointer("/referrals/0/changed") });
        second.post(&format!("{referral}/confirm"), &seen).await.unwrap();
        let view = self.planted.0.first().unwrap().clone();
        let saved = json!({ "name": view, "query": "view=all" });
        self.staff.post("/api/v1/saved", &saved).await.unwrap();
        self.staff
            .post(&format!("{case}/close"), &json!({ "closed": true }))
            .await
            .unwrap();
        self.references.push(reference);
    }

    /// Writes and edits messages on the bridge, which gives each message an id.
    async fn write_and_edit_on_the_bridge(&mut self) {
        let base = self.service.base();
        let [name, person] = self.planted.words();
        for number in 0..5 {
            for edit in 0..4 {
                let said = self.planted.word();
                let body = json!({ "id": format!("m{number}"), "edit": edit, "place": number + 1,
                    "from": { "id": format!("sig:{person}"), "name": name }, "text": said })
                .to_string();
                let status = call(&base, &format!("c{number}-{edit}"), now(), &body, &body).await;
                assert_eq!(status.unwrap(), 202);
            }
        }
        self.until_idle().await;
        let contacts = self.staff.until_contacts(2).await.unwrap();
        let channel = |one: &&Value| text(one, "/channel") == "bridge";
        let mine = contacts.iter().find(channel).unwrap();
        let reference = text(mine, "/reference").to_owned();
        let reply = self.planted.word();
        self.staff.reply(&reference, &reply).await.unwrap();
        self.references.push(reference);
    }

    /// Logs a call with a name, and uses the form and its answer page.
    async fn call_and_use_the_form(&mut self) {
        let [caller, told, own] = self.planted.words();
        let call = json!({ "network": "telephone", "caller": caller, "text": told,
            "answers": { "kind": ["counselling"], "platform_named": [own] } });
        let logged = self.staff.post("/api/v1/log", &call).await.unwrap();
        self.references.push(text(&logged, "/reference").to_owned());
        let [written, again, answer, note] = self.planted.words();
        let (reference, code) = crate::writing::posted(&self.service, &written).await;
        self.staff.until_messages(&reference, 1).await.unwrap();
        crate::writing::writes_again(&self.service, &code, &again).await;
        self.staff.until_messages(&reference, 2).await.unwrap();
        self.staff.reply(&reference, &answer).await.unwrap();
        let path = format!("/api/v1/contacts/{reference}/note");
        self.staff.post(&path, &json!({ "text": note })).await.unwrap();
        self.references.push(reference);
    }

    async fn until_idle(&self) {
        wait_until(Duration::from_secs(60), || async {
            let list = self.service.must(&["queue", "list"]);
            list.is_ok_and(|list| list.contains("Nothing waits"))
        })
        .await
        .unwrap();
    }

    /// Closes and erases every contact by command while the service runs.
    async fn erase_everybody(&self) {
        self.until_idle().await;
        for reference in &self.references {
            let path = format!("/api/v1/contacts/{reference}/close");
            self.staff
                .post(&path, &json!({ "reason": "test" }))
                .await
                .unwrap();
            let said = self.service.must(&["erase", reference]).unwrap();
            assert!(said.contains("Erased") && !said.contains("log"), "{said}");
        }
    }

    /// Checks every page and response that could contain a word of the person.
    async fn assert_nothing_is_shown(&self) {
        let mut paths: Vec<String> = self
            .references
            .iter()
            .flat_map(|reference| ["/desk", "/api/v1"].map(|prefix| format!("{prefix}/contacts/{reference}")))
            .collect();
        paths.extend(
            [
                "/desk/inbox?view=all",
                "/api/v1/cases",
                "/api/v1/me",
                "/desk/queue",
            ]
            .map(str::to_owned),
        );
        for path in paths {
            let page = self.staff.any_page(&path).await.unwrap();
            for word in &self.planted.0 {
                assert!(!page.contains(word.as_str()), "{word} is on {path}");
            }
        }
        for word in &self.planted.0 {
            let found = self.staff.search(word).await.unwrap();
            let contacts = found.get("contacts").and_then(Value::as_array);
            assert!(contacts.is_some_and(Vec::is_empty), "{word} is found: {found}");
        }
    }
}

/// Returns the nonces of all encrypted values and keys in the database.
pub(crate) async fn sealed(database: &DatabaseConnection) -> Vec<Vec<u8>> {
    let columns = [
        ("journal", "data_key"),
        ("journal", "sealed"),
        ("contacts", "data_key"),
        ("contacts", "card"),
        ("messages", "body"),
        ("versions", "body"),
        ("attachments", "name"),
        ("outbox", "said"),
        ("drafts", "body"),
        ("records", "words"),
        ("cases", "data_key"),
        ("cases", "summary"),
        ("case_versions", "text"),
        ("case_entries", "text"),
        ("referrals", "details"),
    ];
    let mut all = Vec::new();
    for (table, column) in columns {
        let sql = format!("SELECT {column} AS value FROM {table} WHERE {column} IS NOT NULL");
        let statement = Statement::from_string(database.get_database_backend(), sql);
        for row in database.query_all_raw(statement).await.unwrap() {
            let value: Vec<u8> = row.try_get("", "value").unwrap();
            // The first 24 bytes are a nonce, which identifies the value. The rest is not needed.
            all.push(value.into_iter().take(24).collect());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn after_erasing_no_word_and_no_key_is_left_in_any_sqlite_file() {
    let mut world = World::new(None).await;
    assert!(world.planted.0.len() >= 50, "{}", world.planted.0.len());
    world.until_idle().await;
    let url = format!(
        "sqlite://{}?mode=ro",
        world.service.data().join("hotline.db").display()
    );
    let database = Database::connect(&url).await.unwrap();
    let before = sealed(&database).await;
    database.close().await.unwrap();
    assert!(before.len() > 60, "{}", before.len());
    world.erase_everybody().await;
    for again in [false, true] {
        if again {
            world.service.kill();
            world.service.start().await.unwrap();
            world.staff = world.service.log_in("mila").await.unwrap();
        }
        world.assert_nothing_is_shown().await;
        let words = files_with(world.service.folder(), &world.planted.0);
        assert!(words.is_empty(), "{words:#?}");
        let left = files_with_bytes(&world.service, &before);
        assert_eq!(left, Vec::<String>::new(), "what the master key opens");
    }
    let audit = Database::connect(&url).await.unwrap();
    let sql = "SELECT object FROM audit WHERE action = 'erase'";
    let statement = Statement::from_string(audit.get_database_backend(), sql);
    let row = audit.query_one_raw(statement).await.unwrap().unwrap();
    let object: String = row.try_get("", "object").unwrap();
    assert!(object.contains("at the command line"), "{object}");
    world.service.must(&["statistics", "verify"]).unwrap();
}

pub(crate) fn files_with_bytes(service: &Service, values: &[Vec<u8>]) -> Vec<String> {
    let data = service.data();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for value in values {
            if bytes
                .windows(value.len())
                .any(|window| window == value.as_slice())
            {
                found.push(format!("{} in {}", hex(value), path.display()));
            }
        }
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_erasing_no_row_of_postgresql_holds_what_the_master_key_opens() {
    let postgres = Postgres::start().await.unwrap();
    let fresh = postgres.fresh_database().await.unwrap();
    let world = World::new(Some(fresh.url())).await;
    world.until_idle().await;
    let database = Database::connect(fresh.url()).await.unwrap();
    let before = sealed(&database).await;
    world.erase_everybody().await;
    world.assert_nothing_is_shown().await;
    let after = sealed(&database).await;
    let left: Vec<_> = before.iter().filter(|value| after.contains(value)).collect();
    assert!(left.is_empty(), "{} sealed values are left", left.len());
    assert_eq!(
        files_with(world.service.folder(), &world.planted.0),
        Vec::<String>::new()
    );
    world.service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test]
async fn a_contact_of_an_open_case_is_not_erased() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "supervisor").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "Neko mi preti").await;
    staff.until_messages(&reference, 1).await.unwrap();
    let path = format!("/api/v1/contacts/{reference}");
    staff.post(&format!("{path}/case"), &json!({})).await.unwrap();
    staff
        .post(&format!("{path}/close"), &json!({ "reason": "test" }))
        .await
        .unwrap();
    let output = service.run(&["erase", &reference], "").unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("a case of it is open"),
        "{said}"
    );
    assert_eq!(staff.status(Method::GET, &path).await.unwrap(), 200);
    assert_eq!(staff.messages(&reference).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_erased_contact_that_was_opened_again_is_closed_without_a_reason() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "supervisor").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "Neko mi preti").await;
    staff.until_messages(&reference, 1).await.unwrap();
    let path = format!("/api/v1/contacts/{reference}");
    let close = format!("{path}/close");
    staff.post(&close, &json!({ "reason": "test" })).await.unwrap();
    service.must(&["erase", &reference]).unwrap();
    for body in [json!({}), json!({ "reason": "test" })] {
        staff.post(&format!("{path}/reopen"), &json!({})).await.unwrap();
        let closed = staff.post(&close, &body).await.unwrap();
        assert_eq!(text(&closed, "/status"), "closed", "{closed}");
    }
    service.must(&["statistics", "verify"]).unwrap();
    service.must(&["reconcile"]).unwrap();
}

/// Copies a folder with its files.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

/// Restores the database and the attachments from a copy of the data folder, and keeps the list of erasures.
pub(crate) fn restore(service: &Service, backup: &Path) {
    let data = service.data();
    for name in ["hotline.db", "hotline.db-wal", "hotline.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
        if backup.join(name).exists() {
            std::fs::copy(backup.join(name), data.join(name)).unwrap();
        }
    }
    std::fs::remove_dir_all(data.join("attachments")).unwrap();
    copy_folder(&backup.join("attachments"), &data.join("attachments"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_is_erased_again_before_anything_is_served() {
    let mut world = World::new(None).await;
    world.until_idle().await;
    world.service.stop();
    let backup = tempfile::tempdir().unwrap();
    copy_folder(&world.service.data(), backup.path());
    world.service.start().await.unwrap();
    world.staff = world.service.log_in("mila").await.unwrap();
    let url = format!(
        "sqlite://{}?mode=ro",
        world.service.data().join("hotline.db").display()
    );
    let database = Database::connect(&url).await.unwrap();
    let before = sealed(&database).await;
    database.close().await.unwrap();
    world.erase_everybody().await;
    world.service.stop();
    restore(&world.service, backup.path());
    drop(backup);
    world.service.start().await.unwrap();
    world.staff = world.service.log_in("mila").await.unwrap();
    world.assert_nothing_is_shown().await;
    let words = files_with(world.service.folder(), &world.planted.0);
    assert!(words.is_empty(), "{words:#?}");
    let left = files_with_bytes(&world.service, &before);
    assert_eq!(left, Vec::<String>::new(), "what the master key opens");
    world.service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_erases_all_contacts_of_a_person_or_none() {
    let mut service = Service::new(None).unwrap();
    let bridge = Bridge::start().await.unwrap();
    service.set_lines(&bridge.lines()).unwrap();
    // Each message after the closing opens a contact of its own.
    service.set_centre_keys("reopen_days = 0").unwrap();
    service.start().await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let write = async |number: usize, person: &str, words: &str| {
        let from = json!({ "id": person, "name": "Kanarinacime" });
        let message = json!({ "id": format!("m{number}"), "from": from, "text": words }).to_string();
        let status = call(&service.base(), &format!("c{number}"), now(), &message, &message).await;
        assert_eq!(status.unwrap(), 202);
        let contacts = sara.until_contacts(number).await.unwrap();
        let newest = contacts.iter().find(|one| text(one, "/first_words") == words);
        text(newest.unwrap(), "/reference").to_owned()
    };
    let close = async |reference: &str| {
        let path = format!("/api/v1/contacts/{reference}/close");
        sara.post(&path, &json!({ "reason": "no_reply_needed" }))
            .await
            .unwrap();
    };
    let first = write(1, "kanarinacana", "kanarinacprva").await;
    close(&first).await;
    let second = write(2, "kanarinacana", "kanarinacdruga").await;
    let other = write(3, "kanarinacbojan", "ostaje").await;
    let path = format!("/api/v1/contacts/{second}/erase-person");
    let status = mila.status(Method::GET, &path).await.unwrap();
    assert_eq!(status, 403, "counsellors erase nobody");
    let preview = sara.get(&path).await.unwrap();
    let listed: Vec<&str> = preview
        .get("contacts")
        .and_then(Value::as_array)
        .unwrap()
        .iter()
        .map(|one| text(one, "/reference"))
        .collect();
    assert_eq!(listed, [first.as_str(), second.as_str()]);
    assert_eq!(preview.pointer("/contacts/0/kept"), Some(&Value::Null));
    assert!(text(&preview, "/contacts/1/kept").contains("open"), "{preview}");
    let order = |seen: &str, password: &str| json!({ "seen": seen, "password": password });
    let both = format!("{first} {second}");
    let refused = async |order: Value| sara.post(&path, &order).await.unwrap_err().to_string();
    assert!(refused(order(&both, "wrong")).await.contains("422"));
    assert!(refused(order(&both, PASSWORD)).await.contains("it is open"));
    close(&second).await;
    assert!(
        refused(order(&second, PASSWORD)).await.contains("409"),
        "not what the preview showed"
    );
    let export = format!("/contacts/{second}/export-person");
    let wanted = json!({ "password": PASSWORD, "seen": both });
    assert!(mila.post(&format!("/api/v1{export}"), &wanted).await.is_err());
    assert!(
        sara.post(&format!("/api/v1{export}"), &json!({ "password": "wrong" }))
            .await
            .is_err()
    );
    let data = sara.post(&format!("/api/v1{export}"), &wanted).await.unwrap();
    let unseen = json!({ "password": PASSWORD, "seen": first });
    let refused = sara.post(&format!("/api/v1{export}"), &unseen).await.unwrap_err();
    assert!(refused.to_string().contains("409"), "{refused}");
    let html = [("password", PASSWORD), ("json", "false"), ("seen", both.as_str())];
    let html = sara.submit(&format!("/desk{export}"), &html).await.unwrap();
    for file in [data.to_string(), html] {
        for word in ["kanarinacana", "kanarinacprva", "kanarinacdruga", &first] {
            assert!(file.contains(word), "{word}: {file}");
        }
        assert!(!file.contains("kanarinacbojan"), "{file}");
    }
    let page = sara
        .page(&format!("/desk/contacts/{second}/erase-person"))
        .await
        .unwrap();
    assert!(page.contains(&both), "the form names what the page lists");
    let registered = sara.get("/api/v1/statistics/totals").await.unwrap();
    let receipt = sara.post(&path, &order(&both, PASSWORD)).await.unwrap();
    assert_eq!(receipt.get("erased"), Some(&json!([first, second])));
    let words = ["kanarinacana", "kanarinacprva", "kanarinacdruga"].map(str::to_owned);
    assert_eq!(files_with(service.folder(), &words), Vec::<String>::new());
    for word in &words {
        let found = sara.search(word).await.unwrap();
        assert!(found.pointer("/contacts/0").is_none(), "{word}: {found}");
    }
    let stays = sara.contact(&other).await.unwrap();
    assert!(stays.to_string().contains("ostaje"), "{stays}");
    let after = sara.get("/api/v1/statistics/totals").await.unwrap();
    assert_eq!(registered.get("total"), after.get("total"));
    let protocol = sara.bytes("/api/v1/retention/protocol").await.unwrap();
    let protocol = String::from_utf8(protocol).unwrap();
    assert_eq!(protocol.matches("sara at the desk").count(), 2, "{protocol}");
    service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_is_not_fetched_again_after_a_restore() {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt")]).await.unwrap();
    let smtp = Smtp::start(&dovecot, &[(CENTRE, "kontakt")]).await.unwrap();
    let lines = mail_lines(&dovecot, &smtp, "acknowledge = false");
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "supervisor").await.unwrap();
    service.stop();
    let backup = tempfile::tempdir().unwrap();
    copy_folder(&service.data(), backup.path());
    service.start().await.unwrap();
    let mila = service.log_in("mila").await.unwrap();
    for number in [1, 2] {
        let mail = format!(
            "From: <ana{number}@example.org>\r\nTo: <{CENTRE}>\r\nMessage-ID: <{number}@example.org>\r\n\r\nporuka{number}\r\n"
        );
        dovecot.deliver("kontakt", mail.as_bytes()).unwrap();
    }
    let contacts = mila.until_contacts(2).await.unwrap();
    let written = |one: &&Value| text(one, "/first_words") == "poruka1";
    let reference = text(contacts.iter().find(written).unwrap(), "/reference").to_owned();
    let close = format!("/api/v1/contacts/{reference}/close");
    mila.post(&close, &json!({ "reason": "no_reply_needed" }))
        .await
        .unwrap();
    service.must(&["erase", &reference]).unwrap();
    service.stop();
    restore(&service, backup.path());
    service.start().await.unwrap();
    let mila = service.log_in("mila").await.unwrap();
    // The mailbox still has both mails. The second one is fetched again, after the first one.
    let contacts = mila.until_contacts(1).await.unwrap();
    assert_eq!(text(&contacts[0], "/first_words"), "poruka2");
    let found = mila.search("poruka1").await.unwrap();
    assert!(found.pointer("/contacts/0").is_none(), "{found}");
}
