//! Exports of evidence: two supervisors, an encrypted package with everything as it arrived, and a signed list of its files.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use hotline_tests::{
    peers::{dovecot::Dovecot, smtp::Smtp, wait_until},
    service::{CENTRE, Service, mail_lines},
    staff::{PASSWORD, Staff, text},
};
use reqwest::Method;
use ring::signature::{ED25519, UnparsedPublicKey};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\nslika kanarinca";
const LOCKED: &str = "zakljucano kanarinac";
/// The longest wait for something that happens in the background.
const WAIT: std::time::Duration = std::time::Duration::from_secs(30);

struct World {
    service: Service,
    mila: Staff,
    sara: Staff,
    zora: Staff,
    mail: Vec<u8>,
    reference: String,
    _peers: (Dovecot, Smtp),
}

impl World {
    async fn new() -> Self {
        let dovecot = Dovecot::start(&[("kontakt", "kontakt")]).await.unwrap();
        let smtp = Smtp::start(&dovecot, &[(CENTRE, "kontakt")]).await.unwrap();
        let lines = mail_lines(&dovecot, &smtp, "acknowledge = false");
        let mut service = Service::with_lines(None, &lines).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let sara = service.hire("sara", "supervisor").await.unwrap();
        let zora = service.hire("zora", "supervisor").await.unwrap();
        let picture = data_encoding::BASE64.encode(PICTURE);
        let mail = format!(
            "From: Ana <ana@example.org>\r\nTo: <{CENTRE}>\r\nSubject: slika\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nPomozite mi.\r\n--b\r\n\
             Content-Type: image/png; name=slika.png\r\nContent-Transfer-Encoding: base64\r\n\r\n{picture}\r\n--b--\r\n"
        );
        dovecot.deliver("kontakt", mail.as_bytes()).unwrap();
        let contacts = sara.until_contacts(1).await.unwrap();
        let reference = text(&contacts[0], "/reference").to_owned();
        let second = format!(
            "From: Ana <ana@example.org>\r\nTo: <{CENTRE}>\r\nSubject: Re: slika\r\nMessage-ID: <2@example.org>\r\n\
             In-Reply-To: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\
             Druga poruka.\r\n--b\r\nContent-Type: text/plain; name=zlo.txt\r\nContent-Disposition: attachment\r\n\r\n{LOCKED}\r\n--b--\r\n"
        );
        dovecot.deliver("kontakt", second.as_bytes()).unwrap();
        let messages = sara.until_messages(&reference, 2).await.unwrap();
        let file = text(&messages[1], "/attachments/0/id");
        let lock = format!("/api/v1/contacts/{reference}/attachments/{file}/lock");
        sara.post(&lock, &json!({})).await.unwrap();
        // A repeated delivery of the message with the locked file is only linked to the contact.
        dovecot
            .deliver("kontakt", format!("X-Other-Way: yes\r\n{second}").as_bytes())
            .unwrap();
        let url = format!("sqlite://{}?mode=ro", service.data().join("hotline.db").display());
        let database = Database::connect(&url).await.unwrap();
        wait_until(WAIT, async || {
            let sql = "SELECT id FROM journal WHERE outcome = 'ignored'";
            let statement = Statement::from_string(database.get_database_backend(), sql);
            database.query_one_raw(statement).await.unwrap().is_some()
        })
        .await
        .unwrap();
        database.close().await.unwrap();
        Self {
            service,
            mila,
            sara,
            zora,
            mail: mail.into_bytes(),
            reference,
            _peers: (dovecot, smtp),
        }
    }

    fn path(&self, more: &str) -> String {
        format!("/api/v1/contacts/{}/evidence{more}", self.reference)
    }

    async fn propose(&self) -> Value {
        let form = json!({ "recipient": "Viši sud, Ki 12/26", "password": PASSWORD });
        let answer = self.sara.post(&self.path(""), &form).await.unwrap();
        answer.pointer("/exports/0").cloned().unwrap()
    }
}

/// Returns the files of a package by their paths. The encrypted archive contains one archive.
fn unpacked(package: Vec<u8>, password: &str) -> BTreeMap<String, Vec<u8>> {
    let mut outer = ZipArchive::new(Cursor::new(package)).unwrap();
    assert_eq!(outer.len(), 1);
    let mut inner = Vec::new();
    let mut file = outer.by_index_decrypt(0, password.as_bytes()).unwrap();
    file.read_to_end(&mut inner).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(inner)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().unwrap().into_owned(), bytes);
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn two_supervisors_export_everything_as_it_arrived_with_a_signed_list() {
    let world = World::new().await;
    let export = world.propose().await;
    let confirm = world.path(&format!("/{}/confirm", text(&export, "/id")));
    let form = json!({ "password": PASSWORD });
    let package = world.zora.post_for_file(&confirm, &form).await.unwrap();
    for plain in [b"Pomozite".as_slice(), b"slika.png", PICTURE] {
        let found = package.windows(plain.len()).any(|window| window == plain);
        assert!(!found, "{} is readable", String::from_utf8_lossy(plain));
    }
    assert!(
        ZipArchive::new(Cursor::new(package.clone()))
            .unwrap()
            .by_index_decrypt(0, b"AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")
            .is_err()
    );
    let files = unpacked(package, text(&export, "/password"));
    assert!(files.values().any(|bytes| *bytes == PICTURE));
    let raw = files.iter().find(|(path, _)| path.starts_with("raw/")).unwrap().1;
    let line_ends = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    assert!(
        line_ends(raw).ends_with(line_ends(&world.mail).trim_end_matches('\n'))
            || line_ends(raw).contains(&line_ends(&world.mail))
    );
    let all: Vec<u8> = files.values().flatten().copied().collect();
    assert!(
        !String::from_utf8_lossy(&all).contains(LOCKED),
        "a locked file left the centre"
    );

    // The manifest names each file with its hash, and what was withheld.
    let manifest = String::from_utf8(files["manifest.txt"].clone()).unwrap();
    for (path, bytes) in files.iter().filter(|(path, _)| !path.starts_with("manifest")) {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
        let line = manifest
            .lines()
            .find(|line| line.ends_with(path.as_str()))
            .unwrap();
        assert!(
            line.contains(&hash) && line.contains(&bytes.len().to_string()),
            "{line}"
        );
    }
    for fact in [
        "recipient: Viši sud, Ki 12/26",
        "proposed by: sara (sara)",
        "confirmed by: zora (zora)",
        "withheld: raw message",
        "withheld: file",
    ] {
        assert!(manifest.contains(fact), "{fact}: {manifest}");
    }
    let key = manifest
        .lines()
        .find_map(|line| line.strip_prefix("public key: "))
        .unwrap();
    let decode = |hex: &str| data_encoding::HEXLOWER.decode(hex.trim().as_bytes()).unwrap();
    let key = UnparsedPublicKey::new(&ED25519, decode(key));
    let signature = decode(std::str::from_utf8(&files["manifest.sig"]).unwrap());
    key.verify(manifest.as_bytes(), &signature).unwrap();
    assert!(
        key.verify(manifest.replace("zora", "sara").as_bytes(), &signature)
            .is_err()
    );
    let verified = world.service.must(&["audit", "verify"]).unwrap();
    let listed = world.zora.get(&world.path("")).await.unwrap();
    assert_eq!(text(&listed, "/exports/0/manifest"), manifest);
    assert_eq!(text(&listed, "/exports/0/state"), "confirmed");
    assert!(!verified.is_empty());

    // Each step is in the audit, and the export is in the history of the contact.
    let vera = world.service.hire("vera", "auditor").await.unwrap();
    let audit = vera.get("/api/v1/audit").await.unwrap().to_string();
    for action in ["propose-evidence", "export-evidence", "evidence-exports"] {
        assert!(audit.contains(action), "{action}");
    }
    let contact = world.sara.contact(&world.reference).await.unwrap();
    assert!(contact.to_string().contains("evidence_exported"), "{contact}");
    let page = world
        .sara
        .page(&format!("/desk/contacts/{}/evidence", world.reference))
        .await
        .unwrap();
    assert!(page.contains("Signed list of the files") && page.contains("Viši sud"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_evidence_leaves_with_one_person_or_a_wrong_password() {
    let world = World::new().await;
    let status = world.mila.status(Method::GET, &world.path("")).await.unwrap();
    assert_eq!(status, 403);
    let wrong = json!({ "recipient": "Policija", "password": "a wrong password" });
    let refused = world.sara.post(&world.path(""), &wrong).await.unwrap_err();
    assert!(refused.to_string().contains("422"), "{refused}");
    for recipient in [String::new(), "x".repeat(301)] {
        let form = json!({ "recipient": recipient, "password": PASSWORD });
        assert!(world.sara.post(&world.path(""), &form).await.is_err());
    }
    let export = world.propose().await;
    let id = text(&export, "/id");
    let again = json!({ "recipient": "Policija", "password": PASSWORD });
    let refused = world.zora.post(&world.path(""), &again).await.unwrap_err();
    assert!(refused.to_string().contains("409"), "one at a time: {refused}");
    let confirm = world.path(&format!("/{id}/confirm"));
    for (who, form, status) in [
        (&world.sara, json!({ "password": PASSWORD }), "409"),
        (&world.zora, json!({ "password": "a wrong password" }), "422"),
        (&world.mila, json!({ "password": PASSWORD }), "403"),
    ] {
        let refused = who.post_for_file(&confirm, &form).await.unwrap_err();
        assert!(refused.to_string().contains(status), "{refused}");
    }
    let withdraw = world.path(&format!("/{id}/withdraw"));
    world.zora.post(&withdraw, &json!({})).await.unwrap();
    let late = world
        .zora
        .post_for_file(&confirm, &json!({ "password": PASSWORD }))
        .await;
    assert!(late.unwrap_err().to_string().contains("409"));
    let listed = world.sara.get(&world.path("")).await.unwrap();
    assert_eq!(text(&listed, "/exports/0/state"), "withdrawn");
    assert_eq!(listed.pointer("/exports/0/password"), Some(&Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_an_export_outlives_the_contact() {
    let world = World::new().await;
    let export = world.propose().await;
    let confirm = world.path(&format!("/{}/confirm", text(&export, "/id")));
    world
        .zora
        .post_for_file(&confirm, &json!({ "password": PASSWORD }))
        .await
        .unwrap();
    // The locked file is released, because a contact with a locked file cannot be erased.
    let list = world.sara.get("/api/v1/locked-files").await.unwrap();
    let lock = format!("/api/v1/locked-files/{}", text(&list, "/files/0/id"));
    let release = json!({ "decision": "release" });
    world
        .sara
        .post(&format!("{lock}/propose"), &release)
        .await
        .unwrap();
    world
        .zora
        .post(&format!("{lock}/confirm"), &release)
        .await
        .unwrap();
    let close = format!("/api/v1/contacts/{}/close", world.reference);
    world
        .sara
        .post(&close, &json!({ "reason": "no_reply_needed" }))
        .await
        .unwrap();
    world.service.must(&["erase", &world.reference]).unwrap();
    let listed = world.sara.get(&world.path("")).await.unwrap();
    assert_eq!(text(&listed, "/exports/0/recipient"), "Viši sud, Ki 12/26");
    let form = json!({ "recipient": "Policija", "password": PASSWORD });
    let refused = world.sara.post(&world.path(""), &form).await.unwrap_err();
    assert!(
        refused.to_string().contains("409"),
        "nothing is left to export: {refused}"
    );
}
