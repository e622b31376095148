//! The versions of the wrap-up questions that staff put into force on screen, and the draft of the next version.
//!
//! Stored versions follow the version of the settings: the newest stored version with the name of that scheme is in force. A version is
//! the text of a scheme file, so that files and stored versions have one format and one parser.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use hotline_core::{
    contact::classification::Scheme,
    staff::{audit::AuditAction, rights::Right},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{canned, scheme_drafts, schemes},
        store::{Store, time},
    },
    error::{Conflict, StoreError, unreadable},
    staff::accounts::StaffMember,
};

/// The maximum number of characters of the note that explains a version.
pub const LONGEST_NOTE: usize = 500;

/// A version that was put into force on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeVersion {
    /// The scheme, with the number of the version.
    pub scheme: Scheme,
    /// When the version came into force.
    pub made_at: DateTime<Utc>,
    /// The member of staff who put it into force.
    pub made_by: Uuid,
    /// Why the questions were changed.
    pub note: String,
}

/// The draft of the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeDraft {
    /// The questions and answers.
    pub scheme: Scheme,
    /// Counts the changes of drafts. A change names the revision that it changes, so that nobody overwrites the work of a colleague.
    pub revision: i64,
    /// When the draft was last changed.
    pub edited_at: DateTime<Utc>,
    /// The member of staff who changed it last.
    pub edited_by: Uuid,
}

/// The canned replies and macros that give an answer which a new version no longer offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AffectedMacros {
    /// The shared ones: the name of the macro, the id of the question and the id of the answer.
    pub shared: Vec<MacroAnswer>,
    /// The number of those that belong to single counsellors, whose names nobody else sees.
    pub personal: usize,
}

/// An answer that a macro gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroAnswer {
    /// The name of the macro.
    pub name: String,
    /// The id of the question.
    pub question: String,
    /// The id of the answer.
    pub answer: String,
}

impl Store {
    /// Returns the classification scheme in force: the questions of the wrap-up and their answers.
    #[must_use]
    pub fn scheme(&self) -> Arc<Scheme> {
        self.scheme.current()
    }

    /// Returns the scheme of the settings: the built-in scheme or that of the file.
    #[must_use]
    pub fn scheme_of_settings(&self) -> &Scheme {
        self.scheme.settings()
    }

    /// Returns the versions that were put into force on screen, the newest first.
    ///
    /// # Errors
    /// Fails if a database query fails or a version cannot be read.
    pub async fn scheme_versions(&self) -> Result<Vec<SchemeVersion>, StoreError> {
        let rows = schemes::Entity::find()
            .filter(schemes::Column::Name.eq(&self.scheme_of_settings().name))
            .order_by_desc(schemes::Column::Version)
            .all(&self.reading)
            .await?;
        let version = |row: schemes::Model| {
            Ok(SchemeVersion {
                scheme: parse(&row.content)?,
                made_at: time(row.made_at),
                made_by: row.made_by,
                note: row.note,
            })
        };
        rows.into_iter().map(version).collect()
    }

    /// Returns the draft of the next version, if there is one.
    ///
    /// # Errors
    /// Fails if the database query fails or the draft cannot be read.
    pub async fn scheme_draft(&self) -> Result<Option<SchemeDraft>, StoreError> {
        let row = scheme_drafts::Entity::find_by_id(&self.scheme_of_settings().name)
            .one(&self.reading)
            .await?;
        row.map_or(Ok(None), read_draft)
    }

    /// Begins a draft with the questions in force. If there is a draft already, returns that draft unchanged.
    ///
    /// # Errors
    /// Fails if `who` may not edit the questions, or if a database query fails.
    pub async fn begin_scheme_draft(&self, who: &StaffMember) -> Result<SchemeDraft, StoreError> {
        self.refresh_scheme().await?;
        let transaction = self.begin_with_right(Some(who), Right::EditScheme).await?;
        let row = self.draft_row(&transaction).await?;
        let revision = row.as_ref().map_or(0, |row| row.revision);
        if let Some(draft) = row.map_or(Ok(None), read_draft)? {
            return Ok(draft);
        }
        let draft = SchemeDraft {
            scheme: self.scheme().as_ref().clone(),
            revision: revision + 1,
            edited_at: time(self.now()),
            edited_by: who.id,
        };
        self.write_draft(&transaction, Some(&draft.scheme), draft.revision, who)
            .await?;
        self.commit(transaction).await?;
        Ok(draft)
    }

    /// Replaces the draft if `revision` is its revision. Returns the new revision.
    ///
    /// # Errors
    /// Returns [`Conflict::SchemeDraftChanged`] if somebody changed the draft, [`Conflict::NoSchemeDraft`] if there is none, and
    /// [`Conflict::InvalidScheme`] if the new draft has a mistake that may not wait.
    pub async fn save_scheme_draft(
        &self,
        who: &StaffMember,
        revision: i64,
        scheme: &Scheme,
    ) -> Result<i64, StoreError> {
        let mistakes = scheme.mistakes_after(&self.scheme());
        if mistakes.iter().any(|mistake| !mistake.fault.may_wait()) {
            return Err(StoreError::Conflict(Conflict::InvalidScheme));
        }
        let transaction = self.begin_with_right(Some(who), Right::EditScheme).await?;
        self.draft_to_change(&transaction, revision).await?;
        self.write_draft(&transaction, Some(scheme), revision + 1, who)
            .await?;
        self.commit(transaction).await?;
        Ok(revision + 1)
    }

    /// Discards the draft if `revision` is its revision.
    ///
    /// # Errors
    /// Returns [`Conflict::SchemeDraftChanged`] if somebody changed the draft, and [`Conflict::NoSchemeDraft`] if there is none.
    pub async fn discard_scheme_draft(&self, who: &StaffMember, revision: i64) -> Result<(), StoreError> {
        let transaction = self.begin_with_right(Some(who), Right::EditScheme).await?;
        self.draft_to_change(&transaction, revision).await?;
        self.write_draft(&transaction, None, revision + 1, who).await?;
        self.commit(transaction).await
    }

    /// Puts the draft into force as the next version if `revision` is its revision. `note` says why. Returns the number of the version.
    ///
    /// # Errors
    /// Returns [`Conflict::InvalidSchemeNote`] if the note is empty or too long, [`Conflict::InvalidScheme`] if the draft has a mistake,
    /// [`Conflict::SoAlready`] if the draft changes nothing, [`Conflict::SchemeDraftChanged`] if somebody changed the draft, and
    /// [`Conflict::NoSchemeDraft`] if there is none.
    pub async fn put_scheme_in_force(
        &self,
        who: &StaffMember,
        revision: i64,
        note: &str,
    ) -> Result<u32, StoreError> {
        let note = note.trim();
        // PostgreSQL stores no NUL.
        if note.is_empty() || note.chars().count() > LONGEST_NOTE || note.contains('\0') {
            return Err(StoreError::Conflict(Conflict::InvalidSchemeNote));
        }
        self.refresh_scheme().await?;
        let transaction = self.begin_with_right(Some(who), Right::EditScheme).await?;
        let mut scheme = self.draft_to_change(&transaction, revision).await?.scheme;
        let in_force = self.scheme();
        if !scheme.mistakes_after(&in_force).is_empty() {
            return Err(StoreError::Conflict(Conflict::InvalidScheme));
        }
        scheme.version = in_force.version;
        scheme.institutions.clone_from(&in_force.institutions);
        if scheme == *in_force {
            return Err(StoreError::Conflict(Conflict::SoAlready));
        }
        scheme.version = in_force.version + 1;
        // The primary key refuses a second version with this number.
        let row = schemes::ActiveModel {
            name: Set(scheme.name.clone()),
            version: Set(number_of(&scheme)),
            content: Set(write(&scheme)?),
            made_at: Set(self.now()),
            made_by: Set(who.id),
            note: Set(note.to_owned()),
        };
        schemes::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await?;
        self.write_draft(&transaction, None, revision + 1, who).await?;
        let what = format!("{} version {}", scheme.name, scheme.version);
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::PutWrapUpQuestionsInForce,
            &what,
        )
        .await?;
        self.commit(transaction).await?;
        self.refresh_scheme().await?;
        Ok(scheme.version)
    }

    /// Puts the newest stored version into force in this process if it is newer than the one in force.
    pub(crate) async fn refresh_scheme(&self) -> Result<(), StoreError> {
        let newest = schemes::Entity::find()
            .select_only()
            .column_as(schemes::Column::Version.max(), "version")
            .filter(schemes::Column::Name.eq(&self.scheme_of_settings().name))
            .into_tuple::<Option<i32>>()
            .one(&self.reading)
            .await?;
        let Some(version) = newest.flatten() else {
            return Ok(());
        };
        if self
            .scheme
            .stored()
            .is_some_and(|stored| number_of(&stored) >= version)
        {
            return Ok(());
        }
        let row = schemes::Entity::find_by_id((self.scheme_of_settings().name.clone(), version))
            .one(&self.reading)
            .await?;
        if let Some(row) = row {
            self.scheme.replace(parse(&row.content)?);
        }
        Ok(())
    }

    /// Returns the macros that give an answer which `scheme` does not offer or to a question which it does not ask.
    ///
    /// # Errors
    /// Fails if the database query fails or a macro cannot be read.
    pub async fn macros_affected_by(&self, scheme: &Scheme) -> Result<AffectedMacros, StoreError> {
        let mut affected = AffectedMacros::default();
        let rows = canned::Entity::find()
            .order_by_asc(canned::Column::Name)
            .all(&self.reading)
            .await?;
        for row in rows {
            let (name, owner) = (row.name.clone(), row.owner);
            let content = super::canned::read(row)?.content;
            let lost = lost_answers(scheme, &content.answers);
            match owner {
                Some(_) => affected.personal += usize::from(!lost.is_empty()),
                None => affected
                    .shared
                    .extend(lost.into_iter().map(|(question, answer)| MacroAnswer {
                        name: name.clone(),
                        question,
                        answer,
                    })),
            }
        }
        Ok(affected)
    }

    async fn draft_row(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<Option<scheme_drafts::Model>, StoreError> {
        let name = &self.scheme_of_settings().name;
        Ok(scheme_drafts::Entity::find_by_id(name).one(connection).await?)
    }

    /// Loads the draft in the transaction that changes it.
    async fn draft_to_change(
        &self,
        transaction: &DatabaseTransaction,
        revision: i64,
    ) -> Result<SchemeDraft, StoreError> {
        let row = self.draft_row(transaction).await?;
        let draft = row.map_or(Ok(None), read_draft)?;
        let draft = draft.ok_or(StoreError::Conflict(Conflict::NoSchemeDraft))?;
        if draft.revision != revision {
            return Err(StoreError::Conflict(Conflict::SchemeDraftChanged));
        }
        Ok(draft)
    }

    async fn write_draft(
        &self,
        transaction: &DatabaseTransaction,
        scheme: Option<&Scheme>,
        revision: i64,
        who: &StaffMember,
    ) -> Result<(), StoreError> {
        let row = scheme_drafts::ActiveModel {
            name: Set(self.scheme_of_settings().name.clone()),
            revision: Set(revision),
            content: Set(scheme.map(write).transpose()?),
            edited_at: Set(self.now()),
            edited_by: Set(who.id),
        };
        let newer = OnConflict::column(scheme_drafts::Column::Name)
            .update_columns([
                scheme_drafts::Column::Revision,
                scheme_drafts::Column::Content,
                scheme_drafts::Column::EditedAt,
                scheme_drafts::Column::EditedBy,
            ])
            .to_owned();
        scheme_drafts::Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }
}

/// Returns the version of a scheme as the database stores it.
pub(crate) fn number_of(scheme: &Scheme) -> i32 {
    i32::try_from(scheme.version).unwrap_or(i32::MAX)
}

fn lost_answers(scheme: &Scheme, answers: &BTreeMap<String, Vec<String>>) -> Vec<(String, String)> {
    let mut lost = Vec::new();
    for (id, given) in answers {
        let question = scheme.question(id).filter(|question| !question.retired);
        for one in given {
            let is_offered = question.is_some_and(|question| {
                !question.is_chosen() || question.answer(one).is_some_and(|answer| !answer.retired)
            });
            if !is_offered {
                lost.push((id.clone(), one.clone()));
            }
        }
    }
    lost
}

fn read_draft(row: scheme_drafts::Model) -> Result<Option<SchemeDraft>, StoreError> {
    let Some(content) = row.content else {
        return Ok(None);
    };
    Ok(Some(SchemeDraft {
        scheme: parse(&content)?,
        revision: row.revision,
        edited_at: time(row.edited_at),
        edited_by: row.edited_by,
    }))
}

fn parse(content: &str) -> Result<Scheme, StoreError> {
    Scheme::read(content).map_err(unreadable)
}

fn write(scheme: &Scheme) -> Result<String, StoreError> {
    scheme.to_toml().map_err(unreadable)
}
