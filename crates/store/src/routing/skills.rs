//! What counsellors can do: skills, capacity and breaks.

use hotline_core::{
    routing::{settings::Routing, skills::Skills},
    staff::audit::AuditAction,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    EntityTrait, QuerySelect,
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

    /// Records what a colleague can do. Whether the colleague wants a talk stays as it is.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if there is no such colleague.
    pub async fn set_skills(&self, who: &StaffMember, of: Uuid, skills: &Skills) -> Result<(), StoreError> {
        self.change_skills(who, of, AuditAction::StaffSkills, |stored| {
            let talk_wanted = stored.talk_wanted.take();
            *stored = Skills {
                talk_wanted,
                ..skills.clone()
            };
        })
        .await
    }

    /// Begins or ends a break. During a break, a counsellor gets no contacts automatically.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn set_break(&self, who: &StaffMember, on_break: bool) -> Result<(), StoreError> {
        self.change_skills(who, who.id, AuditAction::Break, |stored| {
            stored.on_break = on_break
        })
        .await
    }

    /// Notes that a member of staff wants a talk with a supervisor, or wants none any more. The time of an earlier wish stays.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn want_talk(&self, who: &StaffMember, wanted: bool) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.change_skills(who, who.id, AuditAction::WantTalk, |stored| {
            stored.talk_wanted = wanted.then(|| stored.talk_wanted.unwrap_or(now));
        })
        .await
    }

    /// Notes that a supervisor talked with a colleague.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if there is no such colleague.
    pub async fn note_talk(&self, who: &StaffMember, with: Uuid) -> Result<(), StoreError> {
        self.change_skills(who, with, AuditAction::NoteTalk, |stored| {
            stored.talk_wanted = None
        })
        .await
    }

    /// Changes the stored skills of a colleague. The skills are read in the same transaction, so that a change that somebody else makes at
    /// the same time is not undone.
    async fn change_skills(
        &self,
        who: &StaffMember,
        of: Uuid,
        action: AuditAction,
        change: impl FnOnce(&mut Skills),
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let mut query = staff::Entity::find_by_id(of);
        if !self.on_sqlite() {
            query = query.lock_exclusive();
        }
        let row = query.one(&transaction).await?;
        let row = row.ok_or(StoreError::NotFound("colleague"))?;
        let mut skills: Skills = serde_json::from_str(&row.skills).unwrap_or_default();
        change(&mut skills);
        staff::ActiveModel {
            id: Unchanged(of),
            skills: Set(serde_json::to_string(&skills).unwrap_or_default()),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.audit_in(&transaction, Some(who.id), action, &row.login)
            .await?;
        transaction.commit().await?;
        self.route_due.notify_one();
        Ok(())
    }
}
