//! Log-in through the identity provider: leading a browser there and back, connecting an identity to an account, and log-out that the provider
//! reports.
//!
//! The browser keeps the secret of a log-in in a cookie, from which the state, the nonce and the PKCE verifier follow. The provider sends the
//! browser back from another site, so browsers leave out the cookies (`SameSite=Strict`) of that request. The page to which it comes back
//! therefore only leads on to a page of the same site, which has them.

use std::time::Duration;

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Query, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use data_encoding::BASE64URL_NOPAD;
use hotline_core::{
    identifiers::{chance, private::Private},
    staff::{factors::LogInProof, identity_provider::ProviderIdentity},
    text::locale::Words,
};
use hotline_store::error::StoreError;
use serde::Deserialize;

use crate::{
    account::{
        factors::{FACTORS, ProofAgainForm, authenticate, refuse, refused_page},
        login::{lead_on, log_in_page, take_turn},
    },
    http::{
        access::{Who, contact_page, token},
        answers::{Answer, EmptyJson},
        errors::{ForProgram, PageError},
        extractors::{Cookies, FormOrJson, ResponseFormat},
        flash::Flash,
        page::page as written,
    },
    state::{Desk, IdentityProvider, LogInSecrets},
};

/// How long a log-in at the provider may take, in seconds.
const LONGEST_SECONDS: u64 = 15 * 60;
/// The page that finishes a log-in.
const FINISH: &str = "/desk/login/provider/finish";
/// The page that finishes connecting an identity.
const FINISH_CONNECTING: &str = "/desk/me/identity/finish";

/// What a log-in at the provider is for.
enum Purpose {
    /// Logging in. The text is the page of a contact to which it leads, or empty.
    LogIn(String),
    /// Connecting an identity to an account. The text is the mark of the session.
    Connect(String),
}

/// A log-in at the provider that a browser began.
struct Attempt {
    secret: String,
    purpose: Purpose,
}

const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-provider" } else { "provider" }
}

impl Attempt {
    fn new(purpose: Purpose) -> Self {
        Self {
            secret: BASE64URL_NOPAD.encode(&chance::bytes::<32>()),
            purpose,
        }
    }

    fn from_cookie(desk: &Desk, jar: &CookieJar) -> Option<Self> {
        let value = jar.get(cookie_name(desk.https))?.value().to_owned();
        let mut parts = value.splitn(3, '.');
        let (secret, purpose, more) = (parts.next()?, parts.next()?, parts.next()?);
        let purpose = match purpose {
            "log-in" => Purpose::LogIn(more.to_owned()),
            "connect" => Purpose::Connect(more.to_owned()),
            _ => return None,
        };
        Some(Self {
            secret: secret.to_owned(),
            purpose,
        })
    }

    fn secrets(&self, desk: &Desk) -> LogInSecrets {
        let [state, nonce, verifier] = desk.store.log_in_values(&self.secret);
        LogInSecrets {
            state,
            nonce,
            verifier,
        }
    }

    fn cookie(&self, desk: &Desk) -> Cookie<'static> {
        let (purpose, more) = match &self.purpose {
            Purpose::LogIn(to) => ("log-in", to),
            Purpose::Connect(mark) => ("connect", mark),
        };
        kept_cookie(desk, format!("{}.{purpose}.{more}", self.secret), LONGEST_SECONDS)
    }
}

/// Builds the cookie, which is kept for a number of seconds.
fn kept_cookie(desk: &Desk, value: String, seconds: u64) -> Cookie<'static> {
    Cookie::build((cookie_name(desk.https), value))
        .path("/")
        .http_only(true)
        .secure(desk.https)
        .same_site(SameSite::Strict)
        .max_age(Duration::from_secs(seconds).try_into().unwrap_or_default())
        .build()
}

/// A page that leads on to another address by itself. Unlike a redirect, it may follow a form, and its request has the cookies of this site.
#[derive(Template)]
#[template(path = "account/onward.html")]
struct OnwardPage<'a> {
    words: &'a Words,
    address: &'a str,
}

/// Where a log-in leads.
#[derive(Deserialize)]
pub(crate) struct BeginForm {
    /// The page of a contact.
    #[serde(default)]
    to: String,
}

/// The parameters with which the provider sends a browser back.
#[derive(Deserialize)]
pub(crate) struct ReturnQuery {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

fn provider(desk: &Desk) -> Result<&dyn IdentityProvider, PageError> {
    desk.program
        .identity_provider
        .as_deref()
        .ok_or(PageError::NotFound)
}

/// `POST /desk/login/provider`: leads the browser to the provider. Another site cannot post to the desk, so it cannot begin a log-in.
pub(crate) async fn begin(
    State(desk): State<Desk>,
    jar: CookieJar,
    Form(query): Form<BeginForm>,
) -> Result<Response, PageError> {
    let provider = provider(&desk)?;
    let attempt = Attempt::new(Purpose::LogIn(contact_page(&query.to).unwrap_or_default()));
    match provider.log_in_address(&attempt.secrets(&desk)).await {
        Ok(address) => lead_to(&desk, jar, &attempt, &address),
        Err(error) => {
            tracing::warn!(error, "A log-in through the identity provider could not begin");
            let page = log_in_page(&desk, &jar, "", &query.to, Some("provider-away"))?;
            Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response())
        }
    }
}

/// Leads the browser to an address of the provider.
fn lead_to(desk: &Desk, jar: CookieJar, attempt: &Attempt, address: &str) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    let page = written(&OnwardPage { words, address })?;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((jar.add(attempt.cookie(desk)), headers, page).into_response())
}

/// `GET /desk/login/provider/return`: the provider sent the browser back.
pub(crate) async fn come_back(
    State(desk): State<Desk>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    provider(&desk)?;
    let page = written(&OnwardPage {
        words: desk.words(&jar),
        address: &format!("{FINISH}?{}", query.unwrap_or_default()),
    })?;
    // The address contains the code.
    Ok(([(header::CACHE_CONTROL, "no-store")], page).into_response())
}

/// `GET /desk/login/provider/finish`: begins a session with the identity for which the provider vouches.
pub(crate) async fn finish(
    State(desk): State<Desk>,
    headers: HeaderMap,
    jar: CookieJar,
    RawQuery(raw): RawQuery,
    Query(query): Query<ReturnQuery>,
) -> Result<Response, PageError> {
    let provider = provider(&desk)?;
    let attempt = Attempt::from_cookie(&desk, &jar);
    if let Some(Attempt {
        purpose: Purpose::Connect(_),
        ..
    }) = attempt
    {
        let address = format!("{FINISH_CONNECTING}?{}", raw.unwrap_or_default());
        return Ok(Redirect::to(&address).into_response());
    }
    let without = jar.clone().add(kept_cookie(&desk, String::new(), 0));
    let mistake = match identity(&desk, attempt.as_ref(), &query).await? {
        Ok(identity) => {
            let proof = if provider.proves_second_factor() {
                LogInProof::ProviderWithFactor
            } else {
                LogInProof::Provider
            };
            match desk.store.log_in_with_identity(&identity, proof).await? {
                Some(begun) => {
                    if let Some(replaced) = token(&desk, &headers) {
                        desk.store.log_out(&replaced).await?;
                    }
                    let to = match attempt.map(|attempt| attempt.purpose) {
                        Some(Purpose::LogIn(to)) => contact_page(&to),
                        Some(Purpose::Connect(_)) | None => None,
                    };
                    return Ok(lead_on(&desk, without, begun, to));
                }
                None => "provider-unknown",
            }
        }
        Err(mistake) => {
            desk.store.note_provider_refused().await?;
            mistake
        }
    };
    let page = log_in_page(&desk, &jar, "", "", Some(mistake))?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, without, page).into_response())
}

/// Returns the identity for which the provider vouches, or the locale key of the reason why there is none. Waits for the rate limit before
/// it asks the provider, and fails if the wait takes too long.
async fn identity(
    desk: &Desk,
    attempt: Option<&Attempt>,
    query: &ReturnQuery,
) -> Result<Result<ProviderIdentity, &'static str>, PageError> {
    let Some(secrets) = attempt.map(|attempt| attempt.secrets(desk)) else {
        return Ok(Err("provider-late"));
    };
    if query.state != secrets.state {
        return Ok(Err("provider-late"));
    }
    if query.code.is_empty() {
        return Ok(Err("provider-refused"));
    }
    let provider = provider(desk)?;
    // Each browser has its own limit, so that one browser does not delay the others.
    take_turn(desk, crate::state::Attempt::Provider(secrets.state.clone())).await?;
    let identity = provider.identity(&query.code, &secrets).await;
    Ok(identity.map_err(|error| {
        tracing::warn!(error, "A log-in through the identity provider failed");
        "provider-refused"
    }))
}

/// `POST /desk/me/identity/connect`: leads the browser to the provider, to connect an identity to the account.
pub(crate) async fn connect(
    State(desk): State<Desk>,
    Who(me): Who,
    headers: HeaderMap,
    jar: CookieJar,
    FormOrJson(typed): FormOrJson<ProofAgainForm>,
) -> Result<Response, PageError> {
    let provider = provider(&desk)?;
    let session = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let again = match authenticate(&desk, &me, &session, &typed).await? {
        Ok(again) => again,
        Err(why) => {
            let message = why.localized(desk.words(&jar));
            return refused_page(&desk, &jar, &me, "connect", message).await;
        }
    };
    let mut attempt = Attempt::new(Purpose::Connect(String::new()));
    let mark = desk.store.connection_mark(&again, &session, &attempt.secret);
    attempt.purpose = Purpose::Connect(mark);
    match provider.log_in_address(&attempt.secrets(&desk)).await {
        Ok(address) => lead_to(&desk, jar, &attempt, &address),
        Err(error) => {
            tracing::warn!(error, "An identity could not be connected");
            let message = desk.words(&jar).say("provider-away");
            refused_page(&desk, &jar, &me, "connect", message).await
        }
    }
}

/// `GET /desk/me/identity/finish`: connects the identity for which the provider vouches.
pub(crate) async fn finish_connecting(
    State(desk): State<Desk>,
    Who(me): Who,
    headers: HeaderMap,
    jar: CookieJar,
    Query(query): Query<ReturnQuery>,
) -> Result<Response, PageError> {
    let session = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let attempt = Attempt::from_cookie(&desk, &jar);
    let without = jar.clone().add(kept_cookie(&desk, String::new(), 0));
    let mistake = match (identity(&desk, attempt.as_ref(), &query).await?, &attempt) {
        (
            Ok(identity),
            Some(Attempt {
                secret,
                purpose: Purpose::Connect(mark),
            }),
        ) => match desk
            .store
            .connect_identity(&me, &session, secret, mark, &identity)
            .await
        {
            Ok(()) => return Ok((without, Flash::IdentityConnected.redirect(FACTORS)).into_response()),
            Err(StoreError::Conflict(why)) => why.key(),
            Err(StoreError::NotFound(_)) => "provider-late",
            Err(error) => return Err(error.into()),
        },
        (Ok(_), _) => "provider-late",
        (Err(mistake), _) => mistake,
    };
    desk.store.note_provider_refused().await?;
    let message = desk.words(&jar).say(mistake);
    let page = refused_page(&desk, &jar, &me, "connect", message).await?;
    Ok((without, page).into_response())
}

/// `POST /desk/me/identity/disconnect`: disconnects the identity from the account.
pub(crate) async fn disconnect(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<ProofAgainForm>,
) -> Result<Answer<EmptyJson>, PageError> {
    let session = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let again = match authenticate(&desk, &me, &session, &typed).await? {
        Ok(again) => again,
        Err(why) => return refuse(&desk, &jar, &me, format, ("disconnect", why)).await,
    };
    desk.store.disconnect_identity(&again, &session).await?;
    Ok(format.answer(EmptyJson {}, FACTORS, Flash::IdentityDisconnected))
}

/// A log-out that the provider reports.
#[derive(Deserialize)]
pub(crate) struct LogOutForm {
    logout_token: Private<String>,
}

/// `POST /desk/login/provider/log-out`: the provider reports that somebody logged out there.
pub(crate) async fn log_out(
    State(desk): State<Desk>,
    Form(form): Form<LogOutForm>,
) -> Result<Response, PageError> {
    let provider = provider(&desk)?;
    let status = match provider.logged_out(form.logout_token.expose()).await {
        Ok(log_out) => match desk.store.log_out_identity(&log_out).await {
            Ok(()) => StatusCode::OK,
            Err(StoreError::Conflict(_)) => {
                tracing::warn!("A log-out token of the identity provider was used a second time");
                StatusCode::BAD_REQUEST
            }
            Err(error) => return Err(error.into()),
        },
        Err(error) => {
            tracing::warn!(error, "A log-out that the identity provider reports was refused");
            StatusCode::BAD_REQUEST
        }
    };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((status, Extension(ForProgram), headers).into_response())
}
