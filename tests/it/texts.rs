//! Texts for the public that administrators replace on screen.

use std::time::Duration;

use chrono::TimeDelta;
use hotline_core::{
    centre::texts::{LocalizedText, PublicText, TextContent},
    staff::rights::Role,
    time::hours::OpeningHours,
};
use hotline_store::{
    error::{Conflict, StoreError},
    routing::schedules::CENTRE,
    staff::accounts::StaffMember,
};
use hotline_tests::{
    peers::wait_until,
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{
    admin::{audited, started},
    hours::told,
    schedules::send,
    store::{World, mail, on_both, second_store},
};

const TEXTS: &str = "/api/v1/admin/texts";

async fn administrator(world: &World) -> StaffMember {
    let password = "another long password".to_owned().into();
    let store = &world.store;
    store
        .add_staff("vera", "Vera", Role::Administrator, &password)
        .await
        .unwrap()
}

fn same(text: &str) -> TextContent {
    TextContent::Same(text.to_owned())
}

/// Replaces a text, and returns the status and the response.
async fn put(service: &Service, who: &Staff, name: &str, version: i64, content: &Value) -> (u16, Value) {
    let body = json!({ "version": version, "content": content });
    send(
        service,
        who,
        reqwest::Method::PUT,
        &format!("{TEXTS}/{name}"),
        &body,
    )
    .await
}

async fn form_page(service: &Service, path: &str) -> String {
    let url = format!("{}{path}", service.base());
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_replaced_text_applies_at_once_in_every_process() {
    on_both(async |world| {
        let vera = administrator(&world).await;
        let other = second_store(&world).await;
        let following = tokio::spawn(other.clone().follow());
        let replace = async |version, content: Option<&TextContent>| {
            let store = &world.store;
            store
                .replace_text(&vera, PublicText::Telephone, version, content)
                .await
        };
        assert_eq!(replace(0, Some(&same("0800 1"))).await.unwrap(), 1);
        assert_eq!(world.store.centre().telephone, "0800 1");
        let deadline = Duration::from_secs(10);
        wait_until(deadline, || async { other.centre().telephone == "0800 1" })
            .await
            .unwrap();
        assert_eq!(
            second_store(&world).await.centre().telephone,
            "0800 1",
            "after a start"
        );
        let stale = replace(0, Some(&same("0800 2"))).await.unwrap_err();
        assert!(
            matches!(stale, StoreError::Conflict(Conflict::TextChanged)),
            "{stale}"
        );
        let wrong = replace(1, Some(&same("call us"))).await.unwrap_err();
        assert!(
            matches!(wrong, StoreError::Conflict(Conflict::InvalidText)),
            "{wrong}"
        );
        let twice = replace(1, Some(&same("0800 1"))).await.unwrap_err();
        assert!(
            matches!(twice, StoreError::Conflict(Conflict::SoAlready)),
            "{twice}"
        );
        assert_eq!(replace(1, None).await.unwrap(), 2);
        assert_eq!(world.store.centre().telephone, "19833");
        wait_until(deadline, || async { other.centre().telephone == "19833" })
            .await
            .unwrap();
        following.abort();
        let versions = world.store.text_versions(PublicText::Telephone).await.unwrap();
        let contents: Vec<_> = versions
            .into_iter()
            .map(|one| (one.version, one.content))
            .collect();
        assert_eq!(contents, [(2, None), (1, Some(same("0800 1")))]);
        let counsellor = world
            .store
            .replace_text(&world.mila, PublicText::Telephone, 2, Some(&same("0800 3")))
            .await;
        assert!(counsellor.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_replaced_out_of_hours_answer_is_sent() {
    on_both(async |world| {
        let vera = administrator(&world).await;
        let store = &world.store;
        store
            .set_opening_hours(&world.mila, CENTRE, 0, &OpeningHours::default())
            .await
            .unwrap();
        let content = TextContent::Localized(LocalizedText {
            sr: "Пишемо {opens}. Хитно:\n{emergency}".to_owned(),
            en: "We write {opens}. Urgent:\n{emergency}".to_owned(),
        });
        store
            .replace_text(&vera, PublicText::ClosedAnswer, 0, Some(&content))
            .await
            .unwrap();
        world.clock.advance(TimeDelta::hours(10));
        world
            .arrives("1", mail("ana@example.org", "1@x", "help", vec![]))
            .await;
        let told = told(&world).await;
        assert!(
            told[0].starts_with("Пишемо сутра од 07:30. Хитно:\n192 – Полиција\n194"),
            "{told:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_replaced_restored_and_put_back_by_programs() {
    let (service, vera) = started().await;
    let petar = service.hire("petar", "supervisor").await.unwrap();
    let numbers = json!({ "numbers": [{ "number": "112", "name": { "sr": "Помоћ", "en": "Help" } }] });
    assert_eq!(put(&service, &petar, "emergency", 0, &numbers).await.0, 403);
    let (status, first) = put(&service, &vera, "emergency", 0, &numbers).await;
    assert_eq!((status, text(&first, "/source")), (200, "screen"));
    assert_eq!(text(&first, "/changed_by"), "vera");
    assert_eq!(text(&first, "/previews/1/text"), "112 – Pomoć");
    let page = form_page(&service, "/?lang=en").await;
    assert!(page.contains("tel:112") && !page.contains("tel:192"), "{page}");
    let (status, refused) = put(&service, &vera, "emergency", 1, &json!({ "numbers": [] })).await;
    assert_eq!((status, text(&refused, "/error")), (422, "there is no number"));
    assert_eq!(
        put(&service, &vera, "emergency", 0, &Value::Null).await.0,
        409,
        "stale"
    );
    let (_, back) = put(&service, &vera, "emergency", 1, &Value::Null).await;
    assert_eq!(text(&back, "/source"), "default");
    assert!(form_page(&service, "/?lang=en").await.contains("tel:192"));
    // The content of an earlier version restores it.
    let (_, restored) = put(&service, &vera, "emergency", 2, &back["versions"][1]["content"]).await;
    assert_eq!(restored["version"], 3);
    assert!(form_page(&service, "/?lang=en").await.contains("tel:112"));
    let preview = json!({ "content": { "localized": { "sr": "{centre}", "en": "We: {centre}" } } });
    let seen = vera
        .post(&format!("{TEXTS}/privacy-reads/preview"), &preview)
        .await
        .unwrap();
    assert!(text(&seen, "/previews/2/text").starts_with("We: "), "{seen}");
    assert!(vera.get(&format!("{TEXTS}/nothing")).await.is_err());
    let all = vera.get(TEXTS).await.unwrap();
    assert_eq!(text(&all, "/centre/2/emergency/0/number"), "112");
    let setting = vera.get("/api/v1/admin/settings").await.unwrap();
    let settings = setting["settings"].as_array().unwrap();
    let found = settings
        .iter()
        .find(|one| text(one, "/key") == "centre.emergency.1.number")
        .unwrap();
    assert_eq!(
        (found["replaced"].clone(), text(found, "/text")),
        (json!(true), "emergency")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_previews_saves_and_restores_a_text_on_screen() {
    let (service, vera) = started().await;
    let path = "/desk/admin/texts/privacy-kept";
    let page = vera.page("/desk/admin/texts").await.unwrap();
    assert!(page.contains(path) && page.contains("built-in text"), "{page}");
    let fields = |act: &'static str, sr: &'static str, version: &'static str| {
        [
            ("do", act),
            ("version", version),
            ("sr", sr),
            ("en", "We keep words.\r\nOnly words."),
        ]
    };
    let page = vera
        .submit(path, &fields("preview", "Чувамо речи.", "0"))
        .await
        .unwrap();
    for seen in [
        "This is not saved yet",
        "Čuvamo reči.",
        "We keep words.\nOnly words.",
    ] {
        assert!(page.contains(seen), "{seen}: {page}");
    }
    assert!(
        !form_page(&service, "/privacy?lang=en")
            .await
            .contains("We keep words")
    );
    let refused = vera
        .submit(path, &fields("save", "Чувамо {words}.", "0"))
        .await
        .unwrap();
    assert!(
        refused.contains("There is no field “{words}”") && refused.contains("Чувамо {words}."),
        "{refused}"
    );
    let page = vera
        .submit(path, &fields("save", "Чувамо речи.", "0"))
        .await
        .unwrap();
    assert!(page.contains("changed on screen: version 1, by vera"), "{page}");
    assert!(
        form_page(&service, "/privacy?lang=en")
            .await
            .contains("We keep words.")
    );
    assert!(
        form_page(&service, "/privacy?lang=sr-Latn")
            .await
            .contains("Čuvamo reči.")
    );
    let page = vera
        .submit(path, &[("do", "back"), ("version", "1"), ("of", "0")])
        .await
        .unwrap();
    assert!(page.contains("The text of the settings was put back"), "{page}");
    assert!(
        !form_page(&service, "/privacy?lang=en")
            .await
            .contains("We keep words.")
    );
    vera.submit(path, &[("do", "restore"), ("version", "2"), ("of", "1")])
        .await
        .unwrap();
    assert!(
        form_page(&service, "/privacy?lang=en")
            .await
            .contains("We keep words.")
    );
    let entries = audited(&service).await;
    for version in 1..=3 {
        let entry = format!("replace-text privacy-kept: version {version}");
        assert!(entries.contains(&entry), "{entries:?}");
    }
}
