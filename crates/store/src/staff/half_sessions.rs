//! Sessions whose log-in is incomplete: the password was right, and a second factor is still to be proved or set up.
//!
//! Such a session has a type of its own that does not give out its member of staff, so no operation of the desk can be called with it.

use hotline_core::staff::{
    audit::AuditAction,
    factors::{LogInProof, LogInStep, TypedCode},
    recovery::RecoveryCode,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::{
    db::{
        entity::{sessions, totp_secrets},
        store::Store,
    },
    error::{Conflict, StoreError},
    staff::{accounts::StaffMember, factors::TotpOffer, sessions::SessionToken},
};

/// A session whose log-in lacks a step.
#[derive(Clone)]
pub struct HalfSession {
    member: StaffMember,
    hash: Vec<u8>,
    step: LogInStep,
}

/// A log-in that was completed by setting up a second factor, an authenticator app or a passkey.
pub struct Enrolled {
    /// The member of staff, who can use the desk now.
    pub member: StaffMember,
    /// The secret of the new session.
    pub token: SessionToken,
    /// The recovery codes, which are shown this once.
    pub codes: Vec<RecoveryCode>,
}

impl HalfSession {
    pub(crate) const fn new(member: StaffMember, hash: Vec<u8>, step: LogInStep) -> Self {
        Self { member, hash, step }
    }

    /// Returns what the log-in lacks.
    #[must_use]
    pub const fn step(&self) -> LogInStep {
        self.step
    }

    pub(crate) const fn member(&self) -> &StaffMember {
        &self.member
    }

    /// Returns the hash of the session's secret.
    pub(crate) fn hash(&self) -> &[u8] {
        &self.hash
    }

    /// Returns the log-in name of the account.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.member.login
    }
}

impl Store {
    /// Completes a log-in with a code of the account's second factor. The session ends, and a new one with a new secret begins. Returns
    /// `None` if the code is wrong.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the log-in was completed already, or if the app's codes are refused after too many wrong ones.
    pub async fn complete_with_code(
        &self,
        half: &HalfSession,
        code: &str,
    ) -> Result<Option<(StaffMember, SessionToken)>, StoreError> {
        if half.step != LogInStep::Code {
            return Err(StoreError::NotFound("code"));
        }
        if let Some(code) = TypedCode::parse(code) {
            let transaction = self.begin().await?;
            if let Some(proof) = self.use_code(&transaction, &half.member, &code).await? {
                let session = self.complete_log_in(&transaction, half, proof).await?;
                transaction.commit().await?;
                self.notice_ended_sessions().await;
                return Ok(Some(session));
            }
            transaction.rollback().await?;
        }
        self.note_wrong_code(&half.member).await?;
        Ok(None)
    }

    /// Returns whether the account of a log-in has an authenticator app.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn has_app(&self, half: &HalfSession) -> Result<bool, StoreError> {
        let found = totp_secrets::Entity::find_by_id(half.member.id)
            .one(&self.reading)
            .await?;
        Ok(found.is_some())
    }

    /// Offers a secret for an authenticator app to a log-in that has to set up a second factor.
    ///
    /// # Errors
    /// Fails if the log-in lacks another step.
    pub fn offer_totp_to_half(&self, half: &HalfSession) -> Result<TotpOffer, StoreError> {
        match half.step {
            LogInStep::Enrol => self.new_totp_offer(&half.hash),
            LogInStep::Code | LogInStep::Complete => Err(StoreError::NotFound("enrolment")),
        }
    }

    /// Returns the secret of an offer that a form brings back, so that the page can show it again after a wrong code.
    #[must_use]
    pub fn offered_to_half(&self, half: &HalfSession, offer: &str) -> Option<TotpOffer> {
        self.repeated_offer(&half.hash, offer)
    }

    /// Completes a log-in by setting up an authenticator app with the offered secret. The session ends, a new one begins, and all others of
    /// the account end. Returns `None` if the code is wrong.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the log-in was completed already, or if the account has a second factor by now.
    pub async fn complete_by_enrolling(
        &self,
        half: &HalfSession,
        offer: &str,
        code: &str,
    ) -> Result<Option<Enrolled>, StoreError> {
        if half.step != LogInStep::Enrol {
            return Err(StoreError::NotFound("enrolment"));
        }
        let Some((secret, step)) = self.confirmed(&half.hash, offer, code) else {
            return Ok(None);
        };
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        // Somebody who knows only the password must not add an app to an account that has a second factor by now.
        if self.has_factor(&transaction, half.member.id).await? {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let codes = self
            .insert_totp(&transaction, &half.member, &secret, step)
            .await?;
        let (member, token) = self.complete_log_in(&transaction, half, LogInProof::Totp).await?;
        let kept = self.session_hash(token.expose());
        self.end_sessions_except(&transaction, half.member.id, Some(kept))
            .await?;
        transaction.commit().await?;
        self.notice_ended_sessions().await;
        Ok(Some(Enrolled { member, token, codes }))
    }

    /// Replaces an incomplete session by a complete one. Of several requests that complete the same session, one deletes its row.
    pub(crate) async fn complete_log_in(
        &self,
        transaction: &DatabaseTransaction,
        half: &HalfSession,
        proof: LogInProof,
    ) -> Result<(StaffMember, SessionToken), StoreError> {
        let ended = sessions::Entity::delete_many()
            .filter(sessions::Column::TokenHash.eq(half.hash.clone()))
            .exec(transaction)
            .await?;
        if ended.rows_affected != 1 {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let mut member = half.member.clone();
        let token = self
            .begin_session(transaction, &mut member, LogInStep::Complete, proof)
            .await?;
        let entry = self.audit_in(transaction, Some(member.id), AuditAction::LogIn, proof.as_str());
        self.in_session(token.expose(), entry).await?;
        Ok((member, token))
    }
}
