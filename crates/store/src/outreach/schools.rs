//! Schools and other institutions where events are held. Duplicate entries of a school can be merged, so that the school counts once.

use std::collections::HashMap;

use hotline_core::{
    identifiers::ids,
    staff::audit::AuditAction,
    statistics::outreach::{SchoolKind, same_name},
};
use schemars::JsonSchema;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    db::{entity::schools, store::Store, stored::Stored},
    error::{Conflict, StoreError},
    outreach::short,
    staff::accounts::StaffMember,
};

/// A school or another institution.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, JsonSchema)]
pub struct School {
    /// The id of the school.
    pub id: Uuid,
    /// The name of the school.
    pub name: String,
    /// Kind of school or institution.
    pub kind: SchoolKind,
    /// City or place.
    pub place: String,
}

/// A school to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSchool {
    /// The name of the school.
    pub name: String,
    /// Kind of school or institution.
    pub kind: SchoolKind,
    /// City or place.
    pub place: String,
}

impl Store {
    /// Returns every school that is not merged into another, sorted by name.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn schools(&self) -> Result<Vec<School>, StoreError> {
        let rows = schools::Entity::find()
            .filter(schools::Column::MergedInto.is_null())
            .all(&self.reading)
            .await?;
        let mut all: Vec<School> = rows.into_iter().map(school).collect();
        all.sort_by_cached_key(|one| (same_name(&one.name), same_name(&one.place)));
        Ok(all)
    }

    /// Adds a school, or returns the id of the existing school with the same name, kind and place.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the name is empty or too long.
    pub async fn add_school(&self, who: &StaffMember, new: &NewSchool) -> Result<Uuid, StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let id = self.add_school_in(&transaction, who, new).await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    pub(super) async fn add_school_in(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        new: &NewSchool,
    ) -> Result<Uuid, StoreError> {
        let (name, place) = (short(&new.name)?, short(&new.place)?);
        if name.is_empty() {
            return Err(StoreError::Conflict(Conflict::NoText));
        }
        let alike = schools::Entity::find()
            .filter(schools::Column::Kind.eq(new.kind.as_str()))
            .all(transaction)
            .await?;
        let same = |one: &&schools::Model| {
            same_name(&one.name) == same_name(&name) && same_name(&one.place) == same_name(&place)
        };
        if let Some(known) = alike.iter().find(same) {
            return Ok(known.merged_into.unwrap_or(known.id));
        }
        let id = ids::new(self.clock.now());
        let row = schools::ActiveModel {
            id: Set(id),
            name: Set(name),
            kind: Set(Stored(new.kind)),
            place: Set(place),
            merged_into: Set(None),
        };
        row.insert(transaction).await?;
        self.audit_in(transaction, Some(who.id), AuditAction::AddSchool, &id.to_string())
            .await?;
        Ok(id)
    }

    /// Merges the school `one` into the school `into`. All events of `one` then count for `into`.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if `one` and `into` are the same school or are already merged.
    pub async fn merge_schools(&self, who: &StaffMember, one: Uuid, into: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let (one, into) = (
            root_of(&transaction, one).await?,
            root_of(&transaction, into).await?,
        );
        if one == into {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        // Schools that were merged into `one` earlier are now merged into `into`.
        schools::Entity::update_many()
            .col_expr(schools::Column::MergedInto, Expr::value(into))
            .filter(
                schools::Column::Id
                    .eq(one)
                    .or(schools::Column::MergedInto.eq(one)),
            )
            .exec(&transaction)
            .await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::MergeSchools,
            &format!("{one} {into}"),
        )
        .await?;
        self.commit(transaction).await
    }

    /// Maps the id of every school to the school. The id of a merged school is mapped to the school into which it was merged.
    pub(super) async fn roots(&self, on: &impl ConnectionTrait) -> Result<HashMap<Uuid, School>, StoreError> {
        let all = schools::Entity::find().all(on).await?;
        let known: HashMap<Uuid, School> = all.iter().map(|one| (one.id, school(one.clone()))).collect();
        let root = |one: &schools::Model| known.get(&one.merged_into.unwrap_or(one.id)).cloned();
        Ok(all.iter().filter_map(|one| Some((one.id, root(one)?))).collect())
    }
}

fn school(row: schools::Model) -> School {
    School {
        id: row.id,
        kind: row.kind.0,
        name: row.name,
        place: row.place,
    }
}

/// Returns the id of the school into which the school `id` was merged, or `id` if it was not merged.
pub(super) async fn root_of(transaction: &DatabaseTransaction, id: Uuid) -> Result<Uuid, StoreError> {
    let found = schools::Entity::find_by_id(id).one(transaction).await?;
    let found = found.ok_or(StoreError::NotFound("school"))?;
    Ok(found.merged_into.unwrap_or(found.id))
}
