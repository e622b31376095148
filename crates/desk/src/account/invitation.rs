//! The page behind a one-time link (`/desk/invitation/{secret}`), on which the invited person chooses a password.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{identifiers::private::Private, text::locale::Words};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::{
        invitations::{Invitation, InvitationState},
        passwords::LONGEST_PASSWORD,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    account::{api::SessionJson, login::lead_on},
    http::{
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, ResponseFormat},
        page::page as written,
    },
    state::Desk,
};

/// The path parameter that contains the secret of a link.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SecretPath {
    /// The secret at the end of the link.
    secret: String,
}

/// A one-time link.
#[derive(Serialize, JsonSchema)]
pub(crate) struct InvitationJson {
    state: InvitationState,
    /// The log-in name of the account; null if the link cannot be used.
    login: Option<String>,
    /// The name of the invited person; null if the link cannot be used.
    name: Option<String>,
}

/// The password that the invited person chose.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ChosenPasswordForm {
    /// The password: 12 to 128 characters, and hard to guess.
    #[schemars(with = "String")]
    password: Private<String>,
}

#[derive(Template)]
#[template(path = "account/invitation.html")]
struct InvitationPage<'a> {
    words: &'a Words,
    centre: &'a str,
    /// The link, if it can be used; otherwise the page says why it cannot.
    open: Option<&'a Invitation>,
    /// The locale key that says why the link cannot be used.
    ended: &'static str,
    secret: &'a str,
    /// Why the password was refused; empty if none was refused.
    mistake: String,
}

/// `GET /desk/invitation/{secret}` and `GET /api/v1/invitation/{secret}`: shows the form for the password, or why the link cannot be used.
pub(crate) async fn show(
    State(desk): State<Desk>,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(SecretPath { secret }): Path<SecretPath>,
) -> Result<Answer<InvitationJson>, PageError> {
    let found = desk.store.invitation(&secret).await?;
    if format.is_json() {
        let found = found.ok_or(PageError::NotFound)?;
        let is_open = found.state == InvitationState::Open;
        return Ok(Answer::Json(InvitationJson {
            state: found.state,
            login: is_open.then_some(found.member.login),
            name: is_open.then_some(found.member.name),
        }));
    }
    let page = render(&desk, &jar, found.as_ref(), &secret, String::new())?;
    Ok(Answer::Page(page))
}

/// `POST /desk/invitation/{secret}` and `POST /api/v1/invitation/{secret}`: stores the password and logs the person in. A second factor of the account
/// is still needed.
pub(crate) async fn accept(
    State(desk): State<Desk>,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(SecretPath { secret }): Path<SecretPath>,
    FormOrJson(form): FormOrJson<ChosenPasswordForm>,
) -> Result<Answer<SessionJson>, PageError> {
    let accepted = desk.store.accept_invitation(&secret, &form.password).await;
    let begun = match accepted {
        Ok(accepted) => accepted,
        Err(error) if format.is_json() => return Err(error.into()),
        Err(StoreError::Conflict(
            why @ (Conflict::ShortPassword | Conflict::LongPassword | Conflict::WeakPassword),
        )) => {
            let found = desk.store.invitation(&secret).await?;
            let mistake = desk.words(&jar).say(why.key());
            let page = render(&desk, &jar, found.as_ref(), &secret, mistake)?;
            return Ok(Answer::Page(page));
        }
        Err(StoreError::NotFound(_) | StoreError::Conflict(Conflict::InvitationEnded)) => {
            let found = desk.store.invitation(&secret).await?;
            let page = render(&desk, &jar, found.as_ref(), &secret, String::new())?;
            return Ok(Answer::Page(page));
        }
        Err(error) => return Err(error.into()),
    };
    if format.is_json() {
        return Ok(Answer::Json(begun.into()));
    }
    Ok(Answer::Page(lead_on(&desk, jar, begun, None)))
}

fn render(
    desk: &Desk,
    jar: &CookieJar,
    found: Option<&Invitation>,
    secret: &str,
    mistake: String,
) -> Result<Response, PageError> {
    let (status, ended) = match found.map(|found| found.state) {
        Some(InvitationState::Open) if mistake.is_empty() => (StatusCode::OK, ""),
        Some(InvitationState::Open) => (StatusCode::UNPROCESSABLE_ENTITY, ""),
        Some(InvitationState::Used) => (StatusCode::GONE, "invitation-used"),
        Some(InvitationState::Expired) => (StatusCode::GONE, "invitation-expired"),
        Some(InvitationState::Replaced) => (StatusCode::GONE, "invitation-replaced"),
        None => (StatusCode::NOT_FOUND, "invitation-unknown"),
    };
    let page = written(&InvitationPage {
        words: desk.words(jar),
        centre: &desk.centre.name,
        open: found.filter(|_| ended.is_empty()),
        ended,
        secret,
        mistake,
    })?;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((status, headers, page).into_response())
}
