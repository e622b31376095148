//! Authentication and access rights, checked before a handler reads anything.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{Method, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::MethodRouter,
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    staff::rights::Right,
    text::locale::{Language, Words},
};
use hotline_store::staff::{accounts::Person, sessions::Asker};

use crate::{http::errors::PageError, state::Desk};

/// The requirement for using an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone, without a log-in.
    Open,
    /// Everyone who is logged in.
    Anyone,
    /// Staff whose role has this right.
    May(Right),
}

/// The header of requests that a page sends on its own, without an action of its user.
const BY_ITSELF: &str = "hotline-by-itself";
/// The address of the stream that tells pages to refresh.
pub(crate) const LIVE: &str = "/desk/live";

/// Wraps a handler in the access check.
pub(crate) fn guarded(handler: MethodRouter<Desk>, desk: &Desk, access: Access) -> MethodRouter<Desk> {
    match access {
        Access::Open => handler,
        Access::Anyone | Access::May(_) => {
            handler.layer(middleware::from_fn_with_state((desk.clone(), access), guard))
        }
    }
}

async fn guard(State((desk, access)): State<(Desk, Access)>, mut request: Request, next: Next) -> Response {
    let for_program = request.uri().path().starts_with("/api/");
    let token = token(&desk, request.headers());
    if let (Some(token), true) = (&token, reads_figures(access, &request)) {
        match desk.store.reads_figures(token).await {
            Ok(true) => return uncached(next.run(request).await),
            Ok(false) => {}
            Err(error) => return PageError::from(error).into_response(),
        }
    }
    let person = match token {
        Some(token) => desk.store.logged_in(&token, asker(&request)).await,
        None => Ok(None),
    };
    let person = match person {
        Ok(person) => person,
        Err(error) => return PageError::from(error).into_response(),
    };
    let Some(person) = person else {
        if for_program {
            return PageError::NotLoggedIn.into_response();
        }
        return Redirect::to("/desk/login").into_response();
    };
    if let Access::May(right) = access
        && !person.role.may(right)
    {
        return PageError::MayNot.into_response();
    }
    request.extensions_mut().insert(person);
    uncached(next.run(request).await)
}

/// Whether a read-only token suffices for the request. It does for reading statistics. Returns are excluded because they show even the
/// smallest figures about persons.
fn reads_figures(access: Access, request: &Request) -> bool {
    let path = request.uri().path();
    access == Access::May(Right::ReadStatistics)
        && request.method() == Method::GET
        && path.starts_with("/api/v1/statistics/")
        && !path.starts_with("/api/v1/statistics/returns/")
}

/// Whether a person or a page on its own made the request. Only a person's request extends the session, so requests without the header
/// count as a person's.
fn asker(request: &Request) -> Asker {
    let path = request.uri().path();
    if request.headers().contains_key(BY_ITSELF) || path == LIVE || path.ends_with("/here") {
        Asker::Page
    } else {
        Asker::Person
    }
}

/// Keeps responses for staff out of caches and proxies.
fn uncached(mut response: Response) -> Response {
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(header::HeaderValue::from_static("no-store"));
    response
}

/// The reader of figures: a member of staff, or a program with a read-only token.
pub(crate) struct Reader(Option<Person>);

impl Reader {
    /// Returns the smallest figure shown to this reader; smaller ones are suppressed. Readers of contacts get 0, so they see every figure.
    pub(crate) fn least(&self, desk: &Desk) -> i64 {
        match &self.0 {
            Some(person) if person.role.may(Right::ReadContacts) => 0,
            Some(_) | None => desk.smallest,
        }
    }

    /// Returns the member of staff; `None` for a program.
    pub(crate) const fn person(&self) -> Option<&Person> {
        self.0.as_ref()
    }

    /// Returns the name that a file gives as its author; `None` for a program.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.as_ref().map(|person| person.name.as_str())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Person>().cloned()))
    }
}

/// Returns the session token from the cookie, else from `Authorization: Bearer`.
pub(crate) fn token(desk: &Desk, headers: &header::HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let cookie = jar
        .get(cookie_name(desk.https))
        .map(|cookie| cookie.value().to_owned());
    cookie.or_else(|| {
        let bearer = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        bearer
            .strip_prefix("Bearer ")
            .map(|token| token.trim().to_owned())
    })
}

/// Returns the name of the session cookie. With HTTPS its `__Host-` prefix binds it to this host and to HTTPS.
pub(crate) const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-hotline" } else { "hotline" }
}

/// The person who made the request. Available only behind [`guarded`].
pub(crate) struct Who(pub Person);

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        parts
            .extensions
            .get::<Person>()
            .cloned()
            .map(Self)
            .ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl Desk {
    /// Returns the texts in the language chosen on this device, else in the centre's.
    pub(crate) fn words(&self, jar: &CookieJar) -> &Words {
        let chosen = jar
            .get("language")
            .and_then(|cookie| Language::parse(cookie.value()));
        self.locales.of(chosen.unwrap_or(self.centre.language))
    }
}
