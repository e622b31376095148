//! Identities at an identity provider: connecting one to an account, logging in with it, and ending its sessions.

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use hotline_core::staff::{audit::AuditAction, factors::LogInProof, identity_provider::ProviderIdentity};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{identities, sessions, staff},
        store::{Store, time},
    },
    error::{Conflict, StoreError},
    staff::{
        accounts::{StaffMember, person},
        factors::Reauthenticated,
        sessions::BegunSession,
    },
};

/// The identity with which a member of staff can log in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct ConnectedIdentity {
    /// The issuer.
    pub issuer: String,
    /// When the identity was connected.
    pub connected_at: DateTime<Utc>,
    /// When it was last used to log in; null if it was not.
    pub used_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Returns the identity that is connected to the account of a member of staff.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn connected_identity(
        &self,
        who: &StaffMember,
    ) -> Result<Option<ConnectedIdentity>, StoreError> {
        let row = identities::Entity::find_by_id(who.id).one(&self.reading).await?;
        Ok(row.map(|row| ConnectedIdentity {
            issuer: row.issuer,
            connected_at: time(row.connected_at),
            used_at: row.used_at.map(time),
        }))
    }

    /// Returns the values that a log-in at the provider needs, in the order state, nonce and PKCE verifier. They follow from the secret of
    /// the log-in, which only the browser keeps, so that every process can go on with a log-in.
    #[must_use]
    pub fn log_in_values(&self, secret: &str) -> [String; 3] {
        ["provider-state", "provider-nonce", "provider-verifier"]
            .map(|purpose| HEXLOWER.encode(&self.keys.lookup(purpose, secret)))
    }

    /// Returns the mark of a log-in at the provider that a session began after its owner typed the password again. `secret` is the secret of
    /// that log-in.
    #[must_use]
    pub fn connection_mark(&self, again: &Reauthenticated, session: &str, secret: &str) -> String {
        self.mark_of(again.member(), session, secret)
    }

    fn mark_of(&self, who: &StaffMember, session: &str, secret: &str) -> String {
        let text = format!("{} {session} {secret}", who.id);
        HEXLOWER.encode(&self.keys.lookup("connect-identity", &text))
    }

    /// Connects an identity to the account of a member of staff, in place of an earlier one, and ends the other sessions of the account.
    /// `session`, `secret` and `mark` are those of [`Store::connection_mark`].
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the mark belongs to something else. Returns [`Conflict::IdentityTaken`] if the identity is
    /// connected to another account.
    pub async fn connect_identity(
        &self,
        who: &StaffMember,
        session: &str,
        secret: &str,
        mark: &str,
        identity: &ProviderIdentity,
    ) -> Result<(), StoreError> {
        if self.mark_of(who, session, secret) != mark {
            return Err(StoreError::NotFound("connection"));
        }
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        // An administrator may have reset the account while the code was redeemed.
        let session_hash = self.session_hash(session);
        let is_live = sessions::Entity::find_by_id(session_hash.clone())
            .one(&transaction)
            .await?;
        if is_live.is_none_or(|live| live.staff_id != who.id) {
            return Err(StoreError::NotFound("session"));
        }
        let taken = identities::Entity::find()
            .filter(identities::Column::Issuer.eq(&identity.issuer))
            .filter(identities::Column::Subject.eq(&identity.subject))
            .one(&transaction)
            .await?;
        if taken.is_some_and(|row| row.staff_id != who.id) {
            return Err(StoreError::Conflict(Conflict::IdentityTaken));
        }
        identities::Entity::delete_by_id(who.id)
            .exec(&transaction)
            .await?;
        identities::ActiveModel {
            staff_id: Set(who.id),
            issuer: Set(identity.issuer.clone()),
            subject: Set(identity.subject.clone()),
            connected_at: Set(self.now()),
            used_at: Set(None),
        }
        .insert(&transaction)
        .await?;
        self.end_sessions_except(&transaction, who.id, Some(session_hash))
            .await?;
        self.audit_in(&transaction, Some(who.id), AuditAction::ConnectIdentity, "")
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(())
    }

    /// Disconnects the identity from the account of a member of staff, and ends the other sessions of the account. `session` is the secret of
    /// the present one.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn disconnect_identity(
        &self,
        again: &Reauthenticated,
        session: &str,
    ) -> Result<(), StoreError> {
        let id = again.member().id;
        let transaction = self.begin().await?;
        identities::Entity::delete_by_id(id).exec(&transaction).await?;
        self.end_sessions_except(&transaction, id, Some(self.session_hash(session)))
            .await?;
        self.audit_in(&transaction, Some(id), AuditAction::DisconnectIdentity, "")
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(())
    }

    /// Begins a session with an identity. Returns `None` if it is connected to no account, or to a disabled one. `proof` says whether the
    /// provider proved a second factor, too.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn log_in_with_identity(
        &self,
        identity: &ProviderIdentity,
        proof: LogInProof,
    ) -> Result<Option<BegunSession>, StoreError> {
        let Some((row, member)) = self.account_of(identity).await? else {
            self.note_refused(1).await?;
            return Ok(None);
        };
        let transaction = self.begin().await?;
        let id = member.id;
        identities::ActiveModel {
            staff_id: Unchanged(row.staff_id),
            used_at: Set(Some(self.now())),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        let session = self.begin_after(&transaction, member, proof).await?;
        let action = match session {
            BegunSession::Complete(..) => AuditAction::LogIn,
            BegunSession::Half(..) => AuditAction::LogInBegun,
        };
        self.audit_in(&transaction, Some(id), action, "identity provider")
            .await?;
        self.commit(transaction).await?;
        Ok(Some(session))
    }

    /// Ends every session of the account to which an identity is connected, because its provider reports a log-out.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn log_out_identity(&self, identity: &ProviderIdentity) -> Result<(), StoreError> {
        let Some((_, member)) = self.account_of(identity).await? else {
            return Ok(());
        };
        self.end_sessions_where(
            Some(&member),
            member.id,
            None,
            (AuditAction::LogOut, "identity provider"),
        )
        .await
    }

    /// Disconnects the identity of an account that is reset, because somebody else may have connected it.
    pub(crate) async fn forget_identity(
        &self,
        transaction: &DatabaseTransaction,
        staff_id: Uuid,
    ) -> Result<(), StoreError> {
        identities::Entity::delete_by_id(staff_id)
            .exec(transaction)
            .await?;
        Ok(())
    }

    async fn account_of(
        &self,
        identity: &ProviderIdentity,
    ) -> Result<Option<(identities::Model, StaffMember)>, StoreError> {
        let found = identities::Entity::find()
            .filter(identities::Column::Issuer.eq(&identity.issuer))
            .filter(identities::Column::Subject.eq(&identity.subject))
            .one(&self.reading)
            .await?;
        let Some(found) = found else { return Ok(None) };
        let row = staff::Entity::find_by_id(found.staff_id)
            .one(&self.reading)
            .await?;
        let member = row.filter(|row| row.active).and_then(person);
        Ok(member.map(|member| (found, member)))
    }
}
