//! The table of routes and fields (`docs/rights.md`) is complete, and no role reads more than it states.

use std::collections::{BTreeMap, BTreeSet};

use hotline_core::{masking::mask_identifier, staff::rights::Role};
use hotline_desk::{http::access::Access, routes::routes};
use hotline_tests::{
    peers::{dovecot::Dovecot, smtp::Smtp, wait_until},
    service::{CENTRE, Service, mail_lines},
    staff::{PASSWORD, Staff, text},
};
use reqwest::Method;
use serde_json::{Value, json};

const TABLE: &str = include_str!("../../docs/rights.md");
pub const ADDRESS: &str = "kanarinac.skriveni@adresa.example";
const OTHER_ADDRESS: &str = "drugi.kanarinac@adresa.example";
/// The longest wait for something that happens in the background.
const WAIT: std::time::Duration = std::time::Duration::from_secs(30);
const TELEPHONE: &str = "+381641234512";
/// What no answer contains without a reveal. The name is only hidden as a whole.
pub const IDENTITIES: [&str; 5] = [
    "kanarinac.skriveni",
    "drugi.kanarinac",
    "Kanarinko Skrivenović",
    "1234512",
    "123-45-12",
];
/// A word of the message, and a word of a note.
const CONTENTS: [&str; 2] = ["recizbiblioteke", "belezkakolege"];

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder
        .timeout(std::time::Duration::from_secs(60))
        .build()
        .unwrap()
}

/// Returns the rows of the table below a heading, each as its cells.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let part = TABLE.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let part = part.split("\n## ").next().unwrap();
    let lines = part.lines().filter(|line| line.starts_with('|')).skip(2);
    lines
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

fn roles_of(access: Access) -> (String, Vec<Role>) {
    let all = Role::ALL.to_vec();
    match access {
        Access::Open => ("open".to_owned(), all),
        Access::Anyone => ("logged in".to_owned(), all),
        Access::May(right) => {
            let able = all.into_iter().filter(|role| role.may(right)).collect();
            (format!("{right:?}"), able)
        }
        Access::Lacks(step) => (format!("log-in lacks {step:?}"), all),
    }
}

#[test]
fn the_table_of_rights_names_every_route() {
    let stated: BTreeSet<Vec<String>> = rows("Routes").into_iter().collect();
    let real: BTreeSet<Vec<String>> = routes()
        .into_iter()
        .map(|route| {
            let (right, roles) = roles_of(route.access);
            let names: Vec<&str> = roles.into_iter().map(Role::as_str).collect();
            let roles = if names.len() == Role::ALL.len() {
                "all".to_owned()
            } else {
                names.join(", ")
            };
            vec![route.method.to_string(), route.path, right, roles]
        })
        .collect();
    let line = |row: &Vec<String>| format!("| {} |", row.join(" | "));
    let lacking: Vec<String> = real.difference(&stated).map(line).collect();
    let surplus: Vec<String> = stated.difference(&real).map(line).collect();
    assert!(
        lacking.is_empty() && surplus.is_empty(),
        "docs/rights.md lacks\n{}\nand has\n{}",
        lacking.join("\n"),
        surplus.join("\n")
    );
}

/// The names of the properties of a schema, and the schemas that it refers to.
fn parts(schema: &Value, fields: &mut BTreeSet<String>, schemas: &mut BTreeSet<String>) {
    match schema {
        Value::Object(all) => {
            for (key, value) in all {
                if let (true, Some(properties)) = (key == "properties", value.as_object()) {
                    fields.extend(properties.keys().cloned());
                    properties
                        .values()
                        .for_each(|one| parts(one, &mut BTreeSet::new(), schemas));
                    continue;
                }
                if let (true, Some(name)) = (key == "$ref", value.as_str()) {
                    schemas.extend(name.rsplit('/').next().map(str::to_owned));
                }
                parts(value, fields, schemas);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| parts(one, fields, schemas)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The class of each field, by schema and field.
fn classes() -> BTreeMap<(String, String), String> {
    let mut classes = BTreeMap::new();
    for row in rows("Fields of JSON answers") {
        for field in row[2].split(", ") {
            let key = (row[0].clone(), field.to_owned());
            assert_eq!(classes.insert(key, row[1].clone()), None, "{}.{field}", row[0]);
        }
    }
    classes
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_rights_names_every_field_and_no_role_gets_more() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let document = sara.get("/api/v1/openapi.json").await.unwrap();
    let schemas = document
        .pointer("/components/schemas")
        .unwrap()
        .as_object()
        .unwrap();
    let classes = classes();
    let mut real = BTreeSet::new();
    for (name, schema) in schemas {
        let mut fields = BTreeSet::new();
        parts(schema, &mut fields, &mut BTreeSet::new());
        real.extend(fields.into_iter().map(|field| (name.clone(), field)));
    }
    let stated: BTreeSet<_> = classes.keys().cloned().collect();
    let lacking: Vec<_> = real.difference(&stated).collect();
    let surplus: Vec<_> = stated.difference(&real).collect();
    assert!(lacking.is_empty(), "docs/rights.md lacks {lacking:?}");
    assert!(surplus.is_empty(), "docs/rights.md has {surplus:?}");

    let columns: Vec<String> = Role::ALL.iter().map(|role| role.as_str().to_owned()).collect();
    let may: BTreeSet<(String, String)> = rows("Classes of data")
        .into_iter()
        .flat_map(|row| {
            let class = row[0].clone();
            let columns = columns.clone();
            row.into_iter()
                .skip(2)
                .zip(columns)
                .filter(|(cell, _)| cell != "–")
                .map(move |(_, role)| (class.clone(), role))
        })
        .collect();
    let left_out: BTreeSet<(String, String)> = rows("Left out for some roles")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let mut too_much = BTreeSet::new();
    for route in routes() {
        let method = route.method.as_str().to_lowercase();
        let path = route.path.replace('/', "~1");
        let Some(answer) = document.pointer(&format!("/paths/{path}/{method}/responses/200")) else {
            continue;
        };
        for role in roles_of(route.access).1 {
            // Follows the schemas, but not below a field that the role does not get.
            let mut open = BTreeSet::new();
            parts(answer, &mut BTreeSet::new(), &mut open);
            let mut done = BTreeSet::new();
            while let Some(name) = open.pop_first() {
                if !done.insert(name.clone()) {
                    continue;
                }
                let schema = schemas.get(&name).unwrap();
                let mut fields = BTreeSet::new();
                parts(schema, &mut fields, &mut BTreeSet::new());
                let is_out =
                    |field: &str| left_out.contains(&(format!("{name}.{field}"), role.as_str().to_owned()));
                for field in &fields {
                    let class = classes.get(&(name.clone(), field.clone())).unwrap();
                    if !is_out(field) && !may.contains(&(class.clone(), role.as_str().to_owned())) {
                        too_much.insert(format!(
                            "{} {}: {name}.{field} ({class})",
                            role.as_str(),
                            route.path
                        ));
                    }
                }
                let mut kept = schema.clone();
                if let Some(properties) = kept.pointer_mut("/properties").and_then(Value::as_object_mut) {
                    properties.retain(|field, _| !is_out(field));
                }
                parts(&kept, &mut BTreeSet::new(), &mut open);
            }
        }
    }
    assert!(too_much.is_empty(), "{too_much:#?}");
}

/// A service with a mail that contains the identity in every place, and its contact.
pub struct World {
    pub service: Service,
    staff: BTreeMap<&'static str, Staff>,
    pub reference: String,
    _peers: (Dovecot, Smtp),
}

pub async fn world() -> World {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt")]).await.unwrap();
    let smtp = Smtp::start(&dovecot, &[(CENTRE, "kontakt")]).await.unwrap();
    let lines = mail_lines(&dovecot, &smtp, "acknowledge = false");
    let mut service = Service::with_lines(None, &lines).unwrap();
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
    let mail = format!(
        "From: =?utf-8?q?Kanarinko_Skrivenovi=C4=87?= <{ADDRESS}>\r\nReply-To: <{OTHER_ADDRESS}>\r\nTo: <{CENTRE}>\r\n\
         Subject: pisem sa {ADDRESS}\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         recizbiblioteke\r\nKanarinko Skrivenović, <{OTHER_ADDRESS}>\r\n\r\n\
         On Monday {ADDRESS} wrote:\r\n> pozdrav od {ADDRESS}\r\n--b\r\n\
         Content-Type: text/plain; name=\"{ADDRESS}.txt\"\r\n\
         Content-Disposition: attachment; filename=\"{ADDRESS}.txt\"\r\n\r\nprazno\r\n--b--\r\n"
    );
    dovecot.deliver("kontakt", mail.as_bytes()).unwrap();
    let mila = staff.get("mila").unwrap();
    let contacts = mila.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let note = json!({ "text": format!("belezkakolege: {ADDRESS}") });
    mila.post(&format!("/api/v1/contacts/{reference}/note"), &note)
        .await
        .unwrap();
    let call =
        json!({ "network": "telephone", "caller": TELEPHONE, "text": "recizbiblioteke, broj 064/123-45-12" });
    mila.post("/api/v1/log", &call).await.unwrap();
    World {
        service,
        staff,
        reference,
        _peers: (dovecot, smtp),
    }
}

impl World {
    pub fn one(&self, login: &str) -> &Staff {
        self.staff.get(login).unwrap()
    }

    /// Returns the address of every `GET` route, with the ids of the contact, its message and its file.
    async fn addresses(&self) -> Vec<String> {
        let contact = self.one("sara").contact(&self.reference).await.unwrap();
        let message = text(&contact, "/messages/0/id");
        let file = text(&contact, "/messages/0/attachments/0/id");
        let all = routes().into_iter().filter(|route| route.method == Method::GET);
        all.map(|route| {
            let id = if route.path.contains("/messages/") {
                message
            } else {
                file
            };
            route
                .path
                .replace("{reference}", &self.reference)
                .replace("{id}", id)
                .replace("{referral}", id)
                .replace("{hold}", id)
                .replace("{line}", "mail")
                .replace("{name}", "cases")
        })
        .filter(|path| path != "/desk/live")
        .collect()
    }

    /// Returns the bytes of an answer and its headers, whatever its status.
    async fn answer(&self, staff: &Staff, path: &str) -> (u16, String) {
        let request = client().get(format!("{}{path}", self.service.base()));
        let answer = request.bearer_auth(staff.token()).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
        let body = String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned();
        (status, format!("{headers}\n{body}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_an_identity_leaves_without_a_reveal() {
    let world = world().await;
    let mut addresses = world.addresses().await;
    for words in ["recizbiblioteke", ADDRESS, "Kanarinko Skrivenović"] {
        // A new message is found a moment after it arrived.
        wait_until(WAIT, async || {
            let found = world.one("mila").search(words).await.unwrap();
            found.pointer("/contacts/0").is_some()
        })
        .await
        .unwrap();
        let found = world.one("mila").search(words).await.unwrap();
        assert!(!found.to_string().contains("kanarinac.skriveni"), "{found}");
    }
    // The page of a search repeats the words that the reader typed, so only words of the message are sought here.
    addresses.push(
        world
            .one("mila")
            .address_of_search("recizbiblioteke")
            .await
            .unwrap(),
    );
    let mut read = 0;
    for (login, staff) in &world.staff {
        for address in &addresses {
            let (status, answer) = world.answer(staff, address).await;
            assert!(status < 500, "{login} {address}: {answer}");
            read += usize::from(status == 200);
            for identity in IDENTITIES {
                assert!(!answer.contains(identity), "{login} {address} has {identity}");
            }
            let reads_content = ["mila", "sara"].contains(login);
            for content in CONTENTS.iter().filter(|_| !reads_content) {
                assert!(!answer.contains(content), "{login} {address} has {content}");
            }
        }
    }
    assert!(read > 150, "{read} answers");
    // What actions answer is masked, too.
    for (action, body) in [
        ("claim", json!({})),
        ("reply", json!({ "text": "Hvala" })),
        ("snooze", json!({ "hours": 1 })),
    ] {
        let path = format!("/api/v1/contacts/{}/{action}", world.reference);
        let answer = world.one("mila").post(&path, &body).await.unwrap();
        if let Some(identifier) = answer.get("identifier") {
            assert_eq!(identifier, &json!(mask_identifier(ADDRESS)), "{action}");
        }
        assert!(!answer.to_string().contains("kanarinac.skriveni"), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revealed_identity_is_read_for_15_minutes_by_one_person() {
    let world = world().await;
    let (mila, sara) = (world.one("mila"), world.one("sara"));
    let path = format!("/api/v1/contacts/{}", world.reference);
    let contact = mila.get(&path).await.unwrap();
    let message = text(&contact, "/messages/0/id");
    let raw = format!("/desk/contacts/{}/messages/{message}/source", world.reference);
    assert_eq!(mila.status(Method::GET, &raw).await.unwrap(), 403);
    let reveal = format!("{path}/reveal");
    let refused = mila.post(&reveal, &json!({})).await;
    assert!(refused.unwrap_err().to_string().contains("reason"));
    for password in ["", "a wrong password"] {
        let form = json!({ "reason": "emergency", "password": password });
        let refused = mila.post(&reveal, &form).await.unwrap_err().to_string();
        assert!(
            refused.contains("422") && refused.contains("password"),
            "{refused}"
        );
        assert_eq!(mila.status(Method::GET, &raw).await.unwrap(), 403);
    }

    let revealed = mila
        .post(&reveal, &json!({ "reason": "emergency", "password": PASSWORD }))
        .await
        .unwrap();
    assert_eq!(
        (text(&revealed, "/identifier"), text(&revealed, "/identity")),
        (ADDRESS, "revealed")
    );
    assert_eq!(mila.status(Method::GET, &raw).await.unwrap(), 200);
    let page = mila
        .page(&format!("/desk/contacts/{}", world.reference))
        .await
        .unwrap();
    assert!(page.contains(ADDRESS) && page.contains("Visible to you until"));
    // Lists and other people do not read it.
    let list = mila.page("/desk/inbox?view=all").await.unwrap();
    assert!(!list.contains("kanarinac.skriveni"));
    assert_eq!(text(&sara.get(&path).await.unwrap(), "/identity"), "masked");
    assert_eq!(sara.status(Method::GET, &raw).await.unwrap(), 403);
    let audit = world.one("vera").get("/api/v1/audit").await.unwrap();
    let entries = audit.pointer("/entries").unwrap().as_array().unwrap();
    let entry = entries
        .iter()
        .find(|entry| text(entry, "/action") == "reveal")
        .unwrap();
    assert_eq!(text(entry, "/object"), format!("{} emergency", world.reference));

    world.service.set_clock("+16m").unwrap();
    assert_eq!(text(&mila.get(&path).await.unwrap(), "/identity"), "masked");
    assert_eq!(mila.status(Method::GET, &raw).await.unwrap(), 403);
    for login in ["petra", "anton", "vera"] {
        let refused = world
            .one(login)
            .post(&reveal, &json!({ "reason": "emergency", "password": PASSWORD }))
            .await;
        assert!(refused.unwrap_err().to_string().contains("403"), "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_limit_who_reveals_and_how_often() {
    let mut service = Service::new(None).unwrap();
    service
        .set_masking_keys("reveals_per_shift = 1\nreauthenticate = false")
        .unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let mut references = Vec::new();
    for number in 0..2 {
        let call =
            json!({ "network": "telephone", "caller": format!("+38164123451{number}"), "text": "poziv" });
        let logged = mila.post("/api/v1/log", &call).await.unwrap();
        references.push(text(&logged, "/reference").to_owned());
    }
    let reveal = async |staff: &Staff, place: usize| {
        let path = format!("/api/v1/contacts/{}/reveal", references[place]);
        let form = json!({ "reason": "same_person", "password": PASSWORD });
        staff.post(&path, &form).await
    };
    reveal(&mila, 0).await.unwrap();
    // The same contact again takes nothing from the limit.
    reveal(&mila, 0).await.unwrap();
    let refused = reveal(&mila, 1).await.unwrap_err().to_string();
    assert!(
        refused.contains("409") && refused.contains("ask a supervisor"),
        "{refused}"
    );
    service.set_clock("+13h").unwrap();
    let mila = service.log_in("mila").await.unwrap();
    reveal(&mila, 1).await.unwrap();

    service.stop();
    service.set_masking_keys("revealed_by = \"supervisors\"").unwrap();
    service.start().await.unwrap();
    let mila = service.log_in("mila").await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    assert!(reveal(&mila, 0).await.unwrap_err().to_string().contains("403"));
    reveal(&sara, 0).await.unwrap();

    service.stop();
    service.set_masking_keys("enabled = false").unwrap();
    service.start().await.unwrap();
    let mila = service.log_in("mila").await.unwrap();
    let contact = mila.contact(&references[0]).await.unwrap();
    assert_eq!(
        (text(&contact, "/identifier"), text(&contact, "/identity")),
        ("+381641234510", "open")
    );
}
