//! Files that are locked as suspected abuse material: after the lock nobody gets a byte of them, two people decide, and nothing is left of a
//! file that was destroyed. The files of these tests are random words.

use std::{collections::BTreeMap, path::Path, time::Duration};

use hotline_tests::{
    peers::{browser::Browser, dovecot::Dovecot, postgres::Postgres, smtp::Smtp, wait_until},
    service::{CENTRE, Service, mail_lines},
    staff::{Staff, text},
};
use reqwest::Method;
use ring::signature::{ED25519, UnparsedPublicKey};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    erasure::{copy_folder, files_with_bytes, restore, sealed},
    pages::log_in_as,
    privacy::files_with,
    writing::until,
};

/// The bytes of the file that is locked, and those of another file in the same mail.
const BAD: &str = "kanarinaczlo kanarinaczlo";
const GOOD: &str = "kanarinacdobro";
/// The longest wait for something that happens in the background.
const WAIT: Duration = Duration::from_secs(30);

/// A service that received a mail with three files, of which two are equal, twice, and one member of staff of each role.
struct World {
    service: Service,
    staff: BTreeMap<&'static str, Staff>,
    reference: String,
    bad: String,
    good: String,
    peers: (Dovecot, Smtp),
}

fn mail(number: u32, bytes: &str) -> String {
    format!(
        "From: <ana@example.org>\r\nTo: <{CENTRE}>\r\nSubject: pogledajte\r\nMessage-ID: <{number}@example.org>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
         poruka {number}\r\n--b\r\nContent-Type: text/plain; name=imezla.txt\r\n\
         Content-Disposition: attachment; filename=imezla.txt\r\n\r\n{bytes}\r\n--b\r\n\
         Content-Type: text/plain; name=dobro.txt\r\nContent-Disposition: attachment; filename=dobro.txt\r\n\r\n{GOOD}\r\n--b\r\n\
         Content-Type: text/plain; name=opetzla.txt\r\nContent-Disposition: attachment; filename=opetzla.txt\r\n\r\n{bytes}\r\n--b--\r\n"
    )
}

fn hash(bytes: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

impl World {
    /// Starts the service. `keys` are those of `[abuse_material]`.
    async fn new(database: Option<&str>, keys: &str) -> Self {
        let dovecot = Dovecot::start(&[("kontakt", "kontakt")]).await.unwrap();
        let smtp = Smtp::start(&dovecot, &[(CENTRE, "kontakt")]).await.unwrap();
        let lines = mail_lines(&dovecot, &smtp, "acknowledge = false");
        let mut service = Service::with_lines(database, &lines).unwrap();
        service.set_abuse_material_keys(keys).unwrap();
        service.set_masking_keys("enabled = false").unwrap();
        service.give_clock().unwrap();
        service.start().await.unwrap();
        let mut staff = BTreeMap::new();
        for (login, role) in [
            ("mila", "counsellor"),
            ("sara", "supervisor"),
            ("petra", "manager"),
            ("anton", "administrator"),
            ("vera", "auditor"),
        ] {
            staff.insert(login, service.hire(login, role).await.unwrap());
        }
        let mut world = Self {
            service,
            staff,
            reference: String::new(),
            bad: String::new(),
            good: String::new(),
            peers: (dovecot, smtp),
        };
        let first = mail(1, BAD);
        world.deliver(&first);
        world.reference = world.newest(1).await;
        // The same mail arrives a second time over another way. Its raw message is kept, too.
        world.deliver(&format!("X-Other-Way: yes\r\n{first}"));
        let contact = world.contact().await;
        world.bad = text(&contact, "/messages/0/attachments/0/id").to_owned();
        world.good = text(&contact, "/messages/0/attachments/1/id").to_owned();
        world
    }

    fn deliver(&self, mail: &str) {
        self.peers.0.deliver("kontakt", mail.as_bytes()).unwrap();
    }

    fn one(&self, login: &str) -> &Staff {
        self.staff.get(login).unwrap()
    }

    /// Waits for this number of contacts and returns the reference of another one than the first.
    async fn newest(&self, count: usize) -> String {
        let contacts = self.one("sara").until_contacts(count).await.unwrap();
        let mut references = contacts.iter().map(|one| text(one, "/reference"));
        references.find(|one| *one != self.reference).unwrap().to_owned()
    }

    async fn contact(&self) -> Value {
        self.one("sara").contact(&self.reference).await.unwrap()
    }

    /// Returns every route to the bytes of the bad file.
    async fn routes(&self) -> Vec<String> {
        let contact = self.contact().await;
        let message = text(&contact, "/messages/0/id");
        let desk = format!("/desk/contacts/{}", self.reference);
        vec![
            format!("{desk}/attachments/{}", self.bad),
            format!("{desk}/attachments/{}/look", self.bad),
            format!("{desk}/messages/{message}/source"),
        ]
    }

    async fn lock(&self, login: &str) -> anyhow::Result<Value> {
        let path = format!(
            "/api/v1/contacts/{}/attachments/{}/lock",
            self.reference, self.bad
        );
        self.one(login).post(&path, &json!({})).await
    }

    /// Returns the newest lock as a supervisor sees it.
    async fn newest_lock(&self) -> Value {
        let list = self.one("sara").get("/api/v1/locked-files").await.unwrap();
        list.pointer("/files/0").cloned().unwrap()
    }

    async fn decide(&self, login: &str, what: &str, decision: &str) -> anyhow::Result<Value> {
        let lock = self.newest_lock().await;
        let path = format!("/api/v1/locked-files/{}/{what}", text(&lock, "/id"));
        self.one(login)
            .post(&path, &json!({ "decision": decision }))
            .await
    }

    async fn decided(&self, decision: &str) {
        self.decide("sara", "propose", decision).await.unwrap();
        self.decide("petra", "confirm", decision).await.unwrap();
    }

    fn url(&self, database: Option<&str>) -> String {
        let file = self.service.data().join("hotline.db");
        database.map_or_else(|| format!("sqlite://{}?mode=ro", file.display()), str::to_owned)
    }

    /// Returns the sealed raw messages and their keys, and the sealed bytes of the bad file: the beginnings, which are random.
    async fn sealed_bytes(&self, database: Option<&str>) -> Vec<Vec<u8>> {
        let connection = Database::connect(self.url(database)).await.unwrap();
        let mut all = Vec::new();
        for column in ["data_key", "sealed"] {
            let sql = format!("SELECT {column} AS value FROM journal WHERE {column} IS NOT NULL");
            let statement = Statement::from_string(connection.get_database_backend(), sql);
            for row in connection.query_all_raw(statement).await.unwrap() {
                let value: Vec<u8> = row.try_get("", "value").unwrap();
                all.push(value.into_iter().take(24).collect());
            }
        }
        connection.close().await.unwrap();
        let file = self.service.data().join("attachments").join(&self.bad);
        all.push(std::fs::read(file).unwrap().into_iter().take(24).collect());
        all
    }
}

/// Returns the files below a folder that begin with one of these values.
fn files_that_begin(folder: &Path, values: &[Vec<u8>]) -> Vec<String> {
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| {
            let bytes = std::fs::read(path).unwrap();
            values.iter().any(|value| bytes.starts_with(value))
        })
        .map(|path| path.display().to_string())
        .collect()
}

async fn nobody_gets_a_locked_file_and_nothing_is_left_of_a_purged_one(database: Option<&str>) {
    let world = World::new(database, "").await;
    let (mila, sara) = (world.one("mila"), world.one("sara"));
    let routes = world.routes().await;
    for (route, expected) in routes.iter().zip([200, 404, 200]) {
        assert_eq!(
            mila.status(Method::GET, route).await.unwrap(),
            expected,
            "{route}"
        );
    }
    wait_until(WAIT, async || {
        let found = mila.search("imezla").await.unwrap();
        text(&found, "/contacts/0/reference") == world.reference
    })
    .await
    .unwrap();

    world.lock("mila").await.unwrap();
    for (login, staff) in &world.staff {
        for route in &routes {
            let status = staff.status(Method::GET, route).await.unwrap();
            assert_eq!(status, 403, "{login}: {route}");
        }
    }
    let contact = world.contact().await;
    let locked = contact.pointer("/messages/0/attachments/0").unwrap();
    assert_eq!(
        (text(locked, "/held"), locked.get("name")),
        ("locked", Some(&Value::Null))
    );
    assert_eq!(contact.pointer("/messages/0/has_source"), Some(&json!(false)));
    for word in ["imezla", "kanarinaczlo"] {
        wait_until(WAIT, async || {
            let found = mila.search(word).await.unwrap();
            found.pointer("/contacts/0").is_none()
        })
        .await
        .unwrap();
    }
    let good = format!("/desk/contacts/{}/attachments/{}", world.reference, world.good);
    assert_eq!(mila.bytes(&good).await.unwrap(), GOOD.as_bytes());
    assert!(world.lock("mila").await.unwrap_err().to_string().contains("409"));

    // The list shows what is known of the file, managers see no reference, and counsellors see no list.
    let lock = world.newest_lock().await;
    assert_eq!(text(&lock, "/sha256"), hash(BAD));
    assert_eq!(text(&lock, "/locked_by"), "mila");
    assert_eq!(text(&lock, "/reference"), world.reference);
    let list = world.one("petra").get("/api/v1/locked-files").await.unwrap();
    assert!(!list.to_string().contains(&world.reference), "{list}");
    for login in ["mila", "anton", "vera"] {
        let status = world.one(login).status(Method::GET, "/api/v1/locked-files").await;
        assert_eq!(status.unwrap(), 403, "{login}");
    }

    // Neither erasing nor one person alone destroys the file.
    let close = format!("/api/v1/contacts/{}/close", world.reference);
    sara.post(&close, &json!({ "reason": "no_reply_needed" }))
        .await
        .unwrap();
    let erased = world.service.run(&["erase", &world.reference], "").unwrap();
    assert!(!erased.status.success(), "a locked file is evidence");
    world.decide("sara", "propose", "purge").await.unwrap();
    let alone = world.decide("sara", "confirm", "purge").await.unwrap_err();
    assert!(alone.to_string().contains("409"), "{alone}");
    let other = world.decide("petra", "confirm", "release").await.unwrap_err();
    assert!(other.to_string().contains("409"), "{other}");
    // Two raw messages with their keys, and the file. The second is the acknowledgement, which is sent meanwhile.
    wait_until(WAIT, async || world.sealed_bytes(database).await.len() >= 5)
        .await
        .unwrap();
    let before = world.sealed_bytes(database).await;
    world.decide("petra", "confirm", "purge").await.unwrap();

    for route in &routes {
        assert_eq!(mila.status(Method::GET, route).await.unwrap(), 404, "{route}");
    }
    let contact = world.contact().await;
    assert_eq!(text(&contact, "/messages/0/attachments/0/held"), "purged");
    assert_eq!(text(&contact, "/messages/0/attachments/2/held"), "purged");
    assert_eq!(text(&contact, "/messages/0/attachments/1/name"), "dobro.txt");
    let moved = text(&contact, "/messages/0/attachments/1/id");
    let good = format!("/desk/contacts/{}/attachments/{moved}", world.reference);
    assert_eq!(
        mila.bytes(&good).await.unwrap(),
        GOOD.as_bytes(),
        "the other file stays"
    );
    let attachments = world.service.data().join("attachments");
    assert_eq!(files_that_begin(&attachments, &before), Vec::<String>::new());
    match database {
        None => assert_eq!(files_with_bytes(&world.service, &before), Vec::<String>::new()),
        Some(url) => {
            let connection = Database::connect(url).await.unwrap();
            let after = sealed(&connection).await;
            assert!(
                before.iter().all(|value| !after.contains(value)),
                "a sealed value is left"
            );
        }
    }
    let words = [BAD.to_owned(), "imezla".to_owned()];
    assert_eq!(files_with(world.service.folder(), &words), Vec::<String>::new());

    // The signed protocol states the facts, and is signed by this installation.
    let lock = world.newest_lock().await;
    let (protocol, signature) = (text(&lock, "/protocol"), text(&lock, "/signature"));
    for fact in [
        "decision: purge",
        "proposed by: sara",
        "confirmed by: petra",
        &hash(BAD),
    ] {
        assert!(protocol.contains(fact), "{fact}: {protocol}");
    }
    let head = std::fs::read_to_string(world.service.data().join("audit-head.json")).unwrap();
    let head: Value = serde_json::from_str(&head).unwrap();
    let key = data_encoding::HEXLOWER
        .decode(text(&head, "/key").as_bytes())
        .unwrap();
    let signature = data_encoding::HEXLOWER.decode(signature.as_bytes()).unwrap();
    let key = UnparsedPublicKey::new(&ED25519, key);
    key.verify(protocol.as_bytes(), &signature).unwrap();
    assert!(
        key.verify(protocol.replace("petra", "sara").as_bytes(), &signature)
            .is_err()
    );
    let pdf = format!("/desk/locked-files/{}/protocol", text(&lock, "/id"));
    assert!(sara.bytes(&pdf).await.unwrap().starts_with(b"%PDF"));

    // The same file is locked wherever it arrives again, and then the contact can be erased.
    world.deliver(&mail(2, BAD));
    let again = world.newest(2).await;
    let contact = sara.contact(&again).await.unwrap();
    assert_eq!(text(&contact, "/messages/0/attachments/0/held"), "locked");
    assert_eq!(text(&contact, "/messages/0/attachments/1/held"), "here");
    world.service.must(&["erase", &world.reference]).unwrap();
    world.service.must(&["statistics", "verify"]).unwrap();
    world.service.must(&["audit", "verify"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_lock_and_purge_no_byte_of_a_file_is_left_on_sqlite() {
    nobody_gets_a_locked_file_and_nothing_is_left_of_a_purged_one(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_lock_and_purge_no_byte_of_a_file_is_left_on_postgresql() {
    let postgres = Postgres::start().await.unwrap();
    let fresh = postgres.fresh_database().await.unwrap();
    nobody_gets_a_locked_file_and_nothing_is_left_of_a_purged_one(Some(fresh.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keys_lock_a_file_without_opening_it() {
    let world = World::new(None, "").await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &world.service, "mila", "en").await;
    let page = format!(
        "{}/desk/contacts/{}?view=all",
        world.service.base(),
        world.reference
    );
    client.goto(&page).await.unwrap();
    until(client, "form.lock button").await;
    let focused = client.active_element().await.unwrap();
    focused.send_keys("!").await.unwrap();
    client.accept_alert().await.unwrap();
    until(client, ".attachments .steps").await;
    let opened = "return performance.getEntriesByType('resource').filter((one) => one.name.includes('/attachments/') && !one.name.endsWith('/lock')).length";
    assert_eq!(client.execute(opened, vec![]).await.unwrap(), json!(0));
    // The key locks the newest file, and the lock its equal.
    let contact = world.contact().await;
    let held = ["locked", "here", "locked"];
    for (place, held) in held.into_iter().enumerate() {
        let pointer = format!("/messages/0/attachments/{place}/held");
        assert_eq!(text(&contact, &pointer), held, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_does_not_bring_a_destroyed_file_back() {
    let mut world = World::new(None, "").await;
    let attachments = world.service.data().join("attachments");
    let sealed = std::fs::read(attachments.join(&world.bad)).unwrap();
    world.service.stop();
    let backup = tempfile::tempdir().unwrap();
    copy_folder(&world.service.data(), backup.path());
    world.service.start().await.unwrap();
    for (login, staff) in &mut world.staff {
        *staff = world.service.log_in(login).await.unwrap();
    }
    world.lock("mila").await.unwrap();
    world.decided("purge").await;
    world.service.stop();
    // As if the process had been killed before it wrote the list.
    let list = world.service.data().join("erased.jsonl");
    let listed = std::fs::read_to_string(&list).unwrap();
    std::fs::remove_file(&list).unwrap();
    world.service.start().await.unwrap();
    world.service.stop();
    let files = |text: &str| text.matches("\"file\":").count();
    assert_eq!(files(&std::fs::read_to_string(&list).unwrap()), files(&listed));
    restore(&world.service, backup.path());
    drop(backup);
    assert_eq!(
        files_that_begin(&attachments, std::slice::from_ref(&sealed)).len(),
        1,
        "it is back"
    );
    world.service.start().await.unwrap();
    for (login, staff) in &mut world.staff {
        *staff = world.service.log_in(login).await.unwrap();
    }
    let contact = world.contact().await;
    assert_eq!(text(&contact, "/messages/0/attachments/0/held"), "purged");
    assert_eq!(text(&contact, "/messages/0/attachments/2/held"), "purged");
    assert_eq!(files_that_begin(&attachments, &[sealed]), Vec::<String>::new());
    world.deliver(&mail(2, BAD));
    let again = world.newest(2).await;
    let contact = world.one("sara").contact(&again).await.unwrap();
    assert_eq!(text(&contact, "/messages/0/attachments/0/held"), "locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_file_is_destroyed_when_its_hold_ends() {
    let mut world = World::new(None, "hold_days = 10").await;
    world.lock("sara").await.unwrap();
    world.decided("hold").await;
    let lock = world.newest_lock().await;
    assert_eq!(text(&lock, "/state"), "held");
    let file = world.service.data().join("attachments").join(&world.bad);
    for (offset, stays) in [("+10d", true), ("+11d", false)] {
        world.service.kill();
        world.service.set_clock(offset).unwrap();
        world.service.start().await.unwrap();
        for (login, staff) in &mut world.staff {
            *staff = world.service.log_in(login).await.unwrap();
        }
        if stays {
            tokio::time::sleep(Duration::from_secs(2)).await;
        } else {
            wait_until(WAIT, async || !file.exists()).await.unwrap();
        }
        assert_eq!(file.exists(), stays, "{offset}");
    }
    let lock = world.newest_lock().await;
    assert_eq!(text(&lock, "/state"), "purged");
    assert!(text(&lock, "/protocol").contains("decision: hold"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_unlock_what_is_no_abuse_material() {
    let world = World::new(None, "decisions = [\"hold\"]").await;
    world.lock("mila").await.unwrap();
    let forbidden = world.decide("sara", "propose", "purge").await.unwrap_err();
    assert!(
        forbidden.to_string().contains("409"),
        "the settings do not permit it"
    );
    world.decide("sara", "propose", "release").await.unwrap();
    let lock = world.newest_lock().await;
    let withdraw = format!("/api/v1/locked-files/{}/withdraw", text(&lock, "/id"));
    world.one("petra").post(&withdraw, &json!({})).await.unwrap();
    let gone = world.decide("petra", "confirm", "release").await.unwrap_err();
    assert!(gone.to_string().contains("409"), "{gone}");
    world.decided("release").await;
    let route = &world.routes().await[0];
    assert_eq!(world.one("mila").bytes(route).await.unwrap(), BAD.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_file_is_locked_before_anybody_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("known.sha256");
    std::fs::write(&list, format!("{}  first\n", hash(BAD))).unwrap();
    let world = World::new(None, &format!("hash_list = \"{}\"", list.display())).await;
    for route in world.routes().await {
        let status = world.one("mila").status(Method::GET, &route).await.unwrap();
        assert_eq!(status, 403, "{route}");
    }
    let lock = world.newest_lock().await;
    assert_eq!(lock.get("locked_by"), Some(&Value::Null));
    // A hash that is added later locks what arrives from then on, without a restart.
    let other = "kanarinacdrugi";
    std::fs::write(&list, format!("{}\n{}\n", hash(BAD), hash(other))).unwrap();
    world.deliver(&mail(2, other));
    let newest = world.newest(2).await;
    let contact = world.one("sara").contact(&newest).await.unwrap();
    assert_eq!(text(&contact, "/messages/0/attachments/0/held"), "locked");
}

#[test]
fn a_wrong_hash_list_or_number_of_days_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("known.sha256");
    std::fs::write(&list, "slika.jpg\n").unwrap();
    for (keys, reason) in [
        (format!("hash_list = \"{}\"", list.display()), "SHA-256"),
        ("hash_list = \"/nowhere\"".to_owned(), "/nowhere"),
        ("hold_days = 0".to_owned(), "hold_days"),
        ("decisions = [\"release\"]".to_owned(), "decisions"),
    ] {
        let mut service = Service::new(None).unwrap();
        service.set_abuse_material_keys(&keys).unwrap();
        let output = service.run_bounded(&["serve"]).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(reason),
            "{keys}: {said}"
        );
    }
}
