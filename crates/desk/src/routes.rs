//! All routes of the desk and the API, with the access rights that they require.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::header,
    middleware,
    routing::{MethodRouter, get, post},
};
use hotline_core::staff::rights::Right;

use crate::{
    account::{self, login, password, preferences},
    cases,
    contact::{actions, api, attachments, calls, canned, files, reply, wrap_up},
    http::{
        access::{self, Access},
        errors, live,
        style_sheet::STYLE_SHEET,
    },
    inbox::{self, bulk},
    openapi, outreach, queue,
    state::Desk,
    statistics::{self, drill_down, entries, returns, rows},
};

/// A route of the desk or the API.
pub struct Address {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path; the parts in braces are parameters.
    pub path: &'static str,
    /// The access requirement of the route.
    pub access: Access,
    handler: MethodRouter<Desk>,
}

/// Returns all routes. Each route must declare its access requirement.
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
    add("GET", "/desk", Anyone, get(inbox::page::front));
    add("GET", "/desk/inbox", May(ReadContacts), get(inbox::page::list));
    add(
        "POST",
        "/desk/search",
        May(ReadContacts),
        post(inbox::page::search),
    );
    add("GET", access::LIVE, Anyone, get(live::live));
    add(
        "GET",
        "/desk/contacts/{reference}",
        May(ReadContacts),
        get(inbox::page::contact),
    );
    let source = "/desk/contacts/{reference}/messages/{id}/source";
    add("GET", source, May(ReadContacts), get(attachments::source));
    let attachment = "/desk/contacts/{reference}/attachments/{id}";
    add("GET", attachment, May(ReadContacts), get(attachments::attachment));
    let look = "/desk/contacts/{reference}/attachments/{id}/look";
    add("GET", look, May(ReadContacts), get(attachments::look));
    // Actions on a contact, for forms and for the API.
    for (desk, api, handler) in actions() {
        add("POST", desk, May(WorkOnContacts), handler.clone());
        add("POST", api, May(WorkOnContacts), handler);
    }
    for path in ["/desk/several", "/api/v1/several"] {
        add("POST", path, May(WorkOnContacts), post(bulk::several));
    }
    add("GET", "/desk/log", May(WorkOnContacts), get(calls::form));
    add("POST", "/desk/log", May(WorkOnContacts), post(calls::save));
    add("POST", "/api/v1/log", May(WorkOnContacts), post(calls::api));
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
    add("POST", "/desk/duty", May(TakeDuty), post(actions::duty));
    add("POST", "/api/v1/duty", May(TakeDuty), post(actions::duty));
    add("GET", "/desk/queue", May(SeeQueue), get(queue::page));
    add("POST", "/desk/queue/again", May(RunAgain), post(queue::run_again));
    add(
        "GET",
        "/desk/statistics",
        May(ReadStatistics),
        get(statistics::page::page),
    );
    for path in ["/desk/statistics/contacts", "/api/v1/statistics/contacts"] {
        add("GET", path, May(ReadContacts), get(drill_down::list));
    }
    for (desk, api, handler) in entries() {
        add("POST", desk, May(EnterBalances), handler.clone());
        add("POST", api, May(EnterBalances), handler);
    }
    let tokens = get(entries::tokens);
    add("GET", "/api/v1/statistics/tokens", May(EnterBalances), tokens);
    for (path, handler) in [
        ("/desk/statistics/returns/{name}", get(returns::one)),
        ("/api/v1/statistics/totals", get(statistics::page::totals)),
        ("/api/v1/statistics/figures", get(statistics::files::breakdown)),
        ("/api/v1/statistics/report", get(statistics::files::report)),
        ("/api/v1/statistics/sentences", get(statistics::page::sentences)),
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
    add("GET", "/desk/{*nothing}", Anyone, get(errors::nothing));
    add("GET", "/api/v1/openapi.json", Open, get(openapi::openapi));
    add("POST", "/api/v1/session", Open, post(account::api::log_in));
    add("POST", "/api/v1/session/end", Anyone, post(account::api::log_out));
    let colleagues = get(inbox::api::colleagues);
    add("GET", "/api/v1/colleagues", May(ReadContacts), colleagues);
    add(
        "POST",
        "/api/v1/search",
        May(ReadContacts),
        post(inbox::api::search),
    );
    add("GET", "/api/v1/scheme", May(ReadContacts), get(wrap_up::scheme));
    add("GET", "/api/v1/inbox", May(ReadContacts), get(inbox::api::inbox));
    add(
        "GET",
        "/api/v1/contacts/{reference}",
        May(ReadContacts),
        get(api::contact),
    );
    all
}

/// A path of the desk, the equivalent path of the API, and their handler.
type Twin = (&'static str, &'static str, MethodRouter<Desk>);

/// Returns the routes with which managers enter figures and create tokens.
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

/// Returns the routes that change the outreach register.
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

/// Returns the routes of actions on a contact.
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
            post(reply::reply).layer(DefaultBodyLimit::max(files::LARGEST_REPLY))
        ),
        action!("/note", post(reply::note)),
        action!("/draft", post(reply::draft)),
        action!("/here", post(reply::here)),
        action!("/messages/{id}/undo", post(reply::undo)),
        action!("/messages/{id}/again", post(actions::send_again)),
        action!("/attachments/{id}/fetch", post(actions::fetch)),
        action!("/claim", post(actions::claim)),
        action!("/give-back", post(actions::give_back)),
        action!("/ask-for-files", post(actions::ask_for_files)),
        action!("/close", post(actions::close)),
        action!("/reopen", post(actions::reopen)),
        action!("/hand-over", post(actions::hand_over)),
        action!("/ask-for", post(actions::ask_for)),
        action!("/snooze", post(actions::snooze)),
        action!("/block", post(actions::block)),
        action!("/link", post(actions::link)),
        action!("/follow", post(actions::follow)),
        action!("/case", post(cases::page::form)),
        action!("/mark", post(actions::mark)),
        action!("/wrap-up", post(wrap_up::wrap_up)),
    ]
}

/// Returns the routes of cases: path of the desk, path of the API, method and handler.
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
        of_case!("/{id}", get, "GET", cases::page::one),
        of_case!("/{id}/summary", post, "POST", cases::page::describe),
        of_case!("/{id}/close", post, "POST", cases::page::close),
        of_case!("/{id}/tell/{reference}", post, "POST", cases::page::tell),
        of_case!("/{id}/referrals", post, "POST", cases::page::propose),
        of_case!("/{id}/referrals/{referral}", post, "POST", cases::page::detail),
        of_case!(
            "/{id}/referrals/{referral}/confirm",
            post,
            "POST",
            cases::page::confirm
        ),
        of_case!(
            "/{id}/referrals/{referral}/withdraw",
            post,
            "POST",
            cases::page::withdraw
        ),
    ]
}

/// Pairs the URL of a file in `assets` with its text. URLs keep the folders, so that modules can import each other.
macro_rules! asset {
    ($path:literal) => {
        (
            concat!("/assets/", $path),
            include_str!(concat!("../assets/", $path)),
        )
    };
}

const ASSETS: [(&str, &str); 12] = [
    ("/assets/http/desk.css", STYLE_SHEET),
    asset!("http/desk.js"),
    asset!("http/page.js"),
    asset!("http/morph.js"),
    asset!("http/keys.js"),
    asset!("http/dialog.js"),
    asset!("http/refusal.js"),
    asset!("contact/drafts.js"),
    asset!("contact/wrap_up.js"),
    asset!("contact/canned.js"),
    asset!("contact/presence.js"),
    asset!("inbox/notification.js"),
];

/// Builds the router of the desk and the API.
pub fn router(desk: Desk) -> Router {
    let mut router = Router::new();
    for address in addresses() {
        let guarded = access::guarded(address.handler, &desk, address.access);
        router = router.route(address.path, guarded);
    }
    let mut assets = Router::new();
    for (path, text) in ASSETS {
        let kind = if path.ends_with(".css") {
            "text/css; charset=utf-8"
        } else {
            "text/javascript; charset=utf-8"
        };
        let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
        assets = assets.route(path, get(move || async move { (headers, text) }));
    }
    router
        .layer(middleware::from_fn_with_state(desk.clone(), errors::spoken))
        .with_state(desk)
        .merge(assets)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_address_of_the_api_is_described_and_no_other() {
        let described: BTreeSet<_> = openapi::all()
            .into_iter()
            .map(|one| (one.method, one.path))
            .collect();
        let served: BTreeSet<_> = addresses()
            .into_iter()
            .map(|one| (one.method, one.path))
            .filter(|(_, path)| path.starts_with("/api/"))
            .collect();
        assert_eq!(described, served);
    }
}
