//! On a full disk every action of every role takes effect or reports an error.

use std::collections::BTreeSet;

use hotline_desk::routes::routes;
use hotline_tests::{
    peers::{
        bridge::{Bridge, call, now},
        disk::SmallDisk,
    },
    service::Service,
    staff::{PASSWORD, Staff, text},
};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};

use crate::writing::posted;

/// Addresses that are not tested, each with the reason.
const NOT_ASKED: [(&str, &str); 77] = [
    (
        "/api/v1/contacts/{reference}/evidence",
        "writes what placing a hold writes",
    ),
    ("/api/v1/contacts/{reference}/evidence/{id}/withdraw", "the same"),
    ("/api/v1/contacts/{reference}/evidence/{id}/confirm", "the same"),
    ("/api/v1/talk", "writes what a break writes"),
    ("/api/v1/routing/talks/{id}", "the same"),
    ("/api/v1/me/notices", "writes what preferences write"),
    ("/desk/login/provider", "there is no identity provider here"),
    (
        "/api/v1/contacts/{reference}/export-person",
        "writes an entry of the audit, as opening a contact does",
    ),
    (
        "/api/v1/contacts/{reference}/reveal",
        "writes what claiming a contact writes",
    ),
    ("/api/v1/audit/verify", "stores nothing"),
    (
        "/api/v1/contacts/{reference}/holds/{id}/lift",
        "writes what placing a hold writes",
    ),
    ("/api/v1/cases/{id}/holds", "the same"),
    ("/api/v1/cases/{id}/holds/{hold}/lift", "the same"),
    ("/api/v1/audit/verify", "stores nothing"),
    ("/api/v1/routing/skills/{id}", "writes what preferences write"),
    ("/api/v1/routing/move", "writes what giving a contact back writes"),
    ("/api/v1/routing/swaps", "writes a version of the shift plan"),
    ("/api/v1/routing/swaps/{id}", "the same"),
    ("/desk/routing/shifts", "the same"),
    ("/desk/routing/hours", "writes a version of the hours"),
    ("/api/v1/contacts/next", "writes what claiming a contact writes"),
    (
        "/api/v1/contacts/{reference}/decline",
        "no contact is on offer here",
    ),
    ("/api/v1/contacts/{reference}/here", "presence is kept in memory"),
    ("/api/v1/contacts/{reference}/preview", "stores nothing"),
    (
        "/api/v1/contacts/{reference}/attachments/{id}/fetch",
        "no platform keeps files here",
    ),
    (
        "/api/v1/contacts/{reference}/attachments/{id}/lock",
        "writes what marking a contact writes",
    ),
    (
        "/api/v1/contacts/{reference}/erase-person",
        "erases, and needs the password",
    ),
    ("/api/v1/locked-files/{id}/propose", "no file is locked here"),
    ("/api/v1/locked-files/{id}/confirm", "no file is locked here"),
    ("/api/v1/locked-files/{id}/withdraw", "no file is locked here"),
    (
        "/api/v1/cases/{id}/tell/{reference}",
        "writes a text, sends nothing",
    ),
    (
        "/api/v1/search",
        "stores an entry of the audit at most, and reading goes on",
    ),
    ("/desk/search", "the same"),
    ("/desk/queue/again", "no job is parked here"),
    (
        "/api/v1/admin/staff/{id}/reset",
        "writes what inviting and ending sessions write",
    ),
    ("/desk/admin/texts/{text}", "writes a version of a text"),
    ("/api/v1/admin/texts/{text}/preview", "stores nothing"),
    ("/desk/admin/lines", "writes a version of a line"),
    ("/api/v1/admin/lines/{line}/pause", "the same"),
    ("/api/v1/admin/lines/{line}/resume", "the same"),
    ("/api/v1/admin/scheme/draft", "writes a draft"),
    ("/api/v1/admin/scheme/draft/edit", "the same"),
    ("/api/v1/admin/scheme/draft/discard", "the same"),
    (
        "/api/v1/admin/scheme/draft/put-in-force",
        "writes a version, as replacing a text does",
    ),
    (
        "/api/v1/admin/teams/rename",
        "writes what changing a team and a version of the shift plan write",
    ),
    ("/desk/login/code", "writes what a log-in writes"),
    (
        "/desk/login/enrol",
        "writes what a log-in and setting up an app write",
    ),
    ("/api/v1/session/code", "writes what a log-in writes"),
    ("/api/v1/session/enrol/begin", "stores nothing"),
    (
        "/api/v1/session/enrol",
        "writes what a log-in and setting up an app write",
    ),
    ("/api/v1/me/factors/totp/begin", "stores nothing"),
    (
        "/api/v1/me/factors/totp",
        "needs a code; writes what making recovery codes writes",
    ),
    ("/desk/login/passkey", "needs a device"),
    ("/desk/login/code/passkey", "the same"),
    ("/desk/login/enrol/passkey", "the same"),
    ("/api/v1/session/passkey/begin", "stores nothing"),
    ("/api/v1/session/passkey", "needs a device"),
    ("/api/v1/session/code/passkey/begin", "stores nothing"),
    ("/api/v1/session/code/passkey", "needs a device"),
    ("/api/v1/session/enrol/passkey/begin", "stores nothing"),
    ("/api/v1/session/enrol/passkey", "needs a device"),
    ("/api/v1/me/factors/passkeys/begin", "stores nothing"),
    ("/api/v1/me/factors/passkeys", "needs a device"),
    ("/api/v1/me/factors/passkeys/remove", "nobody has a passkey here"),
    ("/desk/me/factors/passkeys/remove", "the same"),
    ("/api/v1/me/factors/remove", "nobody has a second factor here"),
    (
        "/desk/login/provider/log-out",
        "there is no identity provider here",
    ),
    ("/desk/me/identity/connect", "there is no identity provider here"),
    ("/api/v1/me/identity/disconnect", "nobody has an identity there"),
    (
        "/api/v1/admin/staff/{id}/disconnect-identity",
        "nobody has an identity there",
    ),
    ("/api/v1/invitation/open", "stores nothing"),
    (
        "/api/v1/routing/calendar",
        "writes what making a read-only token writes",
    ),
    ("/api/v1/routing/calendar/revoke", "nobody has an address here"),
    ("/api/v1/me/factors/recovery-codes", "the same"),
    (
        "/api/v1/admin/staff/{id}/reset-factors",
        "writes what ending sessions writes",
    ),
    (
        "/api/v1/me/sessions/{session}/end",
        "writes what ending the other sessions writes",
    ),
    (
        "/api/v1/admin/lines/{line}/test",
        "stores an entry of the audit, and tests the line after it",
    ),
];

/// An action of a person.
struct Action<'a> {
    /// The route's path, as in the list of routes.
    address: &'static str,
    who: Option<&'a Staff>,
    path: String,
    body: Value,
}

struct Outcome {
    status: u16,
    changed: bool,
}

/// Returns all rows as text, except those of internal tables. Two results differ if something was stored in between.
async fn stored(service: &Service) -> String {
    let url = format!("sqlite://{}?mode=ro", service.data().join("hotline.db").display());
    let database = Database::connect(&url).await.unwrap();
    let backend = database.get_database_backend();
    let names =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('lines', 'cursors', 'jobs')";
    let tables = database
        .query_all_raw(Statement::from_string(backend, names))
        .await
        .unwrap();
    let mut all = String::new();
    for table in tables {
        let table: String = table.try_get("", "name").unwrap();
        let columns = format!(
            "SELECT group_concat('quote(' || name || ')', ' || ''|'' || ') AS list FROM pragma_table_info('{table}')"
        );
        let row = database
            .query_one_raw(Statement::from_string(backend, columns))
            .await
            .unwrap()
            .unwrap();
        let list: String = row.try_get("", "list").unwrap();
        let rows = format!("SELECT {list} AS line FROM {table} ORDER BY 1");
        for row in database
            .query_all_raw(Statement::from_string(backend, rows))
            .await
            .unwrap()
        {
            let line: String = row.try_get("", "line").unwrap();
            all.push_str(&format!("{table}|{line}\n"));
        }
    }
    database.close().await.unwrap();
    all
}

async fn done(service: &Service, action: &Action<'_>) -> Outcome {
    let before = stored(service).await;
    let client = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .unwrap();
    let mut request = client
        .post(format!("{}{}", service.base(), action.path))
        .json(&action.body);
    if let Some(who) = action.who {
        request = request.bearer_auth(who.token());
    }
    let status = request.send().await.unwrap().status().as_u16();
    Outcome {
        status,
        changed: stored(service).await != before,
    }
}

async fn contact(service: &Service, staff: &Staff) -> String {
    let (reference, _) = posted(service, "Neko mi preti").await;
    staff.until_messages(&reference, 1).await.unwrap();
    reference
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_on_a_full_disk_takes_effect_or_is_refused() {
    let disk = SmallDisk::new(40).unwrap();
    let bridge = Bridge::start().await.unwrap();
    let mut service = Service::with_lines(None, &bridge.lines()).unwrap();
    service.keep_data_in(disk.path()).unwrap();
    service.set_data_keys("reserve_mib = 0").unwrap();
    service.set_masking_keys("enabled = false").unwrap();
    service
        .set_form_keys("attachments = \"on_request\"\nattachments_confirmed = true")
        .unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "supervisor").await.unwrap();
    let ana = service.hire("ana", "counsellor").await.unwrap();
    let vera = service.hire("vera", "counsellor").await.unwrap();
    let petra = service.hire("petra", "manager").await.unwrap();
    let body = json!({ "id": "m1", "from": { "id": "sig:1" }, "text": "Zdravo" }).to_string();
    assert_eq!(
        call(&service.base(), "c1", now(), &body, &body).await.unwrap(),
        202
    );
    let all = mila.until_contacts(1).await.unwrap();
    let bridged = all.iter().find(|one| text(one, "/channel") == "bridge").unwrap();
    let bridged = text(bridged, "/reference").to_owned();
    bridge.answer_next(&[400]);
    let failed = mila.reply(&bridged, "Odbijeno").await.unwrap();
    mila.until_reply_is(&bridged, "failed").await.unwrap();
    let again = format!("/messages/{}/again", text(&failed, "/id"));
    let noted = json!({ "text": "Zove se uvek posle škole" });
    let note = mila
        .post(&format!("/api/v1/contacts/{bridged}/note"), &noted)
        .await;
    let pin = format!("/messages/{}/pin", text(&note.unwrap(), "/id"));
    service.stop();
    service.let_replies_be_taken_back(250).unwrap();
    service.start().await.unwrap();
    let leaves = service.log_in("petra").await.unwrap();
    let nina = service.hire("nina", "administrator").await.unwrap();
    let mut accounts = Vec::new();
    for login in ["jana", "lena", "olga", "rada"] {
        service.hire(login, "counsellor").await.unwrap();
        let all = nina.get("/api/v1/admin/staff").await.unwrap();
        let known = ids(&all).into_iter().zip(texts(&all, "login"));
        accounts.extend(known.filter(|(_, name)| name == login).map(|(id, _)| id));
    }
    service.must(&["staff", "disable", "olga"]).unwrap();
    service.log_in("nina").await.unwrap();
    let iva = json!({ "login": "iva", "name": "Iva", "role": "counsellor" });
    let invited = nina.post("/api/v1/admin/staff", &iva).await.unwrap();
    let secret = text(&invited, "/link").rsplit('#').next().unwrap().to_owned();
    let mut fresh = Vec::new();
    for _ in 0..23 {
        fresh.push(contact(&service, &mila).await);
    }
    let of = |number: usize, rest: &str| format!("/api/v1/contacts/{}{rest}", fresh[number]);
    let nothing = || json!({});
    // These actions are carried out first, so that the test can undo them on a full disk.
    let undone = mila.reply(&fresh[1], "Tu smo").await.unwrap();
    mila.post(&of(3, "/claim"), &nothing()).await.unwrap();
    mila.post(&of(6, "/close"), &json!({ "reason": "test" }))
        .await
        .unwrap();
    ana.post(&of(8, "/claim"), &nothing()).await.unwrap();
    let mut cases = Vec::new();
    for number in 17..20 {
        let case = mila.post(&of(number, "/case"), &nothing()).await.unwrap();
        cases.push(format!("/api/v1/cases/{}", text(&case, "/id")));
    }
    let proposal = json!({ "institution": "mup", "sent": "Opis", "basis": "Zakon" });
    let mut referrals = Vec::new();
    for _ in 0..4 {
        let path = format!("{}/referrals", cases[1]);
        let case = mila.post(&path, &proposal).await.unwrap();
        let index = referrals.len();
        referrals.push((
            format!("{path}/{}", text(&case, &format!("/referrals/{index}/id"))),
            case.pointer(&format!("/referrals/{index}/changed")).cloned(),
        ));
    }
    let canned = json!({ "name": "pozdrav", "sr": "Здраво", "en": "Hello" });
    let canned_reply = mila.post("/api/v1/canned", &canned).await.unwrap();
    let entry = |from: &str, to: &str| json!({ "what": "contact:telephone", "from": from, "to": to, "count": 7, "source": "stari dnevnik" });
    let entries = "/api/v1/statistics/entries";
    petra
        .post(entries, &entry("2020-01-01", "2020-12-31"))
        .await
        .unwrap();
    let known = petra.get(entries).await.unwrap();
    petra
        .post("/api/v1/statistics/tokens", &json!({ "name": "stari" }))
        .await
        .unwrap();
    let tokens = petra.get("/api/v1/statistics/tokens").await.unwrap();
    let school = |name: &str| json!({ "kind": "primary", "name": name });
    for name in ["Prva", "Druga"] {
        mila.post("/api/v1/outreach/schools", &school(name))
            .await
            .unwrap();
    }
    let schools = mila.get("/api/v1/outreach/schools").await.unwrap();
    let colleagues = mila.get("/api/v1/colleagues").await.unwrap();
    let to_ana = ids(&colleagues).into_iter().zip(names(&colleagues));
    let to_ana = to_ana.filter(|(_, name)| name == "ana").map(|(id, _)| id).next();
    let undo = format!("/messages/{}/undo", text(&undone, "/id"));

    let mut actions: Vec<Action<'_>> = Vec::new();
    macro_rules! act {
        ($address:literal, $who:expr, $path:expr, $body:expr) => {
            actions.push(Action {
                address: $address,
                who: Some($who),
                path: $path,
                body: $body,
            })
        };
    }
    act!(
        "/api/v1/contacts/{reference}/reply",
        &mila,
        of(0, "/reply"),
        json!({ "text": "Odgovor" })
    );
    act!(
        "/api/v1/contacts/{reference}/note",
        &mila,
        of(2, "/note"),
        json!({ "text": "Beleška" })
    );
    act!(
        "/api/v1/contacts/{reference}/draft",
        &mila,
        of(2, "/draft"),
        json!({ "kind": "reply", "text": "Započeto" })
    );
    act!(
        "/api/v1/contacts/{reference}/messages/{id}/undo",
        &mila,
        of(1, &undo),
        nothing()
    );
    act!(
        "/api/v1/contacts/{reference}/claim",
        &ana,
        of(4, "/claim"),
        nothing()
    );
    act!(
        "/api/v1/contacts/{reference}/give-back",
        &mila,
        of(3, "/give-back"),
        nothing()
    );
    act!(
        "/api/v1/contacts/{reference}/ask-for-files",
        &mila,
        of(5, "/ask-for-files"),
        nothing()
    );
    act!(
        "/api/v1/contacts/{reference}/close",
        &mila,
        of(7, "/close"),
        json!({ "reason": "test" })
    );
    act!(
        "/api/v1/contacts/{reference}/reopen",
        &mila,
        of(6, "/reopen"),
        nothing()
    );
    act!(
        "/api/v1/contacts/{reference}/hand-over",
        &mila,
        of(9, "/hand-over"),
        json!({ "to": to_ana })
    );
    act!(
        "/api/v1/contacts/{reference}/ask-for",
        &mila,
        of(8, "/ask-for"),
        nothing()
    );
    act!(
        "/api/v1/contacts/{reference}/snooze",
        &mila,
        of(10, "/snooze"),
        json!({ "hours": 3 })
    );
    act!(
        "/api/v1/contacts/{reference}/messages/{id}/again",
        &mila,
        format!("/api/v1/contacts/{bridged}{again}"),
        nothing()
    );
    act!(
        "/api/v1/contacts/{reference}/messages/{id}/pin",
        &mila,
        format!("/api/v1/contacts/{bridged}{pin}"),
        nothing()
    );
    act!(
        "/api/v1/contacts/{reference}/block",
        &mila,
        format!("/api/v1/contacts/{bridged}/block"),
        json!({ "days": 3 })
    );
    act!(
        "/api/v1/contacts/{reference}/link",
        &mila,
        of(11, "/link"),
        json!({ "to": fresh[12], "linked": true })
    );
    act!(
        "/api/v1/contacts/{reference}/follow",
        &mila,
        of(13, "/follow"),
        json!({ "follows": true })
    );
    act!(
        "/api/v1/contacts/{reference}/holds",
        &mila,
        of(13, "/holds"),
        json!({ "reason": "nalog suda" })
    );
    act!(
        "/api/v1/contacts/{reference}/case",
        &mila,
        of(14, "/case"),
        nothing()
    );
    act!(
        "/api/v1/contacts/{reference}/mark",
        &mila,
        of(15, "/mark"),
        json!({ "marking": "spam", "reason": "proba" })
    );
    act!(
        "/api/v1/contacts/{reference}/wrap-up",
        &mila,
        of(16, "/wrap-up"),
        json!({ "answers": { "kind": ["counselling"] } })
    );
    act!(
        "/api/v1/several",
        &mila,
        "/api/v1/several".to_owned(),
        json!({ "do": "claim", "references": [fresh[20]] })
    );
    act!(
        "/api/v1/cases/{id}/summary",
        &mila,
        format!("{}/summary", cases[0]),
        json!({ "summary": "Sažetak" })
    );
    act!(
        "/api/v1/cases/{id}/referrals",
        &mila,
        format!("{}/referrals", cases[0]),
        proposal.clone()
    );
    act!(
        "/api/v1/cases/{id}/referrals/{referral}",
        &mila,
        referrals[0].0.clone(),
        json!({ "number": "12" })
    );
    act!(
        "/api/v1/cases/{id}/referrals/{referral}/confirm",
        &ana,
        format!("{}/confirm", referrals[1].0),
        json!({ "seen": referrals[1].1 })
    );
    act!(
        "/api/v1/cases/{id}/referrals/{referral}/withdraw",
        &mila,
        format!("{}/withdraw", referrals[2].0),
        nothing()
    );
    act!(
        "/api/v1/cases/{id}/referrals/{referral}/return",
        &ana,
        format!("{}/return", referrals[3].0),
        json!({ "seen": referrals[3].1, "reason": "Nedostaje osnov" })
    );
    act!(
        "/api/v1/cases/{id}/contacts",
        &mila,
        format!("{}/contacts", cases[0]),
        json!({ "reference": fresh[22] })
    );
    act!(
        "/api/v1/cases/{id}/additions",
        &ana,
        format!("{}/additions", cases[0]),
        json!({ "text": "Dopuna" })
    );
    act!(
        "/api/v1/cases/{id}/take-over",
        &ana,
        format!("{}/take-over", cases[2]),
        json!({ "reason": "Zamena" })
    );
    act!(
        "/api/v1/cases/{id}/close",
        &mila,
        format!("{}/close", cases[2]),
        json!({ "closed": true })
    );
    act!(
        "/api/v1/log",
        &mila,
        "/api/v1/log".to_owned(),
        json!({ "network": "telephone", "text": "Zvalo je dete" })
    );
    act!(
        "/api/v1/contacts/{reference}/macros/{id}",
        &mila,
        of(10, &format!("/macros/{}", first_id(&canned_reply))),
        nothing()
    );
    act!(
        "/api/v1/canned",
        &mila,
        "/api/v1/canned".to_owned(),
        json!({ "name": "kraj", "sr": "Поздрав", "en": "Bye" })
    );
    act!(
        "/api/v1/canned/{id}/delete",
        &mila,
        format!("/api/v1/canned/{}/delete", first_id(&canned_reply)),
        nothing()
    );
    act!(
        "/api/v1/duty",
        &ana,
        "/api/v1/duty".to_owned(),
        json!({ "on": true })
    );
    act!(
        "/api/v1/break",
        &ana,
        "/api/v1/break".to_owned(),
        json!({ "on": false })
    );
    act!(
        "/api/v1/alarms/test",
        &mila,
        "/api/v1/alarms/test".to_owned(),
        nothing()
    );
    act!(
        "/api/v1/preferences",
        &ana,
        "/api/v1/preferences".to_owned(),
        json!({ "theme": "dark" })
    );
    // Ana is off duty, so nothing is sent to this address.
    let subscription = json!({
        "endpoint": "https://web.push.apple.com/a",
        "p256dh": format!("BA{}", "A".repeat(85)),
        "auth": "A".repeat(22),
    });
    act!(
        "/api/v1/me/push",
        &ana,
        "/api/v1/me/push".to_owned(),
        subscription
    );
    act!(
        "/api/v1/me/push/end",
        &ana,
        "/api/v1/me/push/end".to_owned(),
        nothing()
    );
    act!(
        "/api/v1/saved",
        &ana,
        "/api/v1/saved".to_owned(),
        json!({ "name": "moj", "query": "view=all" })
    );
    act!(
        "/api/v1/statistics/entries",
        &petra,
        entries.to_owned(),
        entry("2021-01-01", "2021-12-31")
    );
    act!(
        "/api/v1/statistics/entries/{id}/withdraw",
        &petra,
        format!("{entries}/{}/withdraw", first_id(&known)),
        nothing()
    );
    act!(
        "/api/v1/statistics/entries/import",
        &petra,
        format!("{entries}/import"),
        json!({ "csv": "of,value,from,to,count,source\ncontact,telephone,2019-01-01,2019-12-31,3,dnevnik\n" })
    );
    act!(
        "/api/v1/statistics/tokens",
        &petra,
        "/api/v1/statistics/tokens".to_owned(),
        json!({ "name": "novi" })
    );
    act!(
        "/api/v1/statistics/tokens/{id}/end",
        &petra,
        format!("/api/v1/statistics/tokens/{}/end", first_id(&tokens)),
        nothing()
    );
    act!(
        "/api/v1/outreach",
        &mila,
        "/api/v1/outreach".to_owned(),
        json!({ "kind": "presentation", "state": "planned", "school_name": "Treća", "school_kind": "primary" })
    );
    act!(
        "/api/v1/outreach/schools",
        &mila,
        "/api/v1/outreach/schools".to_owned(),
        school("Četvrta")
    );
    act!(
        "/api/v1/outreach/educators",
        &mila,
        "/api/v1/outreach/educators".to_owned(),
        json!({ "name": "Vršnjakinja" })
    );
    let schools = ids(&schools);
    act!(
        "/api/v1/outreach/merge",
        &mila,
        "/api/v1/outreach/merge".to_owned(),
        json!({ "one": schools[0], "into": schools[1] })
    );
    act!(
        "/api/v1/me/password",
        &vera,
        "/api/v1/me/password".to_owned(),
        json!({ "current": PASSWORD, "new": "sedam plavih zmajeva leti" })
    );
    actions.push(Action {
        address: "/api/v1/session",
        who: None,
        path: "/api/v1/session".to_owned(),
        body: json!({ "login": "ana", "password": PASSWORD }),
    });
    act!(
        "/api/v1/session/end",
        &leaves,
        "/api/v1/session/end".to_owned(),
        nothing()
    );
    let of_account = |number: usize, rest: &str| format!("/api/v1/admin/staff/{}{rest}", accounts[number]);
    act!(
        "/api/v1/admin/staff",
        &nina,
        "/api/v1/admin/staff".to_owned(),
        json!({ "login": "eva", "name": "Eva", "role": "manager" })
    );
    act!(
        "/api/v1/admin/staff/{id}",
        &nina,
        of_account(0, ""),
        json!({ "team": "night" })
    );
    act!(
        "/api/v1/admin/staff/{id}/disable",
        &nina,
        of_account(1, "/disable"),
        nothing()
    );
    act!(
        "/api/v1/admin/staff/{id}/enable",
        &nina,
        of_account(2, "/enable"),
        nothing()
    );
    act!(
        "/api/v1/admin/staff/{id}/end-sessions",
        &nina,
        of_account(3, "/end-sessions"),
        nothing()
    );
    act!(
        "/api/v1/me/sessions/end-others",
        &nina,
        "/api/v1/me/sessions/end-others".to_owned(),
        json!({ "password": PASSWORD })
    );
    actions.push(Action {
        address: "/api/v1/invitation/accept",
        who: None,
        path: "/api/v1/invitation/accept".to_owned(),
        body: json!({ "secret": secret, "password": "sedam plavih zmajeva leti" }),
    });
    assert_all_are_asked(&actions);

    empty_log(&service).await;
    disk.fill().unwrap();
    let (mut refused, mut wrong, mut again) = (0, Vec::new(), Vec::new());
    for action in actions {
        let outcome = done(&service, &action).await;
        match (outcome.status, outcome.changed) {
            (500.., false) => {
                refused += 1;
                again.push(action);
            }
            (200..400, true) => {}
            (status, changed) => wrong.push(format!("{}: {status}, stored: {changed}", action.path)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(refused > 20, "the disk was full: {refused}");
    // A file is sent only after the access was recorded.
    let whole = mila.contact(&fresh[0]).await.unwrap();
    let source = format!(
        "/desk/contacts/{}/messages/{}/source",
        fresh[0],
        text(&whole, "/messages/0/id")
    );
    let before = stored(&service).await;
    let status = mila.status(reqwest::Method::GET, &source).await.unwrap();
    assert!(status >= 500 || stored(&service).await != before, "{status}");

    disk.free().unwrap();
    for action in again {
        let outcome = done(&service, &action).await;
        if outcome.status >= 400 || !outcome.changed {
            wrong.push(format!("{}: {} when there is room", action.path, outcome.status));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    service.must(&["statistics", "verify"]).unwrap();
    service.must(&["reconcile"]).unwrap();
}

/// Empties the write-ahead log, so that the next write needs disk space at once.
async fn empty_log(service: &Service) {
    let url = format!("sqlite://{}", service.data().join("hotline.db").display());
    let database = Database::connect(&url).await.unwrap();
    database
        .execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
        .await
        .unwrap();
    database.close().await.unwrap();
}

/// Fails if an address is missing from the tested actions and from [`NOT_ASKED`].
fn assert_all_are_asked(actions: &[Action<'_>]) {
    let asked: BTreeSet<&str> = actions.iter().map(|action| action.address).collect();
    for route in routes() {
        let twin = route.path.replacen("/desk", "/api/v1", 1);
        let known = asked.contains(twin.as_str())
            || NOT_ASKED
                .iter()
                .any(|(path, _)| [route.path.as_str(), twin.as_str()].contains(path));
        // The desk's log-in and log-out use the same code as the API's.
        let log_in = ["/desk/login", "/desk/logout"].contains(&route.path.as_str());
        assert!(
            route.method != "POST" || known || log_in,
            "{} is not tried on a full disk",
            route.path
        );
    }
}

/// Returns the ids in the first list of a response.
fn ids(answer: &Value) -> Vec<String> {
    texts(answer, "id")
}

fn names(answer: &Value) -> Vec<String> {
    texts(answer, "name")
}

fn texts(answer: &Value, key: &str) -> Vec<String> {
    let list = match answer {
        Value::Array(all) => Some(all),
        Value::Object(fields) => fields.values().find_map(Value::as_array),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    let all = list.into_iter().flatten();
    all.map(|one| text(one, &format!("/{key}")).to_owned()).collect()
}

fn first_id(answer: &Value) -> String {
    match text(answer, "/id") {
        "" => ids(answer).into_iter().next().unwrap_or_default(),
        id => id.to_owned(),
    }
}
