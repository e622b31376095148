//! Referrals: who may change them, when answers are due, what waits for whom, and the messages beside the summary.

use fantoccini::Locator;
use hotline_tests::{
    peers::browser::Browser,
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    writing::{posted, press, shows, until},
};

/// A service with a case of two contacts, which Mila formed.
struct Office {
    service: Service,
    mila: Staff,
    petar: Staff,
    vera: Staff,
    references: Vec<String>,
    case: String,
}

impl Office {
    async fn open() -> Self {
        let mut service = Service::new(None).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let petar = service.hire("petar", "counsellor").await.unwrap();
        let vera = service.hire("vera", "supervisor").await.unwrap();
        let mut references = Vec::new();
        for words in ["Neko se predstavlja kao moja drugarica", "I meni je pisao isti"] {
            let (reference, _) = posted(&service, words).await;
            mila.until_messages(&reference, 1).await.unwrap();
            references.push(reference);
        }
        let path = |which: usize| format!("/api/v1/contacts/{}/case", references[which]);
        let case = mila.post(&path(0), &json!({})).await.unwrap();
        let id = text(&case, "/id").to_owned();
        mila.post(&path(1), &json!({ "case": id })).await.unwrap();
        Self {
            case: format!("/api/v1/cases/{id}"),
            service,
            mila,
            petar,
            vera,
            references,
        }
    }

    /// Returns the year in the number of the case.
    async fn year(&self) -> String {
        let case = self.mila.get(&self.case).await.unwrap();
        text(&case, "/number").split_once('/').unwrap().1.to_owned()
    }

    fn page(&self) -> String {
        self.case.replace("/api/v1", "/desk")
    }

    /// Proposes a referral as Mila. Returns its path.
    async fn propose(&self, institution: &str) -> String {
        let path = format!("{}/referrals", self.case);
        let proposal = json!({ "institution": institution, "basis": "čl. 280 ZKP", "sent": "Snimci ekrana" });
        let case = self.mila.post(&path, &proposal).await.unwrap();
        let all = case.get("referrals").and_then(Value::as_array).unwrap();
        format!("{path}/{}", text(all.last().unwrap(), "/id"))
    }

    async fn referral(&self, path: &str) -> Value {
        let case = self.mila.get(&self.case).await.unwrap();
        let all = case.get("referrals").and_then(Value::as_array).unwrap();
        let found = all.iter().find(|one| path.ends_with(text(one, "/id")));
        found.unwrap().clone()
    }

    async fn confirm(&self, path: &str) {
        let seen = json!({ "seen": self.referral(path).await.get("changed") });
        let path = format!("{path}/confirm");
        self.petar.post(&path, &seen).await.unwrap();
    }
}

async fn refused(staff: &Staff, path: &str, body: &Value) -> String {
    staff.post(path, body).await.unwrap_err().to_string()
}

/// Returns the kinds of what waits for a member of staff in the cases.
async fn tasks(staff: &Staff) -> Vec<String> {
    let list = staff.get("/api/v1/cases").await.unwrap();
    let tasks = list.get("tasks").and_then(Value::as_array).unwrap();
    tasks.iter().map(|task| text(task, "/kind").to_owned()).collect()
}

/// Returns the number on the menu item "Cases" that a member of staff sees on another page.
async fn badge(staff: &Staff) -> u64 {
    let page = staff.page("/desk/canned").await.unwrap();
    let item = page.split_once("id=\"case-tasks\"").unwrap().1;
    let badge = item.split_once("<b class=\"badge\"").unwrap().1;
    let number = badge.split_once('>').unwrap().1.split_once('<').unwrap().0;
    number.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_and_supervisors_change_a_case_in_every_role() {
    let office = Office::open().await;
    let referral = office.propose("mup").await;
    let summary = format!("{}/summary", office.case);
    let changes = [
        (summary.clone(), json!({ "summary": "Lažni profil" })),
        (
            format!("{}/referrals", office.case),
            json!({ "institution": "mup", "sent": "Snimci" }),
        ),
        (referral.clone(), json!({ "number": "KU 1/26" })),
        (format!("{referral}/withdraw"), json!({})),
        (format!("{}/close", office.case), json!({ "closed": true })),
    ];
    for (path, body) in &changes {
        let said = refused(&office.petar, path, body).await;
        assert!(said.contains("belongs to a colleague"), "{path}: {said}");
    }
    for role in ["manager", "administrator"] {
        let other = office.service.hire(role, role).await.unwrap();
        for (path, body) in &changes {
            assert!(refused(&other, path, body).await.contains("403"), "{role} {path}");
        }
        for rest in ["additions", "take-over"] {
            let path = format!("{}/{rest}", office.case);
            let body = json!({ "text": "x" });
            assert!(
                refused(&other, &path, &body).await.contains("403"),
                "{role} {path}"
            );
        }
    }
    for owner in [&office.mila, &office.vera] {
        for (path, body) in &changes[..3] {
            owner.post(path, body).await.unwrap();
        }
    }
    let case = office.mila.get(&office.case).await.unwrap();
    assert_eq!(text(&case, "/owner"), "mila");
    assert_eq!(text(&case, "/summary"), "Lažni profil");
    let page = office.petar.page(&office.page()).await.unwrap();
    assert!(
        page.contains("Only mila and supervisors change the summary"),
        "{page}"
    );
    assert!(!page.contains("id=\"summary\""), "no form for the summary");
    let page = office.mila.page(&office.page()).await.unwrap();
    assert!(
        page.contains("This is your case") && page.contains("id=\"summary\""),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_adds_signed_text_or_takes_the_case_over_with_a_reason() {
    let office = Office::open().await;
    let add = format!("{}/additions", office.case);
    let take = format!("{}/take-over", office.case);
    let case = office
        .petar
        .post(&add, &json!({ "text": "Zvala je majka" }))
        .await
        .unwrap();
    assert_eq!(text(&case, "/entries/0/kind"), "addition");
    assert_eq!(text(&case, "/entries/0/by"), "petar");
    assert!(
        refused(&office.petar, &add, &json!({ "text": " " }))
            .await
            .contains("there is no text")
    );
    let without = refused(&office.petar, &take, &json!({ "reason": "" })).await;
    assert!(without.contains("there is no text"), "{without}");
    let own = refused(&office.mila, &take, &json!({ "reason": "moj" })).await;
    assert!(own.contains("it is so already"), "{own}");
    let case = office
        .petar
        .post(&take, &json!({ "reason": "Mila je na odmoru" }))
        .await
        .unwrap();
    assert_eq!(text(&case, "/owner"), "petar");
    assert_eq!(text(&case, "/entries/1/text"), "Mila je na odmoru");
    assert_eq!(text(&case, "/formed_by"), "mila");
    let summary = format!("{}/summary", office.case);
    let body = json!({ "summary": "Novo" });
    office.petar.post(&summary, &body).await.unwrap();
    let late = refused(&office.mila, &summary, &body).await;
    assert!(late.contains("belongs to a colleague"), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_summary_needs_a_confirmation_by_somebody_else() {
    let office = Office::open().await;
    let referral = office.propose("mup").await;
    let seen = json!({ "seen": office.referral(&referral).await.get("changed") });
    let summary = format!("{}/summary", office.case);
    office
        .vera
        .post(&summary, &json!({ "summary": "Drugi opis" }))
        .await
        .unwrap();
    let confirm = format!("{referral}/confirm");
    let stale = refused(&office.petar, &confirm, &seen).await;
    assert!(stale.contains("it was changed since"), "{stale}");
    let seen = json!({ "seen": office.referral(&referral).await.get("changed") });
    let own = refused(&office.vera, &confirm, &seen).await;
    assert!(own.contains("somebody else has to confirm"), "{own}");
    office.petar.post(&confirm, &seen).await.unwrap();
    office
        .mila
        .post(&summary, &json!({ "summary": "Treći opis" }))
        .await
        .unwrap();
    let kept = office.referral(&referral).await;
    assert_eq!(
        text(&kept, "/details/summary"),
        "Drugi opis",
        "what was confirmed stays"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_badge_counts_what_waits_for_each_person() {
    let office = Office::open().await;
    let (mila, petar, vera) = (&office.mila, &office.petar, &office.vera);
    assert_eq!(
        (badge(mila).await, badge(petar).await, badge(vera).await),
        (0, 0, 0)
    );
    let referral = office.propose("mup").await;
    assert_eq!(
        (badge(mila).await, badge(petar).await, badge(vera).await),
        (0, 0, 1)
    );
    assert_eq!(tasks(vera).await, ["to_confirm"]);
    let seen = office.referral(&referral).await.get("changed").cloned();
    let back = json!({ "seen": seen, "reason": "Nedostaje adresa profila" });
    let own = refused(mila, &format!("{referral}/return"), &back).await;
    assert!(own.contains("somebody else"), "{own}");
    vera.post(&format!("{referral}/return"), &back).await.unwrap();
    assert_eq!((badge(mila).await, badge(vera).await), (1, 0));
    assert_eq!(tasks(mila).await, ["returned"]);
    let page = mila.page(&office.page()).await.unwrap();
    assert!(page.contains("Nedostaje adresa profila"), "{page}");
    let seen = json!({ "seen": office.referral(&referral).await.get("changed") });
    let unchanged = refused(vera, &format!("{referral}/confirm"), &seen).await;
    assert!(unchanged.contains("returned for changes"), "{unchanged}");
    let corrected = json!({ "sent": "Snimci ekrana i adresa profila" });
    mila.post(&referral, &corrected).await.unwrap();
    assert_eq!((badge(mila).await, badge(vera).await), (0, 1));
    office.confirm(&referral).await;
    assert_eq!(
        (badge(mila).await, badge(petar).await, badge(vera).await),
        (0, 0, 0)
    );
    // The answer is due for the owner only.
    mila.post(&referral, &json!({ "due_on": "2026-01-15" }))
        .await
        .unwrap();
    assert_eq!(
        (badge(mila).await, badge(petar).await, badge(vera).await),
        (1, 0, 0)
    );
    assert_eq!(tasks(mila).await, ["answer_due"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_due_after_the_days_of_the_institution() {
    let office = Office::open().await;
    let referral = office.propose("education").await;
    assert_eq!(office.referral(&referral).await.get("due_on"), Some(&Value::Null));
    office
        .mila
        .post(&referral, &json!({ "sent_on": "2026-02-20" }))
        .await
        .unwrap();
    office.confirm(&referral).await;
    let known = office.referral(&referral).await;
    assert_eq!(
        text(&known, "/due_on"),
        "2026-03-07",
        "15 days from the day of sending"
    );
    office
        .mila
        .post(&referral, &json!({ "sent_on": "2026-02-22" }))
        .await
        .unwrap();
    let known = office.referral(&referral).await;
    assert_eq!(text(&known, "/due_on"), "2026-03-09");
    assert_eq!(known.get("overdue"), Some(&json!(true)));
    let list = office.mila.page("/desk/cases").await.unwrap();
    assert!(
        list.contains("Answer is due") && list.contains("overdue"),
        "{list}"
    );
    // The reminder can be moved. The answer stays overdue.
    let later = json!({ "remind_on": "9999-01-01" });
    office.mila.post(&referral, &later).await.unwrap();
    assert_eq!(badge(&office.mila).await, 0);
    assert_eq!(
        office.referral(&referral).await.get("overdue"),
        Some(&json!(true))
    );
    office
        .mila
        .post(&referral, &json!({ "remind_on": "2026-03-10" }))
        .await
        .unwrap();
    assert_eq!(badge(&office.mila).await, 1);
    let future = json!({ "outcome_kind": "removed", "answered_on": "9999-01-01" });
    assert!(
        refused(&office.mila, &referral, &future)
            .await
            .contains("has not come yet")
    );
    let answer = json!({ "outcome_kind": "removed", "answered_on": "2026-03-12" });
    office.mila.post(&referral, &answer).await.unwrap();
    let known = office.referral(&referral).await;
    assert_eq!(text(&known, "/outcome_kind"), "removed");
    assert_eq!(known.get("overdue"), Some(&json!(false)));
    assert_eq!(badge(&office.mila).await, 0);
    let early = office.propose("mup").await;
    let early = refused(&office.mila, &early, &json!({ "outcome_kind": "answered" })).await;
    assert!(early.contains("not confirmed yet"), "{early}");
    office.service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_of_a_chosen_contact_stand_beside_the_summary() {
    let office = Office::open().await;
    let page = office.mila.page(&office.page()).await.unwrap();
    assert!(
        page.contains("moja drugarica") && !page.contains("I meni je pisao"),
        "{page}"
    );
    let other = format!("{}?contact={}", office.page(), office.references[1]);
    let page = office.mila.page(&other).await.unwrap();
    assert!(
        page.contains("I meni je pisao") && !page.contains("moja drugarica"),
        "{page}"
    );
    let link = format!("href=\"/desk/contacts/{}?view=all\"", office.references[1]);
    assert!(page.contains(&link), "{page}");
    let (foreign, _) = posted(&office.service, "Nešto treće").await;
    office.mila.until_messages(&foreign, 1).await.unwrap();
    let foreign = office
        .mila
        .page(&format!("{}?contact={foreign}", office.page()))
        .await;
    assert!(foreign.unwrap_err().to_string().contains("404"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_shows_its_messages_beside_it_on_a_wide_screen() {
    let office = Office::open().await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &office.service, "mila", "en").await;
    let summary = json!({ "summary": "Lažni profil na mreži" });
    office
        .mila
        .post(&format!("{}/summary", office.case), &summary)
        .await
        .unwrap();
    let referral = office.propose("mup").await;
    office.confirm(&referral).await;
    let late = json!({ "sent_on": "2026-02-20" });
    office.mila.post(&referral, &late).await.unwrap();
    let address = format!("{}{}", office.service.base(), office.page());
    client.goto(&address).await.unwrap();
    until(client, ".said .message").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    let beside = "const [about, said] = ['.record-of-case', '.said'].map((one) => \
        document.querySelector(one).getBoundingClientRect()); \
        return [about.right <= said.left, about.bottom <= said.top]";
    for (width, expected) in [
        (360, json!([false, true])),
        (1_093, json!([true, false])),
        (1_440, json!([true, false])),
    ] {
        client.set_window_size(width, 900).await.unwrap();
        assert_eq!(client.execute(beside, vec![]).await.unwrap(), expected, "{width}");
    }
    browser.pictures("case_beside").await.unwrap();
    // The chosen contact stays when a form is sent.
    client.set_window_size(1_440, 900).await.unwrap();
    press(client, ".chosen a:not([aria-current])").await;
    shows(client, ".said .scroll", "I meni je pisao").await;
    press(client, "#addition summary").await;
    until(client, "#addition-text")
        .await
        .send_keys("Zvala je majka")
        .await
        .unwrap();
    press(client, "#addition button").await;
    shows(client, ".record-of-case", "Zvala je majka").await;
    shows(client, ".said .scroll", "I meni je pisao").await;
    assert!(
        client
            .find(Locator::Css("#case-tasks .badge:not([hidden])"))
            .await
            .is_ok()
    );
    client
        .goto(&format!("{}/desk/cases", office.service.base()))
        .await
        .unwrap();
    until(client, ".tasks section").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("cases_waiting").await.unwrap();
    browser.close().await.unwrap();
}

/// Returns the text of a PDF.
fn text_of(pdf: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pdf).unwrap();
    let output = std::process::Command::new("pdftotext")
        .arg(file.path())
        .arg("-")
        .output();
    let output = output.unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_has_what_was_confirmed_and_sends_nothing() {
    let office = Office::open().await;
    let summary = format!("{}/summary", office.case);
    office
        .mila
        .post(&summary, &json!({ "summary": "Lažni profil devojčice" }))
        .await
        .unwrap();
    let referral = office.propose("mup").await;
    let pdf = format!("{referral}/letter/pdf");
    let draft = text_of(&office.mila.bytes(&pdf).await.unwrap());
    assert!(
        draft.contains("NACRT") && draft.contains("Lažni profil devojčice"),
        "{draft}"
    );
    office.confirm(&referral).await;
    office
        .mila
        .post(
            &referral,
            &json!({ "sent_on": "2026-02-20", "number": "KU 12/26" }),
        )
        .await
        .unwrap();
    office
        .mila
        .post(&summary, &json!({ "summary": "Kasniji opis" }))
        .await
        .unwrap();
    let bytes = office.mila.bytes(&pdf).await.unwrap();
    assert!(
        bytes == office.petar.bytes(&pdf).await.unwrap(),
        "the same bytes each time"
    );
    let letter = text_of(&bytes);
    for part in [
        "Kontakt centar za bezbednost dece na internetu",
        "telefon: 19833",
        "Datum: 20. februara 2026. godine",
        "Vaš broj: KU 12/26",
        "Ministarstvo unutrašnjih poslova",
        "Dostavljanje podataka o slučaju 1/2026",
        "Na osnovu: čl. 280 ZKP",
        "Lažni profil devojčice",
        "Prilozi 1. Snimci ekrana",
        "potpis ovlašćenog lica",
    ] {
        let part = part.replace("1/2026", &format!("1/{}", office.year().await));
        assert!(letter.contains(&part), "{part}: {letter}");
    }
    assert!(
        !letter.contains("Kasniji opis") && !letter.contains("NACRT"),
        "{letter}"
    );
    let json = office.petar.get(&format!("{referral}/letter")).await.unwrap();
    assert_eq!(text(&json, "/summary"), "Lažni profil devojčice");
    assert_eq!(json.get("draft"), Some(&Value::Null));
    let page = referral.replace("/api/v1", "/desk");
    let owner = office.mila.page(&format!("{page}/letter")).await.unwrap();
    assert!(owner.contains("This page sends nothing."), "{owner}");
    assert!(
        owner.contains("name=\"sent_on\"") && owner.contains("/letter/pdf"),
        "{owner}"
    );
    let colleague = office.petar.page(&format!("{page}/letter")).await.unwrap();
    assert!(
        !colleague.contains("name=\"sent_on\""),
        "a colleague records nothing"
    );
    let manager = office.service.hire("milan", "manager").await.unwrap();
    let not_theirs = manager.get(&format!("{referral}/letter")).await.unwrap_err();
    assert!(not_theirs.to_string().contains("403"), "{not_theirs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_previewed_and_its_day_of_sending_recorded_by_a_person() {
    let office = Office::open().await;
    let summary = json!({ "summary": "Lažni profil devojčice na društvenoj mreži." });
    office
        .mila
        .post(&format!("{}/summary", office.case), &summary)
        .await
        .unwrap();
    let referral = office.propose("mup").await;
    office.confirm(&referral).await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &office.service, "mila", "en").await;
    let page = format!(
        "{}{}/letter",
        office.service.base(),
        referral.replace("/api/v1", "/desk")
    );
    client.goto(&page).await.unwrap();
    until(client, ".paper").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("letter").await.unwrap();
    press(client, "form:has(#sent-on) button").await;
    shows(client, ".referral", "Sent on").await;
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn referrals_are_reported_by_outcome_and_small_figures_are_suppressed() {
    let office = Office::open().await;
    for (sent, answered) in [
        ("2026-02-01", "2026-02-05"),
        ("2026-02-01", "2026-02-21"),
        ("2026-02-01", "2026-02-11"),
    ] {
        let referral = office.propose("mup").await;
        office.confirm(&referral).await;
        let answer = json!({ "sent_on": sent, "outcome_kind": "measures", "answered_on": answered });
        office.mila.post(&referral, &answer).await.unwrap();
    }
    for _ in 0..2 {
        let referral = office.propose("mup").await;
        office.confirm(&referral).await;
        office
            .mila
            .post(&referral, &json!({ "due_on": "2026-02-01" }))
            .await
            .unwrap();
    }
    let referral = office.propose("education").await;
    office.confirm(&referral).await;
    office
        .mila
        .post(&referral, &json!({ "outcome_kind": "no_answer" }))
        .await
        .unwrap();
    let report = office
        .mila
        .get("/api/v1/statistics/report?period=ever")
        .await
        .unwrap();
    let answers = report.pointer("/referrals/answers").unwrap();
    assert_eq!(
        answers,
        &json!([
            { "institution": "education", "median_days": null, "overdue": 0 },
            { "institution": "mup", "median_days": 10, "overdue": 2 },
        ])
    );
    let rows = report.pointer("/referrals/outcomes/rows").unwrap().to_string();
    for row in [
        r#"["mup","measures"]"#,
        r#"["mup","awaited"]"#,
        r#"["education","no_answer"]"#,
    ] {
        assert!(rows.contains(row), "{row}: {rows}");
    }
    let page = office.mila.page("/desk/statistics?period=ever").await.unwrap();
    assert!(
        page.contains("Referrals by outcome") && page.contains("measures taken"),
        "{page}"
    );
    let published = "/api/v1/statistics/report?period=ever&publication=yes";
    let published = office.mila.get(published).await.unwrap();
    assert_eq!(published.pointer("/referrals/answers"), Some(&json!([])));
    assert_eq!(published.pointer("/referrals/outcomes/rows"), Some(&json!([])));
    let csv = office
        .mila
        .page("/api/v1/statistics/figures?of=referral&by=institution,referral_outcome&period=ever&format=csv")
        .await
        .unwrap();
    assert!(csv.contains("measures taken"), "{csv}");
    office.service.must(&["statistics", "verify"]).unwrap();
}
