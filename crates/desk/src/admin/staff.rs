//! Accounts (`/desk/admin/staff`): administrators invite staff, change and disable accounts, and end sessions.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use chrono::{DateTime, Utc};
use hotline_core::{
    staff::rights::{Right, Role},
    text::locale::Language,
};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::{
        accounts::StaffMember,
        directory::{Account, AccountState},
        invitations::NewInvitation,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{Cookies, FormOrJson, IdPath, NoBody, ResponseFormat},
        page::{Choice, Frame, page as written, role_key},
    },
    state::Desk,
};

const STAFF: &str = "/desk/admin/staff";

/// All accounts.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AccountListJson {
    accounts: Vec<AccountJson>,
}

/// An account of a member of staff.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AccountJson {
    id: Uuid,
    /// The log-in name.
    login: String,
    /// The name shown to colleagues.
    name: String,
    role: Role,
    team: Option<String>,
    state: AccountStateJson,
    /// When the link of an invited account expires; null for every other account.
    invited_until: Option<DateTime<Utc>>,
    /// When the owner last acted at the desk; null if the owner never acted.
    last_action_at: Option<DateTime<Utc>>,
    /// The number of sessions that have not ended.
    sessions: usize,
}

/// Whether the owner of an account can log in.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AccountStateJson {
    /// The owner can log in.
    Enabled,
    /// The owner has a link and has not chosen a password yet.
    Invited,
    /// The owner has neither a password nor a link that can be used.
    WithoutLink,
    /// The account is disabled.
    Disabled,
}

impl From<Account> for AccountJson {
    fn from(account: Account) -> Self {
        let (state, invited_until) = match account.state {
            AccountState::Enabled => (AccountStateJson::Enabled, None),
            AccountState::Invited(until) => (AccountStateJson::Invited, Some(until)),
            AccountState::WithoutLink => (AccountStateJson::WithoutLink, None),
            AccountState::Disabled => (AccountStateJson::Disabled, None),
        };
        Self {
            id: account.member.id,
            login: account.member.login,
            name: account.member.name,
            role: account.member.role,
            team: account.member.team,
            state,
            invited_until,
            last_action_at: account.last_action_at,
            sessions: account.sessions,
        }
    }
}

/// A person to invite.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct InviteForm {
    /// The log-in name.
    login: String,
    /// The name shown to colleagues.
    name: String,
    role: Option<Role>,
    /// The team; empty for none.
    #[serde(default)]
    team: String,
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
#[template(path = "admin/staff.html")]
struct StaffPage<'a> {
    frame: Frame<'a>,
    accounts: Vec<Account>,
    typed: InviteForm,
    /// Why the person could not be invited; empty if nobody was refused.
    mistake: String,
}

impl StaffPage<'_> {
    fn roles(&self) -> Vec<Choice> {
        role_choices(&self.frame, self.typed.role.unwrap_or(Role::Counsellor))
    }

    fn state(&self, account: &Account) -> String {
        state_label(&self.frame, account)
    }

    fn role(&self, account: &Account) -> String {
        self.frame.words.say(role_key(account.member.role))
    }
}

#[derive(Template)]
#[template(path = "admin/account.html")]
struct AccountPage<'a> {
    frame: Frame<'a>,
    account: Account,
    teams: Vec<String>,
}

impl AccountPage<'_> {
    fn roles(&self) -> Vec<Choice> {
        role_choices(&self.frame, self.account.member.role)
    }

    fn state(&self) -> String {
        state_label(&self.frame, &self.account)
    }

    fn role(&self) -> String {
        self.frame.words.say(role_key(self.account.member.role))
    }

    fn team(&self) -> &str {
        self.account.member.team.as_deref().unwrap_or_default()
    }

    fn is_mine(&self) -> bool {
        self.account.member.id == self.frame.me.id
    }

    fn is_disabled(&self) -> bool {
        self.account.state == AccountState::Disabled
    }

    fn has_password(&self) -> bool {
        self.account.state == AccountState::Enabled
    }
}

#[derive(Template)]
#[template(path = "admin/link.html")]
struct LinkPage<'a> {
    frame: Frame<'a>,
    link: NewLinkJson,
}

fn role_choices(frame: &Frame<'_>, chosen: Role) -> Vec<Choice> {
    let choice = |role: &Role| Choice {
        value: role.as_str().to_owned(),
        label: frame.words.say(role_key(*role)),
        chosen: *role == chosen,
    };
    Role::ALL.iter().map(choice).collect()
}

fn state_label(frame: &Frame<'_>, account: &Account) -> String {
    match &account.state {
        AccountState::Enabled => frame.words.say("account-enabled"),
        AccountState::Invited(until) => frame
            .words
            .with("account-invited", "until", &frame.day_and_hour(until)),
        AccountState::WithoutLink => frame.words.say("account-without-link"),
        AccountState::Disabled => frame.words.say("account-disabled"),
    }
}

/// `GET /desk/admin/staff` and `GET /api/v1/admin/staff`: lists the accounts.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<AccountListJson>, PageError> {
    let accounts = desk.store.directory().await?;
    if format.is_json() {
        let accounts = accounts.into_iter().map(AccountJson::from).collect();
        return Ok(Answer::Json(AccountListJson { accounts }));
    }
    let page = written(&StaffPage {
        frame: Frame::new(&desk, desk.words(&jar), &me, "admin").await?,
        accounts,
        typed: InviteForm::default(),
        mistake: String::new(),
    })?;
    Ok(Answer::Page(page))
}

/// `GET /desk/admin/staff/{id}` and `GET /api/v1/admin/staff/{id}`: shows an account.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(IdPath { id }): Path<IdPath>,
) -> Result<Answer<AccountJson>, PageError> {
    let accounts = desk.store.directory().await?;
    let mut teams: Vec<String> = accounts
        .iter()
        .filter_map(|one| one.member.team.clone())
        .collect();
    teams.sort();
    teams.dedup();
    let account = accounts.into_iter().find(|one| one.member.id == id);
    let account = account.ok_or(PageError::NotFound)?;
    if format.is_json() {
        return Ok(Answer::Json(account.into()));
    }
    let page = written(&AccountPage {
        frame: Frame::new(&desk, desk.words(&jar), &me, "admin").await?,
        account,
        teams,
    })?;
    Ok(Answer::Page(page))
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
    let team = Some(typed.team.trim()).filter(|team| !team.is_empty());
    let role = typed.role.unwrap_or(Role::Counsellor);
    let invited = desk
        .store
        .invite_staff(Some(&me), &typed.login, &typed.name, role, team)
        .await;
    match invited {
        Ok(new) => show_link(&desk, &me, format, &headers, Cookies(jar), new).await,
        Err(StoreError::Conflict(
            why @ (Conflict::InvalidLogin
            | Conflict::InvalidName
            | Conflict::InvalidTeam
            | Conflict::LoginTaken),
        )) if !format.is_json() => {
            let words = desk.words(&jar);
            let page = written(&StaffPage {
                frame: Frame::new(&desk, words, &me, "admin").await?,
                accounts: desk.store.directory().await?,
                typed,
                mistake: words.say(why.key()),
            })?;
            Ok(Answer::Page((StatusCode::UNPROCESSABLE_ENTITY, page).into_response()))
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
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<NewLinkJson>, PageError> {
    let login = login_of(&desk, id).await?;
    let new = desk.store.reset_by_link(Some(&me), &login).await?;
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
        link: format!("{}/desk/invitation/{}", desk.site(headers), new.secret.expose()),
        expires_at: new.expires_at,
    };
    if format.is_json() {
        return Ok(Answer::Json(link));
    }
    let frame = Frame::new(desk, desk.words(&jar), me, "admin").await?;
    Ok(Answer::Page(written(&LinkPage { frame, link })?))
}

/// Changes of an account.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct AccountForm {
    /// The new role. If missing, the role stays.
    #[serde(default)]
    role: Option<Role>,
    /// The new team; empty for none. If missing, the team stays.
    #[serde(default)]
    team: Option<String>,
}

/// `POST /desk/admin/staff/{id}`: changes the role and the team of an account.
pub(crate) async fn change(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<AccountForm>,
) -> Result<Confirmation, PageError> {
    let login = login_of(&desk, id).await?;
    if let Some(team) = &form.team {
        let team = Some(team.trim()).filter(|team| !team.is_empty());
        desk.store.set_team(Some(&me), &login, team).await?;
    }
    if let Some(role) = form.role {
        desk.store.set_role(Some(&me), &login, role).await?;
    }
    Ok(confirm(format, id))
}

pub(crate) async fn disable(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    let login = login_of(&desk, id).await?;
    desk.store.disable_staff(Some(&me), &login).await?;
    Ok(confirm(format, id))
}

pub(crate) async fn enable(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    let login = login_of(&desk, id).await?;
    desk.store.enable_staff(Some(&me), &login).await?;
    Ok(confirm(format, id))
}

pub(crate) async fn end_sessions(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    let login = login_of(&desk, id).await?;
    desk.store.end_sessions(Some(&me), &login).await?;
    Ok(confirm(format, id))
}

fn confirm(format: ResponseFormat, id: Uuid) -> Confirmation {
    format.confirm(&format!("{STAFF}/{id}"))
}

async fn login_of(desk: &Desk, id: Uuid) -> Result<String, PageError> {
    let staff = desk.store.staff().await?;
    let found = staff.into_iter().find(|one| one.id == id);
    Ok(found.ok_or(PageError::NotFound)?.login)
}
