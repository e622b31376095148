//! Stored data and logs reveal nothing about people.

use std::{path::Path, time::Duration};

use hotline_tests::{
    peers::{dovecot::Dovecot, postgres::Postgres, smtp::Smtp, wait_until},
    service::{CENTRE, Service, send_mail},
    staff::{PASSWORD, text},
};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::json;

/// Returns the files below a folder that contain one of these words.
pub fn files_with(folder: &Path, words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // Sockets can't be read.
            if !path.is_file() {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for word in words {
                if bytes.windows(word.len()).any(|window| window == word.as_bytes()) {
                    found.push(format!("{word} in {}", path.display()));
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn no_word_address_or_name_is_found_in_database_attachments_or_logs() {
    let service = written_and_answered(None).await;
    let found = files_with(service.folder(), &service.words());
    assert!(found.is_empty(), "{found:#?}");
    let sealed = std::fs::read_dir(service.data().join("attachments"))
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            uuid::Uuid::try_parse(&name.to_string_lossy()).is_ok()
        });
    assert_eq!(
        sealed.count(),
        2,
        "the attachment and the raw mail lie there, sealed"
    );
}

#[tokio::test]
async fn no_word_address_or_name_is_found_in_a_postgresql_cluster_or_its_logs() {
    let postgres = Postgres::start().await.unwrap();
    let database = postgres.fresh_database().await.unwrap();
    let service = written_and_answered(Some(database.url())).await;
    let mut found = files_with(service.folder(), &service.words());
    postgres.kill();
    found.extend(files_with(postgres.folder(), &service.words()));
    assert!(found.is_empty(), "{found:#?}");
}

/// A stopped service that received a mail and a form and stored a reply and a note, with the receipt code of the form.
struct Used {
    service: Service,
    code: String,
}

impl std::ops::Deref for Used {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Used {
    /// Returns the words that must not appear.
    fn words(&self) -> Vec<String> {
        let words = [
            "kanarink",
            "Kanarinkovic",
            "mnogo teksta",
            hotline_tests::staff::PASSWORD,
        ];
        let mut words: Vec<String> = words.map(str::to_owned).to_vec();
        words.extend([self.code.clone(), self.code.replace(' ', "")]);
        words
    }
}

async fn written_and_answered(database: Option<&str>) -> Used {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("kanarinka", "kanarinka")])
        .await
        .unwrap();
    let smtp = Smtp::start(
        &dovecot,
        &[("kanarinka@example.org", "kanarinka"), (CENTRE, "kontakt")],
    )
    .await
    .unwrap();
    let mut service = Service::with_mail(database, &dovecot, &smtp, "acknowledge = true").unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let mail = format!(
        "From: Kanarinkovic <kanarinka@example.org>\nTo: <{CENTRE}>\nSubject: naslovkanarinke\n\
         Message-ID: <brojkanarinke@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nrecikanarinke\n--b\nContent-Type: text/plain; name=prilogkanarinke.txt\n\
         Content-Disposition: attachment; filename=prilogkanarinke.txt\n\nbajtovikanarinke {}\n--b--\n",
        "mnogo teksta\n".repeat(8_000)
    );
    send_mail(smtp.port(), "kanarinka@example.org", CENTRE, &mail)
        .await
        .unwrap();
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let post =
        json!({ "kind": "advice", "message": "objavakanarinke", "reply_to": "odgovorkanarinki@example.org" });
    let answer = client
        .post(format!("{}/api/v1/contacts", service.base()))
        .json(&post)
        .send()
        .await
        .unwrap();
    let receipt: serde_json::Value = answer.json().await.unwrap();
    let contacts = staff.until_contacts(2).await.unwrap();
    for contact in &contacts {
        let path = format!("/api/v1/contacts/{}/reply", text(contact, "/reference"));
        staff
            .post(&path, &json!({ "text": "odgovorkanarinke" }))
            .await
            .unwrap();
        let path = format!("/api/v1/contacts/{}/note", text(contact, "/reference"));
        staff
            .post(&path, &json!({ "text": "beleskakanarinke" }))
            .await
            .unwrap();
    }
    wait_until(Duration::from_secs(30), || async {
        service
            .must(&["queue", "list"])
            .is_ok_and(|list| list.contains("Nothing waits"))
    })
    .await
    .unwrap();
    let sent = smtp.journal().unwrap();
    assert!(
        sent.iter()
            .any(|mail| String::from_utf8_lossy(&mail.data).contains("odgovorkanarinke")),
        "the reply went out"
    );
    service.stop();
    let code = text(&receipt, "/receipt_code").to_owned();
    Used { service, code }
}

#[tokio::test]
async fn managers_and_administrators_reach_no_content_and_strangers_reach_nothing() {
    use hotline_core::staff::rights::Role;
    use hotline_desk::http::access::Access;

    let mut service = Service::new(None).unwrap();
    service.set_masking_keys("enabled = false").unwrap();
    service.start().await.unwrap();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let post = json!({ "kind": "advice", "message": "samo za savetnika", "reply_to": "tajna@example.org" });
    let answer = client
        .post(format!("{}/api/v1/contacts", service.base()))
        .json(&post)
        .send()
        .await
        .unwrap();
    let receipt: serde_json::Value = answer.json().await.unwrap();
    let reference = text(&receipt, "/reference");
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, service.hire(role.as_str(), role.as_str()).await.unwrap()));
    }
    for route in hotline_desk::routes::routes() {
        let path = route
            .path
            .replace("{reference}", reference)
            .replace("{name}", "insafe")
            .replace("{id}", "0190b6a0-0000-7000-8000-000000000001");
        if path.contains("/live") || path.contains("logout") || path.contains("session") {
            continue;
        }
        let method = route.method.clone();
        if route.access != Access::Open {
            let stranger = client
                .request(method.clone(), format!("{}{path}", service.base()))
                .send()
                .await
                .unwrap();
            assert!(
                [303, 401].contains(&stranger.status().as_u16()),
                "{path}: {}",
                stranger.status()
            );
        }
        let Access::May(right) = route.access else {
            continue;
        };
        for (role, person) in &people {
            let status = person.status(method.clone(), &path).await.unwrap();
            assert_eq!(
                status == 403,
                !role.may(right),
                "{role:?} {method} {path}: {status}"
            );
            // Permitted pages reveal neither the text of messages nor their senders.
            if method == reqwest::Method::GET && [Role::Manager, Role::Administrator].contains(role) {
                let bytes = person.bytes(&path).await.unwrap_or_default();
                let said = String::from_utf8_lossy(&bytes);
                for secret in ["samo za savetnika", "tajna@example.org", reference] {
                    assert!(!said.contains(secret), "{role:?} reads {secret} at {path}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_leaves_an_entry_in_the_audit_once_for_the_same() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    mila.page(&format!("/desk/contacts/{reference}")).await.unwrap();
    // An action through the API returns the contact, so it is recorded as reading the contact, too.
    let follow = format!("/api/v1/contacts/{reference}/follow");
    mila.post(&follow, &json!({})).await.unwrap();
    mila.search("Tajno ime").await.unwrap();
    mila.page("/desk/cases").await.unwrap();
    mila.page("/desk/cases").await.unwrap();
    service.stop();
    let file = format!("sqlite://{}", service.data().join("hotline.db").display());
    let database = Database::connect(file).await.unwrap();
    for (action, object) in [("open-contact", reference.as_str()), ("list-cases", "")] {
        let count = Statement::from_sql_and_values(
            DbBackend::Sqlite,
            "SELECT COUNT(*) AS n FROM audit WHERE action = ? AND object = ?",
            [action.into(), object.into()],
        );
        let row = database.query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i64>("", "n").unwrap(), 1, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_is_not_held_up_at_home_because_others_guess_at_it() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let home = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let path = format!("{}/desk/login", service.base());
    let tries = async |client: &reqwest::Client, password: &str| {
        let form = [("login", "mila"), ("password", password)];
        let answer = client.post(&path).form(&form).send().await.unwrap();
        answer.url().path() != "/desk/login"
    };
    assert!(tries(&home, PASSWORD).await);
    // Sends more guesses than the rate limit allows. The excess guesses wait for their turn or time out.
    let away = reqwest::Client::builder().build().unwrap();
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let form = [("login", "mila"), ("password", "a wrong password")];
        guesses.spawn(away.post(&path).form(&form).send());
    }
    guesses.join_next().await.unwrap().unwrap().unwrap();
    assert!(tries(&home, PASSWORD).await);
    let mut waiting = guesses.len();
    while guesses.try_join_next().is_some() {
        waiting -= 1;
    }
    assert!(waiting > 0, "nobody who guesses was held up");
}
