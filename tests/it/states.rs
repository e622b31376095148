//! Every route of a contact in every state, for every role and for nobody: a refusal never shows content, and what was erased is nowhere.

use std::collections::BTreeMap;

use hotline_core::{
    identifiers::reference::Reference,
    staff::rights::{Right, Role},
};
use hotline_desk::routes::routes;
use hotline_tests::{
    service::Service,
    staff::{PASSWORD, Staff, text},
};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::json;

use crate::writing::posted;

/// The states, each with the word that only its contact contains.
const STATES: [(&str, &str); 7] = [
    ("own", "kanarinacjedan"),
    ("of a colleague", "kanarinacdva"),
    ("closed", "kanarinactri"),
    ("duplicate", "kanarinaccetiri"),
    ("quarantined", "kanarinacpet"),
    ("snoozed", "kanarinacsest"),
    ("erased", "kanarinacsedam"),
];

/// A reader of the walk: the log-in name with the role.
type Reader = (&'static str, &'static str);

const READERS: [Reader; 6] = [
    ("mila", "counsellor"),
    ("petar", "counsellor"),
    ("sara", "supervisor"),
    ("petra", "manager"),
    ("anton", "administrator"),
    ("vera", "auditor"),
];

struct World {
    service: Service,
    staff: BTreeMap<Reader, Staff>,
    /// The reference of the contact in each state.
    references: BTreeMap<&'static str, String>,
}

impl World {
    async fn new() -> Self {
        let mut service = Service::new(None).unwrap();
        service.start().await.unwrap();
        let mut staff = BTreeMap::new();
        for (login, role) in READERS {
            staff.insert((login, role), service.hire(login, role).await.unwrap());
        }
        let mut world = Self {
            service,
            staff,
            references: BTreeMap::new(),
        };
        for (state, word) in STATES {
            let (reference, _) = posted(&world.service, word).await;
            world.sara().until_messages(&reference, 1).await.unwrap();
            world.references.insert(state, reference);
        }
        world.act("mila", "own", "claim", &json!({})).await;
        world.act("petar", "of a colleague", "claim", &json!({})).await;
        let close = json!({ "reason": "no_reply_needed" });
        world.act("sara", "closed", "close", &close).await;
        world
            .act("sara", "duplicate", "mark", &json!({ "marking": "duplicate" }))
            .await;
        let link = json!({ "to": world.references["own"], "linked": true });
        world.act("sara", "duplicate", "link", &link).await;
        world
            .act("petar", "snoozed", "snooze", &json!({ "hours": 4 }))
            .await;
        world.act("sara", "erased", "close", &close).await;
        world
            .service
            .must(&["erase", &world.references["erased"]])
            .unwrap();
        // Only a flood puts contacts into quarantine.
        let reference = Reference::parse(&world.references["quarantined"]).unwrap();
        let sql = format!(
            "UPDATE contacts SET marking = 'quarantine' WHERE reference = {}",
            reference.number()
        );
        world.change(&sql).await;
        let marked = world
            .sara()
            .contact(&world.references["quarantined"])
            .await
            .unwrap();
        assert_eq!(text(&marked, "/marking"), "quarantine");
        world
    }

    fn sara(&self) -> &Staff {
        &self.staff[&("sara", "supervisor")]
    }

    async fn act(&self, login: &str, state: &str, action: &str, body: &serde_json::Value) {
        let staff = self.staff.iter().find(|((name, _), _)| *name == login).unwrap().1;
        let path = format!("/api/v1/contacts/{}/{action}", self.references[state]);
        staff.confirm(&path, body).await.unwrap();
    }

    async fn change(&self, sql: &str) {
        let url = format!("sqlite://{}", self.service.data().join("hotline.db").display());
        let database = Database::connect(&url).await.unwrap();
        let statement = Statement::from_string(database.get_database_backend(), sql);
        let changed = database.execute_raw(statement).await.unwrap();
        assert_eq!(changed.rows_affected(), 1, "{sql}");
        database.close().await.unwrap();
    }

    /// Returns the addresses that read one contact, without those of its parts.
    fn addresses(&self, reference: &str) -> Vec<(hotline_desk::http::access::Access, String)> {
        let of_contacts = routes()
            .into_iter()
            .filter(|route| route.method == Method::GET && route.path.contains("/contacts/{reference}"));
        of_contacts
            .map(|route| {
                let path = route
                    .path
                    .replace("{reference}", reference)
                    .replace("{id}", "00000000-0000-0000-0000-000000000001");
                (route.access, path)
            })
            .collect()
    }

    async fn answer(&self, token: &str, path: &str) -> (u16, String) {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(30))
            .build()
            .unwrap();
        let request = client
            .get(format!("{}{path}", self.service.base()))
            .bearer_auth(token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_state_of_a_contact_opens_it_to_another_role() {
    use hotline_desk::http::access::Access;

    let world = World::new().await;
    let mut read = 0;
    for ((login, role), staff) in &world.staff {
        let role = Role::parse(role).unwrap();
        for (state, word) in STATES {
            for (access, path) in world.addresses(&world.references[state]) {
                let (status, body) = world.answer(staff.token(), &path).await;
                let may = match access {
                    Access::May(right) => role.may(right),
                    Access::Open | Access::Anyone | Access::Lacks(_) => true,
                };
                let expected: &[u16] = match may {
                    // The identity in a raw message is masked.
                    true => &[200, 403, 404, 409, 422],
                    false => &[403],
                };
                assert!(
                    expected.contains(&status),
                    "{login}, {state}: {path} answers {status}"
                );
                read += usize::from(status == 200);
                let may_see = role.may(Right::ReadContacts) && state != "erased";
                assert!(
                    may_see || !body.contains(word),
                    "{login}, {state}: {path} shows content"
                );
            }
        }
    }
    assert!(read > 80, "{read} answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_a_contact_without_a_running_session() {
    let world = World::new().await;
    let disabled = world.service.hire("ana", "supervisor").await.unwrap();
    world.service.must(&["staff", "disable", "ana"]).unwrap();
    let ended = world.service.log_in("sara").await.unwrap();
    ended
        .confirm("/api/v1/me/sessions/end-others", &json!({ "password": PASSWORD }))
        .await
        .unwrap();
    let old = world.sara().token().to_owned();
    for token in ["", "wrong", disabled.token(), &old] {
        for (state, word) in STATES {
            for (_, path) in world.addresses(&world.references[state]) {
                let (status, body) = world.answer(token, &path).await;
                assert!([401, 303].contains(&status), "{state}: {path} answers {status}");
                assert!(!body.contains(word), "{state}: {path}");
            }
        }
    }
    // A reference that does not exist answers like any other refusal, also to staff.
    for (_, path) in world.addresses("2222-2222") {
        let (status, _) = world.answer(ended.token(), &path).await;
        assert!([404, 422].contains(&status), "{path} answers {status}");
    }
}
