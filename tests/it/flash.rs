//! After each action, the page that follows says in one line what happened, also without JavaScript.

use std::collections::BTreeSet;

use hotline_desk::routes::routes;
use hotline_tests::{
    service::Service,
    staff::{PASSWORD, Staff, text},
};
use serde_json::{Value, json};

use crate::writing::posted;

/// The forms of the desk whose answers are not flash messages, each with the reason.
const OTHER_ANSWERS: [(&str, &str); 68] = [
    ("/desk/contacts/{reference}/evidence/{id}/confirm", "sends a file"),
    (
        "/desk/contacts/{reference}/evidence/{id}/withdraw",
        "nothing else is proposed here",
    ),
    ("/desk/me/notices", "no line sends notices here"),
    ("/desk/login/provider", "leads to the identity provider"),
    ("/desk/login/provider/log-out", "answers a program"),
    ("/desk/me/identity/connect", "leads to the identity provider"),
    (
        "/desk/me/identity/disconnect",
        "there is no identity provider here",
    ),
    ("/desk/contacts/{reference}/export-person", "sends a file"),
    ("/desk/login", "opens the desk"),
    ("/desk/logout", "shows the log-in page"),
    ("/desk/login/code", "opens the desk"),
    ("/desk/login/enrol", "shows the recovery codes"),
    ("/desk/me/factors/totp/begin", "shows the secret"),
    ("/desk/me/factors/totp", "shows the recovery codes"),
    ("/desk/me/factors/recovery-codes", "shows the recovery codes"),
    ("/desk/login/passkey", "opens the desk"),
    ("/desk/login/code/passkey", "opens the desk"),
    ("/desk/login/enrol/passkey", "shows the recovery codes"),
    ("/desk/me/factors/passkeys/begin", "asks the device"),
    (
        "/desk/me/factors/passkeys",
        "needs a device; tests of passkeys read it",
    ),
    ("/desk/me/factors/passkeys/remove", "the same"),
    (
        "/desk/me/factors/remove",
        "needs an app; tests of second factors read it",
    ),
    (
        "/desk/admin/staff/{id}/reset-factors",
        "needs the right of administrators; tests of second factors read it",
    ),
    (
        "/desk/admin/staff/{id}/disconnect-identity",
        "needs an identity; tests of the identity provider read it",
    ),
    ("/desk/invitation/open", "shows the form for the password"),
    ("/desk/invitation/accept", "opens the desk"),
    ("/desk/routing/calendar", "shows the address"),
    ("/desk/me/password", "the page says that the password was changed"),
    ("/desk/search", "shows the results"),
    ("/desk/several", "the list says what was done and refused"),
    ("/desk/log", "the page names the contact of the call"),
    (
        "/desk/contacts/{reference}/draft",
        "has no page; the script says that the draft is kept",
    ),
    ("/desk/contacts/{reference}/here", "has no page"),
    ("/desk/contacts/{reference}/preview", "shows the preview"),
    ("/desk/admin/staff", "shows the one-time link"),
    ("/desk/admin/staff/{id}/reset", "shows the one-time link"),
    ("/desk/admin/lines/{line}/test", "shows the result"),
    ("/desk/audit/verify", "the same"),
    ("/desk/statistics/tokens", "shows the token"),
    // The remaining forms have flash messages, too, but need a state that other tests prepare.
    ("/desk/contacts/{reference}/decline", "needs an offer"),
    (
        "/desk/contacts/{reference}/attachments/{id}/fetch",
        "needs a file on a platform",
    ),
    (
        "/desk/contacts/{reference}/attachments/{id}/lock",
        "needs a received file",
    ),
    ("/desk/contacts/{reference}/erase-person", "shows the receipt"),
    ("/desk/locked-files/{id}/propose", "needs a locked file"),
    ("/desk/locked-files/{id}/confirm", "needs a locked file"),
    ("/desk/locked-files/{id}/withdraw", "needs a locked file"),
    (
        "/desk/contacts/{reference}/messages/{id}/again",
        "needs a failed reply",
    ),
    (
        "/desk/contacts/{reference}/ask-for-files",
        "needs a line that takes files",
    ),
    (
        "/desk/contacts/{reference}/block",
        "needs a person with an address",
    ),
    (
        "/desk/contacts/{reference}/messages/{id}/pin",
        "needs a person with an address",
    ),
    ("/desk/contacts/{reference}/macros/{id}", "needs a macro"),
    ("/desk/routing/hours", "needs the whole form"),
    ("/desk/routing/shifts", "needs the whole form"),
    ("/desk/routing/swaps", "needs a shift"),
    ("/desk/routing/swaps/{id}", "needs a swap"),
    ("/desk/queue/again", "needs the right of administrators"),
    ("/desk/admin/texts/{text}", "needs the right of administrators"),
    ("/desk/admin/lines", "needs the right of administrators"),
    (
        "/desk/admin/lines/{line}/pause",
        "needs the right of administrators",
    ),
    (
        "/desk/admin/lines/{line}/resume",
        "needs the right of administrators",
    ),
    ("/desk/admin/scheme/draft/edit", "needs a draft"),
    ("/desk/admin/scheme/draft/discard", "needs a draft"),
    ("/desk/admin/scheme/draft/put-in-force", "needs a draft"),
    ("/desk/admin/teams/rename", "needs the right of administrators"),
    (
        "/desk/cases/{id}/referrals/{referral}/return",
        "needs a second referral",
    ),
    ("/desk/statistics/entries/import", "needs a file"),
    ("/desk/statistics/tokens/{id}/end", "needs a token"),
    ("/desk/outreach/merge", "needs two institutions"),
];

/// A browser without JavaScript, which keeps cookies and follows redirects.
struct PlainBrowser {
    client: reqwest::Client,
    base: String,
    /// The routes whose forms this browser has sent.
    sent: BTreeSet<&'static str>,
}

/// A page with its path and query.
struct Page {
    address: String,
    html: String,
}

impl PlainBrowser {
    async fn log_in(service: &Service, login: &str) -> Self {
        let client = reqwest::Client::builder().cookie_store(true).build().unwrap();
        let mut browser = Self {
            client,
            base: service.base(),
            sent: BTreeSet::new(),
        };
        browser
            .submit(
                "/desk/login",
                "/desk/login",
                &[("login", login), ("password", PASSWORD)],
            )
            .await;
        let english = [
            ("language", "en"),
            ("theme", "calm"),
            ("notify_about", "everyone"),
        ];
        browser
            .submit("/desk/preferences", "/desk/preferences", &english)
            .await;
        browser
    }

    async fn open(&self, address: &str) -> Page {
        let request = self.client.get(format!("{}{address}", self.base));
        Self::read(request.send().await.unwrap()).await
    }

    async fn submit(&mut self, route: &'static str, path: &str, fields: &[(&str, &str)]) -> Page {
        self.sent.insert(route);
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.header("referer", format!("{}/desk/cases", self.base));
        Self::read(request.form(fields).send().await.unwrap()).await
    }

    async fn read(answer: reqwest::Response) -> Page {
        let url = answer.url().clone();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Page {
            address: format!("{}{query}", url.path()),
            html: answer.text().await.unwrap(),
        }
    }

    /// Sends a form. Fails unless the page that follows says `expected`, and a reload says nothing.
    async fn says(&mut self, route: &'static str, path: &str, fields: &[(&str, &str)], expected: &str) {
        let page = self.submit(route, path, fields).await;
        assert_eq!(
            flash(&page.html),
            Some(expected),
            "{path} {fields:?} {}",
            page.address
        );
        let again = self.open(&page.address).await;
        assert_eq!(flash(&again.html), None, "{path}: a reload repeats the message");
    }
}

/// Returns the flash message of a page.
fn flash(html: &str) -> Option<&str> {
    let (_, rest) = html.split_once("<div id=\"flash\" role=\"status\">")?;
    let (message, _) = rest.split_once("</div>")?;
    let message = message.strip_prefix("<p class=\"done\"")?.strip_suffix("</p>")?;
    Some(message.split_once('>')?.1)
}

async fn id_of(staff: &Staff, path: &str, pointer: &str) -> String {
    text(&staff.get(path).await.unwrap(), pointer).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_the_desk_says_what_happened() {
    let mut service = Service::new(None).unwrap();
    service.let_replies_be_taken_back(60).unwrap();
    service.start().await.unwrap();
    let head = service.hire("vera", "supervisor").await.unwrap();
    let ana = service.hire("ana", "counsellor").await.unwrap();
    service.hire("nina", "administrator").await.unwrap();
    service.hire("petra", "manager").await.unwrap();
    let colleagues = head.get("/api/v1/colleagues").await.unwrap();
    let all = colleagues
        .pointer("/colleagues")
        .and_then(Value::as_array)
        .unwrap();
    let ana_id = all.iter().find(|one| text(one, "/name") == "ana").unwrap();
    let ana_id = text(ana_id, "/id").to_owned();
    let mut references = Vec::new();
    for number in 0..4 {
        let (reference, _) = posted(&service, &format!("Pitanje broj {number}")).await;
        head.until_messages(&reference, 1).await.unwrap();
        references.push(reference);
    }
    let mut vera = PlainBrowser::log_in(&service, "vera").await;
    contact_forms(&mut vera, &references, &ana_id).await;
    let first = &references[0];
    let asks = format!("/api/v1/contacts/{}/claim", references[3]);
    ana.post(&asks, &json!({})).await.unwrap();
    let path = format!("/desk/contacts/{}/ask-for", references[3]);
    let asked = "The assignee was asked to hand the contact over to you.";
    vera.says("/desk/contacts/{reference}/ask-for", &path, &[], asked)
        .await;
    case_forms(&mut vera, &head, &service, first).await;
    own_forms(&mut vera, &head, &ana_id).await;
    let mut nina = PlainBrowser::log_in(&service, "nina").await;
    let account = format!("/desk/admin/staff/{ana_id}");
    for (route, rest, fields, expected) in [
        (
            "/desk/admin/staff/{id}",
            "",
            &[("team", "night")][..],
            "The account was saved.",
        ),
        (
            "/desk/admin/staff/{id}/end-sessions",
            "/end-sessions",
            &[],
            "All sessions of this account were ended.",
        ),
        (
            "/desk/admin/staff/{id}/disable",
            "/disable",
            &[],
            "The account was disabled.",
        ),
        (
            "/desk/admin/staff/{id}/enable",
            "/enable",
            &[],
            "The account was enabled.",
        ),
    ] {
        nina.says(route, &format!("{account}{rest}"), fields, expected)
            .await;
    }
    let draft = "/desk/admin/scheme/draft";
    nina.says(draft, draft, &[], "The draft begins with the questions in force.")
        .await;
    let mut petra = PlainBrowser::log_in(&service, "petra").await;
    let entry = [
        ("what", "contact:telephone"),
        ("from", "2020-01-01"),
        ("to", "2020-12-31"),
        ("count", "7"),
        ("source", "old register"),
    ];
    let entries = "/desk/statistics/entries";
    petra
        .says(entries, entries, &entry, "The figure was entered.")
        .await;
    let petra_api = service.log_in("petra").await.unwrap();
    let entry = id_of(&petra_api, "/api/v1/statistics/entries", "/entries/0/id").await;
    let withdrawn = "The figure was withdrawn.";
    let route = "/desk/statistics/entries/{id}/withdraw";
    petra
        .says(route, &format!("{entries}/{entry}/withdraw"), &[], withdrawn)
        .await;
    let sent: BTreeSet<&str> = [vera, nina, petra].into_iter().flat_map(|one| one.sent).collect();
    for route in routes() {
        let known =
            sent.contains(route.path.as_str()) || OTHER_ANSWERS.iter().any(|(path, _)| *path == route.path);
        let is_form = route.method == "POST" && route.path.starts_with("/desk/");
        assert!(!is_form || known, "{} is not tested", route.path);
    }
}

/// The names and values of the fields of a form.
type Fields<'a> = &'a [(&'a str, &'a str)];

async fn contact_forms(vera: &mut PlainBrowser, references: &[String], colleague: &str) {
    let first = format!("/desk/contacts/{}", references[0]);
    let forms: [(&str, Fields<'_>, &str); 22] = [
        (
            "evidence",
            &[("recipient", "Policija"), ("password", PASSWORD)],
            "The export was proposed. Another supervisor has to confirm it.",
        ),
        (
            "reveal",
            &[("reason", "emergency"), ("password", PASSWORD)],
            "The identity is visible to you for 15 minutes. This is recorded with your reason.",
        ),
        ("claim", &[], "The contact is assigned to you."),
        ("give-back", &[], "The contact was returned to the queue."),
        ("follow", &[("follows", "true")], "You follow this contact."),
        (
            "follow",
            &[("follows", "false")],
            "You no longer follow this contact.",
        ),
        ("snooze", &[("hours", "4")], "The contact was snoozed."),
        ("snooze", &[("hours", "0")], "The contact is no longer snoozed."),
        ("link", &[("to", &references[1])], "The contacts were linked."),
        (
            "link",
            &[("to", &references[1]), ("linked", "false")],
            "The link was removed.",
        ),
        (
            "note",
            &[("text", "Napomena")],
            "The note was saved. The person does not see it.",
        ),
        (
            "reply",
            &[("text", "Tu smo")],
            "The reply was saved and will be sent in a few seconds. Until then, “Take back” below it stops it.",
        ),
        ("close", &[], "The contact was closed."),
        ("reopen", &[], "The contact is open again, and is counted."),
        (
            "mark",
            &[("marking", "test")],
            "The contact was marked, is not counted, and was closed. One press undoes all of this.",
        ),
        ("mark", &[("marking", "none")], "The marking was removed."),
        ("reopen", &[], "The contact is open again, and is counted."),
        ("wrap-up", &[("kind", "counselling")], "The wrap-up was saved."),
        ("hand-over", &[("to", colleague)], "The contact was handed over."),
        ("case", &[("summary", "Sažetak")], "The case was formed."),
        (
            "note",
            &[("text", "Druga")],
            "The note was saved. The person does not see it.",
        ),
        (
            "wrap-up",
            &[("quick", "silent")],
            "The wrap-up was saved and the contact was closed.",
        ),
    ];
    for (what, fields, expected) in forms {
        let route = routes()
            .into_iter()
            .map(|route| route.path)
            .find(|path| *path == format!("/desk/contacts/{{reference}}/{what}"))
            .unwrap();
        vera.says(String::leak(route), &format!("{first}/{what}"), fields, expected)
            .await;
    }
    let second = format!("/desk/contacts/{}", references[1]);
    let page = vera
        .submit("", &format!("{second}/reply"), &[("text", "Prebrzo")])
        .await;
    let (before, _) = page.html.split_once("/undo\"").unwrap();
    let undo = before.rsplit('/').next().unwrap().to_owned();
    vera.says(
        "/desk/contacts/{reference}/messages/{id}/undo",
        &format!("{second}/messages/{undo}/undo"),
        &[],
        "The reply was taken back. Its text is a draft again.",
    )
    .await;
}

async fn case_forms(vera: &mut PlainBrowser, head: &Staff, service: &Service, contact: &str) {
    let case = id_of(head, "/api/v1/cases", "/cases/0/id").await;
    let api = format!("/api/v1/cases/{case}");
    let case = format!("/desk/cases/{case}");
    let detail = head.get(&api).await.unwrap();
    assert_eq!(text(&detail, "/summary"), "Sažetak");
    vera.says(
        "/desk/cases/{id}/summary",
        &format!("{case}/summary"),
        &[("summary", "Drugi sažetak")],
        "The summary was saved.",
    )
    .await;
    for (route, page) in [
        (
            "/desk/contacts/{reference}/holds",
            format!("contacts/{contact}/holds"),
        ),
        ("/desk/cases/{id}/holds", case.replace("/desk/", "") + "/holds"),
    ] {
        let (place, api) = (format!("/desk/{page}"), format!("/api/v1/{page}"));
        let reason = [("reason", "Nalog suda")];
        vera.says(route, &place, &reason, "The hold was placed.").await;
        let hold = id_of(head, &api, "/holds/0/id").await;
        let lift = match route.contains("cases") {
            true => "/desk/cases/{id}/holds/{hold}/lift",
            false => "/desk/contacts/{reference}/holds/{id}/lift",
        };
        vera.says(
            lift,
            &format!("{place}/{hold}/lift"),
            &reason,
            "The hold was lifted.",
        )
        .await;
    }
    let (other, _) = posted(service, "Isto to.").await;
    head.until_messages(&other, 1).await.unwrap();
    vera.says(
        "/desk/cases/{id}/contacts",
        &format!("{case}/contacts"),
        &[("reference", other.as_str())],
        "The contact was added to the case.",
    )
    .await;
    vera.says(
        "/desk/cases/{id}/additions",
        &format!("{case}/additions"),
        &[("text", "Dopuna")],
        "The addition was saved.",
    )
    .await;
    vera.says(
        "/desk/cases/{id}/referrals",
        &format!("{case}/referrals"),
        &[("institution", "mup"), ("sent", "Opis"), ("basis", "Zakon")],
        "The referral was proposed. Any other counsellor or supervisor can confirm it; it waits for them under “Cases”, with a number in their menu.",
    )
    .await;
    let referral = id_of(head, &api, "/referrals/0/id").await;
    let withdraw = format!("{case}/referrals/{referral}/withdraw");
    vera.says(
        "/desk/cases/{id}/referrals/{referral}/withdraw",
        &withdraw,
        &[],
        "The referral was withdrawn.",
    )
    .await;
    let proposal = [("institution", "mup"), ("sent", "Opis"), ("basis", "Zakon")];
    vera.submit("", &format!("{case}/referrals"), &proposal).await;
    let detail = head.get(&api).await.unwrap();
    let referrals = detail.pointer("/referrals").and_then(Value::as_array).unwrap();
    let open = referrals.last().unwrap();
    let referral = format!("{case}/referrals/{}", text(open, "/id"));
    let seen = open.get("changed").unwrap().to_string();
    service.hire("mira", "supervisor").await.unwrap();
    let mut mira = PlainBrowser::log_in(service, "mira").await;
    mira.says(
        "/desk/cases/{id}/referrals/{referral}/confirm",
        &format!("{referral}/confirm"),
        &[("seen", &seen)],
        "The referral was confirmed.",
    )
    .await;
    vera.says(
        "/desk/cases/{id}/referrals/{referral}",
        &referral,
        &[("sent_on", "2026-01-05")],
        "Recorded: the day on which the letter was sent.",
    )
    .await;
    vera.says(
        "/desk/cases/{id}/tell/{reference}",
        &format!("{case}/tell/{contact}"),
        &[],
        "A draft of the reply is ready. Check it, then send it.",
    )
    .await;
    mira.says(
        "/desk/cases/{id}/take-over",
        &format!("{case}/take-over"),
        &[("reason", "Zamena")],
        "You are now the owner of this case.",
    )
    .await;
    for (closed, expected) in [
        ("true", "The case was closed."),
        ("false", "The case was reopened."),
    ] {
        let path = format!("{case}/close");
        vera.says("/desk/cases/{id}/close", &path, &[("closed", closed)], expected)
            .await;
    }
    vera.sent.extend(mira.sent);
}

async fn own_forms(vera: &mut PlainBrowser, head: &Staff, colleague: &str) {
    let view = "view=mine&order=longest_wait";
    let sessions = head.get("/api/v1/me/sessions").await.unwrap();
    let sessions = sessions.pointer("/sessions").and_then(Value::as_array).unwrap();
    // The session of the bearer token is the current one, so the other one is the session of the browser.
    let ended = sessions
        .iter()
        .find(|one| one.get("current") == Some(&json!(true)))
        .unwrap();
    let end = format!("/desk/me/sessions/{}/end", text(ended, "/id"));
    let work = [("from", colleague), ("to", "")];
    let forms: [(&'static str, &str, Fields<'_>, &str); 20] = [
        (
            "/desk/preferences",
            "",
            &[("language", "en")],
            "Your settings were saved.",
        ),
        (
            "/desk/saved",
            "",
            &[("name", "moj"), ("query", view)],
            "The view was saved.",
        ),
        (
            "/desk/saved",
            "",
            &[("name", "moj"), ("query", "")],
            "The saved view was deleted.",
        ),
        ("/desk/duty", "", &[("on", "true")], "You are on duty."),
        (
            "/desk/break",
            "",
            &[("on", "true")],
            "Your break has begun. No contacts are assigned to you automatically.",
        ),
        ("/desk/break", "", &[("on", "false")], "Your break has ended."),
        (
            "/desk/talk",
            "",
            &[("on", "true")],
            "Supervisors see that you want a talk.",
        ),
        (
            "/desk/talk",
            "",
            &[("on", "false")],
            "Supervisors no longer see that you want a talk.",
        ),
        (
            "/desk/routing/talks/{id}",
            &format!("/desk/routing/talks/{colleague}"),
            &[],
            "The talk is noted.",
        ),
        (
            "/desk/routing/skills/{id}",
            &format!("/desk/routing/skills/{colleague}"),
            &[],
            "The skills were saved.",
        ),
        ("/desk/routing/move", "", &work, "The open contacts were moved."),
        (
            "/desk/routing/calendar/revoke",
            "",
            &[],
            "The address of your calendar was revoked.",
        ),
        ("/desk/alarms/test", "", &[], "The test alarm is being sent."),
        (
            "/desk/canned",
            "",
            &[("name", "pozdrav"), ("sr", "Здраво"), ("en", "Hello")],
            "The canned reply was saved.",
        ),
        (
            "/desk/outreach",
            "",
            &[
                ("kind", "presentation"),
                ("state", "planned"),
                ("school_name", "Prva"),
                ("school_kind", "primary"),
            ],
            "The event was saved.",
        ),
        (
            "/desk/outreach/schools",
            "",
            &[("kind", "primary"), ("name", "Druga")],
            "The institution was added.",
        ),
        (
            "/desk/outreach/educators",
            "",
            &[("name", "Eva")],
            "The peer educator was saved.",
        ),
        (
            "/desk/me/sessions/{session}/end",
            &end,
            &[("password", PASSWORD)],
            "The session was ended.",
        ),
        (
            "/desk/me/sessions/end-others",
            "",
            &[("password", PASSWORD)],
            "All your other sessions were ended.",
        ),
        (
            "/desk/duty",
            "",
            &[("on", "false")],
            "You are off duty. Nothing new is assigned to you. Contacts that wait for you return to the queue a few minutes after your last action; snoozed ones stay yours until their time comes. Hand over what a certain colleague should take.",
        ),
    ];
    for (route, path, fields, expected) in forms {
        if route == "/desk/me/sessions/{session}/end" {
            let canned = id_of(head, "/api/v1/canned", "/canned/0/id").await;
            let path = format!("/desk/canned/{canned}/delete");
            let deleted = "The canned reply was deleted.";
            vera.says("/desk/canned/{id}/delete", &path, &[], deleted).await;
        }
        let path = if path.is_empty() { route } else { path };
        vera.says(route, path, fields, expected).await;
    }
    vera.submit("", "/desk/duty", &[("on", "true")]).await;
    let next = vera
        .submit("/desk/contacts/next", "/desk/contacts/next", &[])
        .await;
    let said = flash(&next.html).unwrap();
    assert!(
        said.contains("next contact") || said.contains("no contact"),
        "{said}"
    );
}
