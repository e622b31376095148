//! The account of the member of staff who is logged in (`/desk/me`): the sessions, each of which can be ended after
//! typing the password.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{identifiers::private::Private, staff::rights::Right, text::locale::Language};
use hotline_store::staff::{accounts::StaffMember, own_sessions::OwnSession};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    account::factors::authenticate_again,
    http::{
        access::{Who, token},
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{Cookies, FormOrJson, ResponseFormat},
        flash::Flash,
        page::{Frame, page as written},
    },
    state::Desk,
};

const ACCOUNT: &str = "/desk/me";

/// The sessions of the member of staff who is logged in, the newest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SessionListJson {
    sessions: Vec<OwnSession>,
}

/// The path parameter that identifies a session.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SessionPath {
    /// The id from the list of sessions.
    session: String,
}

/// The password, typed again before sessions are ended.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct EndSessionForm {
    /// The password of the account.
    #[schemars(with = "String")]
    password: Private<String>,
}

#[derive(Template)]
#[template(path = "account/sessions.html")]
struct AccountPage<'a> {
    frame: Frame<'a>,
    sessions: Vec<OwnSession>,
    /// Why no session was ended; `None` if nothing was refused.
    wrong: Option<String>,
}

/// `GET /desk/me`: shows the account with its sessions.
pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    headers: HeaderMap,
    jar: CookieJar,
) -> Result<Response, PageError> {
    render(&desk, &jar, &me, &headers, None).await
}

async fn render(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    headers: &HeaderMap,
    wrong: Option<String>,
) -> Result<Response, PageError> {
    let token = token(desk, headers).ok_or(PageError::NotLoggedIn)?;
    written(&AccountPage {
        frame: Frame::new(desk, jar, me, "own-account").await?,
        sessions: desk.store.own_sessions(me, &token).await?,
        wrong,
    })
}

/// `GET /api/v1/me/sessions`: lists the sessions.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    headers: HeaderMap,
) -> Result<Answer<SessionListJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let sessions = desk.store.own_sessions(&me, &token).await?;
    Ok(Answer::Json(SessionListJson { sessions }))
}

/// `POST /desk/me/sessions/{session}/end`: ends one session.
pub(crate) async fn end(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    Path(SessionPath { session }): Path<SessionPath>,
    FormOrJson(typed): FormOrJson<EndSessionForm>,
) -> Result<Confirmation, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let sessions = desk.store.own_sessions(&me, &token).await?;
    if !sessions.iter().any(|one| one.id == session) {
        return Err(PageError::NotFound);
    }
    let Some(again) = authenticate_again(&desk, &me, &typed.password).await? else {
        return refuse(&desk, &jar, &me, &headers, format).await;
    };
    desk.store.end_own_session(&again, &session).await?;
    Ok(format.confirm(ACCOUNT, Flash::SessionEnded))
}

/// `POST /desk/me/sessions/end-others`: ends all sessions except the one that makes the request.
pub(crate) async fn end_others(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<EndSessionForm>,
) -> Result<Confirmation, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let Some(again) = authenticate_again(&desk, &me, &typed.password).await? else {
        return refuse(&desk, &jar, &me, &headers, format).await;
    };
    desk.store.end_other_sessions(&again, &token).await?;
    Ok(format.confirm(ACCOUNT, Flash::OtherSessionsEnded))
}

/// Refuses to end sessions because the password was wrong.
async fn refuse(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    headers: &HeaderMap,
    format: ResponseFormat,
) -> Result<Confirmation, PageError> {
    const WRONG: PageError = PageError::Bad("error-password-again");
    if format.is_json() {
        return Err(WRONG);
    }
    let message = WRONG.localized(desk.words(jar));
    let page = render(desk, jar, me, headers, Some(message)).await?;
    let page = (StatusCode::UNPROCESSABLE_ENTITY, page).into_response();
    Ok(Confirmation::Page(page))
}
