//! What every page needs, and every address there is with the right it takes.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::header,
    middleware,
    routing::{MethodRouter, get, post},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hotline_core::{centre::Centre, clock::Clock, locale::Locales, rights::Right};
use hotline_store::{staff::Person, store::Store};
use uuid::Uuid;

use crate::{
    access::{self, Access},
    api, attachments, canned, cases, error, files, inbox, live, log, login, openapi, outreach, password,
    preferences, queue, several, statistics,
    statistics::{entries, pointed, returns, rows},
    work, wrapup, writing,
};

/// What every page needs.
#[derive(Clone)]
pub struct Desk {
    /// The database.
    pub store: Arc<Store>,
    /// Texts.
    pub locales: Arc<Locales>,
    /// What the centre says of itself.
    pub centre: Arc<Centre>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Every channel a contact can be of.
    pub channels: Arc<[String]>,
    /// Networks that no line reads and counsellors log: names of channels.
    pub networks: Arc<[String]>,
    /// Whether the desk is reached by HTTPS: its cookie then goes nowhere else.
    pub https: bool,
    /// How often each log-in name may be tried, on devices that know it and on others.
    pub log_ins: Arc<DefaultKeyedRateLimiter<(bool, String)>>,
    /// Cells of figures below this are hidden from whoever may not read what people wrote.
    pub smallest: i64,
    /// How often it is noted that somebody reads the same.
    pub reads: Arc<DefaultKeyedRateLimiter<(Uuid, String)>>,
}

/// Who reads the same for a while is noted once in this time: pages renew themselves.
const A_WHILE: Duration = Duration::from_secs(15 * 60);

/// For [`Desk::reads`].
#[must_use]
pub fn reads() -> Arc<DefaultKeyedRateLimiter<(Uuid, String)>> {
    // The time is not zero.
    let often = Quota::with_period(A_WHILE).unwrap_or(Quota::per_hour(NonZeroU32::MIN));
    Arc::new(RateLimiter::keyed(often))
}

impl Desk {
    pub(crate) fn new_id(&self) -> Uuid {
        hotline_core::ids::new(self.clock.now())
    }

    /// Notes in the audit that somebody read something. On a full disk staff can still read.
    pub(crate) async fn note_read(&self, who: &Person, what: &str, object: &str) {
        if self.reads.len() > 10_000 {
            self.reads.retain_recent();
        }
        if self
            .reads
            .check_key(&(who.id, format!("{what} {object}")))
            .is_err()
        {
            return;
        }
        if let Err(error) = self.store.audit(Some(who), what, object).await {
            tracing::warn!(error = %error, "What was read could not be noted");
        }
    }
}

/// One address of the desk.
pub struct Address {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Its path; what stands in braces varies.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    handler: MethodRouter<Desk>,
}

/// Every address there is. A new one without its access cannot be written.
#[must_use]
pub fn addresses() -> Vec<Address> {
    use Access::{Anyone, May, Open};
    use Right::{
        EditCanned, EditOutreach, EnterBalances, ReadContacts, ReadStatistics, RunAgain, SeeQueue, TakeDuty,
        WorkOnContacts,
    };

    let mut all = Vec::new();
    let mut add = |method, path, access, handler| {
        all.push(Address {
            method,
            path,
            access,
            handler,
        })
    };
    add("GET", "/desk/login", Open, get(login::page));
    add("POST", "/desk/login", Open, post(login::log_in));
    add("POST", "/desk/logout", Anyone, post(login::log_out));
    add("POST", "/desk/preferences", Anyone, post(preferences::prefer));
    add("POST", "/api/v1/preferences", Anyone, post(preferences::prefer));
    for path in ["/desk/saved", "/api/v1/saved"] {
        add("POST", path, May(ReadContacts), post(preferences::save_view));
    }
    add("GET", "/api/v1/me", Anyone, get(preferences::me));
    add("GET", "/desk/me/password", Anyone, get(password::page));
    add("POST", "/desk/me/password", Anyone, post(password::change));
    add("POST", "/api/v1/me/password", Anyone, post(password::change));
    add("GET", "/desk", Anyone, get(inbox::front));
    add("GET", "/desk/inbox", May(ReadContacts), get(inbox::list));
    add("POST", "/desk/search", May(ReadContacts), post(inbox::search));
    add("GET", access::LIVE, Anyone, get(live::live));
    add(
        "GET",
        "/desk/contacts/{reference}",
        May(ReadContacts),
        get(inbox::contact),
    );
    let source = "/desk/contacts/{reference}/messages/{id}/source";
    add("GET", source, May(ReadContacts), get(attachments::source));
    let attachment = "/desk/contacts/{reference}/attachments/{id}";
    add("GET", attachment, May(ReadContacts), get(attachments::attachment));
    let look = "/desk/contacts/{reference}/attachments/{id}/look";
    add("GET", look, May(ReadContacts), get(attachments::look));
    // What is done to a contact: by a page's form, and by a program.
    for (desk, api, handler) in actions() {
        add("POST", desk, May(WorkOnContacts), handler.clone());
        add("POST", api, May(WorkOnContacts), handler);
    }
    for path in ["/desk/several", "/api/v1/several"] {
        add("POST", path, May(WorkOnContacts), post(several::several));
    }
    add("GET", "/desk/log", May(WorkOnContacts), get(log::form));
    add("POST", "/desk/log", May(WorkOnContacts), post(log::save));
    add("POST", "/api/v1/log", May(WorkOnContacts), post(log::api));
    for (desk, api, method, handler) in cases() {
        let right = if method == "GET" {
            ReadContacts
        } else {
            WorkOnContacts
        };
        add(method, desk, May(right), handler.clone());
        add(method, api, May(right), handler);
    }
    for prefix in [
        ["/desk/canned", "/desk/canned/{id}/delete"],
        ["/api/v1/canned", "/api/v1/canned/{id}/delete"],
    ] {
        let [all, delete] = prefix;
        add("GET", all, May(ReadContacts), get(canned::list));
        add("POST", all, May(EditCanned), post(canned::write));
        add("POST", delete, May(EditCanned), post(canned::delete));
    }
    let ready = "/api/v1/contacts/{reference}/canned";
    add("GET", ready, May(ReadContacts), get(canned::for_contact));
    add("POST", "/desk/duty", May(TakeDuty), post(work::duty));
    add("POST", "/api/v1/duty", May(TakeDuty), post(work::duty));
    add("GET", "/desk/queue", May(SeeQueue), get(queue::page));
    add("POST", "/desk/queue/again", May(RunAgain), post(queue::run_again));
    add(
        "GET",
        "/desk/statistics",
        May(ReadStatistics),
        get(statistics::page),
    );
    for path in ["/desk/statistics/contacts", "/api/v1/statistics/contacts"] {
        add("GET", path, May(ReadContacts), get(pointed::list));
    }
    for (desk, api, handler) in entries() {
        add("POST", desk, May(EnterBalances), handler.clone());
        add("POST", api, May(EnterBalances), handler);
    }
    let tokens = get(entries::tokens);
    add("GET", "/api/v1/statistics/tokens", May(EnterBalances), tokens);
    for (path, handler) in [
        ("/desk/statistics/returns/{name}", get(returns::one)),
        ("/api/v1/statistics/totals", get(statistics::totals)),
        ("/api/v1/statistics/figures", get(statistics::files::breakdown)),
        ("/api/v1/statistics/report", get(statistics::files::report)),
        ("/api/v1/statistics/sentences", get(statistics::said)),
        ("/api/v1/statistics/rows", get(rows::csv)),
        ("/api/v1/statistics/returns", get(returns::list)),
        ("/api/v1/statistics/returns/{name}", get(returns::file)),
        ("/api/v1/statistics/entries", get(entries::list)),
        ("/desk/outreach", get(outreach::list)),
        ("/api/v1/outreach", get(outreach::list)),
        ("/api/v1/outreach/schools", get(outreach::schools)),
    ] {
        add("GET", path, May(ReadStatistics), handler);
    }
    let educators = get(outreach::educators);
    add("GET", "/api/v1/outreach/educators", May(EditOutreach), educators);
    for (desk, api, handler) in of_outreach() {
        add("POST", desk, May(EditOutreach), handler.clone());
        add("POST", api, May(EditOutreach), handler);
    }
    add("GET", "/desk/{*nothing}", Anyone, get(error::nothing));
    add("GET", "/api/v1/openapi.json", Open, get(openapi::openapi));
    add("POST", "/api/v1/session", Open, post(api::log_in));
    add("POST", "/api/v1/session/end", Anyone, post(api::log_out));
    let colleagues = get(api::colleagues);
    add("GET", "/api/v1/colleagues", May(ReadContacts), colleagues);
    add("POST", "/api/v1/search", May(ReadContacts), post(api::search));
    add("GET", "/api/v1/scheme", May(ReadContacts), get(wrapup::scheme));
    add("GET", "/api/v1/inbox", May(ReadContacts), get(api::inbox));
    add(
        "GET",
        "/api/v1/contacts/{reference}",
        May(ReadContacts),
        get(api::contact),
    );
    all
}

/// An address on the desk, the same in the API, and who does it.
type Twin = (&'static str, &'static str, MethodRouter<Desk>);

/// What managers enter.
fn entries() -> Vec<Twin> {
    macro_rules! entry {
        ($path:literal, $handler:expr) => {
            (
                concat!("/desk/statistics", $path),
                concat!("/api/v1/statistics", $path),
                post($handler),
            )
        };
    }
    vec![
        entry!("/entries", entries::enter),
        entry!("/entries/{id}/withdraw", entries::withdraw),
        entry!("/entries/import", entries::import),
        entry!("/tokens", entries::make_token),
        entry!("/tokens/{id}/end", entries::end_token),
    ]
}

/// What is written into the outreach register.
fn of_outreach() -> Vec<Twin> {
    macro_rules! of_outreach {
        ($path:literal, $handler:expr) => {
            (
                concat!("/desk/outreach", $path),
                concat!("/api/v1/outreach", $path),
                post($handler),
            )
        };
    }
    vec![
        of_outreach!("", outreach::write),
        of_outreach!("/schools", outreach::add_school),
        of_outreach!("/merge", outreach::merge),
        of_outreach!("/educators", outreach::write_educator),
    ]
}

/// What is done to a contact.
fn actions() -> Vec<Twin> {
    macro_rules! action {
        ($path:literal, $handler:expr) => {
            (
                concat!("/desk/contacts/{reference}", $path),
                concat!("/api/v1/contacts/{reference}", $path),
                $handler,
            )
        };
    }
    vec![
        action!(
            "/reply",
            post(writing::reply).layer(DefaultBodyLimit::max(files::LARGEST_REPLY))
        ),
        action!("/note", post(writing::note)),
        action!("/draft", post(writing::draft)),
        action!("/here", post(writing::here)),
        action!("/messages/{id}/undo", post(writing::undo)),
        action!("/messages/{id}/again", post(work::send_again)),
        action!("/attachments/{id}/fetch", post(work::fetch)),
        action!("/claim", post(work::claim)),
        action!("/give-back", post(work::give_back)),
        action!("/ask-for-files", post(work::ask_for_files)),
        action!("/close", post(work::close)),
        action!("/reopen", post(work::reopen)),
        action!("/hand-over", post(work::hand_over)),
        action!("/ask-for", post(work::ask_for)),
        action!("/snooze", post(work::snooze)),
        action!("/block", post(work::block)),
        action!("/link", post(work::link)),
        action!("/follow", post(work::follow)),
        action!("/case", post(cases::form)),
        action!("/mark", post(work::mark)),
        action!("/wrap-up", post(wrapup::wrap_up)),
    ]
}

/// Cases: the address on the desk, the address in the API, and who does it.
fn cases() -> Vec<(&'static str, &'static str, &'static str, MethodRouter<Desk>)> {
    macro_rules! of_case {
        ($path:literal, $method:ident, $name:literal, $handler:expr) => {
            (
                concat!("/desk/cases", $path),
                concat!("/api/v1/cases", $path),
                $name,
                $method($handler),
            )
        };
    }
    vec![
        of_case!("", get, "GET", cases::list::list),
        of_case!("/{id}", get, "GET", cases::one),
        of_case!("/{id}/summary", post, "POST", cases::describe),
        of_case!("/{id}/close", post, "POST", cases::close),
        of_case!("/{id}/tell/{reference}", post, "POST", cases::tell),
        of_case!("/{id}/referrals", post, "POST", cases::propose),
        of_case!("/{id}/referrals/{referral}", post, "POST", cases::detail),
        of_case!("/{id}/referrals/{referral}/confirm", post, "POST", cases::confirm),
        of_case!(
            "/{id}/referrals/{referral}/withdraw",
            post,
            "POST",
            cases::withdraw
        ),
    ]
}

/// The desk.
pub fn router(desk: Desk) -> Router {
    let mut router = Router::new();
    for address in addresses() {
        let guarded = access::guarded(address.handler, &desk, address.access);
        router = router.route(address.path, guarded);
    }
    let asset = |kind: &'static str, text: &'static str| {
        get(move || async move {
            (
                [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")],
                text,
            )
        })
    };
    let script = |text| asset("text/javascript; charset=utf-8", text);
    router
        .layer(middleware::from_fn_with_state(desk.clone(), error::spoken))
        .with_state(desk)
        .route(
            "/desk.css",
            asset("text/css; charset=utf-8", include_str!("../assets/desk.css")),
        )
        .route("/desk.js", script(include_str!("../assets/desk.js")))
        .route("/writing.js", script(include_str!("../assets/writing.js")))
        .route("/morph.js", script(include_str!("../assets/morph.js")))
        .route("/asking.js", script(include_str!("../assets/asking.js")))
        .route("/told.js", script(include_str!("../assets/told.js")))
        .route("/wrapup.js", script(include_str!("../assets/wrapup.js")))
        .route("/canned.js", script(include_str!("../assets/canned.js")))
        .route("/keys.js", script(include_str!("../assets/keys.js")))
        .route("/notice.js", script(include_str!("../assets/notice.js")))
        .route("/presence.js", script(include_str!("../assets/presence.js")))
}
