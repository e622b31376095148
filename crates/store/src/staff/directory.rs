//! The list of accounts as administrators see it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::{
    db::{
        entity::{identities, invitations, passkeys, sessions, staff, totp_secrets},
        store::{Store, time},
    },
    error::StoreError,
    staff::{
        accounts::{StaffMember, person},
        identities::ConnectedIdentity,
        invitations::{InvitationState, state_at},
        sessions::{IDLE, is_in_use},
    },
};

/// An account with the facts that administrators see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The member of staff.
    pub member: StaffMember,
    /// Whether the owner of the account can log in.
    pub state: AccountState,
    /// When the owner last acted at the desk. `None` if the owner never acted.
    pub last_action_at: Option<DateTime<Utc>>,
    /// The number of sessions that have not ended.
    pub sessions: usize,
    /// Whether the owner set up a second factor.
    pub has_factor: bool,
    /// The identity with which the owner can log in at the identity provider.
    pub identity: Option<ConnectedIdentity>,
}

/// Whether the owner of an account can log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// The owner can log in.
    Enabled,
    /// The owner has not chosen a password yet, and has a link until this time.
    Invited(DateTime<Utc>),
    /// The owner has no password and no link that can be used.
    WithoutLink,
    /// The account is disabled.
    Disabled,
}

impl Store {
    /// Returns all accounts, sorted by log-in name.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn directory(&self) -> Result<Vec<Account>, StoreError> {
        let rows = staff::Entity::find()
            .order_by_asc(staff::Column::Login)
            .all(&self.reading)
            .await?;
        let now = self.steady.now(self.clock.now());
        let in_use = sessions::Entity::find()
            .filter(sessions::Column::SeenAt.gte((now - IDLE).timestamp_micros()))
            .all(&self.reading)
            .await?;
        let mut live: HashMap<Uuid, usize> = HashMap::new();
        for session in in_use.iter().filter(|session| is_in_use(session, now)) {
            *live.entry(session.staff_id).or_default() += 1;
        }
        let open = invitations::Entity::find()
            .filter(invitations::Column::UsedAt.is_null())
            .filter(invitations::Column::ReplacedAt.is_null())
            .all(&self.reading)
            .await?;
        let links: HashMap<Uuid, DateTime<Utc>> = open
            .iter()
            .filter(|link| state_at(link, self.now()) == InvitationState::Open)
            .map(|link| (link.staff_id, time(link.expires_at)))
            .collect();
        let apps = totp_secrets::Entity::find().all(&self.reading).await?;
        let passkeys = passkeys::Entity::find().all(&self.reading).await?;
        let with_app = apps.into_iter().map(|row| row.staff_id);
        let with_passkey = passkeys.into_iter().map(|row| row.staff_id);
        let with_factor: HashSet<Uuid> = with_app.chain(with_passkey).collect();
        let connected = identities::Entity::find().all(&self.reading).await?;
        let mut connected: HashMap<Uuid, ConnectedIdentity> = connected
            .into_iter()
            .map(|row| (row.staff_id, ConnectedIdentity::from(row)))
            .collect();
        let accounts = rows.into_iter().filter_map(|row| {
            let state = match (row.active, row.password.is_empty(), links.get(&row.id)) {
                (false, _, _) => AccountState::Disabled,
                (true, false, _) => AccountState::Enabled,
                (true, true, Some(until)) => AccountState::Invited(*until),
                (true, true, None) => AccountState::WithoutLink,
            };
            let last_action_at = row.last_action_at.map(time);
            let member = person(row)?;
            let sessions = live.get(&member.id).copied().unwrap_or_default();
            Some(Account {
                has_factor: with_factor.contains(&member.id),
                identity: connected.remove(&member.id),
                member,
                state,
                last_action_at,
                sessions,
            })
        });
        Ok(accounts.collect())
    }
}
