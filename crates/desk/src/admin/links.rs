//! One-time links (`POST /desk/admin/staff` and `…/reset`): an administrator invites a person or resets a password, and is shown the link.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use chrono::{DateTime, Utc};
use hotline_core::{
    identifiers::private::Private,
    staff::{
        identity_proof::IdentityProof,
        rights::{Right, Role},
    },
    text::locale::Language,
};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::{accounts::StaffMember, invitations::NewInvitation},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    account::factors::authenticate_again,
    admin::{
        staff::{login_of, refuse_reset, render},
        teams,
    },
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, IdPath, ResponseFormat},
        page::{Frame, page as written},
    },
    state::Desk,
};

/// A person to invite.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct InviteForm {
    /// The log-in name.
    pub(super) login: String,
    /// The name shown to colleagues.
    pub(super) name: String,
    pub(super) role: Role,
    /// The team; empty for none.
    #[serde(default)]
    pub(super) team: String,
    /// The name of a new team. Only forms of the desk send this field.
    #[serde(default)]
    #[schemars(skip)]
    pub(super) new_team: String,
}

/// What a reset of an account needs.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ResetForm {
    /// How the person proved who they are. The audit records it.
    pub(super) proof: IdentityProof,
    /// The password of the administrator, typed again.
    #[schemars(with = "String")]
    pub(super) password: Private<String>,
}

/// A one-time link with which a person chooses a password.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NewLinkJson {
    /// The id of the account.
    id: Uuid,
    login: String,
    /// The link. No later response contains it.
    link: String,
    expires_at: DateTime<Utc>,
}

#[derive(Template)]
#[template(path = "admin/link.html")]
struct LinkPage<'a> {
    frame: Frame<'a>,
    link: NewLinkJson,
}

/// `POST /desk/admin/staff`: adds an account and shows its link. Only this response shows the link.
pub(crate) async fn invite(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<InviteForm>,
) -> Result<Answer<NewLinkJson>, PageError> {
    let invited = match teams::chosen(&desk, &typed.team, &typed.new_team).await {
        Ok(team) => {
            let team = Some(team.as_str()).filter(|team| !team.is_empty());
            let (login, name) = (&typed.login, &typed.name);
            let store = &desk.store;
            store.invite_staff(Some(&me), login, name, typed.role, team).await
        }
        Err(PageError::Conflict(why)) => Err(StoreError::Conflict(why)),
        Err(error) => return Err(error),
    };
    match invited {
        Ok(new) => show_link(&desk, &me, format, &headers, Cookies(jar), new).await,
        Err(StoreError::Conflict(
            why @ (Conflict::InvalidLogin
            | Conflict::InvalidName
            | Conflict::InvalidTeam
            | Conflict::LoginTaken),
        )) if !format.is_json() => {
            let words = desk.words(&jar);
            let mistake = words.with("error-conflict", "why", &words.say(why.key()));
            let page = render(&desk, &me, &jar, typed, mistake).await?;
            Ok(Answer::Page(
                (StatusCode::UNPROCESSABLE_ENTITY, page).into_response(),
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /desk/admin/staff/{id}/reset`: replaces the password of an account by a new link, and ends the sessions of the account.
pub(crate) async fn reset(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    cookies: Cookies,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<ResetForm>,
) -> Result<Answer<NewLinkJson>, PageError> {
    let login = login_of(&desk, id).await?;
    let Some(again) = authenticate_again(&desk, &me, &form.password).await? else {
        let page = refuse_reset(&desk, &cookies.0, &me, format, (id, "reset")).await?;
        return Ok(Answer::Page(page));
    };
    let new = desk.store.reset_by_link(Some(&again), &login, form.proof).await?;
    show_link(&desk, &me, format, &headers, cookies, new).await
}

async fn show_link(
    desk: &Desk,
    me: &StaffMember,
    format: ResponseFormat,
    headers: &HeaderMap,
    Cookies(jar): Cookies,
    new: NewInvitation,
) -> Result<Answer<NewLinkJson>, PageError> {
    let link = NewLinkJson {
        id: new.staff_id,
        login: new.login,
        link: format!("{}/desk/invitation#{}", desk.site(headers), new.secret.expose()),
        expires_at: new.expires_at,
    };
    if format.is_json() {
        return Ok(Answer::Json(link));
    }
    let frame = Frame::new(desk, &jar, me, "admin").await?;
    Ok(Answer::Page(written(&LinkPage { frame, link })?))
}
