//! Authentication and access rights. Both are checked before a handler runs.

use std::convert::Infallible;

use aide::OperationInput;
use axum::{
    RequestExt,
    extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::MethodRouter,
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    identifiers::reference::Reference,
    staff::{factors::LogInStep, rights::Right},
    statistics::purpose::Purpose,
    text::locale::{Language, Words},
};
use hotline_store::{
    error::Conflict,
    staff::{
        accounts::StaffMember,
        half_sessions::HalfSession,
        sessions::{Asker, SessionState},
    },
};
use uuid::Uuid;

use crate::{
    http::{errors::PageError, flash::FlashRequest},
    limits::{LimitedRequest, object_of},
    refusals::{Refusal, RefusedAccount},
    state::Desk,
};

/// The access requirement of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone may use the route, even without a session.
    Open,
    /// All members of staff who are logged in may use the route.
    Anyone,
    /// Members of staff whose role has this right may use the route.
    May(Right),
    /// Sessions whose log-in lacks this step may use the route, and no others.
    Lacks(LogInStep),
}

/// The name of the header that marks a request as sent by a page automatically, without an action of the user. Such requests do not extend
/// the session.
const SENT_BY_PAGE: &str = "hotline-by-itself";
/// The path of the event stream that tells pages when to reload their content.
pub(crate) const LIVE: &str = "/desk/live";

/// Wraps a handler in the access check.
pub(crate) fn guarded(handler: MethodRouter<Desk>, desk: &Desk, access: Access) -> MethodRouter<Desk> {
    match access {
        Access::Open => handler,
        Access::Anyone | Access::May(_) | Access::Lacks(_) => {
            handler.layer(middleware::from_fn_with_state((desk.clone(), access), guard))
        }
    }
}

async fn guard(State((desk, access)): State<(Desk, Access)>, mut request: Request, next: Next) -> Response {
    let for_api = request.uri().path().starts_with("/api/");
    if is_loaded_elsewhere(request.headers()) {
        return PageError::MayNot.refusing(Refusal::OtherSite, None);
    }
    let token = token(&desk, request.headers());
    if let (Some(token), true) = (
        &token,
        needs_only_token(access, request.method(), request.uri().path()),
    ) {
        match desk.store.reads_figures(token).await {
            Ok(true) => return uncached(next.run(request).await),
            Ok(false) => {}
            Err(error) => return PageError::from(error).into_response(),
        }
    }
    let state = match &token {
        Some(token) => desk.store.session_state(token, asker(&request)).await,
        None => Ok(None),
    };
    let state = match state {
        Ok(state) => state,
        Err(error) => return PageError::from(error).into_response(),
    };
    let to = contact_page(request.uri().path());
    let person = match (state, access) {
        (Some(SessionState::Complete(person)), Access::May(right)) if !person.role.may(right) => {
            return PageError::MayNot.refusing(Refusal::MissingRight, Some(person.id));
        }
        (Some(SessionState::Complete(_)), Access::Lacks(_)) if for_api => {
            return PageError::Conflict(Conflict::DoneAlready).into_response();
        }
        (Some(SessionState::Complete(_)), Access::Lacks(_)) => return Redirect::to("/desk").into_response(),
        (Some(SessionState::Complete(person)), Access::Open | Access::Anyone | Access::May(_)) => person,
        (Some(SessionState::Half(half)), Access::Lacks(step)) if half.step() == step => {
            request.extensions_mut().insert(half);
            return uncached(run_in_session(&desk, token.as_deref(), request, next).await);
        }
        (Some(SessionState::Half(half)), _) if for_api => {
            return PageError::Incomplete(half.step()).into_response();
        }
        (Some(SessionState::Half(half)), _) => {
            return Redirect::to(&step_page(half.step(), to.as_deref())).into_response();
        }
        (None, _) if for_api => return PageError::NotLoggedIn.into_response(),
        (None, _) => {
            let address = to.map_or_else(|| "/desk/login".to_owned(), |to| format!("/desk/login?to={to}"));
            return Redirect::to(&address).into_response();
        }
    };
    if let Some(refused) = refuse_unreadable(&desk, &person, &mut request).await {
        return refused;
    }
    let account = person.id;
    if let Err(seconds) = count_request(&desk, account, &request) {
        return PageError::TooOften(seconds).refusing(Refusal::Limit, Some(account));
    }
    request.extensions_mut().insert(person);
    let is_automatic = asker(&request) == Asker::Page;
    let flash = FlashRequest::new(&mut request, is_automatic);
    let response = run_in_session(&desk, token.as_deref(), request, next).await;
    let mut response = uncached(flash.set_cookie(desk.https, response));
    response.extensions_mut().insert(RefusedAccount(account));
    response
}

/// Runs the handler, so that the log of the audit names the session.
async fn run_in_session(desk: &Desk, token: Option<&str>, request: Request, next: Next) -> Response {
    match token {
        Some(token) => desk.store.in_session(token, next.run(request)).await,
        None => next.run(request).await,
    }
}

/// Counts a request for a contact, a case or a download. Fails with the number of seconds to wait.
fn count_request(desk: &Desk, account: Uuid, request: &Request) -> Result<(), u64> {
    let route = request.extensions().get::<MatchedPath>();
    let limited = route.and_then(|route| LimitedRequest::of_route(request.method(), route.as_str()));
    let object = object_of(request.uri().path());
    limited.map_or(Ok(()), |limited| desk.limits.count(limited, account, object))
}

/// Refuses a request for a contact or case that the member of staff may not read. The answer is that of one that does not exist.
async fn refuse_unreadable(desk: &Desk, person: &StaffMember, request: &mut Request) -> Option<Response> {
    let route = request.extensions().get::<MatchedPath>()?.as_str().to_owned();
    let parameters = request.extract_parts::<RawPathParams>().await.ok()?;
    let value = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value.to_owned())
    };
    let may_read = if let Some(reference) = value("reference") {
        // A handler answers a malformed reference.
        let reference = Reference::parse(&reference).ok()?;
        desk.store.may_read_contact(person, reference).await
    } else if route.contains("/cases/{id}") {
        let id = value("id")?.parse().ok()?;
        desk.store.may_read_case(person, id).await
    } else {
        return None;
    };
    match may_read {
        Ok(true) => None,
        Ok(false) => Some(PageError::NotFound.refusing(Refusal::NotConcerned, Some(person.id))),
        Err(error) => Some(PageError::from(error).into_response()),
    }
}

/// Returns whether a page of another site or host loads the address, for example as a picture. Following a link to a page is permitted. The
/// header is part of Fetch Metadata (W3C); programs and old browsers do not send it.
fn is_loaded_elsewhere(headers: &HeaderMap) -> bool {
    let is_page = has_value(headers, "sec-fetch-mode", &["navigate"])
        && has_value(headers, "sec-fetch-dest", &["document"]);
    comes_from_elsewhere(headers) && !is_page
}

/// Returns whether a page of another site or host sent the request.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    has_value(headers, "sec-fetch-site", &["cross-site", "same-site"])
}

fn has_value(headers: &HeaderMap, name: &str, values: &[&str]) -> bool {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| values.contains(&value))
}

/// What led to the page of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// An action at the desk, a bookmark, a notification, or a program.
    Own,
    /// A page of another site or host led the browser there, possibly without an action of the member of staff.
    FromElsewhere,
}

impl<S: Send + Sync> FromRequestParts<S> for Arrival {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(match comes_from_elsewhere(&parts.headers) {
            true => Self::FromElsewhere,
            false => Self::Own,
        })
    }
}

impl OperationInput for Arrival {}

/// Returns the address of the page for the step that a log-in lacks. `to` is the page of a contact that opens after the log-in.
pub(crate) fn step_page(step: LogInStep, to: Option<&str>) -> String {
    match (step, to) {
        (LogInStep::Complete, to) => to.unwrap_or("/desk").to_owned(),
        (LogInStep::Code, None) => "/desk/login/code".to_owned(),
        (LogInStep::Code, Some(to)) => format!("/desk/login/code?to={to}"),
        // The recovery codes come after setting up a factor, and the page with them leads to the start page.
        (LogInStep::Enrol, _) => "/desk/login/enrol".to_owned(),
    }
}

/// Returns the path of the page of a contact if `path` is the path of such a page. A notification that is pressed after the session ended
/// leads through the log-in to this page.
pub(crate) fn contact_page(path: &str) -> Option<String> {
    let reference = Reference::parse(path.strip_prefix("/desk/contacts/")?).ok()?;
    Some(format!("/desk/contacts/{reference}"))
}

/// Returns whether a read-only token suffices for a request. A read-only token permits reading all statistics except returns (report forms
/// for other organisations). The returns are excluded because they show small figures about persons, which a
/// program with a token never gets.
pub(crate) fn needs_only_token(access: Access, method: &Method, path: &str) -> bool {
    access == Access::May(Right::ReadStatistics)
        && method == Method::GET
        && path.starts_with("/api/v1/statistics/")
        && !path.starts_with("/api/v1/statistics/returns/")
}

/// Returns whether a person made the request or an open page sent it automatically. An automatic request does not extend the session. A
/// request counts as automatic if one of these is true: (1) it has the header `hotline-by-itself`; (2) it opens the live stream; (3) it
/// reports which contact its user has open.
fn asker(request: &Request) -> Asker {
    let path = request.uri().path();
    if request.headers().contains_key(SENT_BY_PAGE) || path == LIVE || path.ends_with("/here") {
        Asker::Page
    } else {
        Asker::Person
    }
}

/// Prevents browsers and proxies from storing the response, unless the handler has set another cache policy.
fn uncached(mut response: Response) -> Response {
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(header::HeaderValue::from_static("no-store"));
    response
}

/// The sender of a request for statistics: a member of staff, or a program with a read-only token.
pub(crate) struct Reader(Option<StaffMember>);

impl Reader {
    /// Returns the purpose for which this reader gets figures. Only staff with the right to read the statistics get exact figures, unless
    /// they ask for figures for publication. A program with a read-only token always gets figures for publication.
    pub(crate) fn purpose(&self, for_publication: bool) -> Purpose {
        match &self.0 {
            Some(person) if person.role.may(Right::ReadStatistics) && !for_publication => Purpose::Internal,
            Some(_) | None => Purpose::Publication,
        }
    }

    /// Returns the member of staff; `None` for a program.
    pub(crate) const fn person(&self) -> Option<&StaffMember> {
        self.0.as_ref()
    }

    /// Returns the name of the member of staff, which exported files state as their author; `None` for a program.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.as_ref().map(|person| person.name.as_str())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<StaffMember>().cloned()))
    }
}

impl OperationInput for Reader {}

/// Returns the session token from the session cookie.
pub(crate) fn cookie_token(desk: &Desk, headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    jar.get(cookie_name(desk.https))
        .map(|cookie| cookie.value().to_owned())
}

/// Returns the session token from the session cookie or, if this cookie is missing, the bearer token from the `Authorization` header.
pub(crate) fn token(desk: &Desk, headers: &HeaderMap) -> Option<String> {
    cookie_token(desk, headers).or_else(|| {
        let bearer = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        bearer
            .strip_prefix("Bearer ")
            .map(|token| token.trim().to_owned())
    })
}

/// Returns the name of the session cookie. For HTTPS, the name has the prefix `__Host-`, which binds the cookie to this host and to HTTPS.
pub(crate) const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-hotline" } else { "hotline" }
}

/// Returns the name of the cookie with the language of this device.
pub(crate) const fn language_cookie(https: bool) -> &'static str {
    if https { "__Host-language" } else { "language" }
}

/// The member of staff who made the request. Available only in handlers wrapped by [`guarded`].
pub(crate) struct Who(pub StaffMember);

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        parts
            .extensions
            .get::<StaffMember>()
            .cloned()
            .map(Self)
            .ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl OperationInput for Who {}

/// A session whose log-in is incomplete. Available only in handlers of routes with [`Access::Lacks`].
pub(crate) struct HalfLoggedIn(pub HalfSession);

impl<S: Send + Sync> FromRequestParts<S> for HalfLoggedIn {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        parts
            .extensions
            .get::<HalfSession>()
            .cloned()
            .map(Self)
            .ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl OperationInput for HalfLoggedIn {}

impl Desk {
    /// Returns the translated texts in the language that was chosen on this device or, if none was chosen, in the centre's language.
    pub(crate) fn words(&self, jar: &CookieJar) -> &Words {
        let chosen = jar
            .get(language_cookie(self.https))
            .and_then(|cookie| Language::parse(cookie.value()));
        self.locales.of(chosen.unwrap_or(self.centre.language))
    }
}
