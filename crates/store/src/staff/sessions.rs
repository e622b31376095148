//! Logging in and out.

use std::sync::PoisonError;

use chrono::{DateTime, Duration, Utc};
use hotline_core::{
    identifiers::{chance, private::Private},
    staff::{
        audit::AuditAction,
        factors::{LogInProof, LogInStep},
        notices::{AT_MOST_EVERY, AccountNotice, REFUSED_LOG_INS},
    },
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QuerySelect, sea_query::Expr,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    db::{
        audit::SESSION,
        entity::{sessions, staff},
        store::{Store, time},
        stored::Stored,
    },
    error::StoreError,
    staff::{
        accounts::{StaffMember, person},
        availability::{end_duty, note_action},
        half_sessions::HalfSession,
        passwords::{Device, has_old_parameters, hashed, verified},
    },
};

/// How long a session can be unused before it ends.
pub(crate) const IDLE: Duration = Duration::minutes(30);
/// How long after the log-in a session ends, even if it is in use.
const LONGEST: Duration = Duration::hours(12);
/// The time of last use is stored again only after this time, to limit writes.
const NOTED_AFTER: Duration = Duration::seconds(15);
/// How long after the password was right a session ends whose log-in is still incomplete.
const HALF_LONGEST: Duration = Duration::minutes(15);
/// The number of accounts that an entry of the audit about refused log-ins names.
const MOST_NAMED: usize = 20;
/// The number of bytes of a session's hash that its mark contains.
const MARK_BYTES: usize = 4;
/// How far the stored times of a session may be in the future. If a time is further ahead, the clock must have been set back, and the
/// session ends.
const AHEAD: Duration = Duration::minutes(1);

/// The secret in the cookie of a session. It has 256 bits, and the database stores only its hash.
#[derive(Clone)]
pub struct SessionToken(String);

impl SessionToken {
    fn draw() -> Self {
        Self(data_encoding::BASE64URL_NOPAD.encode(&chance::bytes::<32>()))
    }

    /// Returns the secret as it is in the cookie.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A session that began after a right password, and its secret.
pub enum BegunSession {
    /// The log-in is complete: the member of staff can use the desk.
    Complete(StaffMember, SessionToken),
    /// A second factor is still to be proved or set up.
    Half(HalfSession, SessionToken),
}

impl BegunSession {
    /// Returns the member of staff and the secret of the session; `None` if the log-in lacks a step.
    #[must_use]
    pub fn complete(self) -> Option<(StaffMember, SessionToken)> {
        match self {
            Self::Complete(member, token) => Some((member, token)),
            Self::Half(..) => None,
        }
    }

    pub(crate) const fn token(&self) -> &SessionToken {
        match self {
            Self::Complete(_, token) | Self::Half(_, token) => token,
        }
    }
}

/// The state of the log-in to which a session belongs.
pub enum SessionState {
    /// The log-in is complete: the member of staff can use the desk.
    Complete(StaffMember),
    /// The password was right, and a second factor is still to be proved or set up.
    Half(HalfSession),
}

/// Whether a member of staff or an automatic refresh of a page made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A member of staff made the request. The request counts as use of the session, which ends after 30 minutes without use.
    Person,
    /// The page refreshed automatically. The request does not count as use of the session.
    Page,
}

/// A subscription to the end of a session.
pub struct End(watch::Receiver<()>);

impl End {
    /// Waits until the session ends: by a log-out, by expiry, or because the account is disabled. Also returns if another process ends the
    /// session.
    pub async fn reached(mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

impl Store {
    /// Begins a session with a password. Returns `None` for an unknown log-in name, a wrong password, a disabled account, or an account that
    /// may log in only at the identity provider. All cases take the same time. The session is complete only if the account needs no second
    /// factor.
    ///
    /// # Errors
    /// Fails if a database query fails, or if too many other log-ins are waiting for their password check.
    pub async fn log_in(
        &self,
        login: &str,
        password: &Private<String>,
        device: Device,
    ) -> Result<Option<BegunSession>, StoreError> {
        let row = self.find_login(login).await?;
        let account = row.clone();
        // An account without a password is treated like an unknown log-in name, so that the response takes as long.
        let stored = row.as_ref().map(|row| row.password.clone());
        let stored = stored.filter(|password| !password.is_empty());
        let right = verified(password, stored, device).await?;
        let found = row.filter(|row| right && row.active && self.accounts.may_use_password(&row.login));
        let found = found.and_then(person);
        let Some(member) = found else {
            self.note_refused(1, account.map(|row| row.login).as_deref())
                .await?;
            return Ok(None);
        };
        let checked = account.as_ref().map(|row| row.password.clone());
        let transaction = self.begin().await?;
        let id = member.id;
        // Checking a password takes a while. Nobody logs in with a password that was replaced meanwhile.
        let mut present = staff::Entity::find_by_id(id);
        if !self.on_sqlite() {
            present = present.lock_exclusive();
        }
        let present = present.one(&transaction).await?;
        if present.is_none_or(|row| !row.active || Some(row.password) != checked) {
            transaction.rollback().await?;
            return Ok(None);
        }
        let session = self.begin_after_password(&transaction, member).await?;
        let action = match session {
            BegunSession::Complete(..) => AuditAction::LogIn,
            BegunSession::Half(..) => AuditAction::LogInBegun,
        };
        let entry = self.audit_in(&transaction, Some(id), action, "");
        self.in_session(session.token().expose(), entry).await?;
        if let (Device::Unknown, Some(account)) = (device, &account) {
            self.queue_notice(&transaction, account, AccountNotice::NewDevice)
                .await?;
        }
        transaction.commit().await?;
        if let Some(account) = &account {
            self.renew_old_hash(account, password).await;
        }
        self.note_refused(0, None).await?;
        Ok(Some(session))
    }

    /// Replaces a password hash that was made with old parameters, now that the right password is known. A failure is only logged: the
    /// log-in goes on, and the next one tries again.
    async fn renew_old_hash(&self, account: &staff::Model, password: &Private<String>) {
        if has_old_parameters(&account.password)
            && let Err(error) = self.replace_hash(account, password).await
        {
            tracing::warn!(error = %error, "An old password hash could not be renewed");
        }
    }

    async fn replace_hash(
        &self,
        account: &staff::Model,
        password: &Private<String>,
    ) -> Result<(), StoreError> {
        let hash = hashed(password).await?;
        let transaction = self.begin().await?;
        staff::Entity::update_many()
            .col_expr(staff::Column::Password, Expr::value(hash))
            .filter(staff::Column::Id.eq(account.id))
            // A password that was changed in the meantime stays.
            .filter(staff::Column::Password.eq(&account.password))
            .exec(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Begins a session of a member of staff whose password was right or was just chosen.
    pub(crate) async fn begin_after_password(
        &self,
        transaction: &DatabaseTransaction,
        member: StaffMember,
    ) -> Result<BegunSession, StoreError> {
        self.begin_after(transaction, member, LogInProof::Password).await
    }

    /// Begins a session of a member of staff who proved the first step of the log-in in this way.
    pub(crate) async fn begin_after(
        &self,
        transaction: &DatabaseTransaction,
        mut member: StaffMember,
        proof: LogInProof,
    ) -> Result<BegunSession, StoreError> {
        let has_factor = self.has_factor(transaction, member.id).await?;
        let step = LogInStep::after(proof, has_factor, self.accounts.needs_factor(member.role));
        let token = self.begin_session(transaction, &mut member, step, proof).await?;
        Ok(match step {
            LogInStep::Complete => BegunSession::Complete(member, token),
            LogInStep::Code | LogInStep::Enrol => {
                let hash = self.session_hash(&token.0);
                BegunSession::Half(HalfSession::new(member, hash, step), token)
            }
        })
    }

    /// Begins a session of a member of staff and returns its secret. A session that lacks a step makes nobody present or available.
    pub(crate) async fn begin_session(
        &self,
        transaction: &DatabaseTransaction,
        person: &mut StaffMember,
        step: LogInStep,
        proof: LogInProof,
    ) -> Result<SessionToken, StoreError> {
        let token = SessionToken::draw();
        let now = self.steady.now(self.clock.now()).timestamp_micros();
        // Duty ended with the last session. It does not begin again by logging in.
        if step == LogInStep::Complete && self.is_logged_out(transaction, person.id).await? {
            end_duty(transaction, person.id).await?;
            person.on_duty = false;
        }
        let row = sessions::ActiveModel {
            token_hash: Set(self.keys.lookup("session", &token.0)),
            staff_id: Set(person.id),
            made_at: Set(now),
            seen_at: Set(now),
            step: Set(Stored(step)),
            proof: Set(Stored(proof)),
        };
        row.insert(transaction).await?;
        if step == LogInStep::Complete {
            note_action(transaction, person.id, now).await?;
        }
        Ok(token)
    }

    /// Adds `more` to the number of refused log-ins that are not in the audit log yet, and to those of the account with the log-in name `login`.
    /// Then writes an audit entry with these numbers and resets them, unless the last such entry is less than a minute old. Password guesses
    /// therefore cannot flood the audit log. After a successful log-in, `more` is 0.
    pub(crate) async fn note_refused(&self, more: u64, login: Option<&str>) -> Result<(), StoreError> {
        self.note_attack(more, login).await?;
        metrics::counter!("hotline_log_ins_refused_total").increment(more);
        let (since_last, by_account) = {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.since_last += more;
            if let Some(login) = login {
                *refused.by_account.entry(login.to_owned()).or_default() += more;
            }
            if refused.since_last == 0 {
                return Ok(());
            }
            let now = self.clock.now();
            if refused.noted_at.is_some_and(|at| now - at < Duration::minutes(1)) {
                return Ok(());
            }
            refused.noted_at = Some(now);
            (
                std::mem::take(&mut refused.since_last),
                std::mem::take(&mut refused.by_account),
            )
        };
        let mut object = since_last.to_string();
        for (login, count) in by_account.iter().take(MOST_NAMED) {
            object.push_str(&format!(" {login}:{count}"));
        }
        let transaction = self.begin().await?;
        self.audit_in(&transaction, None, AuditAction::LogInRefused, &object)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Notifies an account once several log-ins with its name were refused within an hour.
    async fn note_attack(&self, more: u64, login: Option<&str>) -> Result<(), StoreError> {
        let Some(login) = login else { return Ok(()) };
        let now = self.clock.now();
        let is_attack = {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            let count = refused.attacks.entry(login.to_owned()).or_insert((0, now));
            if now - count.1 > AT_MOST_EVERY {
                *count = (0, now);
            }
            let before = count.0;
            count.0 += more;
            before < REFUSED_LOG_INS && count.0 >= REFUSED_LOG_INS
        };
        if !is_attack {
            return Ok(());
        }
        let transaction = self.begin().await?;
        let account = staff::Entity::find().filter(staff::Column::Login.eq(login));
        if let Some(account) = account.one(&transaction).await? {
            self.queue_notice(&transaction, &account, AccountNotice::RefusedLogIns)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Counts a return from the identity provider that was refused, such as one with a wrong state, as a refused log-in.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn note_provider_refused(&self) -> Result<(), StoreError> {
        self.note_refused(1, None).await
    }

    /// Returns the value of the cookie that a device gets after a log-in with this log-in name. A later log-in from a device with this
    /// cookie does not wait in the queue of log-ins from unknown devices.
    #[must_use]
    pub fn device_mark(&self, login: &str) -> String {
        data_encoding::HEXLOWER.encode(&self.keys.lookup("device", &login.trim().to_lowercase()))
    }

    /// Returns the member of staff who is logged in with this secret; `None` also if the log-in lacks a step. [`Store::session_state`]
    /// describes `asker`.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn logged_in(&self, token: &str, asker: Asker) -> Result<Option<StaffMember>, StoreError> {
        Ok(match self.session_state(token, asker).await? {
            Some(SessionState::Complete(member)) => Some(member),
            Some(SessionState::Half(_)) | None => None,
        })
    }

    /// Returns the state of the session with this secret; `None` if there is no such session or it ended. Only a request by [`Asker::Person`] counts as use of the session,
    /// which ends if it is unused for 30 minutes.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn session_state(&self, token: &str, asker: Asker) -> Result<Option<SessionState>, StoreError> {
        let hash = self.keys.lookup("session", token);
        let found = sessions::Entity::find_by_id(hash.clone());
        let Some(session) = found.one(&self.reading).await? else {
            return Ok(None);
        };
        let now = self.steady.now(self.clock.now());
        if has_ended(&session, now) {
            if let Err(error) = self.end_session(&hash).await {
                tracing::warn!(error = %error, "An ended log-in could not be deleted");
            }
            return Ok(None);
        }
        let row = staff::Entity::find_by_id(session.staff_id)
            .one(&self.reading)
            .await?;
        let Some(member) = row.filter(|row| row.active).and_then(person) else {
            return Ok(None);
        };
        let step = self.step_of(&session, &member).await?;
        if step != LogInStep::Complete {
            return Ok(Some(SessionState::Half(HalfSession::new(member, hash, step))));
        }
        if asker == Asker::Person && now - time(session.seen_at) > NOTED_AFTER {
            // A failure is only logged, so that staff can still read if the disk is full.
            if let Err(error) = self.note_seen(hash, session.staff_id, now).await {
                tracing::warn!(error = %error, "A log-in in use could not be noted");
            }
        }
        Ok(Some(SessionState::Complete(member)))
    }

    /// Returns what a session lacks now. The factors of the account are read only if the answer depends on them.
    async fn step_of(
        &self,
        session: &sessions::Model,
        member: &StaffMember,
    ) -> Result<LogInStep, StoreError> {
        let (step, proof) = (session.step.0, session.proof.0);
        let needs_factor = self.accounts.needs_factor(member.role);
        if step.in_session(proof, false, needs_factor) == step {
            return Ok(step);
        }
        let has_factor = self.has_factor(&self.reading, member.id).await?;
        Ok(step.in_session(proof, has_factor, needs_factor))
    }

    async fn note_seen(&self, hash: Vec<u8>, staff_id: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        note_action(&transaction, staff_id, now.timestamp_micros()).await?;
        sessions::Entity::update_many()
            .col_expr(sessions::Column::SeenAt, Expr::value(now.timestamp_micros()))
            .filter(sessions::Column::TokenHash.eq(hash))
            .exec(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn end_session(&self, hash: &[u8]) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        sessions::Entity::delete_by_id(hash.to_vec())
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        self.watched.all().remove(hash);
        Ok(())
    }

    /// Ends a session. If it was the last session of the member of staff, the duty ends too.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn log_out(&self, token: &str) -> Result<(), StoreError> {
        let hash = self.keys.lookup("session", token);
        let transaction = self.begin().await?;
        let session = sessions::Entity::find_by_id(hash.clone())
            .one(&transaction)
            .await?;
        sessions::Entity::delete_by_id(hash.clone())
            .exec(&transaction)
            .await?;
        if let Some(session) = session {
            note_action(&transaction, session.staff_id, self.now()).await?;
            self.audit_in(&transaction, Some(session.staff_id), AuditAction::LogOut, "")
                .await?;
            if self.is_logged_out(&transaction, session.staff_id).await? {
                end_duty(&transaction, session.staff_id).await?;
            }
        }
        transaction.commit().await?;
        self.watched.all().remove(&hash);
        self.route_due.notify_one();
        // Pages that another process sent in this session may still be open, so all processes are notified of its end.
        self.notify_changed().await;
        Ok(())
    }

    /// Gives a session a new secret, after its owner changed what proves a log-in. The old secret stops working. Returns `None` if the
    /// session has ended.
    ///
    /// # Errors
    /// Fails if a database query fails. The session then keeps its secret.
    pub async fn renew_session(&self, token: &str) -> Result<Option<SessionToken>, StoreError> {
        let old_hash = self.session_hash(token);
        let transaction = self.begin().await?;
        // A reset ends the sessions before or after the renewal, and not between its two steps.
        self.lock_registration(&transaction).await?;
        let found = sessions::Entity::find_by_id(old_hash.clone())
            .one(&transaction)
            .await?;
        let Some(session) = found else { return Ok(None) };
        let renewed = SessionToken::draw();
        let new_hash = self.session_hash(&renewed.0);
        let row = sessions::Model {
            token_hash: new_hash.clone(),
            ..session
        };
        sessions::ActiveModel::from(row)
            .reset_all()
            .insert(&transaction)
            .await?;
        // The subscription of the device would end with the old row.
        self.move_device(&transaction, &old_hash, &new_hash).await?;
        let ended = sessions::Entity::delete_by_id(old_hash)
            .exec(&transaction)
            .await?;
        if ended.rows_affected != 1 {
            // Another request ended or renewed the session at the same time.
            transaction.rollback().await?;
            return Ok(None);
        }
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(Some(renewed))
    }

    /// Runs a task in the session with this secret: the log of the audit names the session by its mark, the beginning of the id that its owner
    /// sees (`OwnSession`).
    pub async fn in_session<F: Future>(&self, token: &str, task: F) -> F::Output {
        let hash = self.session_hash(token);
        let mark = data_encoding::HEXLOWER.encode(hash.get(..MARK_BYTES).unwrap_or_default());
        SESSION.scope(mark, task).await
    }

    /// Returns the hash of a session's secret. The hash identifies the session in the database.
    pub(crate) fn session_hash(&self, token: &str) -> Vec<u8> {
        self.keys.lookup("session", token)
    }

    /// Returns an [`End`] that waits until the session with this secret ends.
    #[must_use]
    pub fn end_of_session(&self, token: &str) -> End {
        let hash = self.keys.lookup("session", token);
        let mut all = self.watched.all();
        End(all.entry(hash).or_default().subscribe())
    }

    /// Notifies the subscribers of each session that has ended, whichever process ended it.
    pub(crate) async fn notice_ended_sessions(&self) {
        let watched: Vec<Vec<u8>> = {
            let mut all = self.watched.all();
            all.retain(|_, end| end.receiver_count() > 0);
            all.keys().cloned().collect()
        };
        if watched.is_empty() {
            return;
        }
        match self.living_sessions(&watched).await {
            // The query did not check a session whose first subscriber came after `watched` was collected. Such a session stays in the map,
            // and the next call checks it.
            Ok(living) => self
                .watched
                .all()
                .retain(|hash, _| living.contains(hash) || !watched.contains(hash)),
            Err(error) => tracing::warn!(error = %error, "Could not look whether log-ins have ended"),
        }
    }

    async fn living_sessions(&self, hashes: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StoreError> {
        let now = self.steady.now(self.clock.now());
        let mut found = sessions::Entity::find()
            .filter(sessions::Column::TokenHash.is_in(hashes.iter().cloned()))
            .all(&self.reading)
            .await?;
        found.retain(|session| is_in_use(session, now));
        let people = found.iter().map(|session| session.staff_id);
        let active = staff::Entity::find()
            .filter(staff::Column::Id.is_in(people))
            .filter(staff::Column::Active.eq(true))
            .all(&self.reading)
            .await?;
        found.retain(|session| active.iter().any(|one| one.id == session.staff_id));
        Ok(found.into_iter().map(|session| session.token_hash).collect())
    }
}

/// Returns whether a session counts as logged in: its log-in was completed, and it has not ended.
pub(crate) fn is_in_use(session: &sessions::Model, now: DateTime<Utc>) -> bool {
    session.step.0 == LogInStep::Complete && !has_ended(session, now)
}

pub(crate) fn has_ended(session: &sessions::Model, now: DateTime<Utc>) -> bool {
    let (made, seen) = (time(session.made_at), time(session.seen_at));
    let longest = match session.step.0 {
        LogInStep::Complete => LONGEST,
        LogInStep::Code | LogInStep::Enrol => HALF_LONGEST,
    };
    now - made > longest || now - seen > IDLE || made - now > AHEAD || seen - now > AHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_ends_when_unused_when_old_and_when_it_lies_in_the_future() {
        let now = DateTime::UNIX_EPOCH + Duration::days(20_000);
        let ended_at = |step: LogInStep, made: Duration, seen: Duration| {
            let session = sessions::Model {
                token_hash: Vec::new(),
                staff_id: hotline_core::identifiers::ids::new(now),
                made_at: (now - made).timestamp_micros(),
                seen_at: (now - seen).timestamp_micros(),
                step: Stored(step),
                proof: Stored(LogInProof::Password),
            };
            has_ended(&session, now)
        };
        let ended = |made: Duration, seen: Duration| ended_at(LogInStep::Complete, made, seen);
        let minutes = Duration::minutes;
        assert!(!ended(minutes(0), minutes(0)));
        assert!(!ended(minutes(719), minutes(29)));
        assert!(ended(minutes(719), minutes(31)));
        assert!(ended(minutes(721), minutes(0)));
        assert!(ended(minutes(10), minutes(-2)), "the clock was set back");
        assert!(ended(minutes(-2), minutes(0)));
        for step in [LogInStep::Code, LogInStep::Enrol] {
            assert!(!ended_at(step, minutes(15), minutes(15)));
            assert!(ended_at(step, minutes(16), minutes(0)), "{step:?}");
        }
    }
}
