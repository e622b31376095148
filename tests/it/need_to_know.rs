//! Counsellors who may read only what concerns them (`accounts.counsellors_see = "own_team"`).

use std::{collections::BTreeSet, time::Duration};

use hotline_desk::routes::routes;
use hotline_tests::{
    peers::{postgres::Postgres, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{handing::id_of, writing::posted};

/// A centre with two teams, and a contact of each kind.
struct World {
    service: Service,
    /// A counsellor of the day team.
    mila: Staff,
    /// A counsellor of the night team.
    petar: Staff,
    /// A counsellor without a team.
    vuk: Staff,
    /// A supervisor.
    sara: Staff,
    /// A contact without assignee and team.
    free: String,
    /// A contact assigned to Mila.
    of_mila: String,
    /// A contact handed to the night team.
    of_night: String,
    /// A contact assigned to Vuk.
    of_vuk: String,
    /// A contact in danger, assigned to Vuk.
    in_danger: String,
}

impl World {
    async fn new(url: Option<&str>) -> Self {
        let mut service = Service::new(url).unwrap();
        service
            .set_account_keys("counsellors_see = \"own_team\"")
            .unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let petar = service.hire("petar", "counsellor").await.unwrap();
        let vuk = service.hire("vuk", "counsellor").await.unwrap();
        let sara = service.hire("sara", "supervisor").await.unwrap();
        service.must(&["staff", "team", "mila", "day"]).unwrap();
        service.must(&["staff", "team", "petar", "night"]).unwrap();
        let mut references = Vec::new();
        for words in [
            "kanarinac jedan",
            "kanarinac dva",
            "kanarinac tri",
            "kanarinac četiri",
        ] {
            let (reference, _) = posted(&service, words).await;
            sara.until_messages(&reference, 1).await.unwrap();
            references.push(reference);
        }
        let (danger, _) = posted(&service, "kanarinac: hoću da se ubijem").await;
        sara.until_messages(&danger, 1).await.unwrap();
        let act = async |who: &Staff, reference: &str, what: &str, body: Value| {
            who.post(&format!("/api/v1/contacts/{reference}/{what}"), &body)
                .await
                .unwrap();
        };
        act(&mila, &references[1], "claim", json!({})).await;
        act(&sara, &references[2], "hand-over", json!({ "to": "team:night" })).await;
        act(&vuk, &references[3], "claim", json!({})).await;
        act(&vuk, &danger, "claim", json!({})).await;
        Self {
            free: references[0].clone(),
            of_mila: references[1].clone(),
            of_night: references[2].clone(),
            of_vuk: references[3].clone(),
            in_danger: danger,
            mila,
            petar,
            vuk,
            sara,
            service,
        }
    }

    fn all(&self) -> [&String; 5] {
        [
            &self.free,
            &self.of_mila,
            &self.of_night,
            &self.of_vuk,
            &self.in_danger,
        ]
    }
}

fn references_in(page: &Value, pointer: &str) -> BTreeSet<String> {
    let rows = page.pointer(pointer).and_then(Value::as_array).unwrap();
    rows.iter()
        .map(|row| text(row, "/reference").to_owned())
        .collect()
}

/// Checks that the pages, the lists and the search show a member of staff these contacts and no others.
async fn sees(world: &World, who: &Staff, expected: &[&String]) {
    let expected: BTreeSet<String> = expected.iter().map(|one| (*one).clone()).collect();
    let listed = who.get("/api/v1/inbox?view=all").await.unwrap();
    assert_eq!(references_in(&listed, "/contacts"), expected);
    // The index of the search follows within a moment.
    let is_found = wait_until(Duration::from_secs(20), || async {
        let found = who.search("kanarinac").await.unwrap();
        references_in(&found, "/contacts") == expected
    });
    assert!(is_found.await.is_ok(), "the search never found {expected:?}");
    for reference in world.all() {
        let is_seen = expected.contains(reference);
        let by_name = who.search(reference).await.unwrap();
        assert_eq!(references_in(&by_name, "/contacts").contains(reference), is_seen);
        for path in [
            format!("/api/v1/contacts/{reference}"),
            format!("/desk/contacts/{reference}"),
        ] {
            let status = who.status(reqwest::Method::GET, &path).await.unwrap();
            assert_eq!(status, if is_seen { 200 } else { 404 }, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counsellor_sees_own_contacts_those_of_the_team_and_free_ones() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    for url in [None, Some(database.url())] {
        let world = World::new(url).await;
        sees(
            &world,
            &world.mila,
            &[&world.free, &world.of_mila, &world.in_danger],
        )
        .await;
        sees(
            &world,
            &world.petar,
            &[&world.free, &world.of_night, &world.in_danger],
        )
        .await;
        sees(
            &world,
            &world.vuk,
            &[&world.free, &world.of_vuk, &world.in_danger],
        )
        .await;
        sees(&world, &world.sara, &world.all()).await;
        // The page after a hand-over is one that the counsellor may read.
        let to_night = [("to", "team:night"), ("note", "")];
        let page = format!("/desk/contacts/{}/hand-over", world.of_mila);
        let page = world.mila.submit(&page, &to_night).await.unwrap();
        assert!(page.contains("id=\"list\""), "{page}");
        let back = format!("/api/v1/contacts/{}/hand-over", world.of_mila);
        let to_mila = json!({ "to": id_of(&world.sara, "mila").await });
        world.sara.post(&back, &to_mila).await.unwrap();
        // A contact that changes hands changes its readers.
        let to_mila = json!({ "to": id_of(&world.vuk, "mila").await });
        world
            .vuk
            .post(&format!("/api/v1/contacts/{}/hand-over", world.of_vuk), &to_mila)
            .await
            .unwrap();
        sees(&world, &world.vuk, &[&world.free, &world.in_danger]).await;
        let of_mila = [&world.free, &world.of_mila, &world.of_vuk, &world.in_danger];
        sees(&world, &world.mila, &of_mila).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_of_a_contact_answers_a_counsellor_of_another_team() {
    let world = World::new(None).await;
    for route in routes() {
        if !route.path.contains("/contacts/{reference}") {
            continue;
        }
        let path = route
            .path
            .replace("{reference}", &world.of_mila)
            .replace("{id}", "00000000-0000-0000-0000-000000000001");
        let status = world.petar.status(route.method.clone(), &path).await.unwrap();
        assert!([403, 404].contains(&status), "{} {path}: {status}", route.method);
    }
    let contact = world.mila.contact(&world.of_mila).await.unwrap();
    assert_eq!(text(&contact, "/assignee"), "mila");
    // Neither does a form that names it, nor the answer to a form.
    let own = json!({ "network": "telephone", "caller": "0641234567", "text": "poziv" });
    let own = world.petar.post("/api/v1/log", &own).await.unwrap();
    let own = text(&own, "/reference").to_owned();
    let noted = world
        .petar
        .post(
            &format!("/api/v1/contacts/{own}/note"),
            &json!({ "text": "beleška" }),
        )
        .await
        .unwrap();
    let note = text(&noted, "/id");
    let pin = json!({ "pinned": true, "open": world.of_mila });
    let pinned = world
        .petar
        .post(&format!("/api/v1/contacts/{own}/messages/{note}/pin"), &pin)
        .await
        .unwrap();
    assert_eq!(text(&pinned, "/reference"), own);
    let logged = format!("/desk/log?logged={}", world.of_mila);
    let page = world.petar.page(&logged).await.unwrap();
    assert!(!page.contains(&world.of_mila));
    for path in [
        "/api/v1/statistics/contacts?by=channel&is=webform",
        "/api/v1/statistics/late",
    ] {
        let get = reqwest::Method::GET;
        assert_eq!(
            world.petar.status(get.clone(), path).await.unwrap(),
            403,
            "{path}"
        );
        assert_eq!(world.sara.status(get, path).await.unwrap(), 200, "{path}");
    }
    let link = json!({ "to": world.of_mila, "linked": true });
    let refused = world
        .petar
        .post(&format!("/api/v1/contacts/{}/link", world.free), &link)
        .await;
    assert!(refused.unwrap_err().to_string().contains("404"));
    // The order of the contacts does not matter.
    for references in [
        [&world.of_night, &world.of_mila],
        [&world.of_mila, &world.of_night],
    ] {
        let case = json!({ "references": references, "do": "case" });
        let refused = world.mila.post("/api/v1/several", &case).await.unwrap_err();
        assert!(refused.to_string().contains("404"), "{refused}");
    }
    let several = json!({ "references": [world.of_mila], "do": "claim" });
    let done = world.petar.post("/api/v1/several", &several).await.unwrap();
    assert_eq!(done["done"], json!([]), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_read_by_its_owner_and_by_who_reads_a_contact_of_it() {
    let world = World::new(None).await;
    let formed = world
        .mila
        .post(&format!("/api/v1/contacts/{}/case", world.of_mila), &json!({}))
        .await
        .unwrap();
    let case = text(&formed, "/id").to_owned();
    let path = format!("/api/v1/cases/{case}");
    let get = reqwest::Method::GET;
    let count = async |who: &Staff| {
        let cases = who.get("/api/v1/cases").await.unwrap();
        cases["cases"].as_array().unwrap().len()
    };
    assert_eq!(world.mila.status(get.clone(), &path).await.unwrap(), 200);
    assert_eq!(world.petar.status(get.clone(), &path).await.unwrap(), 404);
    assert_eq!(world.sara.status(get.clone(), &path).await.unwrap(), 200);
    assert_eq!((count(&world.mila).await, count(&world.petar).await), (1, 0));
    let summary = json!({ "summary": "papagaj" });
    world
        .mila
        .post(&format!("{path}/summary"), &summary)
        .await
        .unwrap();
    let hits = async |who: &Staff| {
        let found = who.search("papagaj").await.unwrap();
        found["cases"].as_array().unwrap().len()
    };
    assert_eq!((hits(&world.mila).await, hits(&world.petar).await), (1, 0));
    assert!(
        world
            .petar
            .post(&format!("{path}/summary"), &summary)
            .await
            .is_err()
    );
    // A supervisor adds a contact of the night team: its members read the case, but not the contact of the day team.
    let added = json!({ "reference": world.of_night });
    world
        .sara
        .post(&format!("{path}/contacts"), &added)
        .await
        .unwrap();
    assert_eq!(world.petar.status(get.clone(), &path).await.unwrap(), 200);
    sees(
        &world,
        &world.petar,
        &[&world.free, &world.of_night, &world.in_danger],
    )
    .await;
    let page = world.petar.page(&format!("/desk/cases/{case}")).await.unwrap();
    assert!(page.contains("kanarinac tri") && !page.contains("kanarinac dva"));
    // Owning the case does not open contacts of another team.
    let of_mila = [&world.free, &world.of_mila, &world.in_danger];
    sees(&world, &world.mila, &of_mila).await;
    let shown = world.mila.get(&path).await.unwrap().to_string();
    assert!(
        shown.contains(&world.of_mila) && !shown.contains(&world.of_night),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_contacts_of_a_disabled_account_are_read_by_supervisors_only() {
    let world = World::new(None).await;
    let close = json!({ "reason": "no_contact" });
    let closed = world
        .vuk
        .post(&format!("/api/v1/contacts/{}/close", world.of_vuk), &close)
        .await;
    assert!(closed.is_ok(), "{closed:?}");
    sees(
        &world,
        &world.vuk,
        &[&world.free, &world.of_vuk, &world.in_danger],
    )
    .await;
    world.service.must(&["staff", "disable", "vuk"]).unwrap();
    sees(
        &world,
        &world.mila,
        &[&world.free, &world.of_mila, &world.in_danger],
    )
    .await;
    sees(&world, &world.sara, &world.all()).await;
}
