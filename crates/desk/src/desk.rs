//! What every page needs, and every address there is with the right it takes.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::header,
    middleware,
    routing::{MethodRouter, get, post},
};
use governor::DefaultKeyedRateLimiter;
use hotline_core::{centre::Centre, clock::Clock, locale::Locales, rights::Right};
use hotline_store::store::Store;

use crate::{
    access::{self, Access},
    api, error, files, inbox, live, login, queue, statistics, work,
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
    /// Whether the desk is reached by HTTPS: its cookie then goes nowhere else.
    pub https: bool,
    /// How often each log-in name may be tried.
    pub log_ins: Arc<DefaultKeyedRateLimiter<String>>,
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
    use Right::{EnterBalances, ReadContacts, ReadStatistics, RunAgain, SeeQueue, TakeDuty, WorkOnContacts};

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
    add("POST", "/desk/language", Anyone, post(login::language));
    add("GET", "/desk", Anyone, get(inbox::front));
    add("GET", "/desk/inbox", May(ReadContacts), get(inbox::list));
    add("GET", "/desk/live", Anyone, get(live::live));
    add(
        "GET",
        "/desk/contacts/{reference}",
        May(ReadContacts),
        get(inbox::contact),
    );
    add(
        "GET",
        "/desk/contacts/{reference}/messages/{id}/source",
        May(ReadContacts),
        get(inbox::source),
    );
    add(
        "GET",
        "/desk/contacts/{reference}/attachments/{id}",
        May(ReadContacts),
        get(inbox::attachment),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/reply",
        May(WorkOnContacts),
        post(work::reply).layer(DefaultBodyLimit::max(files::LARGEST_REPLY)),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/typing",
        May(WorkOnContacts),
        post(work::typing),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/attachments/{id}/fetch",
        May(WorkOnContacts),
        post(work::fetch),
    );
    add(
        "POST",
        "/api/v1/contacts/{reference}/attachments/{id}/fetch",
        May(WorkOnContacts),
        post(api::fetch),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/note",
        May(WorkOnContacts),
        post(work::note),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/claim",
        May(WorkOnContacts),
        post(work::claim),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/give-back",
        May(WorkOnContacts),
        post(work::give_back),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/ask-for-files",
        May(WorkOnContacts),
        post(work::ask_for_files),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/close",
        May(WorkOnContacts),
        post(work::close),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/reopen",
        May(WorkOnContacts),
        post(work::reopen),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/mark",
        May(WorkOnContacts),
        post(work::mark),
    );
    add(
        "POST",
        "/desk/contacts/{reference}/messages/{id}/again",
        May(WorkOnContacts),
        post(work::send_again),
    );
    add("POST", "/desk/duty", May(TakeDuty), post(work::duty));
    add("GET", "/desk/queue", May(SeeQueue), get(queue::page));
    add("POST", "/desk/queue/again", May(RunAgain), post(queue::run_again));
    add(
        "GET",
        "/desk/statistics",
        May(ReadStatistics),
        get(statistics::page),
    );
    add(
        "POST",
        "/desk/statistics/balances",
        May(EnterBalances),
        post(statistics::enter_balance),
    );
    add("GET", "/desk/{*nothing}", Anyone, get(error::nothing));
    add("POST", "/api/v1/session", Open, post(api::log_in));
    add("POST", "/api/v1/session/end", Anyone, post(api::log_out));
    add("GET", "/api/v1/inbox", May(ReadContacts), get(api::inbox));
    add(
        "GET",
        "/api/v1/contacts/{reference}",
        May(ReadContacts),
        get(api::contact),
    );
    add(
        "POST",
        "/api/v1/contacts/{reference}/reply",
        May(WorkOnContacts),
        post(api::reply),
    );
    add(
        "POST",
        "/api/v1/contacts/{reference}/note",
        May(WorkOnContacts),
        post(api::note),
    );
    add(
        "POST",
        "/api/v1/contacts/{reference}/claim",
        May(WorkOnContacts),
        post(api::claim),
    );
    add(
        "POST",
        "/api/v1/contacts/{reference}/close",
        May(WorkOnContacts),
        post(api::close),
    );
    add(
        "POST",
        "/api/v1/contacts/{reference}/reopen",
        May(WorkOnContacts),
        post(api::reopen),
    );
    add(
        "GET",
        "/api/v1/statistics/totals",
        May(ReadStatistics),
        get(statistics::totals),
    );
    all
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
    router
        .layer(middleware::from_fn_with_state(desk.clone(), error::spoken))
        .with_state(desk)
        .route(
            "/desk.css",
            asset("text/css; charset=utf-8", include_str!("../assets/desk.css")),
        )
        .route(
            "/desk.js",
            asset(
                "text/javascript; charset=utf-8",
                include_str!("../assets/desk.js"),
            ),
        )
}
