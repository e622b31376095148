//! What counsellors can do: skills, capacity and breaks.

use hotline_core::routing::{settings::Routing, skills::Skills};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    EntityTrait,
};
use uuid::Uuid;

use crate::{
    db::{entity::staff, store::Store},
    error::StoreError,
    staff::accounts::StaffMember,
};

impl Store {
    /// Returns the settings of routing.
    #[must_use]
    pub fn routing_settings(&self) -> &Routing {
        &self.routing
    }

    /// Records what a colleague can do.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such colleague.
    pub async fn set_skills(&self, who: &StaffMember, of: Uuid, skills: &Skills) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let row = staff::Entity::find_by_id(of)
            .one(&transaction)
            .await?
            .ok_or(StoreError::NotFound("colleague"))?;
        staff::ActiveModel {
            id: Unchanged(of),
            skills: Set(serde_json::to_string(skills).unwrap_or_default()),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.audit_in(&transaction, Some(who.id), "staff skills", &row.login)
            .await?;
        transaction.commit().await?;
        self.route_due.notify_one();
        Ok(())
    }

    /// Begins or ends a break. During a break, a counsellor gets no contacts automatically.
    ///
    /// # Errors
    /// If a database query fails.
    pub async fn set_break(&self, who: &StaffMember, on_break: bool) -> Result<(), StoreError> {
        let skills = Skills {
            on_break,
            ..who.skills.clone()
        };
        self.set_skills(who, who.id, &skills).await
    }
}
