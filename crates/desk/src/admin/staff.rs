//! Accounts (`/desk/admin/staff`): administrators invite staff, change and disable accounts, and end sessions.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hotline_core::{
    staff::{
        identity_proof::IdentityProof,
        rights::{Right, Role},
    },
    text::locale::Language,
};
use hotline_store::{
    routing::teams::Team,
    staff::{
        accounts::StaffMember,
        directory::{Account, AccountState},
        identities::ConnectedIdentity,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    account::factors::authenticate_again,
    admin::{
        links::{InviteForm, ResetForm},
        teams::{self, TeamJson},
    },
    http::{
        access::Who,
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{Cookies, FormOrJson, IdPath, NoBody, ResponseFormat},
        flash::Flash,
        page::{Choice, Frame, page as written, role_key},
    },
    state::Desk,
};

const STAFF: &str = "/desk/admin/staff";

/// All accounts.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AccountListJson {
    accounts: Vec<AccountJson>,
    /// The teams that have members, sorted by name.
    teams: Vec<TeamJson>,
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
    /// Whether the owner set up a second factor.
    second_factor: bool,
    /// The identity at the identity provider with which the owner can log in; null if none is connected.
    identity: Option<ConnectedIdentity>,
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
            second_factor: account.has_factor,
            identity: account.identity,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/staff.html")]
struct StaffPage<'a> {
    frame: Frame<'a>,
    accounts: Vec<Account>,
    all_teams: Vec<Team>,
    typed: InviteForm,
    /// Why the person could not be invited; empty if nobody was refused.
    mistake: String,
}

impl StaffPage<'_> {
    fn roles(&self) -> Vec<Choice> {
        role_choices(&self.frame, self.typed.role)
    }

    fn teams(&self) -> Vec<Choice> {
        teams::choices(&self.frame, &self.all_teams, &self.typed.team)
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
    all_teams: Vec<Team>,
    /// The form whose password was wrong, and the message; `None` if no password was refused.
    wrong: Option<(&'static str, String)>,
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

    fn teams(&self) -> Vec<Choice> {
        let team = self.account.member.team.as_deref().unwrap_or_default();
        teams::choices(&self.frame, &self.all_teams, team)
    }

    fn wrong_in(&self, form: &str) -> Option<&String> {
        let found = self.wrong.as_ref().filter(|(wrong, _)| *wrong == form);
        found.map(|(_, message)| message)
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
        AccountState::Invited(until) => {
            frame
                .words
                .with("account-invited", "until", &frame.day_and_hour(until))
        }
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
    if format.is_json() {
        let accounts = desk
            .store
            .directory()
            .await?
            .into_iter()
            .map(AccountJson::from)
            .collect();
        let teams = desk.store.all_teams().await?;
        let teams = teams.into_iter().map(TeamJson::from).collect();
        return Ok(Answer::Json(AccountListJson { accounts, teams }));
    }
    let typed = InviteForm {
        login: String::new(),
        name: String::new(),
        role: Role::Counsellor,
        team: String::new(),
        new_team: String::new(),
    };
    let page = render(&desk, &me, &jar, typed, String::new()).await?;
    Ok(Answer::Page(page))
}

/// Renders the list of accounts and the form for an invitation, with the values that were typed and the mistake in them.
pub(super) async fn render(
    desk: &Desk,
    me: &StaffMember,
    jar: &CookieJar,
    typed: InviteForm,
    mistake: String,
) -> Result<Response, PageError> {
    written(&StaffPage {
        frame: Frame::new(desk, jar, me, "admin").await?,
        accounts: desk.store.directory().await?,
        all_teams: desk.store.all_teams().await?,
        typed,
        mistake,
    })
}

/// `GET /desk/admin/staff/{id}` and `GET /api/v1/admin/staff/{id}`: shows an account.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(IdPath { id }): Path<IdPath>,
) -> Result<Answer<AccountJson>, PageError> {
    let account = find_account(&desk, id).await?;
    if format.is_json() {
        return Ok(Answer::Json(account.into()));
    }
    Ok(Answer::Page(
        render_account(&desk, &me, &jar, account, None).await?,
    ))
}

async fn find_account(desk: &Desk, id: Uuid) -> Result<Account, PageError> {
    let accounts = desk.store.directory().await?;
    let account = accounts.into_iter().find(|one| one.member.id == id);
    account.ok_or(PageError::NotFound)
}

async fn render_account(
    desk: &Desk,
    me: &StaffMember,
    jar: &CookieJar,
    account: Account,
    wrong: Option<(&'static str, String)>,
) -> Result<Response, PageError> {
    written(&AccountPage {
        frame: Frame::new(desk, jar, me, "admin").await?,
        account,
        all_teams: desk.store.all_teams().await?,
        wrong,
    })
}

/// Refuses to reset an account because the password of the administrator was wrong. A form gets the page of the account, with a message in
/// the form of this name.
pub(super) async fn refuse_reset(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    format: ResponseFormat,
    (id, form): (Uuid, &'static str),
) -> Result<Response, PageError> {
    const WRONG: PageError = PageError::Bad("error-password-again");
    if format.is_json() {
        return Err(WRONG);
    }
    let account = find_account(desk, id).await?;
    let message = WRONG.localized(desk.words(jar));
    let page = render_account(desk, me, jar, account, Some((form, message))).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Changes of an account.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct AccountForm {
    /// The new name shown to colleagues. If missing, the name stays.
    #[serde(default)]
    name: Option<String>,
    /// The new role. If missing, the role stays.
    #[serde(default)]
    role: Option<Role>,
    /// The new team; empty for none. If missing, the team stays.
    #[serde(default)]
    team: Option<String>,
    /// The name of a new team. Only forms of the desk send this field.
    #[serde(default)]
    #[schemars(skip)]
    new_team: String,
}

/// `POST /desk/admin/staff/{id}`: changes the display name, the role and the team of an account.
pub(crate) async fn change(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<AccountForm>,
) -> Result<Confirmation, PageError> {
    let login = login_of(&desk, id).await?;
    let team = match &form.team {
        Some(team) => Some(teams::chosen(&desk, team, &form.new_team).await?),
        None => None,
    };
    if let Some(name) = &form.name {
        desk.store.set_display_name(Some(&me), &login, name).await?;
    }
    if let Some(role) = form.role {
        desk.store.set_role(Some(&me), &login, role).await?;
    }
    if let Some(team) = &team {
        let team = Some(team.as_str()).filter(|team| !team.is_empty());
        desk.store.set_team(Some(&me), &login, team).await?;
    }
    Ok(confirm(format, id, Flash::AccountSaved))
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
    Ok(confirm(format, id, Flash::AccountDisabled))
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
    Ok(confirm(format, id, Flash::AccountEnabled))
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
    Ok(confirm(format, id, Flash::AccountSessionsEnded))
}

pub(crate) async fn reset_factors(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<ResetForm>,
) -> Result<Confirmation, PageError> {
    let login = login_of(&desk, id).await?;
    let Some(again) = authenticate_again(&desk, &me, &form.password).await? else {
        let page = refuse_reset(&desk, &jar, &me, format, (id, "reset-factors")).await?;
        return Ok(Confirmation::Page(page));
    };
    desk.store.reset_factors(Some(&again), &login, form.proof).await?;
    Ok(confirm(format, id, Flash::AccountFactorsReset))
}

pub(crate) async fn disconnect_identity(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    let login = login_of(&desk, id).await?;
    desk.store.disconnect_identity_of(Some(&me), &login).await?;
    Ok(confirm(format, id, Flash::AccountIdentityDisconnected))
}

fn confirm(format: ResponseFormat, id: Uuid, flash: Flash) -> Confirmation {
    format.confirm(&format!("{STAFF}/{id}"), flash)
}

pub(super) async fn login_of(desk: &Desk, id: Uuid) -> Result<String, PageError> {
    let staff = desk.store.staff().await?;
    let found = staff.into_iter().find(|one| one.id == id);
    Ok(found.ok_or(PageError::NotFound)?.login)
}
