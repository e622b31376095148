//! Invitations: one-time links with which people choose the password of their account. An administrator makes a link for a new account, or
//! to replace a forgotten password. Only the keyed hash of the secret in a link is stored.

use chrono::{DateTime, Duration, Utc};
use hotline_core::{
    identifiers::{chance, ids, private::Private},
    staff::{audit::AuditAction, identity_proof::IdentityProof, rights::Role},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{invitations, sessions, staff},
        store::{Store, time},
    },
    error::{Conflict, StoreError},
    staff::{
        accounts::{StaffMember, person},
        administration::{checked_name, checked_team},
        factors::Reauthenticated,
        passwords::hashed,
        sessions::BegunSession,
    },
};

/// How long after it was made a link can be used.
const VALID: Duration = Duration::hours(72);
/// A new link. Its secret is not stored, so it cannot be shown again.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Id of the account.
    pub staff_id: Uuid,
    /// The log-in name of the account.
    pub login: String,
    /// The secret at the end of the link. It has 256 bits.
    pub secret: Private<String>,
    /// When the link expires.
    pub expires_at: DateTime<Utc>,
}

/// Whether a link can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// The link can be used.
    Open,
    /// Somebody chose a password with the link.
    Used,
    /// The link was made more than 72 hours ago.
    Expired,
    /// A newer link or another password replaced the link, or the account was disabled.
    Replaced,
}

/// A link that the holder of its secret opened.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The account.
    pub member: StaffMember,
    /// Whether the link can be used.
    pub state: InvitationState,
}

impl Store {
    /// Adds an account without a password and makes the link with which its owner chooses one.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the log-in name is taken or not allowed, or if the name or the team is empty or too long.
    pub async fn invite_staff(
        &self,
        by: Option<&StaffMember>,
        login: &str,
        name: &str,
        role: Role,
        team: Option<&str>,
    ) -> Result<NewInvitation, StoreError> {
        let mut row = self.new_account(login, &checked_name(name)?, role).await?;
        row.team = team.map(checked_team).transpose()?;
        let transaction = self.begin_administration(by).await?;
        staff::ActiveModel::from(row.clone())
            .reset_all()
            .insert(&transaction)
            .await?;
        let invitation = self.insert_invitation(&transaction, by, &row).await?;
        let actor = by.map(|by| by.id);
        self.audit_in(&transaction, actor, AuditAction::StaffInvite, &row.login)
            .await?;
        transaction.commit().await?;
        Ok(invitation)
    }

    /// Makes a new link for an account. Removes its password, disconnects its identity, revokes the address of its calendar, ends its sessions
    /// and withdraws its earlier links. `proof` says how its owner proved who they are. `None` as `by` is the command line.
    ///
    /// # Errors
    /// Fails if the log-in name is unknown. Returns [`StoreError::Conflict`] if the account is disabled or belongs to `by`.
    pub async fn reset_by_link(
        &self,
        by: Option<&Reauthenticated>,
        login: &str,
        proof: IdentityProof,
    ) -> Result<NewInvitation, StoreError> {
        let by = by.map(Reauthenticated::member);
        let transaction = self.begin_administration(by).await?;
        self.lock_registration(&transaction).await?;
        let row = self.account_to_change(&transaction, login).await?;
        if by.is_some_and(|by| by.id == row.id) {
            return Err(StoreError::Conflict(Conflict::OwnAccount));
        }
        if !row.active {
            return Err(StoreError::Conflict(Conflict::AccountDisabled));
        }
        staff::ActiveModel {
            id: Unchanged(row.id),
            password: Set(String::new()),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        sessions::Entity::delete_many()
            .filter(sessions::Column::StaffId.eq(row.id))
            .exec(&transaction)
            .await?;
        self.forget_identity(&transaction, row.id).await?;
        self.forget_calendar(&transaction, row.id).await?;
        self.withdraw_invitations(&transaction, row.id).await?;
        let invitation = self.insert_invitation(&transaction, by, &row).await?;
        let actor = by.map(|by| by.id);
        let object = format!("{} {}", row.login, proof.as_str());
        self.audit_in(&transaction, actor, AuditAction::StaffResetByLink, &object)
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        self.route_due.notify_one();
        Ok(invitation)
    }

    /// Returns the link with this secret; `None` if there never was such a link.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn invitation(&self, secret: &str) -> Result<Option<Invitation>, StoreError> {
        let found = invitations::Entity::find()
            .filter(invitations::Column::Hash.eq(self.invitation_hash(secret)))
            .one(&self.reading)
            .await?;
        let Some(found) = found else { return Ok(None) };
        let row = staff::Entity::find_by_id(found.staff_id)
            .one(&self.reading)
            .await?;
        let state = state_at(&found, self.now());
        let member = row.and_then(person);
        Ok(member.map(|member| Invitation { member, state }))
    }

    /// Stores the password that the invited person chose, and begins a session. A second factor of the account stays: the session is then
    /// complete only after its code (OWASP ASVS 6.4.3).
    ///
    /// # Errors
    /// Fails if there is no such link. Returns [`StoreError::Conflict`] if the link cannot be used any more, or if the password is too
    /// short, too long, too weak or breached.
    pub async fn accept_invitation(
        &self,
        secret: &str,
        password: &Private<String>,
    ) -> Result<BegunSession, StoreError> {
        const ENDED: StoreError = StoreError::Conflict(Conflict::InvitationEnded);
        let found = self.invitation(secret).await?;
        let found = found.ok_or(StoreError::NotFound("invitation"))?;
        let member = found.member;
        if found.state != InvitationState::Open {
            return Err(ENDED);
        }
        self.judge_password(password, &member.login, &member.name).await?;
        let hash = hashed(password).await?;
        let transaction = self.begin().await?;
        let now = self.now();
        // Of two people who use the link at the same time, one changes the row.
        let used = invitations::Entity::update_many()
            .col_expr(invitations::Column::UsedAt, Expr::value(now))
            .filter(invitations::Column::Hash.eq(self.invitation_hash(secret)))
            .filter(invitations::Column::UsedAt.is_null())
            .filter(invitations::Column::ReplacedAt.is_null())
            .filter(invitations::Column::ExpiresAt.gt(now))
            .exec(&transaction)
            .await?;
        let chosen = staff::Entity::update_many()
            .col_expr(staff::Column::Password, Expr::value(hash))
            .filter(staff::Column::Id.eq(member.id))
            .filter(staff::Column::Active.eq(true))
            .exec(&transaction)
            .await?;
        if used.rows_affected != 1 || chosen.rows_affected != 1 {
            return Err(ENDED);
        }
        self.audit_in(
            &transaction,
            Some(member.id),
            AuditAction::AcceptInvitation,
            &member.login,
        )
        .await?;
        let session = self.begin_after_password(&transaction, member).await?;
        transaction.commit().await?;
        Ok(session)
    }

    fn invitation_hash(&self, secret: &str) -> Vec<u8> {
        self.keys.lookup("invitation", secret)
    }

    async fn insert_invitation(
        &self,
        transaction: &DatabaseTransaction,
        by: Option<&StaffMember>,
        row: &staff::Model,
    ) -> Result<NewInvitation, StoreError> {
        let secret = data_encoding::BASE64URL_NOPAD.encode(&chance::bytes::<32>());
        let now = self.clock.now();
        let expires_at = now + VALID;
        invitations::ActiveModel {
            id: Set(ids::new(now)),
            staff_id: Set(row.id),
            hash: Set(self.invitation_hash(&secret)),
            made_by: Set(by.map(|by| by.id)),
            made_at: Set(now.timestamp_micros()),
            expires_at: Set(expires_at.timestamp_micros()),
            used_at: Set(None),
            replaced_at: Set(None),
        }
        .insert(transaction)
        .await?;
        Ok(NewInvitation {
            staff_id: row.id,
            login: row.login.clone(),
            secret: secret.into(),
            expires_at: time(expires_at.timestamp_micros()),
        })
    }

    /// Withdraws the unused links of an account.
    pub(crate) async fn withdraw_invitations(
        &self,
        transaction: &DatabaseTransaction,
        staff_id: Uuid,
    ) -> Result<(), StoreError> {
        invitations::Entity::update_many()
            .col_expr(invitations::Column::ReplacedAt, Expr::value(self.now()))
            .filter(invitations::Column::StaffId.eq(staff_id))
            .filter(invitations::Column::UsedAt.is_null())
            .filter(invitations::Column::ReplacedAt.is_null())
            .exec(transaction)
            .await?;
        Ok(())
    }
}

/// Returns the state of a link. `now` is in microseconds since 1970.
pub(crate) fn state_at(row: &invitations::Model, now: i64) -> InvitationState {
    if row.used_at.is_some() {
        InvitationState::Used
    } else if row.replaced_at.is_some() {
        InvitationState::Replaced
    } else if now >= row.expires_at {
        InvitationState::Expired
    } else {
        InvitationState::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_open_for_its_time_and_until_it_is_used_or_replaced() {
        let id = ids::new(DateTime::UNIX_EPOCH);
        let row = invitations::Model {
            id,
            staff_id: id,
            hash: Vec::new(),
            made_by: None,
            made_at: 0,
            expires_at: 10,
            used_at: None,
            replaced_at: None,
        };
        assert_eq!(state_at(&row, 9), InvitationState::Open);
        assert_eq!(state_at(&row, 10), InvitationState::Expired);
        let replaced = invitations::Model {
            replaced_at: Some(3),
            ..row.clone()
        };
        assert_eq!(state_at(&replaced, 9), InvitationState::Replaced);
        let used = invitations::Model {
            used_at: Some(2),
            ..replaced
        };
        assert_eq!(state_at(&used, 11), InvitationState::Used);
    }
}
