//! The second step of a log-in: a code of the account's second factor, or setting one up if the role needs it.
//!
//! The session of these requests is a [`HalfSession`], which can do nothing else.

use askama::Template;
use axum::{
    extract::{Form, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    identifiers::private::Private,
    staff::rights::Role,
    text::{bilingual::Text, locale::Words},
};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::{
        half_sessions::{Enrolled, HalfSession},
        passkeys::PasskeyOffer,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    account::{
        api::SessionJson,
        factors::{OfferJson, ShownOffer, grouped, show_codes},
        login::{begin_on_device, take_turn},
        passkeys,
    },
    http::{
        access::{HalfLoggedIn, contact_page},
        answers::Answer,
        errors::PageError,
        extractors::{FormOrJson, NoBody},
        page::page as written,
    },
    state::{Attempt, Desk},
};

/// Where the log-in leads, and which code the page asks for.
#[derive(Deserialize)]
pub(crate) struct StepQuery {
    /// The page of a contact.
    #[serde(default)]
    to: String,
    /// Whether the page asks for a recovery code.
    #[serde(default)]
    recovery: bool,
}

/// A code of a second factor.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CodeForm {
    /// Six digits of the authenticator app, or a recovery code.
    #[schemars(with = "String")]
    code: Private<String>,
    /// The page of a contact that the browser shows after the log-in. Only forms of the desk send the last two fields.
    #[serde(default)]
    #[schemars(skip)]
    to: String,
    #[serde(default)]
    #[schemars(skip)]
    recovery: bool,
}

/// The offered secret and a code that the app shows for it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct EnrolForm {
    /// The offer, as it was made to this session.
    #[schemars(with = "String")]
    pub offer: Private<String>,
    /// Six digits of the authenticator app.
    #[schemars(with = "String")]
    pub code: Private<String>,
}

/// A session that began by setting up a second factor.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EnrolledJson {
    /// The token of the new session.
    token: String,
    name: String,
    role: Role,
    /// Ten recovery codes. No later response contains them.
    recovery_codes: Vec<String>,
}

impl EnrolledJson {
    pub(crate) fn new(enrolled: Enrolled) -> Self {
        Self {
            token: enrolled.token.expose().to_owned(),
            name: enrolled.member.name,
            role: enrolled.member.role,
            recovery_codes: grouped(&enrolled.codes),
        }
    }
}

#[derive(Template)]
#[template(path = "account/code.html")]
pub(crate) struct CodePage<'a> {
    words: &'a Words,
    name: &'a Text,
    /// The challenge for the passkeys of the account; `None` if it has none.
    passkey: Option<PasskeyOffer>,
    /// Whether the account has an authenticator app.
    has_app: bool,
    /// Why the code was refused; empty if none was refused.
    mistake: String,
    recovery: bool,
    to: String,
}

#[derive(Template)]
#[template(path = "account/enrol.html")]
pub(crate) struct EnrolPage<'a> {
    words: &'a Words,
    name: &'a Text,
    offer: ShownOffer,
    /// Whether a code of the app was refused.
    refused: bool,
    /// The challenge for a new passkey; `None` if passkeys cannot be used.
    passkey: Option<PasskeyOffer>,
    /// Whether a passkey was refused.
    passkey_refused: bool,
}

impl CodePage<'_> {
    /// Renders the page. `mistake` says why a code was refused, and is empty if none was. `to` is the page of a contact, or empty.
    pub(crate) async fn render(
        desk: &Desk,
        jar: &CookieJar,
        half: &HalfSession,
        mistake: String,
        recovery: bool,
        to: &str,
    ) -> Result<Response, PageError> {
        written(&CodePage {
            words: desk.words(jar),
            name: &desk.centre.name,
            passkey: desk.store.passkey_challenge(half).await?,
            has_app: desk.store.has_app(half).await?,
            mistake,
            recovery,
            to: contact_page(to).unwrap_or_default(),
        })
    }
}

impl EnrolPage<'_> {
    /// Renders the page with a new secret for an app.
    pub(crate) async fn render(
        desk: &Desk,
        jar: &CookieJar,
        half: &HalfSession,
        passkey_refused: bool,
    ) -> Result<Response, PageError> {
        let offer = desk.store.offer_totp_to_half(half)?;
        let page = EnrolPage {
            words: desk.words(jar),
            name: &desk.centre.name,
            offer: ShownOffer::new(desk, half.login(), &offer),
            refused: false,
            passkey: passkeys::offer_to(desk, half).await?,
            passkey_refused,
        };
        written(&page)
    }
}

/// `GET /desk/login/code`: asks for a code.
pub(crate) async fn code_page(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    jar: CookieJar,
    Query(query): Query<StepQuery>,
) -> Result<Response, PageError> {
    CodePage::render(&desk, &jar, &half, String::new(), query.recovery, &query.to).await
}

/// `POST /desk/login/code`: completes the log-in with a code.
pub(crate) async fn check_code(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    jar: CookieJar,
    Form(typed): Form<CodeForm>,
) -> Result<Response, PageError> {
    take_turn(&desk, Attempt::code(half.login())).await?;
    let mistake = match desk.store.complete_with_code(&half, typed.code.expose()).await {
        Ok(Some((person, session))) => {
            let jar = begin_on_device(&desk, jar, &person, &session);
            let to = contact_page(&typed.to);
            return Ok((jar, Redirect::to(to.as_deref().unwrap_or("/desk"))).into_response());
        }
        Ok(None) => "log-in-code-refused",
        Err(StoreError::Conflict(why @ Conflict::TooManyCodes)) => why.key(),
        Err(error) => return Err(error.into()),
    };
    let mistake = desk.words(&jar).say(mistake);
    let page = CodePage::render(&desk, &jar, &half, mistake, typed.recovery, &typed.to).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// `POST /api/v1/session/code`: completes the log-in with a code.
pub(crate) async fn check_code_json(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    FormOrJson(typed): FormOrJson<CodeForm>,
) -> Result<Answer<SessionJson>, PageError> {
    take_turn(&desk, Attempt::code(half.login())).await?;
    let completed = desk.store.complete_with_code(&half, typed.code.expose()).await?;
    let (person, session) = completed.ok_or(PageError::WrongCode)?;
    Ok(Answer::Json(SessionJson::complete(&session, person)))
}

/// `GET /desk/login/enrol`: offers a secret for an authenticator app.
pub(crate) async fn enrol_page(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    jar: CookieJar,
) -> Result<Response, PageError> {
    EnrolPage::render(&desk, &jar, &half, false).await
}

/// `POST /desk/login/enrol`: sets up the app, completes the log-in and shows the recovery codes. Only this response shows them.
pub(crate) async fn enrol(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    jar: CookieJar,
    Form(typed): Form<EnrolForm>,
) -> Result<Response, PageError> {
    if let Some(enrolled) = complete(&desk, &half, &typed).await? {
        let (person, codes) = (enrolled.member, enrolled.codes);
        let jar = begin_on_device(&desk, jar, &person, &enrolled.token);
        let page = show_codes(&desk, &jar, &person, &codes).await?;
        return Ok((jar, page).into_response());
    }
    let offered = desk.store.offered_to_half(&half, typed.offer.expose());
    let offer = match offered {
        Some(offer) => offer,
        None => desk.store.offer_totp_to_half(&half)?,
    };
    let page = written(&EnrolPage {
        words: desk.words(&jar),
        name: &desk.centre.name,
        offer: ShownOffer::new(&desk, half.login(), &offer),
        refused: true,
        passkey: passkeys::offer_to(&desk, &half).await?,
        passkey_refused: false,
    })?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// `POST /api/v1/session/enrol/begin`: offers a secret for an authenticator app.
pub(crate) async fn offer_json(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<OfferJson>, PageError> {
    let offer = desk.store.offer_totp_to_half(&half)?;
    Ok(Answer::Json(OfferJson::new(&desk, half.login(), &offer)))
}

/// `POST /api/v1/session/enrol`: sets up the app and completes the log-in.
pub(crate) async fn enrol_json(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    FormOrJson(typed): FormOrJson<EnrolForm>,
) -> Result<Answer<EnrolledJson>, PageError> {
    let enrolled = complete(&desk, &half, &typed).await?;
    let enrolled = enrolled.ok_or(PageError::WrongCode)?;
    Ok(Answer::Json(EnrolledJson::new(enrolled)))
}

async fn complete(desk: &Desk, half: &HalfSession, typed: &EnrolForm) -> Result<Option<Enrolled>, PageError> {
    take_turn(desk, Attempt::code(half.login())).await?;
    let (offer, code) = (typed.offer.expose(), typed.code.expose());
    Ok(desk.store.complete_by_enrolling(half, offer, code).await?)
}
