//! Identities at an identity provider: connecting one to an account, logging in with it, and ending its sessions.

use chrono::{DateTime, Duration, Utc};
use data_encoding::HEXLOWER;
use hotline_core::staff::{
    audit::AuditAction,
    factors::LogInProof,
    identity_provider::{ProviderIdentity, ProviderLogOut},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::OnConflict,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{identities, log_out_tokens, sessions, staff},
        store::{Store, time},
    },
    error::{Conflict, StoreError},
    staff::{
        accounts::{StaffMember, person},
        factors::FullyReauthenticated,
        sessions::BegunSession,
    },
};

/// How long an accepted log-out token is remembered. It is longer than the time in which a token can be valid: ten minutes before and after
/// it was issued.
const LOG_OUT_TOKEN_KEPT: Duration = Duration::hours(1);

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

impl From<identities::Model> for ConnectedIdentity {
    fn from(row: identities::Model) -> Self {
        Self {
            issuer: row.issuer,
            connected_at: time(row.connected_at),
            used_at: row.used_at.map(time),
        }
    }
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
        Ok(row.map(ConnectedIdentity::from))
    }

    /// Returns the values that a log-in at the provider needs, in the order state, nonce and PKCE verifier. They follow from the secret of
    /// the log-in, which only the browser keeps, so that every process can go on with a log-in.
    #[must_use]
    pub fn log_in_values(&self, secret: &str) -> [String; 3] {
        ["provider-state", "provider-nonce", "provider-verifier"]
            .map(|purpose| HEXLOWER.encode(&self.keys.lookup(purpose, secret)))
    }

    /// Returns the mark of a log-in at the provider that a session began after its owner proved the log-in again. `secret` is the secret of
    /// that log-in.
    #[must_use]
    pub fn connection_mark(&self, again: &FullyReauthenticated, session: &str, secret: &str) -> String {
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
        again: &FullyReauthenticated,
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

    /// Disconnects the identity from another account, and ends the sessions of that account. `by` is `None` on the command line.
    ///
    /// # Errors
    /// Fails if the log-in name is unknown. Returns [`Conflict::OwnAccount`] if the account belongs to `by`, and [`Conflict::DoneAlready`] if
    /// no identity is connected.
    pub async fn disconnect_identity_of(
        &self,
        by: Option<&StaffMember>,
        login: &str,
    ) -> Result<(), StoreError> {
        let transaction = self.begin_administration(by).await?;
        // A request that connects an identity takes this lock, too, and then finds that its session ended.
        self.lock_registration(&transaction).await?;
        let row = self.account_to_change(&transaction, login).await?;
        if by.is_some_and(|by| by.id == row.id) {
            return Err(StoreError::Conflict(Conflict::OwnAccount));
        }
        let deleted = identities::Entity::delete_by_id(row.id)
            .exec(&transaction)
            .await?;
        if deleted.rows_affected == 0 {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        self.end_sessions_except(&transaction, row.id, None).await?;
        let actor = by.map(|by| by.id);
        self.audit_in(
            &transaction,
            actor,
            AuditAction::StaffDisconnectIdentity,
            &row.login,
        )
        .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        self.route_due.notify_one();
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
            self.note_refused(1, None).await?;
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
        let entry = self.audit_in(&transaction, Some(id), action, "identity provider");
        self.in_session(session.token().expose(), entry).await?;
        self.commit(transaction).await?;
        Ok(Some(session))
    }

    /// Ends every session of the account to which an identity is connected, because its provider reports a log-out. Each log-out token is
    /// accepted once, by whichever process of the service.
    ///
    /// # Errors
    /// Returns [`Conflict::DoneAlready`] if the token was accepted before.
    pub async fn log_out_identity(&self, log_out: &ProviderLogOut) -> Result<(), StoreError> {
        let account = self.account_of(&log_out.identity).await?;
        let transaction = self.begin().await?;
        let now = self.now();
        let oldest = now - LOG_OUT_TOKEN_KEPT.num_microseconds().unwrap_or_default();
        log_out_tokens::Entity::delete_many()
            .filter(log_out_tokens::Column::AcceptedAt.lt(oldest))
            .exec(&transaction)
            .await?;
        let id = format!("{} {}", log_out.identity.issuer, log_out.token_id);
        let row = log_out_tokens::ActiveModel {
            hash: Set(self.keys.lookup("log-out token", &id)),
            accepted_at: Set(now),
        };
        let unless_there = OnConflict::column(log_out_tokens::Column::Hash)
            .do_nothing()
            .to_owned();
        let inserted = log_out_tokens::Entity::insert(row)
            .on_conflict(unless_there)
            .exec_without_returning(&transaction)
            .await?;
        if inserted != 1 {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let Some((_, member)) = account else {
            return Ok(transaction.commit().await?);
        };
        self.end_sessions_in(
            transaction,
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
