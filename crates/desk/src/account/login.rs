//! Logging in and out.

use std::{num::NonZeroU32, time::Duration};

use askama::Template;
use axum::{
    extract::{Form, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hotline_core::{
    identifiers::private::Private,
    text::{bilingual::Text, locale::Words},
};
use hotline_store::{
    error::Conflict,
    staff::{
        accounts::StaffMember,
        passkeys::PasskeyOffer,
        passwords::Device,
        sessions::{BegunSession, SessionToken},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    account::preferences,
    http::{
        access::{contact_page, cookie_name, cookie_token, step_page, token},
        answers::Answer,
        errors::PageError,
        page::{page as written, role_key},
    },
    state::{Attempt, Desk, Persona},
};

/// Returns the name of the cookie that marks a device as known. A device is known for a log-in name if a log-in with this name has
/// succeeded on the device. Each log-in name has its own cookie, because several people can share a device.
fn device_cookie(mark: &str, https: bool) -> String {
    let prefix = if https { "__Host-" } else { "" };
    format!("{prefix}device-{}", mark.get(..8).unwrap_or_default())
}

/// The longest time that a log-in or a change of a password or factor waits for the rate limiter ([`limiter`]).
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Template)]
#[template(path = "account/login.html")]
struct LogInPage<'a> {
    words: &'a Words,
    name: &'a Text,
    login: &'a str,
    /// The locale key of the reason for which a log-in was refused.
    refused: Option<&'static str>,
    /// The name of the identity provider, which may be empty. `None`: there is no provider.
    provider: Option<&'a str>,
    /// The challenge for a passkey; `None` if passkeys cannot be used.
    passkey: Option<PasskeyOffer>,
    /// The page that opens after the log-in; empty for the start page.
    to: &'a str,
    personas: &'a [Persona],
}

impl LogInPage<'_> {
    fn role_of(&self, persona: &Persona) -> String {
        self.words.say(role_key(persona.role))
    }
}

/// Creates the rate limiter for passwords and codes. It permits six attempts of a kind at once, then one attempt every ten seconds.
#[must_use]
pub fn limiter() -> DefaultKeyedRateLimiter<Attempt> {
    RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN.saturating_add(5)))
}

/// Where the log-in page leads.
#[derive(Deserialize)]
pub(crate) struct LogInQuery {
    /// The page of a contact.
    #[serde(default)]
    to: String,
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    jar: CookieJar,
    Query(query): Query<LogInQuery>,
) -> Result<Response, PageError> {
    let to = contact_page(&query.to).unwrap_or_default();
    log_in_page(&desk, &jar, "", &to, None)
}

/// Renders the log-in page. `refused` is the locale key of the reason for which a log-in was refused.
pub(crate) fn log_in_page(
    desk: &Desk,
    jar: &CookieJar,
    login: &str,
    to: &str,
    refused: Option<&'static str>,
) -> Result<Response, PageError> {
    let provider = desk.program.identity_provider.as_ref();
    written(&LogInPage {
        words: desk.words(jar),
        name: &desk.centre.name,
        login,
        refused,
        provider: provider.map(|provider| provider.name()),
        passkey: desk.store.passkey_log_in_challenge()?,
        to,
        personas: &desk.personas,
    })
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct LogInForm {
    pub login: String,
    #[schemars(with = "String")]
    pub password: Private<String>,
    /// The page of a contact that the browser shows after the log-in. Only the form of the desk sends this field.
    #[serde(default)]
    #[schemars(skip)]
    pub to: String,
}

pub(crate) async fn log_in(
    State(desk): State<Desk>,
    headers: HeaderMap,
    jar: CookieJar,
    Form(typed): Form<LogInForm>,
) -> Result<Response, PageError> {
    let mark = desk.store.device_mark(&typed.login);
    let known = jar
        .get(&device_cookie(&mark, desk.https))
        .is_some_and(|kept| kept.value() == mark);
    let device = if known { Device::Known } else { Device::Unknown };
    let Some(begun) = try_log_in(&desk, &typed, device).await? else {
        let page = log_in_page(&desk, &jar, &typed.login, &typed.to, Some("log-in-refused"))?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    // The earlier session of this browser is replaced and ends.
    if let Some(replaced) = token(&desk, &headers) {
        desk.store.log_out(&replaced).await?;
    }
    Ok(lead_on(&desk, jar, begun, contact_page(&typed.to)))
}

/// Redirects the browser of a session that has begun: to the page `to` or the start page, or to the step that the log-in lacks.
pub(crate) fn lead_on(desk: &Desk, jar: CookieJar, begun: BegunSession, to: Option<String>) -> Response {
    match begun {
        BegunSession::Complete(person, session) => {
            let jar = begin_on_device(desk, jar, &person, &session);
            (jar, Redirect::to(to.as_deref().unwrap_or("/desk"))).into_response()
        }
        BegunSession::Half(half, session) => {
            let jar = jar.add(session_cookie(desk, &session));
            (jar, Redirect::to(&step_page(half.step(), to.as_deref()))).into_response()
        }
    }
}

fn session_cookie(desk: &Desk, session: &SessionToken) -> Cookie<'static> {
    Cookie::build((cookie_name(desk.https), session.expose().to_owned()))
        .path("/")
        .http_only(true)
        .secure(desk.https)
        .same_site(SameSite::Strict)
        .build()
}

/// Adds a cookie with a new secret of the session to the answer to a change of what proves a log-in; the earlier secret stops working. Another
/// site cannot set the header `Authorization`, so a token that came in this header stays as it is: a program that lost the answer would lose
/// its session.
pub(crate) async fn with_new_secret<T: Serialize>(
    desk: &Desk,
    headers: &HeaderMap,
    answer: Answer<T>,
) -> Answer<T> {
    let Some(earlier) = cookie_token(desk, headers) else {
        return answer;
    };
    match desk.store.renew_session(&earlier).await {
        Ok(Some(session)) => {
            let jar = CookieJar::new().add(session_cookie(desk, &session));
            Answer::Page((jar, answer).into_response())
        }
        Ok(None) => answer,
        Err(error) => {
            // The change took effect, so the answer confirms it.
            tracing::warn!(error = %error, "A session keeps its secret after a change of a password or factor");
            answer
        }
    }
}

/// Adds the cookies of a complete session: the session's secret, the mark of a known device, and the language of the member of staff.
pub(crate) fn begin_on_device(
    desk: &Desk,
    jar: CookieJar,
    person: &StaffMember,
    session: &SessionToken,
) -> CookieJar {
    let mark = desk.store.device_mark(&person.login);
    let device = Cookie::build((device_cookie(&mark, desk.https), mark))
        .path("/")
        .http_only(true)
        .secure(desk.https)
        .same_site(SameSite::Strict)
        .permanent();
    let jar = preferences::on_this_device(jar, &person.preferences, desk.https);
    jar.add(device).add(session_cookie(desk, session))
}

pub(crate) async fn try_log_in(
    desk: &Desk,
    typed: &LogInForm,
    device: Device,
) -> Result<Option<BegunSession>, PageError> {
    let name = typed.login.trim().to_lowercase();
    if name.len() > 200 || typed.password.expose().len() > 1_000 {
        return Ok(None);
    }
    // Devices on which this log-in name has succeeded have a separate limit. Password guesses on other devices therefore do not delay
    // log-ins on these devices (OWASP: device cookies).
    let attempt = match device {
        Device::Known => Attempt::KnownDevice(name.clone()),
        Device::Unknown => Attempt::UnknownDevice(name.clone()),
    };
    take_turn(desk, attempt).await?;
    Ok(desk.store.log_in(&name, &typed.password, device).await?)
}

/// Waits until the rate limit permits an attempt. Fails with `Conflict::Busy` if the wait takes longer than [`PATIENCE`].
pub(crate) async fn take_turn(desk: &Desk, attempt: Attempt) -> Result<(), PageError> {
    if desk.log_ins.len() > 10_000 {
        desk.log_ins.retain_recent();
    }
    let turn = desk.log_ins.until_key_ready(&attempt);
    let turn = tokio::time::timeout(PATIENCE, turn).await;
    turn.map_err(|_| PageError::Conflict(Conflict::Busy))
}

pub(crate) async fn log_out(
    State(desk): State<Desk>,
    headers: HeaderMap,
    jar: CookieJar,
) -> Result<Response, PageError> {
    if let Some(token) = token(&desk, &headers) {
        desk.store.log_out(&token).await?;
    }
    let gone = Cookie::build((cookie_name(desk.https), ""))
        .path("/")
        .secure(desk.https)
        .build();
    let clear = [("clear-site-data", "\"cache\", \"storage\"")];
    Ok((jar.remove(gone), clear, Redirect::to("/desk/login")).into_response())
}
