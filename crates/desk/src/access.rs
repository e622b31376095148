//! Who is asking, and whether they may: decided before anything is read.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::MethodRouter,
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    locale::{Language, Words},
    rights::Right,
};
use hotline_store::staff::Person;

use crate::{desk::Desk, error::PageError};

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
    let person = match token(&desk, request.headers()) {
        Some(token) => desk.store.logged_in(&token).await,
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
    let mut response = next.run(request).await;
    // What staff see is not kept by any cache or proxy.
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(header::HeaderValue::from_static("no-store"));
    response
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
