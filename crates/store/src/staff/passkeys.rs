//! Passkeys of accounts: adding and removing one, and logging in with one.
//!
//! The state of a challenge is sealed and given to the browser, so that every process can check the answer. An answer works once: a challenge
//! that is older than the last use of the passkey is refused.

use chrono::{DateTime, Duration, Utc};
use data_encoding::HEXLOWER;
use hotline_core::{
    identifiers::ids,
    staff::{
        audit::AuditAction,
        factors::{LogInProof, LogInStep},
        passkeys::{Passkey, PasskeyChallenge, PasskeyError, RelyingParty},
        recovery::RecoveryCode,
    },
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::{
        entity::{passkeys, staff},
        store::{Store, time},
    },
    error::{Conflict, StoreError, unreadable},
    sealing::places::passkey_challenge_place,
    staff::{
        accounts::{StaffMember, person},
        factors::FullyReauthenticated,
        half_sessions::{Enrolled, HalfSession},
        sessions::{BegunSession, SessionToken},
    },
};

/// How long a challenge can be answered.
const LONGEST: Duration = Duration::minutes(15);
/// How far the time of a use may be in the future, in microseconds.
const AHEAD_MICROS: i64 = 60_000_000;
/// The most passkeys of one account.
const MOST: u64 = 10;
/// The longest name of a passkey, in characters.
const LONGEST_NAME: usize = 60;

/// A passkey of an account, as its owner may see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct PasskeyFactor {
    /// The id of the passkey.
    pub id: Uuid,
    /// The name that its owner gave to it.
    pub name: String,
    /// When it was added.
    pub made_at: DateTime<Utc>,
    /// When it was last used to log in; null if it was not.
    pub used_at: Option<DateTime<Utc>>,
}

/// A challenge for a device, and its sealed state.
#[derive(Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct PasskeyOffer {
    /// The options as JSON text, for `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    pub options: String,
    /// The offer, to be sent back with the answer of the device.
    pub offer: String,
}

/// The answer of a device to a challenge for a new passkey.
pub struct NewPasskey<'a> {
    /// The name that the owner gives to the passkey.
    pub name: &'a str,
    /// The offer with the challenge.
    pub offer: &'a str,
    /// The answer as JSON.
    pub answer: &'a str,
}

/// A passkey that was added.
pub struct AddedPasskey {
    /// The recovery codes, which are shown this once; `None` if the account had some.
    pub codes: Option<Vec<RecoveryCode>>,
}

/// What a challenge is for. Its sealed state opens only for the same purpose.
enum Purpose<'a> {
    /// Adding a passkey in the session with this hash.
    Add(&'a [u8]),
    /// Completing the log-in of the session with this hash.
    Complete(&'a [u8]),
    /// Logging in without a name.
    LogIn,
}

impl Purpose<'_> {
    fn place(&self) -> String {
        passkey_challenge_place(&match self {
            Self::Add(session) => format!("add|{}", HEXLOWER.encode(session)),
            Self::Complete(session) => format!("complete|{}", HEXLOWER.encode(session)),
            Self::LogIn => "log in".to_owned(),
        })
    }
}

/// The state of a challenge.
#[derive(Serialize, Deserialize)]
struct Ceremony {
    /// When the challenge was made, in microseconds since 1970.
    made_at: i64,
    state: String,
}

/// The passkey with which a device answered, with its new counter.
struct ProvedPasskey {
    id: Uuid,
    passkey: Passkey,
}

/// Checks the answer of a device with the passkeys of an account. Returns `None` if the answer is refused.
fn proved_passkey(
    stored: Vec<(Uuid, Passkey)>,
    finish: impl FnOnce(&[Passkey]) -> Result<Passkey, PasskeyError>,
) -> Option<ProvedPasskey> {
    let (ids, present): (Vec<Uuid>, Vec<Passkey>) = stored.into_iter().unzip();
    match finish(&present) {
        Ok(passkey) => {
            let place = present.iter().position(|one| one.id() == passkey.id())?;
            let id = *ids.get(place)?;
            Some(ProvedPasskey { id, passkey })
        }
        Err(error) => {
            tracing::warn!(%error, "A log-in with a passkey was refused");
            None
        }
    }
}

impl Store {
    /// Returns whether passkeys can be used: the desk has a domain name and is reached by HTTPS.
    #[must_use]
    pub const fn has_passkeys(&self) -> bool {
        self.relying_party.is_some()
    }

    fn relying_party(&self) -> Result<&RelyingParty, StoreError> {
        self.relying_party
            .as_ref()
            .ok_or(StoreError::NotFound("passkeys"))
    }

    /// Returns the passkeys of an account, the oldest first.
    pub(crate) async fn passkeys(&self, staff_id: Uuid) -> Result<Vec<PasskeyFactor>, StoreError> {
        let rows = passkeys::Entity::find()
            .filter(passkeys::Column::StaffId.eq(staff_id))
            .order_by_asc(passkeys::Column::MadeAt)
            .all(&self.reading)
            .await?;
        let shown = rows.into_iter().map(|row| PasskeyFactor {
            id: row.id,
            name: row.name,
            made_at: time(row.made_at),
            used_at: row.used_at.map(time),
        });
        Ok(shown.collect())
    }

    pub(crate) async fn has_passkey(
        &self,
        connection: &impl ConnectionTrait,
        staff_id: Uuid,
    ) -> Result<bool, StoreError> {
        let count = passkeys::Entity::find()
            .filter(passkeys::Column::StaffId.eq(staff_id))
            .count(connection)
            .await?;
        Ok(count > 0)
    }

    /// Makes a challenge for a new passkey, in a session whose owner proved the log-in again. `token` is the secret of the session.
    ///
    /// # Errors
    /// Returns [`Conflict::TooManyPasskeys`] if the account has as many passkeys as it may have.
    pub async fn offer_passkey(
        &self,
        by: &FullyReauthenticated,
        token: &str,
    ) -> Result<PasskeyOffer, StoreError> {
        let session = self.session_hash(token);
        self.offer_passkey_to(by.member(), &session).await
    }

    /// Makes a challenge for a new passkey for a log-in that has to set up a second factor.
    ///
    /// # Errors
    /// As [`Store::offer_passkey`]. Fails also if the log-in lacks another step.
    pub async fn offer_passkey_to_half(&self, half: &HalfSession) -> Result<PasskeyOffer, StoreError> {
        if half.step() != LogInStep::Enrol {
            return Err(StoreError::NotFound("enrolment"));
        }
        self.offer_passkey_to(half.member(), half.hash()).await
    }

    async fn offer_passkey_to(
        &self,
        who: &StaffMember,
        session_hash: &[u8],
    ) -> Result<PasskeyOffer, StoreError> {
        let present = self.stored_passkeys(&self.reading, who.id).await?;
        if present.len() as u64 >= MOST {
            return Err(StoreError::Conflict(Conflict::TooManyPasskeys));
        }
        let present: Vec<Passkey> = present.into_iter().map(|(_, passkey)| passkey).collect();
        let challenge = self
            .relying_party()?
            .begin_registration(who.id, &who.login, &who.name, &present)
            .map_err(unreadable)?;
        self.seal_challenge(&Purpose::Add(session_hash), challenge)
    }

    /// Adds the passkey of the device that answered, and ends the other sessions of the account. Returns the recovery codes if this is the
    /// first second factor. Returns `None` if the answer is refused.
    ///
    /// # Errors
    /// Returns [`Conflict::DoneAlready`] if the passkey belongs to an account, and [`Conflict::TooManyPasskeys`] as
    /// [`Store::offer_passkey`].
    pub async fn add_passkey(
        &self,
        who: &StaffMember,
        token: &str,
        answer: &NewPasskey<'_>,
    ) -> Result<Option<AddedPasskey>, StoreError> {
        let session = self.session_hash(token);
        let Some(passkey) = self.registered(&session, answer)? else {
            return Ok(None);
        };
        let transaction = self.begin().await?;
        // The same order of locks as in a reset, which therefore comes before or after.
        self.lock_registration(&transaction).await?;
        self.prove_live_session(&transaction, who, &session, LogInProof::Passkey)
            .await?;
        let codes = self
            .insert_passkey(&transaction, who, &passkey, answer.name)
            .await?;
        self.end_sessions_except(&transaction, who.id, Some(session))
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(Some(AddedPasskey { codes }))
    }

    /// Completes a log-in by adding a passkey. The session ends, a new one begins, and all others of the account end. Returns `None` if the
    /// answer is refused.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the log-in was completed already, or if the account has a second factor by now.
    pub async fn complete_by_adding_passkey(
        &self,
        half: &HalfSession,
        answer: &NewPasskey<'_>,
    ) -> Result<Option<Enrolled>, StoreError> {
        if half.step() != LogInStep::Enrol {
            return Err(StoreError::NotFound("enrolment"));
        }
        let Some(passkey) = self.registered(half.hash(), answer)? else {
            return Ok(None);
        };
        let transaction = self.begin().await?;
        let codes = self
            .insert_passkey(&transaction, half.member(), &passkey, answer.name)
            .await?;
        // Somebody who knows only the password must not add a passkey to an account that has a second factor by now.
        let codes = codes.ok_or(StoreError::Conflict(Conflict::DoneAlready))?;
        let (member, token) = self
            .complete_log_in(&transaction, half, LogInProof::Passkey)
            .await?;
        let kept = self.session_hash(token.expose());
        self.end_sessions_except(&transaction, member.id, Some(kept))
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(Some(Enrolled { member, token, codes }))
    }

    /// Removes a passkey of the account, and ends the other sessions. Recovery codes are removed with the last factor.
    ///
    /// # Errors
    /// Fails if the account has no such passkey. Returns [`Conflict::FactorNeeded`] if the role needs a second factor and this is the last.
    pub async fn remove_passkey(
        &self,
        by: &FullyReauthenticated,
        token: &str,
        id: Uuid,
    ) -> Result<(), StoreError> {
        let who = by.member();
        let session = self.session_hash(token);
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let removed = passkeys::Entity::delete_many()
            .filter(passkeys::Column::Id.eq(id))
            .filter(passkeys::Column::StaffId.eq(who.id))
            .exec(&transaction)
            .await?;
        if removed.rows_affected != 1 {
            return Err(StoreError::NotFound("passkey"));
        }
        self.forget_last_factor(&transaction, who, &session).await?;
        self.audit_in(&transaction, Some(who.id), AuditAction::RemovePasskey, &who.login)
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(())
    }

    /// Makes a challenge for the passkeys of an account whose log-in lacks a code. Returns `None` if it has no passkey.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn passkey_challenge(&self, half: &HalfSession) -> Result<Option<PasskeyOffer>, StoreError> {
        let Some(party) = &self.relying_party else {
            return Ok(None);
        };
        let stored = self.stored_passkeys(&self.reading, half.member().id).await?;
        if half.step() != LogInStep::Code || stored.is_empty() {
            return Ok(None);
        }
        let present: Vec<Passkey> = stored.into_iter().map(|(_, passkey)| passkey).collect();
        let challenge = party.begin_proof(&present).map_err(unreadable)?;
        self.seal_challenge(&Purpose::Complete(half.hash()), challenge)
            .map(Some)
    }

    /// Completes a log-in with a passkey. The session ends, and a new one with a new secret begins. Returns `None` if the answer is refused.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the log-in was completed already.
    pub async fn complete_with_passkey(
        &self,
        half: &HalfSession,
        offer: &str,
        answer: &str,
    ) -> Result<Option<(StaffMember, SessionToken)>, StoreError> {
        if half.step() != LogInStep::Code {
            return Err(StoreError::NotFound("code"));
        }
        let party = self.relying_party()?;
        let ceremony = self.open_challenge(&Purpose::Complete(half.hash()), offer);
        let stored = self.stored_passkeys(&self.reading, half.member().id).await?;
        let proved = ceremony.and_then(|ceremony| {
            let finish = |present: &[Passkey]| party.finish_proof(&ceremony.state, answer, present);
            proved_passkey(stored, finish).map(|used| (ceremony, used))
        });
        let transaction = self.begin().await?;
        if let Some((ceremony, used)) = proved
            && self.use_passkey(&transaction, &ceremony, &used).await?
        {
            let session = self
                .complete_log_in(&transaction, half, LogInProof::Passkey)
                .await?;
            self.commit(transaction).await?;
            self.notice_ended_sessions().await;
            return Ok(Some(session));
        }
        self.audit_in(
            &transaction,
            Some(half.member().id),
            AuditAction::CodeRefused,
            half.login(),
        )
        .await?;
        transaction.commit().await?;
        Ok(None)
    }

    /// Makes a challenge for a device that knows the account itself. Returns `None` if passkeys cannot be used.
    ///
    /// # Errors
    /// Never fails in practice.
    pub fn passkey_log_in_challenge(&self) -> Result<Option<PasskeyOffer>, StoreError> {
        let Some(party) = &self.relying_party else {
            return Ok(None);
        };
        let challenge = party.begin_log_in().map_err(unreadable)?;
        self.seal_challenge(&Purpose::LogIn, challenge).map(Some)
    }

    /// Begins a session with a passkey alone, which proves two factors. Returns `None` if the answer is refused, if the account is disabled
    /// or has no password, or if it may log in only at the identity provider.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn log_in_with_passkey(
        &self,
        offer: &str,
        answer: &str,
    ) -> Result<Option<BegunSession>, StoreError> {
        let party = self.relying_party()?;
        let ceremony = self.open_challenge(&Purpose::LogIn, offer);
        let account = party.account_of(answer);
        let (Some(ceremony), Ok(account)) = (ceremony, account) else {
            self.note_refused(1, None).await?;
            return Ok(None);
        };
        // Anybody can send answers. They are checked before the database is locked for writing.
        let stored = self.stored_passkeys(&self.reading, account).await?;
        let finish = |present: &[Passkey]| party.finish_log_in(&ceremony.state, answer, present);
        let Some(used) = proved_passkey(stored, finish) else {
            self.note_refused(1, None).await?;
            return Ok(None);
        };
        let transaction = self.begin().await?;
        let row = staff::Entity::find_by_id(account).one(&transaction).await?;
        let may = |row: &staff::Model| {
            row.active && !row.password.is_empty() && self.accounts.may_use_password(&row.login)
        };
        if let Some(member) = row.filter(may).and_then(person)
            && self.use_passkey(&transaction, &ceremony, &used).await?
        {
            let id = member.id;
            let begun = self
                .begin_after(&transaction, member, LogInProof::Passkey)
                .await?;
            let detail = LogInProof::Passkey.as_str();
            let entry = self.audit_in(&transaction, Some(id), AuditAction::LogIn, detail);
            self.in_session(begun.token().expose(), entry).await?;
            self.commit(transaction).await?;
            self.note_refused(0, None).await?;
            return Ok(Some(begun));
        }
        transaction.rollback().await?;
        self.note_refused(1, None).await?;
        Ok(None)
    }

    /// Uses the passkey with which a device answered. Returns `false` if it was removed, or used since the challenge was made.
    async fn use_passkey(
        &self,
        transaction: &DatabaseTransaction,
        ceremony: &Ceremony,
        used: &ProvedPasskey,
    ) -> Result<bool, StoreError> {
        // Later than the challenge also if the clock of another process is ahead.
        let now = self.now().max(ceremony.made_at + 1);
        // A time of use in the future comes from a clock that was set back since.
        let future = self.now() + AHEAD_MICROS;
        let unused_since = Condition::any()
            .add(passkeys::Column::UsedAt.is_null())
            .add(passkeys::Column::UsedAt.lt(ceremony.made_at))
            .add(
                Condition::all()
                    .add(passkeys::Column::UsedAt.gt(future))
                    .add(passkeys::Column::UsedAt.ne(ceremony.made_at + 1)),
            );
        let credential = serde_json::to_string(&used.passkey).map_err(unreadable)?;
        let updated = passkeys::Entity::update_many()
            .col_expr(passkeys::Column::UsedAt, Expr::value(now))
            .col_expr(passkeys::Column::Credential, Expr::value(credential))
            .filter(passkeys::Column::Id.eq(used.id))
            .filter(unused_since)
            .exec(transaction)
            .await?;
        Ok(updated.rows_affected == 1)
    }

    async fn stored_passkeys(
        &self,
        connection: &impl ConnectionTrait,
        staff_id: Uuid,
    ) -> Result<Vec<(Uuid, Passkey)>, StoreError> {
        let rows = passkeys::Entity::find()
            .filter(passkeys::Column::StaffId.eq(staff_id))
            .all(connection)
            .await?;
        let read = rows.into_iter().map(|row| {
            let passkey = serde_json::from_str(&row.credential).map_err(unreadable)?;
            Ok((row.id, passkey))
        });
        read.collect()
    }

    /// Reads the new passkey from the answer of a device. Returns `None` if the answer is refused.
    ///
    /// # Errors
    /// Returns [`Conflict::InvalidName`] if the name is empty or too long.
    fn registered(
        &self,
        session_hash: &[u8],
        answer: &NewPasskey<'_>,
    ) -> Result<Option<Passkey>, StoreError> {
        let party = self.relying_party()?;
        if !(1..=LONGEST_NAME).contains(&answer.name.trim().chars().count()) {
            return Err(StoreError::Conflict(Conflict::InvalidName));
        }
        let Some(ceremony) = self.open_challenge(&Purpose::Add(session_hash), answer.offer) else {
            return Ok(None);
        };
        match party.finish_registration(&ceremony.state, answer.answer) {
            Ok(passkey) => Ok(Some(passkey)),
            Err(error) => {
                tracing::warn!(%error, "A new passkey was refused");
                Ok(None)
            }
        }
    }

    /// Stores a passkey. Returns new recovery codes if the account had no second factor.
    async fn insert_passkey(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        passkey: &Passkey,
        name: &str,
    ) -> Result<Option<Vec<RecoveryCode>>, StoreError> {
        self.lock_registration(transaction).await?;
        let is_first = !self.has_factor(transaction, who.id).await?;
        let count = passkeys::Entity::find()
            .filter(passkeys::Column::StaffId.eq(who.id))
            .count(transaction)
            .await?;
        if count >= MOST {
            return Err(StoreError::Conflict(Conflict::TooManyPasskeys));
        }
        let hash = self.keys.lookup("passkey", &HEXLOWER.encode(passkey.id()));
        let taken = passkeys::Entity::find()
            .filter(passkeys::Column::CredentialHash.eq(hash.clone()))
            .count(transaction)
            .await?;
        if taken > 0 {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let row = passkeys::ActiveModel {
            id: Set(ids::new(self.clock.now())),
            staff_id: Set(who.id),
            credential_hash: Set(hash),
            credential: Set(serde_json::to_string(passkey).map_err(unreadable)?),
            name: Set(name.trim().to_owned()),
            made_at: Set(self.now()),
            used_at: Set(None),
        };
        row.insert(transaction).await?;
        self.audit_in(transaction, Some(who.id), AuditAction::AddPasskey, &who.login)
            .await?;
        match is_first {
            true => self.insert_recovery_codes(transaction, who.id).await.map(Some),
            false => Ok(None),
        }
    }

    fn seal_challenge(
        &self,
        purpose: &Purpose<'_>,
        challenge: PasskeyChallenge,
    ) -> Result<PasskeyOffer, StoreError> {
        let ceremony = Ceremony {
            made_at: self.now(),
            state: challenge.state,
        };
        let text = serde_json::to_string(&ceremony).map_err(unreadable)?;
        Ok(PasskeyOffer {
            options: challenge.options,
            offer: self.keys.seal_offer(&purpose.place(), text.as_bytes())?,
        })
    }

    /// Returns the state of a challenge that was made for this purpose and is not too old.
    fn open_challenge(&self, purpose: &Purpose<'_>, offer: &str) -> Option<Ceremony> {
        let opened = self.keys.open_offer(&purpose.place(), offer)?;
        let ceremony: Ceremony = serde_json::from_slice(&opened).ok()?;
        let age = time(self.now()) - time(ceremony.made_at);
        let is_from_future = ceremony.made_at > self.now() + AHEAD_MICROS;
        (age <= LONGEST && !is_from_future).then_some(ceremony)
    }
}
