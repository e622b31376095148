//! Passkeys: adding and removing one's own, and logging in with one. A script asks the device, and a form sends its answer.

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{identifiers::private::Private, staff::rights::Right, text::locale::Language};
use hotline_store::{
    error::StoreError,
    staff::{
        half_sessions::HalfSession,
        passkeys::{NewPasskey, PasskeyOffer},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    account::{
        api::SessionJson,
        factors::{FACTORS, ProofAgainForm, authenticate, authenticate_fully, grouped, refuse, show_codes},
        login::{begin_on_device, lead_on, log_in_page, take_turn, with_new_secret},
        second_step::{CodePage, EnrolPage, EnrolledJson},
    },
    http::{
        access::{HalfLoggedIn, Who, contact_page, token},
        answers::{Answer, EmptyJson},
        errors::PageError,
        extractors::{Cookies, FormOrJson, NoBody, ResponseFormat},
        flash::Flash,
        page::{Frame, page as written},
    },
    state::{Attempt, Desk},
};

/// The answer of a device that proves a log-in.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PasskeyProofForm {
    /// The offer with the challenge.
    #[schemars(with = "String")]
    offer: Private<String>,
    /// The credential as JSON text (`PublicKeyCredential.toJSON`).
    #[schemars(with = "String")]
    answer: Private<String>,
    /// The page of a contact that the browser shows after the log-in. Only forms of the desk send this field.
    #[serde(default)]
    #[schemars(skip)]
    to: String,
}

/// The answer of a device that made a new passkey.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NewPasskeyForm {
    /// The name of the passkey.
    name: String,
    /// The offer with the challenge, as it was made to this session.
    #[schemars(with = "String")]
    offer: Private<String>,
    /// The credential as JSON text (`PublicKeyCredential.toJSON`).
    #[schemars(with = "String")]
    answer: Private<String>,
}

impl NewPasskeyForm {
    fn answer(&self) -> NewPasskey<'_> {
        NewPasskey {
            name: &self.name,
            offer: self.offer.expose(),
            answer: self.answer.expose(),
        }
    }
}

/// Which passkey is to be removed.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RemovePasskeyForm {
    /// The id of the passkey.
    passkey: Uuid,
    /// The password of the account.
    #[schemars(with = "String")]
    password: Private<String>,
    /// Six digits of the authenticator app, or a recovery code, as for every other change of the second factors.
    #[serde(default)]
    #[schemars(with = "String")]
    code: Private<String>,
}

/// The recovery codes that were made with the first second factor. No later response contains them.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AddedPasskeyJson {
    /// Null if the account had recovery codes.
    recovery_codes: Option<Vec<String>>,
}

#[derive(Template)]
#[template(path = "account/passkey_offer.html")]
struct PasskeyOfferPage<'a> {
    frame: Frame<'a>,
    passkey: PasskeyOffer,
}

/// `POST /desk/me/factors/passkeys/begin`: makes a challenge for a new passkey.
pub(crate) async fn begin(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<ProofAgainForm>,
) -> Result<Answer<PasskeyOffer>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let again = match authenticate(&desk, &me, &token, &typed).await? {
        Ok(again) => again,
        Err(why) => return refuse(&desk, &jar, &me, format, ("add-passkey", why)).await,
    };
    let passkey = desk.store.offer_passkey(&again, &token).await?;
    if format.is_json() {
        return Ok(Answer::Json(passkey));
    }
    let page = written(&PasskeyOfferPage {
        frame: Frame::new(&desk, &jar, &me, "own-account").await?,
        passkey,
    })?;
    Ok(Answer::Page(page))
}

/// `POST /desk/me/factors/passkeys`: adds a passkey. Shows recovery codes if it is the first second factor.
pub(crate) async fn add(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<NewPasskeyForm>,
) -> Result<Answer<AddedPasskeyJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    take_turn(&desk, Attempt::code(&me.login)).await?;
    let added = desk.store.add_passkey(&me, &token, &typed.answer()).await?;
    let added = added.ok_or(PageError::PasskeyRefused)?;
    let answer = match (format, added.codes) {
        (ResponseFormat::Json, codes) => Answer::Json(AddedPasskeyJson {
            recovery_codes: codes.as_deref().map(grouped),
        }),
        (ResponseFormat::Page, Some(codes)) => Answer::Page(show_codes(&desk, &jar, &me, &codes).await?),
        (ResponseFormat::Page, None) => Answer::redirect(FACTORS, Flash::PasskeyAdded),
    };
    Ok(with_new_secret(&desk, &headers, answer).await)
}

/// `POST /desk/me/factors/passkeys/remove`: removes a passkey.
pub(crate) async fn remove(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<RemovePasskeyForm>,
) -> Result<Answer<EmptyJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let proof = (&typed.password, &typed.code);
    let again = match authenticate_fully(&desk, &me, &token, proof).await? {
        Ok(again) => again,
        Err(why) => return refuse(&desk, &jar, &me, format, ("remove-passkey", why)).await,
    };
    desk.store.remove_passkey(&again, &token, typed.passkey).await?;
    let answer = format.answer(EmptyJson {}, FACTORS, Flash::PasskeyRemoved);
    Ok(with_new_secret(&desk, &headers, answer).await)
}

/// `POST /desk/login/passkey`: logs in with a passkey alone.
pub(crate) async fn log_in(
    State(desk): State<Desk>,
    headers: HeaderMap,
    jar: CookieJar,
    Form(typed): Form<PasskeyProofForm>,
) -> Result<Response, PageError> {
    let (offer, answer) = (typed.offer.expose(), typed.answer.expose());
    let Some(begun) = desk.store.log_in_with_passkey(offer, answer).await? else {
        let page = log_in_page(&desk, &jar, "", &typed.to, Some("passkey-refused"))?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    // The earlier session of this browser is replaced and ends.
    if let Some(replaced) = token(&desk, &headers) {
        desk.store.log_out(&replaced).await?;
    }
    Ok(lead_on(&desk, jar, begun, contact_page(&typed.to)))
}

/// `POST /api/v1/session/passkey/begin`: makes a challenge for a device that knows the account itself.
pub(crate) async fn begin_log_in_json(
    State(desk): State<Desk>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<PasskeyOffer>, PageError> {
    let offer = desk.store.passkey_log_in_challenge()?;
    Ok(Answer::Json(offer.ok_or(PageError::NotFound)?))
}

/// `POST /api/v1/session/passkey`: logs in with a passkey alone.
pub(crate) async fn log_in_json(
    State(desk): State<Desk>,
    FormOrJson(typed): FormOrJson<PasskeyProofForm>,
) -> Result<Answer<SessionJson>, PageError> {
    let (offer, answer) = (typed.offer.expose(), typed.answer.expose());
    let begun = desk.store.log_in_with_passkey(offer, answer).await?;
    Ok(Answer::Json(begun.ok_or(PageError::PasskeyRefused)?.into()))
}

/// `POST /desk/login/code/passkey`: completes a log-in with a passkey.
pub(crate) async fn check(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    jar: CookieJar,
    Form(typed): Form<PasskeyProofForm>,
) -> Result<Response, PageError> {
    take_turn(&desk, Attempt::code(half.login())).await?;
    let (offer, answer) = (typed.offer.expose(), typed.answer.expose());
    if let Some((person, session)) = desk.store.complete_with_passkey(&half, offer, answer).await? {
        let jar = begin_on_device(&desk, jar, &person, &session);
        let to = contact_page(&typed.to);
        return Ok((jar, Redirect::to(to.as_deref().unwrap_or("/desk"))).into_response());
    }
    let mistake = desk.words(&jar).say("passkey-refused");
    let page = CodePage::render(&desk, &jar, &half, mistake, false, &typed.to).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// `POST /api/v1/session/code/passkey/begin`: makes a challenge for the passkeys of the account.
pub(crate) async fn begin_check_json(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<PasskeyOffer>, PageError> {
    let offer = desk.store.passkey_challenge(&half).await?;
    Ok(Answer::Json(offer.ok_or(PageError::NotFound)?))
}

/// `POST /api/v1/session/code/passkey`: completes a log-in with a passkey.
pub(crate) async fn check_json(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    FormOrJson(typed): FormOrJson<PasskeyProofForm>,
) -> Result<Answer<SessionJson>, PageError> {
    take_turn(&desk, Attempt::code(half.login())).await?;
    let (offer, answer) = (typed.offer.expose(), typed.answer.expose());
    let completed = desk.store.complete_with_passkey(&half, offer, answer).await?;
    let (person, session) = completed.ok_or(PageError::PasskeyRefused)?;
    Ok(Answer::Json(SessionJson::complete(&session, person)))
}

/// Makes a challenge for a new passkey, if passkeys can be used.
pub(crate) async fn offer_to(desk: &Desk, half: &HalfSession) -> Result<Option<PasskeyOffer>, PageError> {
    match desk.store.offer_passkey_to_half(half).await {
        Ok(offer) => Ok(Some(offer)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `POST /desk/login/enrol/passkey`: completes a log-in by adding a passkey, and shows the recovery codes.
pub(crate) async fn enrol(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    jar: CookieJar,
    Form(typed): Form<NewPasskeyForm>,
) -> Result<Response, PageError> {
    take_turn(&desk, Attempt::code(half.login())).await?;
    let enrolled = desk
        .store
        .complete_by_adding_passkey(&half, &typed.answer())
        .await?;
    if let Some(enrolled) = enrolled {
        let jar = begin_on_device(&desk, jar, &enrolled.member, &enrolled.token);
        let page = show_codes(&desk, &jar, &enrolled.member, &enrolled.codes).await?;
        return Ok((jar, page).into_response());
    }
    let page = EnrolPage::render(&desk, &jar, &half, true).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// `POST /api/v1/session/enrol/passkey/begin`: makes a challenge for a new passkey.
pub(crate) async fn offer_json(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<PasskeyOffer>, PageError> {
    Ok(Answer::Json(desk.store.offer_passkey_to_half(&half).await?))
}

/// `POST /api/v1/session/enrol/passkey`: completes a log-in by adding a passkey.
pub(crate) async fn enrol_json(
    State(desk): State<Desk>,
    HalfLoggedIn(half): HalfLoggedIn,
    FormOrJson(typed): FormOrJson<NewPasskeyForm>,
) -> Result<Answer<EnrolledJson>, PageError> {
    take_turn(&desk, Attempt::code(half.login())).await?;
    let enrolled = desk
        .store
        .complete_by_adding_passkey(&half, &typed.answer())
        .await?;
    Ok(Answer::Json(EnrolledJson::new(
        enrolled.ok_or(PageError::PasskeyRefused)?,
    )))
}
