//! Canned replies and macros: those that all counsellors share, and those of one counsellor.

use chrono::{DateTime, Utc};
use hotline_core::{
    contact::{
        classification::{Answers, Scheme},
        message::LONGEST_TEXT,
    },
    identifiers::ids,
    staff::{audit::AuditAction, rights::Right},
    text::canned::fill,
};
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, Iterable, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::{
        entity::canned,
        store::{Store, time},
        values::MacroEnding,
    },
    error::{Conflict, StoreError, unreadable},
    staff::accounts::StaffMember,
};

/// Maximum length of a name, in characters.
const LONGEST_NAME: usize = 60;

/// A canned reply. A canned reply that also classifies, closes, snoozes or hands over the contact, or writes a note, is a *macro*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Canned {
    /// Id of the canned reply.
    pub id: Uuid,
    /// When the canned reply was last changed.
    pub changed_at: DateTime<Utc>,
    /// What the canned reply consists of.
    #[serde(flatten)]
    pub content: CannedContent,
}

/// What a canned reply consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CannedContent {
    /// Name by which counsellors find the canned reply.
    pub name: String,
    /// Folder in which the canned reply is listed; may be empty.
    pub folder: String,
    /// Whether only its writer sees the canned reply. Otherwise, all counsellors share it.
    pub own: bool,
    /// Serbian text in Cyrillic. The Latin text is derived from it.
    pub sr: String,
    /// English text.
    pub en: String,
    /// The answers that the macro gives to questions of the wrap-up, by question id.
    pub answers: Answers,
    /// The note that the macro writes for colleagues; may be empty.
    pub note: String,
    /// The last step of the macro.
    pub ending: Option<MacroEnding>,
    /// The team to which the macro hands the contact over. Empty unless this is the last step.
    pub team: String,
}

impl CannedContent {
    /// Returns whether the canned reply does more than inserting a text.
    #[must_use]
    pub fn is_macro(&self) -> bool {
        !self.answers.is_empty() || !self.note.is_empty() || self.ending.is_some()
    }

    /// Returns the content without surrounding white space and empty answers.
    fn trimmed(self) -> Self {
        let trim = |text: String| text.trim().to_owned();
        let answers = self.answers.into_iter().map(|(question, mut given)| {
            given.retain(|answer| !answer.trim().is_empty());
            (question, given)
        });
        Self {
            name: trim(self.name),
            folder: trim(self.folder),
            own: self.own,
            sr: trim(self.sr),
            en: trim(self.en),
            answers: answers.filter(|(_, given)| !given.is_empty()).collect(),
            note: trim(self.note),
            team: match self.ending {
                Some(MacroEnding::HandOver) => trim(self.team),
                Some(MacroEnding::Close | MacroEnding::SnoozeTomorrow | MacroEnding::SnoozeMonday) | None => {
                    String::new()
                }
            },
            ending: self.ending,
        }
    }

    fn check(&self, scheme: &Scheme) -> Result<(), Conflict> {
        let texts = [&self.sr, &self.en];
        if self.name.is_empty() || (texts.iter().all(|text| text.is_empty()) && !self.is_macro()) {
            return Err(Conflict::NoText);
        }
        let is_long = |text: &String, most| text.chars().count() > most;
        let names = [&self.name, &self.folder];
        if names.iter().any(|name| is_long(name, LONGEST_NAME))
            || texts.iter().any(|text| is_long(text, LONGEST_TEXT))
            || is_long(&self.note, LONGEST_TEXT)
        {
            return Err(Conflict::TooLong);
        }
        if texts
            .iter()
            .any(|text| fill(text, |_| Some(String::new())).is_err())
        {
            return Err(Conflict::NoField);
        }
        if self.ending == Some(MacroEnding::HandOver) && self.team.is_empty() {
            return Err(Conflict::NoTeam);
        }
        let answers = scheme
            .validate(self.answers.clone())
            .map_err(|_| Conflict::InvalidAnswers)?;
        // A kind that is a marking, such as spam, closes the contact, so nothing can follow.
        let marks = scheme.kind(&answers).is_some_and(|kind| kind.marking.is_some());
        if marks
            && (self.ending.is_some() || !self.note.is_empty() || texts.iter().any(|text| !text.is_empty()))
        {
            return Err(Conflict::InvalidAnswers);
        }
        Ok(())
    }
}

impl Store {
    /// Returns the canned replies that `who` may use, sorted by folder and name: the shared ones and their own.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn canned(&self, who: &StaffMember) -> Result<Vec<Canned>, StoreError> {
        let rows = canned::Entity::find()
            .filter(usable_by(who))
            .order_by_asc(canned::Column::Folder)
            .order_by_asc(canned::Column::Name)
            .all(&self.reading)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Returns a canned reply that `who` may use.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if no such canned reply exists.
    pub async fn canned_reply(&self, who: &StaffMember, id: Uuid) -> Result<Canned, StoreError> {
        let found = canned::Entity::find_by_id(id).filter(usable_by(who));
        read(
            found
                .one(&self.reading)
                .await?
                .ok_or(StoreError::NotFound("canned reply"))?,
        )
    }

    /// Adds a canned reply, or changes the canned reply with this id. Writing a shared one requires the right [`Right::EditCanned`].
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the name is missing, taken or too long; if both texts are missing and there are no steps; if a
    /// text is too long or has an unknown placeholder; if there is no team with this name; if an answer is not in the scheme or excludes the
    /// other steps; or if `who` may not write this canned reply.
    pub async fn write_canned(
        &self,
        who: &StaffMember,
        id: Option<Uuid>,
        content: CannedContent,
    ) -> Result<Uuid, StoreError> {
        let content = content.trimmed();
        content.check(&self.scheme()).map_err(StoreError::Conflict)?;
        if !content.team.is_empty() && !self.teams().await?.contains(&content.team) {
            return Err(StoreError::Conflict(Conflict::NoTeam));
        }
        let owner = content.own.then_some(who.id);
        if !may_write(who, owner) {
            return Err(StoreError::Conflict(Conflict::NotYours));
        }
        let id = id.unwrap_or_else(|| ids::new(self.clock.now()));
        let transaction = self.begin().await?;
        if let Some(earlier) = canned::Entity::find_by_id(id).one(&transaction).await?
            && !may_write(who, earlier.owner)
        {
            return Err(StoreError::Conflict(Conflict::NotYours));
        }
        let others = canned::Entity::find()
            .filter(usable_by(who))
            .filter(canned::Column::Name.eq(&content.name))
            .filter(canned::Column::Id.ne(id));
        if others.count(&transaction).await? > 0 {
            return Err(StoreError::Conflict(Conflict::NameTaken));
        }
        let row = canned::ActiveModel {
            id: Set(id),
            name: Set(content.name),
            sr: Set(content.sr),
            en: Set(content.en),
            by: Set(who.id),
            at: Set(self.now()),
            folder: Set(content.folder),
            owner: Set(owner),
            answers: Set(serde_json::to_string(&content.answers).map_err(unreadable)?),
            ending: Set(content.ending),
            note: Set(content.note),
            team: Set(Some(content.team).filter(|team| !team.is_empty())),
        };
        let newer = OnConflict::column(canned::Column::Id)
            .update_columns(canned::Column::iter().filter(|column| !matches!(column, canned::Column::Id)))
            .to_owned();
        canned::Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(&transaction)
            .await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::WriteCannedReply,
            &id.to_string(),
        )
        .await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Deletes a canned reply.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if `who` may not write this canned reply.
    pub async fn delete_canned(&self, who: &StaffMember, id: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let Some(row) = canned::Entity::find_by_id(id).one(&transaction).await? else {
            return Ok(());
        };
        if !may_write(who, row.owner) {
            return Err(StoreError::Conflict(Conflict::NotYours));
        }
        canned::Entity::delete_by_id(id).exec(&transaction).await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::DeleteCannedReply,
            &id.to_string(),
        )
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}

fn usable_by(who: &StaffMember) -> Condition {
    Condition::any()
        .add(canned::Column::Owner.is_null())
        .add(canned::Column::Owner.eq(who.id))
}

fn may_write(who: &StaffMember, owner: Option<Uuid>) -> bool {
    match owner {
        Some(owner) => owner == who.id,
        None => who.role.may(Right::EditCanned),
    }
}

pub(super) fn read(row: canned::Model) -> Result<Canned, StoreError> {
    Ok(Canned {
        id: row.id,
        changed_at: time(row.at),
        content: CannedContent {
            name: row.name,
            folder: row.folder,
            own: row.owner.is_some(),
            sr: row.sr,
            en: row.en,
            answers: serde_json::from_str(&row.answers).map_err(unreadable)?,
            note: row.note,
            ending: row.ending,
            team: row.team.unwrap_or_default(),
        },
    })
}
