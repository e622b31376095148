//! Who is asking, and whether they may: decided before anything is read.

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

/// Who may use an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody: the log-in.
    Open,
    /// Whoever is logged in.
    Anyone,
    /// Whoever has this right.
    May(Right),
}

/// The header of a request that a page makes without a person.
const BY_ITSELF: &str = "hotline-by-itself";
/// The stream that tells pages when to renew themselves.
pub(crate) const LIVE: &str = "/desk/live";

/// Puts the check before a handler.
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

/// Whether a read-only token is enough: figures are asked for by a program, and nothing is written. Returns hold the smallest figures
/// about persons, too: those are for people.
fn reads_figures(access: Access, request: &Request) -> bool {
    let path = request.uri().path();
    access == Access::May(Right::ReadStatistics)
        && request.method() == Method::GET
        && path.starts_with("/api/v1/statistics/")
        && !path.starts_with("/api/v1/statistics/returns/")
}

/// Whether a person did something or a page renews itself. Only the former keeps a log-in from ending, so whatever does not say of itself
/// that it is a page's own request counts as a person's.
fn asker(request: &Request) -> Asker {
    let path = request.uri().path();
    if request.headers().contains_key(BY_ITSELF) || path == LIVE || path.ends_with("/here") {
        Asker::Page
    } else {
        Asker::Person
    }
}

/// What staff see is not kept by any cache or proxy.
fn uncached(mut response: Response) -> Response {
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(header::HeaderValue::from_static("no-store"));
    response
}

/// Who reads figures: a member of staff, or a program with a read-only token.
pub(crate) struct Reader(Option<Person>);

impl Reader {
    /// Cells below this are hidden: only who may read what people wrote needs none hidden.
    pub(crate) fn least(&self, desk: &Desk) -> i64 {
        match &self.0 {
            Some(person) if person.role.may(Right::ReadContacts) => 0,
            Some(_) | None => desk.smallest,
        }
    }

    /// Who it is, unless it is a program.
    pub(crate) const fn person(&self) -> Option<&Person> {
        self.0.as_ref()
    }

    /// The name by which a file says who made it; a program has none.
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

/// The secret of the log-in, from the cookie or, for programs, from `Authorization: Bearer`.
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

/// The name of the cookie: with HTTPS its prefix makes the browser keep it to this host and to HTTPS.
pub(crate) const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-hotline" } else { "hotline" }
}

/// The person asking. Only behind [`guarded`] is there one.
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
    /// Texts in the language chosen on this device, else the centre's.
    pub(crate) fn words(&self, jar: &CookieJar) -> &Words {
        let chosen = jar
            .get("language")
            .and_then(|cookie| Language::parse(cookie.value()));
        self.locales.of(chosen.unwrap_or(self.centre.language))
    }
}
