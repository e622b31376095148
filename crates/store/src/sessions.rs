//! Logging in and out, and how passwords are kept.

use std::sync::PoisonError;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use chrono::{DateTime, Duration, Utc};
use hotline_core::{chance, private::Private};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    entity::{sessions, staff},
    error::{Conflict, StoreError},
    staff::{Person, SHORTEST_PASSWORD, person},
    store::{Store, time},
};

/// A log-in unused for this long ends (requirement A4).
const IDLE: Duration = Duration::minutes(30);
/// A log-in ends after this long in any case.
const LONGEST: Duration = Duration::hours(12);
/// Passwords are checked one at a time: each takes 19 MiB and a core (requirement A1).
static GATE: Semaphore = Semaphore::const_new(1);
/// Nobody waits longer than this for the turn of a password to be checked.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Log-ins that were refused and not noted in the audit yet.
#[derive(Default)]
pub(crate) struct Refused {
    since_last: u64,
    noted_at: Option<DateTime<Utc>>,
}

/// The secret in the cookie of a log-in: 256 bits, of which only a hash is stored.
#[derive(Clone)]
pub struct SessionToken(String);

impl SessionToken {
    /// The secret as it stands in the cookie.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Store {
    /// Logs in. `None` if the log-in or password is wrong or the account is disabled: which, takes equally long to find out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn log_in(
        &self,
        login: &str,
        password: &Private<String>,
    ) -> Result<Option<(Person, SessionToken)>, StoreError> {
        let row = self.find_login(login).await?;
        let stored = row.as_ref().map(|row| row.password.clone());
        let right = verified(password, stored).await?;
        let found = row.filter(|row| right && row.active).and_then(person);
        let Some(person) = found else {
            self.note_refused(1).await?;
            return Ok(None);
        };
        let token = SessionToken(data_encoding::BASE64URL_NOPAD.encode(&chance::bytes::<32>()));
        let now = self.now();
        let row = sessions::ActiveModel {
            token_hash: Set(self.keys.lookup("session", &token.0)),
            staff_id: Set(person.id),
            made_at: Set(now),
            seen_at: Set(now),
        };
        let transaction = self.begin().await?;
        row.insert(&transaction).await?;
        self.audit_in(&transaction, Some(person.id), "log in", "").await?;
        transaction.commit().await?;
        self.note_refused(0).await?;
        Ok(Some((person, token)))
    }

    /// Whoever guesses passwords writes one line of the audit a minute, not one for each guess. What is left over is noted with the next
    /// log-in, refused or not.
    async fn note_refused(&self, more: u64) -> Result<(), StoreError> {
        let since_last = {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.since_last += more;
            if refused.since_last == 0 {
                return Ok(());
            }
            let now = self.clock.now();
            if refused.noted_at.is_some_and(|at| now - at < Duration::minutes(1)) {
                return Ok(());
            }
            refused.noted_at = Some(now);
            std::mem::take(&mut refused.since_last)
        };
        self.audit(None, "log-in refused", &since_last.to_string()).await
    }

    /// What a device keeps on which somebody has logged in: whoever tries this log-in there does not wait because others guess at it
    /// elsewhere.
    #[must_use]
    pub fn device_mark(&self, login: &str) -> String {
        data_encoding::HEXLOWER.encode(&self.keys.lookup("device", &login.trim().to_lowercase()))
    }

    /// Who is logged in with this secret.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn logged_in(&self, token: &str) -> Result<Option<Person>, StoreError> {
        let hash = self.keys.lookup("session", token);
        let Some(session) = sessions::Entity::find_by_id(hash.clone())
            .one(&self.reading)
            .await?
        else {
            return Ok(None);
        };
        let now: DateTime<Utc> = self.clock.now();
        if now - time(session.made_at) > LONGEST || now - time(session.seen_at) > IDLE {
            if let Err(error) = self.end_session(hash).await {
                tracing::warn!(error = %error, "An ended log-in could not be deleted");
            }
            return Ok(None);
        }
        // Once a minute is often enough to know that somebody is there.
        if now - time(session.seen_at) > Duration::minutes(1) {
            // On a full disk staff can still read.
            if let Err(error) = self.renew_session(hash, now).await {
                tracing::warn!(error = %error, "A log-in in use could not be noted");
            }
        }
        let row = staff::Entity::find_by_id(session.staff_id)
            .one(&self.reading)
            .await?;
        Ok(row.filter(|row| row.active).and_then(person))
    }

    /// Ends a log-in.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn log_out(&self, token: &str) -> Result<(), StoreError> {
        self.end_session(self.keys.lookup("session", token)).await
    }

    async fn end_session(&self, hash: Vec<u8>) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        sessions::Entity::delete_by_id(hash).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn renew_session(&self, hash: Vec<u8>, now: DateTime<Utc>) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        sessions::Entity::update_many()
            .col_expr(sessions::Column::SeenAt, Expr::value(now.timestamp_micros()))
            .filter(sessions::Column::TokenHash.eq(hash))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn turn() -> Result<SemaphorePermit<'static>, StoreError> {
    let turn = tokio::time::timeout(PATIENCE, GATE.acquire()).await;
    turn.ok()
        .and_then(Result::ok)
        .ok_or(StoreError::Conflict(Conflict::Busy))
}

pub(crate) async fn hashed(password: &Private<String>) -> Result<String, StoreError> {
    if password.expose().chars().count() < SHORTEST_PASSWORD {
        return Err(StoreError::Conflict(Conflict::ShortPassword));
    }
    let password = password.clone();
    let _turn = turn().await?;
    let hash = tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.expose().as_bytes())
            .map(|hash| hash.to_string())
    });
    hash.await
        .ok()
        .and_then(Result::ok)
        .ok_or(StoreError::Conflict(Conflict::UnhashablePassword))
}

async fn verified(password: &Private<String>, stored: Option<String>) -> Result<bool, StoreError> {
    /// A hash of nothing anybody knows, so that an unknown log-in takes as long as a wrong password.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Zm9yIG5vYm9keSBhdCBhbGwsIG5vdCBldmVuIHVzLi4";
    let password = password.clone();
    let known = stored.is_some();
    let _turn = turn().await?;
    let checked = tokio::task::spawn_blocking(move || {
        let text = stored.unwrap_or_else(|| NOBODY.to_owned());
        let Ok(hash) = PasswordHash::new(&text) else {
            return false;
        };
        Argon2::default()
            .verify_password(password.expose().as_bytes(), &hash)
            .is_ok()
    });
    Ok(checked.await.unwrap_or(false) && known)
}
