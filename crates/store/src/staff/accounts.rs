//! Members of staff: their accounts, teams and preferences.

use std::collections::BTreeSet;

use hotline_core::{
    identifiers::{ids, private::Private},
    routing::skills::Skills,
    staff::{
        audit::AuditAction,
        identity_proof::IdentityProof,
        preferences::Preferences,
        rights::{Right, Role},
    },
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    db::{entity::staff, store::Store, stored::Stored},
    error::{Conflict, StoreError},
    staff::passwords::{Device, hashed, verified},
};

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// Id of the member of staff.
    pub id: Uuid,
    /// The log-in name.
    pub login: String,
    /// The display name, which colleagues see.
    pub name: String,
    /// The role, which determines the rights of the member of staff.
    pub role: Role,
    /// `false` if the account is disabled.
    pub active: bool,
    /// Whether the member of staff switched to "on duty".
    pub on_duty: bool,
    /// The team. `None` if the member of staff belongs to no team.
    pub team: Option<String>,
    /// Personal settings of the member of staff, such as the language and theme of the pages.
    pub preferences: Preferences,
    /// What the member of staff can do and how much.
    pub skills: Skills,
}

/// Who sets a new password.
#[derive(Clone, Copy)]
enum PasswordChange<'a> {
    /// The owner, in the session with this secret, which stays valid.
    ByOwner(&'a StaffMember, &'a str),
    /// Somebody at the command line, to whom the owner proved who they are.
    Reset(IdentityProof),
}

impl Store {
    /// Adds a member of staff.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the log-in name is taken or not allowed, or if the password is too short, too long, too weak or
    /// breached.
    pub async fn add_staff(
        &self,
        login: &str,
        name: &str,
        role: Role,
        password: &Private<String>,
    ) -> Result<StaffMember, StoreError> {
        let mut row = self.new_account(login, name, role).await?;
        self.judge_password(password, &row.login, name).await?;
        row.password = hashed(password).await?;
        let person = person(row.clone()).ok_or(StoreError::NotFound("role"))?;
        let transaction = self.begin().await?;
        staff::ActiveModel::from(row)
            .reset_all()
            .insert(&transaction)
            .await?;
        self.audit_in(&transaction, None, AuditAction::StaffAdd, &person.login)
            .await?;
        transaction.commit().await?;
        Ok(person)
    }

    /// Returns the row of a new account without a password. Fails if the log-in name is taken or not allowed.
    pub(crate) async fn new_account(
        &self,
        login: &str,
        name: &str,
        role: Role,
    ) -> Result<staff::Model, StoreError> {
        let login = login.trim().to_lowercase();
        let lawful = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        if login.is_empty() || login.chars().count() > 60 || !login.chars().all(lawful) {
            return Err(StoreError::Conflict(Conflict::InvalidLogin));
        }
        if self.find_login(&login).await?.is_some() {
            return Err(StoreError::Conflict(Conflict::LoginTaken));
        }
        let now = self.clock.now();
        Ok(staff::Model {
            id: ids::new(now),
            login,
            name: name.trim().to_owned(),
            role: Stored(role),
            password: String::new(),
            active: true,
            on_duty: false,
            preferences: "{}".to_owned(),
            team: None,
            last_given: None,
            made_at: now.timestamp_micros(),
            last_action_at: None,
            skills: "{}".to_owned(),
            notice_address: None,
        })
    }

    /// Returns the active staff who may work on contacts, sorted by name.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn colleagues(&self) -> Result<Vec<StaffMember>, StoreError> {
        let mut all = self.staff().await?;
        all.retain(|one| one.active && one.role.may(Right::WorkOnContacts));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Returns the teams of the active staff who may work on contacts, sorted by name.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn teams(&self) -> Result<BTreeSet<String>, StoreError> {
        let all = self.colleagues().await?;
        Ok(all.into_iter().filter_map(|one| one.team).collect())
    }

    /// Loads an active member of staff who may work on contacts.
    pub(crate) async fn colleague(&self, id: Uuid) -> Result<StaffMember, StoreError> {
        let found = self.colleagues().await?.into_iter().find(|one| one.id == id);
        found.ok_or(StoreError::NotFound("colleague"))
    }

    /// Sets a new password for an account and ends all sessions of the account. A disabled account stays disabled. Returns whether the
    /// account is active. `proof` says how the owner proved who they are.
    ///
    /// # Errors
    /// Fails if the log-in name is unknown, or if the password is too short, too long, too weak or breached.
    pub async fn reset_staff(
        &self,
        login: &str,
        password: &Private<String>,
        proof: IdentityProof,
    ) -> Result<bool, StoreError> {
        let row = self
            .find_login(login)
            .await?
            .ok_or(StoreError::NotFound("log-in"))?;
        self.set_password(&row, password, PasswordChange::Reset(proof))
            .await?;
        Ok(row.active)
    }

    /// Changes the password of a member of staff after checking the current password. Ends all sessions of the account except the session
    /// whose secret is `token`. Returns `false` if the current password is wrong.
    ///
    /// # Errors
    /// Fails if the new password is too short, too long, too weak or breached.
    pub async fn change_password(
        &self,
        who: &StaffMember,
        token: &str,
        current: &Private<String>,
        new: &Private<String>,
    ) -> Result<bool, StoreError> {
        let row = staff::Entity::find_by_id(who.id).one(&self.reading).await?;
        let row = row.ok_or(StoreError::NotFound("log-in"))?;
        if !verified(current, Some(row.password.clone()), Device::Known).await? {
            self.audit(Some(who), AuditAction::PasswordRefused, "").await?;
            return Ok(false);
        }
        self.set_password(&row, new, PasswordChange::ByOwner(who, token))
            .await?;
        Ok(true)
    }

    /// Stores a password and ends the account's sessions, except the one in which the owner changes the password.
    async fn set_password(
        &self,
        row: &staff::Model,
        password: &Private<String>,
        change: PasswordChange<'_>,
    ) -> Result<(), StoreError> {
        self.judge_password(password, &row.login, &row.name).await?;
        let hash = hashed(password).await?;
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let mut stored = staff::Entity::update_many()
            .col_expr(staff::Column::Password, Expr::value(hash))
            .filter(staff::Column::Id.eq(row.id));
        if let PasswordChange::ByOwner(..) = change {
            // The account was not reset since the owner typed the old password.
            stored = stored.filter(staff::Column::Password.eq(&row.password));
        }
        if stored.exec(&transaction).await?.rows_affected != 1 {
            return Err(StoreError::Conflict(Conflict::Changed));
        }
        let kept = match change {
            PasswordChange::ByOwner(_, token) => Some(self.session_hash(token)),
            PasswordChange::Reset(_) => None,
        };
        self.end_sessions_except(&transaction, row.id, kept).await?;
        self.withdraw_invitations(&transaction, row.id).await?;
        match change {
            PasswordChange::ByOwner(who, _) => {
                let action = AuditAction::ChangePassword;
                self.audit_in(&transaction, Some(who.id), action, &row.login)
                    .await?;
            }
            PasswordChange::Reset(proof) => {
                self.forget_identity(&transaction, row.id).await?;
                self.forget_calendar(&transaction, row.id).await?;
                let object = format!("{} {}", row.login, proof.as_str());
                self.audit_in(&transaction, None, AuditAction::StaffReset, &object)
                    .await?;
            }
        }
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(())
    }

    /// Returns all staff, sorted by log-in name.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn staff(&self) -> Result<Vec<StaffMember>, StoreError> {
        let rows = staff::Entity::find()
            .order_by_asc(staff::Column::Login)
            .all(&self.reading)
            .await?;
        Ok(rows.into_iter().filter_map(person).collect())
    }

    /// Stores the personal settings of a member of staff.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn prefer(&self, who: &StaffMember, preferences: &Preferences) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        staff::ActiveModel {
            id: Unchanged(who.id),
            preferences: Set(serde_json::to_string(preferences).unwrap_or_default()),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns the id of the account with this log-in name, or `None` if there is none.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn staff_id(&self, login: &str) -> Result<Option<Uuid>, StoreError> {
        Ok(self.find_login(login).await?.map(|row| row.id))
    }

    pub(crate) async fn find_login(&self, login: &str) -> Result<Option<staff::Model>, StoreError> {
        let login = login.trim().to_lowercase();
        Ok(staff::Entity::find()
            .filter(staff::Column::Login.eq(login))
            .one(&self.reading)
            .await?)
    }
}

pub(crate) fn person(row: staff::Model) -> Option<StaffMember> {
    Some(StaffMember {
        id: row.id,
        login: row.login,
        name: row.name,
        role: row.role.0,
        active: row.active,
        on_duty: row.on_duty,
        team: row.team,
        preferences: serde_json::from_str(&row.preferences).unwrap_or_default(),
        skills: serde_json::from_str(&row.skills).unwrap_or_default(),
    })
}
