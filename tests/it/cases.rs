//! Cases: formed from contacts, and forwarded to an institution with the approval of two people.

use std::time::Duration;

use fantoccini::{Locator, wd::PrintConfiguration};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    writing::{posted, press, shows, until},
};

async fn begun() -> (Service, Staff, Staff, Vec<String>) {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let petar = service.hire("petar", "counsellor").await.unwrap();
    let mut references = Vec::new();
    for words in ["Neko se predstavlja kao moja drugarica", "I meni je pisao isti"] {
        let (reference, _) = posted(&service, words).await;
        mila.until_messages(&reference, 1).await.unwrap();
        references.push(reference);
    }
    (service, mila, petar, references)
}

async fn refused(staff: &Staff, path: &str, body: &Value) -> String {
    staff.post(path, body).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_forwarded_only_when_a_second_person_confirmed_it() {
    let (service, mila, petar, references) = begun().await;
    let of_contact = |which: usize| format!("/api/v1/contacts/{}", references[which]);
    mila.post(&format!("{}/claim", of_contact(0)), &json!({}))
        .await
        .unwrap();
    let case = mila
        .post(&format!("{}/case", of_contact(0)), &json!({}))
        .await
        .unwrap();
    let id = text(&case, "/id").to_owned();
    let path = format!("/api/v1/cases/{id}");
    let number = text(&case, "/number").to_owned();
    assert!(number.starts_with("1/"), "{number}");
    // Adds the second contact to the same case. Repeating the request changes nothing.
    for _ in 0..2 {
        let into = json!({ "case": id });
        mila.post(&format!("{}/case", of_contact(1)), &into)
            .await
            .unwrap();
    }
    let other = petar
        .post(&format!("{}/case", of_contact(0)), &json!({}))
        .await
        .unwrap_err();
    assert!(
        other.to_string().contains("is assigned to somebody else"),
        "{other}"
    );
    mila.post(
        &format!("{path}/summary"),
        &json!({ "summary": "Jedan lažni profil, dve devojčice" }),
    )
    .await
    .unwrap();
    let nowhere = json!({ "institution": "neighbour" });
    assert!(
        refused(&mila, &format!("{path}/referrals"), &nowhere)
            .await
            .contains("409")
    );
    let proposal = json!({ "institution": "mup", "basis": "čl. 280 ZKP", "sent": "Snimci ekrana" });
    let case = mila.post(&format!("{path}/referrals"), &proposal).await.unwrap();
    assert_eq!(
        case.get("forwarded"),
        Some(&json!(false)),
        "a proposal forwards nothing"
    );
    assert_eq!(case.pointer("/contacts/1/reference"), Some(&json!(references[1])));
    let referral = format!("{path}/referrals/{}", text(&case, "/referrals/0/id"));
    let confirm = format!("{referral}/confirm");
    let unread = refused(&petar, &confirm, &json!({})).await;
    assert!(unread.contains("422"), "what was read is said: {unread}");
    let summary = format!("{path}/summary");
    mila.post(&summary, &json!({ "summary": "" })).await.unwrap();
    mila.post(&referral, &json!({ "sent": " " })).await.unwrap();
    let nothing = mila.get(&path).await.unwrap();
    let nothing = json!({ "seen": nothing.pointer("/referrals/0/changed") });
    let nothing = refused(&petar, &confirm, &nothing).await;
    assert!(nothing.contains("the letter would be empty"), "{nothing}");
    mila.post(
        &summary,
        &json!({ "summary": "Jedan lažni profil, dve devojčice" }),
    )
    .await
    .unwrap();
    let case = mila
        .post(&referral, &json!({ "sent": "Snimci ekrana" }))
        .await
        .unwrap();
    let seen = json!({ "seen": case.pointer("/referrals/0/changed") });
    let same = refused(&mila, &confirm, &seen).await;
    assert!(same.contains("somebody else has to confirm"), "{same}");
    // A referral that changed since it was read can't be confirmed.
    let seen = case.pointer("/referrals/0/changed").unwrap().clone();
    let corrected = json!({ "sent": "Snimci ekrana i adresa profila" });
    mila.post(&referral, &corrected).await.unwrap();
    let changed = refused(&petar, &confirm, &json!({ "seen": seen })).await;
    assert!(changed.contains("it was changed since"), "{changed}");
    // A person who changes the text becomes its proposer, and can't confirm it.
    let vera = service.hire("vera", "supervisor").await.unwrap();
    let case = vera
        .post(&referral, &json!({ "sent": "Nešto sasvim drugo" }))
        .await
        .unwrap();
    let seen = json!({ "seen": case.pointer("/referrals/0/changed") });
    let own = refused(&vera, &confirm, &seen).await;
    assert!(own.contains("somebody else has to confirm"), "{own}");
    mila.post(&referral, &corrected).await.unwrap();
    let case = petar.get(&path).await.unwrap();
    let seen = json!({ "seen": case.pointer("/referrals/0/changed") });
    let case = petar.post(&confirm, &seen).await.unwrap();
    assert_eq!(case.get("forwarded"), Some(&json!(true)));
    assert_eq!(text(&case, "/referrals/0/confirmed_by"), "petar");
    assert!(
        refused(&petar, &confirm, &seen).await.contains("409"),
        "once is enough"
    );
    // After confirmation the text is fixed. Only the date, the institution's number and the outcome may still be entered.
    let known = json!({ "sent": "Nešto drugo" });
    assert!(refused(&mila, &referral, &known).await.contains("409"));
    let known = json!({ "sent_on": "2026-11-20", "number": "KU 12/26", "outcome": "U radu" });
    let case = mila.post(&referral, &known).await.unwrap();
    assert_eq!(text(&case, "/referrals/0/details/number"), "KU 12/26");
    assert_eq!(
        text(&case, "/referrals/0/details/sent"),
        "Snimci ekrana i adresa profila"
    );
    // Readers of the case can still read earlier versions of the text.
    let versions = case.get("versions").and_then(Value::as_array).unwrap();
    let said: Vec<&str> = versions.iter().map(|one| text(one, "/text")).collect();
    assert!(said.contains(&"čl. 280 ZKP\nNešto sasvim drugo"), "{said:?}");
    // An unconfirmed referral can be withdrawn; a confirmed one can't.
    let second = mila.post(&format!("{path}/referrals"), &proposal).await.unwrap();
    let second = format!("{path}/referrals/{}/withdraw", text(&second, "/referrals/1/id"));
    let case = mila.post(&second, &json!({})).await.unwrap();
    assert_eq!(case.pointer("/referrals/1"), None);
    assert!(case.get("versions").unwrap().to_string().contains("mup"));
    assert!(
        refused(&mila, &format!("{referral}/withdraw"), &json!({}))
            .await
            .contains("409")
    );
    for reference in &references {
        let contact = mila.contact(reference).await.unwrap();
        let happened = contact.pointer("/history").unwrap().to_string();
        assert!(
            happened.contains("forwarded") && happened.contains(&number),
            "{happened}"
        );
    }
    let contact = mila
        .post(&format!("{path}/tell/{}", references[1]), &json!({}))
        .await
        .unwrap();
    let contact = if contact.get("draft").is_some() {
        contact
    } else {
        mila.contact(&references[1]).await.unwrap()
    };
    let draft = text(&contact, "/draft/text");
    assert!(
        draft.contains(&references[1]) && draft.contains("Ministarstvo unutrašnjih poslova"),
        "in the person's language: {draft}"
    );
    let closed = mila
        .post(&format!("{path}/close"), &json!({ "closed": true }))
        .await
        .unwrap();
    assert!(!closed.get("closed_at").unwrap().is_null());
    let late = refused(&mila, &format!("{path}/referrals"), &proposal).await;
    assert!(late.contains("this case is closed"), "{late}");
    let manager = service.hire("milan", "manager").await.unwrap();
    for path in ["/api/v1/cases", &path] {
        let not_theirs = manager.get(path).await.unwrap_err().to_string();
        assert!(not_theirs.contains("403"), "{not_theirs}");
    }
    service.must(&["reconcile"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn picked_contacts_form_one_case_or_none() {
    let (service, mila, petar, references) = begun().await;
    let picked = json!({ "do": "case", "references": references });
    let contact = format!("/api/v1/contacts/{}", references[1]);
    petar.post(&format!("{contact}/claim"), &json!({})).await.unwrap();
    let said = refused(&mila, "/api/v1/several", &picked).await;
    assert!(said.contains("another of these contacts"), "{said}");
    let cases = mila.get("/api/v1/cases").await.unwrap();
    assert_eq!(cases.get("count"), Some(&json!(0)));
    petar
        .post(&format!("{contact}/give-back"), &json!({}))
        .await
        .unwrap();
    let formed = mila.post("/api/v1/several", &picked).await.unwrap();
    assert_eq!(formed.get("done"), picked.get("references"));
    let case = format!("/api/v1/cases/{}", text(&formed, "/case"));
    let case = mila.get(&case).await.unwrap();
    let contacts = case.get("contacts").and_then(Value::as_array).unwrap();
    assert_eq!(contacts.len(), 2);
    // On the desk, the page of the new case follows.
    let fields = [
        ("view", "all"),
        ("pick", &references[0]),
        ("pick", &references[1]),
    ];
    let fields = [&fields[..], &[("do", "case")]].concat();
    let page = mila.submit("/desk/several", &fields).await.unwrap();
    assert!(page.contains("Formed from"), "{page}");
    drop(service);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_case_says_is_not_readable_in_the_files() {
    let (service, mila, _, references) = begun().await;
    let case = mila
        .post(&format!("/api/v1/contacts/{}/case", references[0]), &json!({}))
        .await
        .unwrap();
    let path = format!("/api/v1/cases/{}", text(&case, "/id"));
    let summary = json!({ "summary": "Vrlo prepoznatljiva rečenica" });
    mila.post(&format!("{path}/summary"), &summary).await.unwrap();
    let proposal = json!({ "institution": "mup", "sent": "Druga prepoznatljiva rečenica" });
    mila.post(&format!("{path}/referrals"), &proposal).await.unwrap();
    for entry in std::fs::read_dir(service.data()).unwrap() {
        let entry = entry.unwrap();
        if entry.metadata().unwrap().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let needle = "prepoznatljiva".as_bytes();
            assert!(
                !bytes.windows(needle.len()).any(|window| window == needle),
                "{:?}",
                entry.path()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_forward_a_case_on_their_screens_and_print_it() {
    let (service, _, _, references) = begun().await;
    let (one, two) = tokio::join!(Browser::start(), Browser::start());
    let (one, two) = (one.unwrap(), two.unwrap());
    log_in_as(one.client(), &service, "mila", "sr-Latn").await;
    log_in_as(two.client(), &service, "petar", "sr-Latn").await;
    let (mila, petar) = (one.client(), two.client());
    let go = async |client: &fantoccini::Client, path: &str| {
        client.goto(&format!("{}{path}", service.base())).await.unwrap();
    };
    go(mila, &format!("/desk/contacts/{}?view=all", references[0])).await;
    press(mila, "#forming summary").await;
    until(mila, "#case-summary").await.clear().await.unwrap();
    press(mila, "form[action$='/case'] button").await;
    until(mila, "#case").await;
    shows(mila, "#flash", "Slučaj je formiran").await;
    until(mila, "#summary")
        .await
        .send_keys("Lažni profil")
        .await
        .unwrap();
    // A field is saved when it loses focus. Text typed in another field before the response arrives is kept.
    until(mila, "#sent")
        .await
        .send_keys("Snimci ekrana")
        .await
        .unwrap();
    until(mila, "#institution")
        .await
        .select_by_value("mup")
        .await
        .unwrap();
    press(mila, "form[action$='/referrals'] button").await;
    shows(mila, ".referral", "Čeka").await;
    let summary = "return document.querySelector('#case .print')?.textContent";
    let kept = wait_until(Duration::from_secs(20), || async {
        mila.execute(summary, vec![])
            .await
            .is_ok_and(|said| said == "Lažni profil")
    });
    kept.await.unwrap();
    shows(mila, ".referral", "Snimci ekrana").await;
    let begun = until(mila, "#sent").await.prop("value").await.unwrap();
    assert_eq!(begun.as_deref(), Some(""), "the form is empty for the next one");
    assert!(
        mila.find(Locator::Css("form[action$='/confirm']")).await.is_err(),
        "not one's own"
    );
    go(petar, "/desk/cases").await;
    assert_eq!(two.axe().await.unwrap(), json!([]));
    two.pictures("cases").await.unwrap();
    press(petar, "main td a").await;
    until(petar, "form[action$='/confirm'] button").await;
    assert_eq!(two.axe().await.unwrap(), json!([]));
    two.pictures("case").await.unwrap();
    press(petar, "form[action$='/confirm'] button").await;
    shows(petar, "#case h1", "prosleđen").await;
    shows(mila, "#case h1", "prosleđen").await;
    // The printed page contains the case but no controls.
    let printed = petar.print(PrintConfiguration::default()).await.unwrap();
    assert!(printed.starts_with(b"%PDF"));
    if let Some(folder) = std::env::var_os("HOTLINE_SCREENSHOTS") {
        std::fs::write(std::path::Path::new(&folder).join("case.pdf"), printed).unwrap();
    }
    one.close().await.unwrap();
    two.close().await.unwrap();
}
