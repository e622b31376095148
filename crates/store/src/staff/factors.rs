//! The second factors of an account: an authenticator app (TOTP), passkeys, and ten recovery codes. Setting up, replacing, removing and
//! resetting them.
//!
//! The secret of an app is encrypted. Of a recovery code, only a keyed hash is stored. Both are shown once, when they are made.

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    identifiers::private::Private,
    staff::{
        audit::AuditAction,
        factors::{LogInProof, TypedCode},
        identity_proof::IdentityProof,
        recovery::RecoveryCode,
        totp::TotpSecret,
    },
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{passkeys, recovery_codes, sessions, staff, totp_secrets},
        store::{Store, time},
        stored::Stored,
    },
    error::{Conflict, StoreError},
    sealing::places::{totp_offer_place, totp_place},
    staff::{
        accounts::StaffMember,
        identities::ConnectedIdentity,
        passkeys::PasskeyFactor,
        passwords::{Device, verified},
    },
};

/// The second factors of an account, as its owner may see them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Factors {
    /// The authenticator app; null if none is set up.
    pub totp: Option<TotpFactor>,
    /// The passkeys, the oldest first.
    pub passkeys: Vec<PasskeyFactor>,
    /// The number of recovery codes that have not been used.
    pub recovery_codes_left: u64,
    /// Whether the role of the owner needs a second factor.
    pub is_required: bool,
    /// The identity at the identity provider with which the owner can log in; null if none is connected.
    pub identity: Option<ConnectedIdentity>,
}

impl Factors {
    /// Returns whether the owner may remove the authenticator app.
    #[must_use]
    pub const fn may_remove_totp(&self) -> bool {
        self.totp.is_some() && (!self.is_required || !self.passkeys.is_empty())
    }

    /// Returns whether the owner may remove a passkey.
    #[must_use]
    pub const fn may_remove_passkey(&self) -> bool {
        match self.passkeys.len() {
            0 => false,
            1 => !self.is_required || self.totp.is_some(),
            _ => true,
        }
    }
}

/// The authenticator app of an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct TotpFactor {
    /// When the app was set up.
    pub made_at: DateTime<Utc>,
    /// When a code of the app was last used to log in; null if none was.
    pub used_at: Option<DateTime<Utc>>,
}

/// A new secret for an authenticator app, which is stored only after a code has confirmed that the app has it.
pub struct TotpOffer {
    /// The secret.
    pub secret: TotpSecret,
    /// The secret encrypted for the session to which it was offered. A form sends it back with the code.
    pub sealed: String,
}

/// Proof that a member of staff typed the password of the account again. Only [`Store::authenticate_again`] makes one, so nothing that
/// needs it can be done in a session that its owner left open.
pub struct Reauthenticated(StaffMember);

impl Reauthenticated {
    /// Returns the member of staff who typed the password.
    pub(crate) const fn member(&self) -> &StaffMember {
        &self.0
    }
}

/// Proof that a member of staff typed the password again and, if the account has a second factor, proved it, too. Only
/// [`Store::authenticate_fully`] makes one.
pub struct FullyReauthenticated(Box<StaffMember>);

impl FullyReauthenticated {
    /// Returns the member of staff who proved this.
    pub(crate) fn member(&self) -> &StaffMember {
        &self.0
    }
}

/// The result of typing the password and a code again.
pub enum FullAuthentication {
    /// Everything was right.
    Right(FullyReauthenticated),
    /// The password is wrong.
    WrongPassword,
    /// The account has a second factor, and no code was typed.
    NoCode,
    /// The code is wrong or was used before.
    WrongCode,
}

/// How long after a log-in with a passkey or a recovery code the owner of an account without an app need not type a recovery code.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// Returns whether a session began a short time ago with a passkey or a recovery code.
fn is_freshly_proved(session: &sessions::Model, now: DateTime<Utc>) -> bool {
    let proves = match session.proof.0 {
        LogInProof::Passkey | LogInProof::RecoveryCode => true,
        LogInProof::Password | LogInProof::Totp | LogInProof::Provider | LogInProof::ProviderWithFactor => {
            false
        }
    };
    let age = now - time(session.made_at);
    proves && age >= TimeDelta::zero() && age <= FRESH
}

impl Store {
    /// Returns the second factors of a member of staff.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn factors(&self, who: &StaffMember) -> Result<Factors, StoreError> {
        let totp = totp_secrets::Entity::find_by_id(who.id)
            .one(&self.reading)
            .await?;
        let left = recovery_codes::Entity::find()
            .filter(recovery_codes::Column::StaffId.eq(who.id))
            .filter(recovery_codes::Column::UsedAt.is_null())
            .count(&self.reading)
            .await?;
        Ok(Factors {
            totp: totp.map(|row| TotpFactor {
                made_at: time(row.made_at),
                used_at: row.used_at.map(time),
            }),
            passkeys: self.passkeys(who.id).await?,
            recovery_codes_left: left,
            is_required: self.accounts.needs_factor(who.role),
            identity: self.connected_identity(who).await?,
        })
    }

    pub(crate) async fn has_factor(
        &self,
        connection: &impl ConnectionTrait,
        staff_id: Uuid,
    ) -> Result<bool, StoreError> {
        let found = totp_secrets::Entity::find_by_id(staff_id).one(connection).await?;
        Ok(found.is_some() || self.has_passkey(connection, staff_id).await?)
    }

    /// Checks the password of a member of staff who is logged in. Returns `None` if it is wrong.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn authenticate_again(
        &self,
        who: &StaffMember,
        password: &Private<String>,
    ) -> Result<Option<Reauthenticated>, StoreError> {
        let row = staff::Entity::find_by_id(who.id).one(&self.reading).await?;
        let stored = row
            .map(|row| row.password)
            .filter(|password| !password.is_empty());
        if verified(password, stored, Device::Known).await? {
            return Ok(Some(Reauthenticated(who.clone())));
        }
        self.audit(Some(who), AuditAction::PasswordRefused, "").await?;
        Ok(None)
    }

    /// Checks the password of a member of staff who is logged in and, if the account has an app, a code of the app or a recovery code. An
    /// account that has only passkeys needs a recovery code, unless a passkey or a recovery code began the session a short time ago. `token`
    /// is the secret of the session.
    ///
    /// # Errors
    /// Returns [`Conflict::TooManyCodes`] if the app's codes are refused after too many wrong ones.
    pub async fn authenticate_fully(
        &self,
        who: &StaffMember,
        token: &str,
        password: &Private<String>,
        code: &Private<String>,
    ) -> Result<FullAuthentication, StoreError> {
        if self.authenticate_again(who, password).await?.is_none() {
            return Ok(FullAuthentication::WrongPassword);
        }
        let right = FullAuthentication::Right(FullyReauthenticated(Box::new(who.clone())));
        if !self.needs_code_again(who, token).await? {
            return Ok(right);
        }
        if code.expose().trim().is_empty() {
            return Ok(FullAuthentication::NoCode);
        }
        if let Some(code) = TypedCode::parse(code.expose()) {
            let transaction = self.begin().await?;
            if self.use_code(&transaction, who, &code).await?.is_some() {
                transaction.commit().await?;
                return Ok(right);
            }
            transaction.rollback().await?;
        }
        self.note_wrong_code(who).await?;
        Ok(FullAuthentication::WrongCode)
    }

    async fn needs_code_again(&self, who: &StaffMember, token: &str) -> Result<bool, StoreError> {
        let app = totp_secrets::Entity::find_by_id(who.id)
            .one(&self.reading)
            .await?;
        if app.is_none() && !self.has_passkey(&self.reading, who.id).await? {
            return Ok(false);
        }
        let session = sessions::Entity::find_by_id(self.session_hash(token))
            .one(&self.reading)
            .await?;
        let now = self.steady.now(self.clock.now());
        Ok(!session.is_some_and(|session| is_freshly_proved(&session, now)))
    }

    /// Offers a new secret to a session whose owner proved the log-in again. `token` is the secret of the session.
    ///
    /// # Errors
    /// Never fails in practice, because the cipher rejects only messages longer than 256 GiB.
    pub fn offer_totp(&self, _: &FullyReauthenticated, token: &str) -> Result<TotpOffer, StoreError> {
        self.new_totp_offer(&self.session_hash(token))
    }

    /// Sets up the authenticator app that has the offered secret, in place of an earlier one, and makes ten new recovery codes. Ends the
    /// other sessions of the account. Returns `None` if the code is wrong. `token` is the secret of the session, to which the secret must
    /// have been offered.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn enrol_totp(
        &self,
        who: &StaffMember,
        token: &str,
        offer: &str,
        code: &str,
    ) -> Result<Option<Vec<RecoveryCode>>, StoreError> {
        let session = self.session_hash(token);
        let Some((secret, step)) = self.confirmed(&session, offer, code) else {
            return Ok(None);
        };
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        // The owner of this session has just proved the new factor.
        self.prove_live_session(&transaction, who, &session, LogInProof::Totp)
            .await?;
        totp_secrets::Entity::delete_by_id(who.id)
            .exec(&transaction)
            .await?;
        let codes = self.insert_totp(&transaction, who, &secret, step).await?;
        self.end_sessions_except(&transaction, who.id, Some(session))
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(Some(codes))
    }

    /// Removes the authenticator app of a member of staff, and ends the other sessions of the account. Recovery codes are removed with the last
    /// factor.
    ///
    /// # Errors
    /// Returns [`Conflict::FactorNeeded`] if the role needs a second factor and the account has no passkey.
    pub async fn remove_totp(&self, by: &FullyReauthenticated, token: &str) -> Result<(), StoreError> {
        let who = &by.0;
        let session = self.session_hash(token);
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        totp_secrets::Entity::delete_by_id(who.id)
            .exec(&transaction)
            .await?;
        self.forget_last_factor(&transaction, who, &session).await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::RemoveSecondFactors,
            &who.login,
        )
        .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(())
    }

    /// Notes what the owner of a session has just proved.
    ///
    /// # Errors
    /// Fails if the session ended in the meantime, for example because an administrator reset or disabled the account.
    pub(crate) async fn prove_live_session(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        session: &[u8],
        proof: LogInProof,
    ) -> Result<(), StoreError> {
        let noted = sessions::Entity::update_many()
            .col_expr(sessions::Column::Proof, Expr::value(Stored(proof)))
            .filter(sessions::Column::TokenHash.eq(session))
            .filter(sessions::Column::StaffId.eq(who.id))
            .exec(transaction)
            .await?;
        match noted.rows_affected {
            1 => Ok(()),
            _ => Err(StoreError::NotFound("session")),
        }
    }

    /// Does what follows the removal of a second factor: without any other, the recovery codes are removed, and the session counts as proved
    /// by the password. The other sessions of the account end.
    ///
    /// # Errors
    /// Returns [`Conflict::FactorNeeded`] if the role needs a second factor and none is left.
    pub(crate) async fn forget_last_factor(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        session: &[u8],
    ) -> Result<(), StoreError> {
        if !self.has_factor(transaction, who.id).await? {
            if self.accounts.needs_factor(who.role) {
                return Err(StoreError::Conflict(Conflict::FactorNeeded));
            }
            self.forget_factors(transaction, who.id).await?;
            sessions::Entity::update_many()
                .col_expr(sessions::Column::Proof, Expr::value(Stored(LogInProof::Password)))
                .filter(sessions::Column::TokenHash.eq(session))
                .exec(transaction)
                .await?;
        }
        self.end_sessions_except(transaction, who.id, Some(session.to_vec()))
            .await
    }

    /// Makes ten new recovery codes in place of the earlier ones.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the account has no second factor that the codes could replace.
    pub async fn renew_recovery_codes(
        &self,
        by: &FullyReauthenticated,
    ) -> Result<Vec<RecoveryCode>, StoreError> {
        let who = &by.0;
        let transaction = self.begin().await?;
        if !self.has_factor(&transaction, who.id).await? {
            return Err(StoreError::Conflict(Conflict::NoFactor));
        }
        let codes = self.insert_recovery_codes(&transaction, who.id).await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::MakeRecoveryCodes,
            &who.login,
        )
        .await?;
        transaction.commit().await?;
        Ok(codes)
    }

    /// Removes the second factors and the identity of an account whose owner lost them, and ends its sessions. If the role needs a second
    /// factor, the owner has to set one up at the next log-in. `None` as `by` is the command line. `proof` says how the owner proved who they
    /// are.
    ///
    /// # Errors
    /// Fails if the log-in name is unknown. Returns [`StoreError::Conflict`] if the account belongs to `by`.
    pub async fn reset_factors(
        &self,
        by: Option<&Reauthenticated>,
        login: &str,
        proof: IdentityProof,
    ) -> Result<(), StoreError> {
        let by = by.map(Reauthenticated::member);
        let transaction = self.begin_administration(by).await?;
        // A request that adds a factor takes this lock, too, and then finds that its session ended.
        self.lock_registration(&transaction).await?;
        let row = self.account_to_change(&transaction, login).await?;
        if by.is_some_and(|by| by.id == row.id) {
            return Err(StoreError::Conflict(Conflict::OwnAccount));
        }
        self.end_sessions_except(&transaction, row.id, None).await?;
        self.forget_factors(&transaction, row.id).await?;
        self.forget_identity(&transaction, row.id).await?;
        let actor = by.map(|by| by.id);
        let object = format!("{} {}", row.login, proof.as_str());
        self.audit_in(&transaction, actor, AuditAction::StaffResetFactors, &object)
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        self.route_due.notify_one();
        Ok(())
    }

    pub(crate) fn new_totp_offer(&self, session_hash: &[u8]) -> Result<TotpOffer, StoreError> {
        let place = totp_offer_place(session_hash);
        let secret = TotpSecret::draw();
        let sealed = self.keys.seal_offer(&place, secret.expose())?;
        Ok(TotpOffer { secret, sealed })
    }

    /// Returns the secret of an offer that was made to this session. `None` for any other text.
    fn opened_offer(&self, session_hash: &[u8], offer: &str) -> Option<TotpSecret> {
        let place = totp_offer_place(session_hash);
        TotpSecret::from_bytes(&self.keys.open_offer(&place, offer)?)
    }

    /// Returns the secret that a form brings back to the session of this secret, so that the page can show it again after a wrong code.
    #[must_use]
    pub fn offered_totp(&self, token: &str, offer: &str) -> Option<TotpOffer> {
        self.repeated_offer(&self.session_hash(token), offer)
    }

    pub(crate) fn repeated_offer(&self, session_hash: &[u8], offer: &str) -> Option<TotpOffer> {
        let secret = self.opened_offer(session_hash, offer)?;
        Some(TotpOffer {
            secret,
            sealed: offer.to_owned(),
        })
    }

    /// Returns the offered secret and the time step of the code, if the code is right.
    pub(crate) fn confirmed(
        &self,
        session_hash: &[u8],
        offer: &str,
        code: &str,
    ) -> Option<(TotpSecret, i64)> {
        let secret = self.opened_offer(session_hash, offer)?;
        match TypedCode::parse(code)? {
            TypedCode::Totp(code) => {
                let step = secret.step_of(&code, self.clock.now())?;
                Some((secret, step))
            }
            TypedCode::Recovery(_) => None,
        }
    }

    /// Stores the secret of an authenticator app and makes recovery codes. The code that confirmed the secret is used with that.
    ///
    /// # Errors
    /// Returns [`Conflict::DoneAlready`] if the account has an authenticator app.
    pub(crate) async fn insert_totp(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        secret: &TotpSecret,
        step: i64,
    ) -> Result<Vec<RecoveryCode>, StoreError> {
        let place = totp_place(who.id);
        let (key, data_key) = self.keys.new_data_key(&place)?;
        let row = totp_secrets::ActiveModel {
            staff_id: Set(who.id),
            data_key: Set(data_key),
            sealed: Set(key.seal(&place, secret.expose())?),
            made_at: Set(self.now()),
            last_step: Set(step),
            used_at: Set(None),
            wrong: Set(0),
        };
        let unless_there = OnConflict::column(totp_secrets::Column::StaffId)
            .do_nothing()
            .to_owned();
        let inserted = totp_secrets::Entity::insert(row)
            .on_conflict(unless_there)
            .exec_without_returning(transaction)
            .await?;
        if inserted != 1 {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        self.audit_in(
            transaction,
            Some(who.id),
            AuditAction::SetUpSecondFactor,
            &who.login,
        )
        .await?;
        self.insert_recovery_codes(transaction, who.id).await
    }

    pub(crate) async fn insert_recovery_codes(
        &self,
        transaction: &DatabaseTransaction,
        staff_id: Uuid,
    ) -> Result<Vec<RecoveryCode>, StoreError> {
        recovery_codes::Entity::delete_many()
            .filter(recovery_codes::Column::StaffId.eq(staff_id))
            .exec(transaction)
            .await?;
        let codes: Vec<RecoveryCode> = (0..RecoveryCode::COUNT).map(|_| RecoveryCode::draw()).collect();
        let rows = codes.iter().map(|code| recovery_codes::ActiveModel {
            hash: Set(self.recovery_hash(staff_id, code)),
            staff_id: Set(staff_id),
            made_at: Set(self.now()),
            used_at: Set(None),
        });
        recovery_codes::Entity::insert_many(rows)
            .exec_without_returning(transaction)
            .await?;
        Ok(codes)
    }

    /// Deletes the authenticator app, the passkeys and the recovery codes of an account.
    async fn forget_factors(
        &self,
        transaction: &DatabaseTransaction,
        staff_id: Uuid,
    ) -> Result<(), StoreError> {
        totp_secrets::Entity::delete_by_id(staff_id)
            .exec(transaction)
            .await?;
        passkeys::Entity::delete_many()
            .filter(passkeys::Column::StaffId.eq(staff_id))
            .exec(transaction)
            .await?;
        recovery_codes::Entity::delete_many()
            .filter(recovery_codes::Column::StaffId.eq(staff_id))
            .exec(transaction)
            .await?;
        Ok(())
    }

    /// Ends the sessions of an account, also incomplete ones, except the one with this hash.
    pub(crate) async fn end_sessions_except(
        &self,
        transaction: &DatabaseTransaction,
        staff_id: Uuid,
        kept: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let mut ended = sessions::Entity::delete_many().filter(sessions::Column::StaffId.eq(staff_id));
        if let Some(kept) = kept {
            ended = ended.filter(sessions::Column::TokenHash.ne(kept));
        }
        ended.exec(transaction).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_recent_passkey_or_recovery_code_replaces_a_code() {
        use hotline_core::staff::factors::LogInStep;
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let is_fresh = |proof: LogInProof, age: TimeDelta| {
            let at = (now - age).timestamp_micros();
            let session = sessions::Model {
                token_hash: Vec::new(),
                staff_id: hotline_core::identifiers::ids::new(now),
                made_at: at,
                seen_at: at,
                step: Stored(LogInStep::Complete),
                proof: Stored(proof),
            };
            is_freshly_proved(&session, now)
        };
        for proof in LogInProof::ALL {
            let proves = [LogInProof::Passkey, LogInProof::RecoveryCode].contains(proof);
            assert_eq!(is_fresh(*proof, TimeDelta::minutes(5)), proves, "{proof:?}");
            assert!(!is_fresh(*proof, TimeDelta::minutes(6)), "{proof:?}");
            assert!(
                !is_fresh(*proof, TimeDelta::minutes(-1)),
                "the clock was set back"
            );
        }
    }
}
