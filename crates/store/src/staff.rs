//! Members of staff and their log-ins.

use std::{collections::BTreeSet, sync::PoisonError};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use chrono::{DateTime, Duration, Utc};
use hotline_core::{
    chance, ids,
    preferences::Preferences,
    private::Private,
    rights::{Right, Role},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use crate::{
    entity::{contacts, sessions, staff},
    error::{Conflict, StoreError},
    register::event,
    store::{Store, time},
};

/// A log-in unused for this long ends (requirement A4).
const IDLE: Duration = Duration::minutes(30);
/// A log-in ends after this long in any case.
const LONGEST: Duration = Duration::hours(12);
/// The shortest password, in characters.
pub const SHORTEST_PASSWORD: usize = 12;
/// Passwords are checked one at a time: each takes 19 MiB and a core (requirement A1).
static GATE: Semaphore = Semaphore::const_new(1);
/// Nobody waits longer than this for the turn of a password to be checked.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: Uuid,
    /// The log-in name.
    pub login: String,
    /// The work name shown to colleagues.
    pub name: String,
    /// What the person is here for.
    pub role: Role,
    /// Whether the account may be used.
    pub active: bool,
    /// Whether the person takes new contacts now.
    pub on_duty: bool,
    /// The team the person is in.
    pub team: Option<String>,
    /// How the person likes the desk.
    pub preferences: Preferences,
}

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
    /// Adds a member of staff.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the log-in is taken or unlawful, or the password too short.
    pub async fn add_staff(
        &self,
        login: &str,
        name: &str,
        role: Role,
        password: &Private<String>,
    ) -> Result<Person, StoreError> {
        let login = login.trim().to_lowercase();
        let lawful = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        if login.is_empty() || login.chars().count() > 60 || !login.chars().all(lawful) {
            return Err(StoreError::Conflict(Conflict::UnlawfulLogin));
        }
        if self.find_login(&login).await?.is_some() {
            return Err(StoreError::Conflict(Conflict::LoginTaken));
        }
        let now = self.clock.now();
        let row = staff::Model {
            id: ids::new(now),
            login,
            name: name.trim().to_owned(),
            role: role.as_str().to_owned(),
            password: hashed(password).await?,
            active: true,
            on_duty: false,
            preferences: "{}".to_owned(),
            team: None,
            last_given: None,
            made_at: now.timestamp_micros(),
        };
        let person = person(row.clone()).ok_or(StoreError::NotFound("role"))?;
        staff::ActiveModel::from(row)
            .reset_all()
            .insert(&self.writing)
            .await?;
        self.audit(None, "staff add", &person.login).await?;
        Ok(person)
    }

    /// Those who work on contacts, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn colleagues(&self) -> Result<Vec<Person>, StoreError> {
        let mut all = self.staff().await?;
        all.retain(|one| one.active && one.role.may(Right::WorkOnContacts));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The teams that somebody who works on contacts is in, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn teams(&self) -> Result<BTreeSet<String>, StoreError> {
        let all = self.colleagues().await?;
        Ok(all.into_iter().filter_map(|one| one.team).collect())
    }

    /// Puts somebody into a team, or into none. What they hold goes with them.
    ///
    /// # Errors
    /// When there is no such log-in, or the name is empty or longer than 40 characters.
    pub async fn set_team(&self, login: &str, team: Option<&str>) -> Result<(), StoreError> {
        let row = self
            .find_login(login)
            .await?
            .ok_or(StoreError::NotFound("log-in"))?;
        let team = team.map(|team| team.trim().to_owned());
        if team
            .as_ref()
            .is_some_and(|team| team.is_empty() || team.chars().count() > 40)
        {
            return Err(StoreError::Conflict(Conflict::UnlawfulTeam));
        }
        let transaction = self.begin().await?;
        staff::ActiveModel {
            id: Unchanged(row.id),
            team: Set(team.clone()),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        contacts::Entity::update_many()
            .col_expr(contacts::Column::Team, Expr::value(team))
            .filter(contacts::Column::Holder.eq(row.id))
            .exec(&transaction)
            .await?;
        self.audit_in(&transaction, None, "staff team", &row.login)
            .await?;
        transaction.commit().await?;
        self.tell().await;
        Ok(())
    }

    /// One of them.
    pub(crate) async fn colleague(&self, id: Uuid) -> Result<Person, StoreError> {
        let found = self.colleagues().await?.into_iter().find(|one| one.id == id);
        found.ok_or(StoreError::NotFound("colleague"))
    }

    /// Ends an account: it can't log in, every log-in of it ends now, and what it holds goes back.
    ///
    /// # Errors
    /// When there is no such log-in.
    pub async fn disable_staff(&self, login: &str) -> Result<(), StoreError> {
        let row = self
            .find_login(login)
            .await?
            .ok_or(StoreError::NotFound("log-in"))?;
        let transaction = self.begin().await?;
        let id = row.id;
        staff::ActiveModel {
            id: Unchanged(id),
            active: Set(false),
            on_duty: Set(false),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        sessions::Entity::delete_many()
            .filter(sessions::Column::StaffId.eq(id))
            .exec(&transaction)
            .await?;
        // Closed ones too: the person may write again.
        let held = contacts::Entity::find()
            .filter(contacts::Column::Holder.eq(id))
            .all(&transaction)
            .await?;
        for contact in held {
            event(contact.id, self.now(), None, "given_back", "")
                .insert(&transaction)
                .await?;
            contacts::ActiveModel {
                id: Unchanged(contact.id),
                holder: Set(None),
                team: Set(None),
                ..Default::default()
            }
            .update(&transaction)
            .await?;
        }
        self.audit_in(&transaction, None, "staff disable", &row.login)
            .await?;
        transaction.commit().await?;
        self.tell().await;
        Ok(())
    }

    /// Gives an account a new password, and ends its log-ins.
    ///
    /// # Errors
    /// When there is no such log-in, or the password is too short.
    pub async fn reset_staff(&self, login: &str, password: &Private<String>) -> Result<(), StoreError> {
        let row = self
            .find_login(login)
            .await?
            .ok_or(StoreError::NotFound("log-in"))?;
        let hash = hashed(password).await?;
        let transaction = self.begin().await?;
        staff::ActiveModel {
            id: Unchanged(row.id),
            password: Set(hash),
            active: Set(true),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        sessions::Entity::delete_many()
            .filter(sessions::Column::StaffId.eq(row.id))
            .exec(&transaction)
            .await?;
        self.audit_in(&transaction, None, "staff reset", &row.login)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Everybody, by log-in name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn staff(&self) -> Result<Vec<Person>, StoreError> {
        let rows = staff::Entity::find()
            .order_by_asc(staff::Column::Login)
            .all(&self.reading)
            .await?;
        Ok(rows.into_iter().filter_map(person).collect())
    }

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
        row.insert(&self.writing).await?;
        self.audit(Some(&person), "log in", "").await?;
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
            let deleted = sessions::Entity::delete_by_id(hash).exec(&self.writing).await;
            if let Err(error) = deleted {
                tracing::warn!(error = %error, "An ended log-in could not be deleted");
            }
            return Ok(None);
        }
        // Once a minute is often enough to know that somebody is there.
        if now - time(session.seen_at) > Duration::minutes(1) {
            let noted = sessions::Entity::update_many()
                .col_expr(sessions::Column::SeenAt, Expr::value(now.timestamp_micros()))
                .filter(sessions::Column::TokenHash.eq(hash))
                .exec(&self.writing)
                .await;
            // On a full disk staff can still read.
            if let Err(error) = noted {
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
        sessions::Entity::delete_by_id(self.keys.lookup("session", token))
            .exec(&self.writing)
            .await?;
        Ok(())
    }

    /// Switches a person to available or away.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_on_duty(&self, who: &Person, on_duty: bool) -> Result<(), StoreError> {
        staff::ActiveModel {
            id: Unchanged(who.id),
            on_duty: Set(on_duty),
            ..Default::default()
        }
        .update(&self.writing)
        .await?;
        self.audit(Some(who), if on_duty { "available" } else { "away" }, "")
            .await
    }

    /// Keeps how a person likes the desk.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn prefer(&self, who: &Person, preferences: &Preferences) -> Result<(), StoreError> {
        staff::ActiveModel {
            id: Unchanged(who.id),
            preferences: Set(serde_json::to_string(preferences).unwrap_or_default()),
            ..Default::default()
        }
        .update(&self.writing)
        .await?;
        Ok(())
    }

    async fn find_login(&self, login: &str) -> Result<Option<staff::Model>, StoreError> {
        let login = login.trim().to_lowercase();
        Ok(staff::Entity::find()
            .filter(staff::Column::Login.eq(login))
            .one(&self.reading)
            .await?)
    }
}

fn person(row: staff::Model) -> Option<Person> {
    Some(Person {
        id: row.id,
        login: row.login,
        name: row.name,
        role: Role::parse(&row.role)?,
        active: row.active,
        on_duty: row.on_duty,
        team: row.team,
        preferences: serde_json::from_str(&row.preferences).unwrap_or_default(),
    })
}

async fn turn() -> Result<SemaphorePermit<'static>, StoreError> {
    let turn = tokio::time::timeout(PATIENCE, GATE.acquire()).await;
    turn.ok()
        .and_then(Result::ok)
        .ok_or(StoreError::Conflict(Conflict::Busy))
}

async fn hashed(password: &Private<String>) -> Result<String, StoreError> {
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
