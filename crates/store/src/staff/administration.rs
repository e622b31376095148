//! Changes of accounts by administrators: the display name, the role, the team, and whether the account is enabled.

use hotline_core::{
    staff::audit::AuditAction,
    staff::rights::{Right, Role},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::write_contact,
        entity::{contacts, sessions, staff, tokens},
        store::Store,
        stored::Stored,
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

impl Store {
    /// Sets the team of a member of staff and gives the same team to the contacts assigned to this member of staff. `None` removes the
    /// team.
    ///
    /// # Errors
    /// Fails if the log-in name is unknown, or if the length of the team name is not between 1 and 40 characters.
    pub async fn set_team(
        &self,
        by: Option<&StaffMember>,
        login: &str,
        team: Option<&str>,
    ) -> Result<(), StoreError> {
        let team = team.map(checked_team).transpose()?;
        let transaction = self.begin_administration(by).await?;
        let row = self.account_to_change(&transaction, login).await?;
        staff::ActiveModel {
            id: Unchanged(row.id),
            team: Set(team.clone()),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        contacts::Entity::update_many()
            .col_expr(contacts::Column::Team, Expr::value(team))
            .filter(contacts::Column::Assignee.eq(row.id))
            .exec(&transaction)
            .await?;
        self.audit_in(
            &transaction,
            by.map(|by| by.id),
            AuditAction::StaffTeam,
            &row.login,
        )
        .await?;
        self.commit(transaction).await
    }

    /// Sets the display name of an account.
    ///
    /// # Errors
    /// Fails if the log-in name is unknown. Returns [`Conflict::InvalidName`] if the display name is empty or too long.
    pub async fn set_display_name(
        &self,
        by: Option<&StaffMember>,
        login: &str,
        name: &str,
    ) -> Result<(), StoreError> {
        let name = checked_name(name)?;
        let transaction = self.begin_administration(by).await?;
        let row = self.account_to_change(&transaction, login).await?;
        if row.name == name {
            return Ok(());
        }
        staff::ActiveModel {
            id: Unchanged(row.id),
            name: Set(name),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.audit_in(
            &transaction,
            by.map(|by| by.id),
            AuditAction::StaffName,
            &row.login,
        )
        .await?;
        self.commit(transaction).await
    }

    /// Sets the role of an account and ends its sessions, so that no open page keeps the old rights. If the new role may not work on
    /// contacts, the contacts assigned to the account are unassigned. If it may not issue tokens, the tokens of the account are revoked. If it
    /// may not take duty, the address of the calendar is revoked.
    ///
    /// # Errors
    /// Fails if the log-in name is unknown. Returns [`StoreError::Conflict`] if the account belongs to `by`, or to the last enabled
    /// administrator.
    pub async fn set_role(
        &self,
        by: Option<&StaffMember>,
        login: &str,
        role: Role,
    ) -> Result<(), StoreError> {
        let transaction = self.begin_administration(by).await?;
        let row = self.account_to_change(&transaction, login).await?;
        if row.role.0 == role {
            return Ok(());
        }
        check_removal(&transaction, by, &row).await?;
        staff::ActiveModel {
            id: Unchanged(row.id),
            role: Set(Stored(role)),
            on_duty: Set(false),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.end_all_access(&transaction, row.id, role.may(Right::EnterAdjustments))
            .await?;
        if !role.may(Right::WorkOnContacts) {
            self.unassign_all(&transaction, row.id).await?;
        }
        if !role.may(Right::TakeDuty) {
            self.forget_calendar(&transaction, row.id).await?;
        }
        let change = format!("{}: {}", row.login, role.as_str());
        self.audit_in(&transaction, by.map(|by| by.id), AuditAction::StaffRole, &change)
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        self.route_due.notify_one();
        Ok(())
    }

    /// Disables an account. Immediately ends its sessions, revokes the tokens that it created and the address of its calendar, withdraws its
    /// links, and unassigns the contacts assigned to it.
    ///
    /// # Errors
    /// Fails if there is no such log-in name. Returns [`StoreError::Conflict`] if the account belongs to `by`, or to the last enabled
    /// administrator.
    pub async fn disable_staff(&self, by: Option<&StaffMember>, login: &str) -> Result<(), StoreError> {
        let transaction = self.begin_administration(by).await?;
        let row = self.account_to_change(&transaction, login).await?;
        check_removal(&transaction, by, &row).await?;
        staff::ActiveModel {
            id: Unchanged(row.id),
            active: Set(false),
            on_duty: Set(false),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.end_all_access(&transaction, row.id, false).await?;
        self.withdraw_invitations(&transaction, row.id).await?;
        self.forget_calendar(&transaction, row.id).await?;
        self.unassign_all(&transaction, row.id).await?;
        self.audit_in(
            &transaction,
            by.map(|by| by.id),
            AuditAction::StaffDisable,
            &row.login,
        )
        .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(())
    }

    /// Enables a disabled account, so that its owner can log in again.
    ///
    /// # Errors
    /// Fails if there is no such log-in name.
    pub async fn enable_staff(&self, by: Option<&StaffMember>, login: &str) -> Result<(), StoreError> {
        let transaction = self.begin_administration(by).await?;
        let row = self.account_to_change(&transaction, login).await?;
        staff::ActiveModel {
            id: Unchanged(row.id),
            active: Set(true),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.audit_in(
            &transaction,
            by.map(|by| by.id),
            AuditAction::StaffEnable,
            &row.login,
        )
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Begins a transaction that changes accounts. Such transactions run one after another, so that two administrators cannot demote each
    /// other at the same time. `by` is `None` on the command line.
    ///
    /// Returns [`Conflict::DoneAlready`] if `by` was disabled or demoted in the meantime.
    pub(crate) async fn begin_administration(
        &self,
        by: Option<&StaffMember>,
    ) -> Result<DatabaseTransaction, StoreError> {
        self.begin_with_right(by, Right::ManageStaff).await
    }

    /// Begins a transaction like [`Store::begin_administration`] for an action that requires another right.
    pub(crate) async fn begin_with_right(
        &self,
        by: Option<&StaffMember>,
        right: Right,
    ) -> Result<DatabaseTransaction, StoreError> {
        let transaction = self.begin().await?;
        // On SQLite only one transaction writes at a time.
        if !self.on_sqlite() {
            let lock = "SELECT pg_advisory_xact_lock(7205759403792797)";
            transaction.execute_unprepared(lock).await?;
        }
        if let Some(by) = by {
            let row = staff::Entity::find_by_id(by.id).one(&transaction).await?;
            if !row.is_some_and(|row| row.active && row.role.0.may(right)) {
                return Err(StoreError::Conflict(Conflict::DoneAlready));
            }
        }
        Ok(transaction)
    }

    /// Loads the account with this log-in name in the transaction that changes it.
    pub(crate) async fn account_to_change(
        &self,
        transaction: &DatabaseTransaction,
        login: &str,
    ) -> Result<staff::Model, StoreError> {
        let found = staff::Entity::find()
            .filter(staff::Column::Login.eq(login.trim().to_lowercase()))
            .one(transaction)
            .await?;
        found.ok_or(StoreError::NotFound("log-in"))
    }

    /// Ends the sessions of an account. Tokens are valid without a session, so the tokens that the account created are revoked too, unless
    /// `keeps_tokens`.
    async fn end_all_access(
        &self,
        transaction: &DatabaseTransaction,
        id: Uuid,
        keeps_tokens: bool,
    ) -> Result<(), StoreError> {
        sessions::Entity::delete_many()
            .filter(sessions::Column::StaffId.eq(id))
            .exec(transaction)
            .await?;
        if keeps_tokens {
            return Ok(());
        }
        tokens::Entity::update_many()
            .col_expr(tokens::Column::EndedAt, Expr::value(self.now()))
            .filter(tokens::Column::MadeBy.eq(id))
            .filter(tokens::Column::EndedAt.is_null())
            .exec(transaction)
            .await?;
        Ok(())
    }

    /// Unassigns the contacts assigned to an account. Closed contacts are also unassigned, because a new message from the person can reopen
    /// them.
    async fn unassign_all(&self, transaction: &DatabaseTransaction, id: Uuid) -> Result<(), StoreError> {
        let assigned = contacts::Entity::find()
            .filter(contacts::Column::Assignee.eq(id))
            .all(transaction)
            .await?;
        for contact in assigned {
            self.add_event(transaction, contact.id, None, HistoryKind::GivenBack, "")
                .await?;
            let given_back = contacts::Model {
                assignee: None,
                team: None,
                ..contact.clone()
            };
            write_contact(transaction, &contact, &given_back).await?;
        }
        Ok(())
    }
}

/// Returns a display name without spaces around it, or an error if it is empty or longer than 60 characters.
pub(crate) fn checked_name(name: &str) -> Result<String, StoreError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
        return Err(StoreError::Conflict(Conflict::InvalidName));
    }
    Ok(name.to_owned())
}

/// Returns the name of a team without spaces around it, or an error if it is empty or longer than 40 characters.
pub(crate) fn checked_team(team: &str) -> Result<String, StoreError> {
    let team = team.trim();
    if team.is_empty() || team.chars().count() > 40 || team.chars().any(char::is_control) {
        return Err(StoreError::Conflict(Conflict::InvalidTeam));
    }
    Ok(team.to_owned())
}

/// Refuses to disable or demote the account of `by`, and the last enabled administrator who has a password.
async fn check_removal(
    transaction: &DatabaseTransaction,
    by: Option<&StaffMember>,
    row: &staff::Model,
) -> Result<(), StoreError> {
    if by.is_some_and(|by| by.id == row.id) {
        return Err(StoreError::Conflict(Conflict::OwnAccount));
    }
    if !row.active || row.role.0 != Role::Administrator {
        return Ok(());
    }
    let others = staff::Entity::find()
        .filter(staff::Column::Role.eq(Stored(Role::Administrator)))
        .filter(staff::Column::Active.eq(true))
        .filter(staff::Column::Password.ne(""))
        .filter(staff::Column::Id.ne(row.id));
    if others.count(transaction).await? == 0 {
        return Err(StoreError::Conflict(Conflict::LastAdministrator));
    }
    Ok(())
}
