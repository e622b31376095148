//! Teams: administrators rename a team in one place.

use std::collections::BTreeMap;

use hotline_core::{routing::settings::Mode, staff::audit::AuditAction};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use crate::{
    db::{
        entity::{canned, contacts, staff},
        store::Store,
    },
    error::{Conflict, StoreError},
    staff::{accounts::StaffMember, administration::checked_team},
};

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The name of the team.
    pub name: String,
    /// The number of accounts in the team. Disabled accounts count too.
    pub members: usize,
    /// How contacts reach the team, if the setting `routing.teams` names the team.
    pub own_mode: Option<Mode>,
}

impl Store {
    /// Returns the teams that have members, sorted by name.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn all_teams(&self) -> Result<Vec<Team>, StoreError> {
        let mut members: BTreeMap<String, usize> = BTreeMap::new();
        for team in self.staff().await?.into_iter().filter_map(|one| one.team) {
            *members.entry(team).or_default() += 1;
        }
        let team = |(name, members): (String, usize)| Team {
            own_mode: self.routing.teams.get(&name).copied(),
            name,
            members,
        };
        Ok(members.into_iter().map(team).collect())
    }

    /// Gives a team another name: to its members, to the contacts of the team, to macros that hand over to it, and to its entries in the
    /// shift plan.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the team has no members. Returns [`Conflict::InvalidTeam`] if the new name is empty or too long,
    /// and [`Conflict::NameTaken`] if another team has it.
    pub async fn rename_team(&self, by: &StaffMember, from: &str, to: &str) -> Result<(), StoreError> {
        let to = checked_team(to)?;
        let transaction = self.begin_administration(Some(by)).await?;
        self.lock_routing(&transaction).await?;
        let rows = staff::Entity::find()
            .filter(staff::Column::Team.is_not_null())
            .all(&transaction)
            .await?;
        let exists = |name: &str| rows.iter().any(|row| row.team.as_deref() == Some(name));
        if !exists(from) {
            return Err(StoreError::NotFound("team"));
        }
        if from == to {
            return Ok(());
        }
        if exists(&to) {
            return Err(StoreError::Conflict(Conflict::NameTaken));
        }
        staff::Entity::update_many()
            .col_expr(staff::Column::Team, Expr::value(to.clone()))
            .filter(staff::Column::Team.eq(from))
            .exec(&transaction)
            .await?;
        contacts::Entity::update_many()
            .col_expr(contacts::Column::Team, Expr::value(to.clone()))
            .filter(contacts::Column::Team.eq(from))
            .exec(&transaction)
            .await?;
        canned::Entity::update_many()
            .col_expr(canned::Column::Team, Expr::value(to.clone()))
            .filter(canned::Column::Team.eq(from))
            .exec(&transaction)
            .await?;
        self.rename_team_in_plan(&transaction, by, from, &to).await?;
        self.audit_in(
            &transaction,
            Some(by.id),
            AuditAction::RenameTeam,
            &format!("{from}: {to}"),
        )
        .await?;
        self.commit(transaction).await?;
        self.route_due.notify_one();
        Ok(())
    }
}
