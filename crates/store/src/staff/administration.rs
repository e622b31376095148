//! Changes of accounts: the team, and whether the account is enabled.

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::Expr,
};

use crate::{
    db::{
        contact_row::write_contact,
        entity::{contacts, sessions, staff, tokens},
        store::Store,
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
};

impl Store {
    /// Sets the team of a member of staff and gives the same team to the contacts assigned to this member of staff. `None` removes the
    /// team.
    ///
    /// # Errors
    /// Fails if the log-in name is unknown, or if the length of the team name is not between 1 and 40 characters.
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
            return Err(StoreError::Conflict(Conflict::InvalidTeam));
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
            .filter(contacts::Column::Assignee.eq(row.id))
            .exec(&transaction)
            .await?;
        self.audit_in(&transaction, None, "staff team", &row.login)
            .await?;
        self.commit(transaction).await
    }

    /// Disables an account. Immediately ends its sessions, revokes the tokens that it created, and unassigns the contacts assigned to it.
    ///
    /// # Errors
    /// Fails if there is no such log-in name.
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
        // Tokens are valid without a session, so the tokens that this account created are revoked too.
        tokens::Entity::update_many()
            .col_expr(tokens::Column::EndedAt, Expr::value(self.now()))
            .filter(tokens::Column::MadeBy.eq(id))
            .filter(tokens::Column::EndedAt.is_null())
            .exec(&transaction)
            .await?;
        // Closed contacts are also unassigned, because a new message from the person can reopen them.
        let held = contacts::Entity::find()
            .filter(contacts::Column::Assignee.eq(id))
            .all(&transaction)
            .await?;
        for contact in held {
            self.add_event(&transaction, contact.id, None, HistoryKind::GivenBack, "")
                .await?;
            let given_back = contacts::Model {
                assignee: None,
                team: None,
                ..contact.clone()
            };
            write_contact(&transaction, &contact, &given_back).await?;
        }
        self.audit_in(&transaction, None, "staff disable", &row.login)
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        Ok(())
    }

    /// Enables a disabled account, so that its owner can log in again.
    ///
    /// # Errors
    /// Fails if there is no such log-in name.
    pub async fn enable_staff(&self, login: &str) -> Result<(), StoreError> {
        let row = self
            .find_login(login)
            .await?
            .ok_or(StoreError::NotFound("log-in"))?;
        let transaction = self.begin().await?;
        staff::ActiveModel {
            id: Unchanged(row.id),
            active: Set(true),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.audit_in(&transaction, None, "staff enable", &row.login)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}
