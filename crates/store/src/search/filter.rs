//! The filters of a search.

use std::collections::HashMap;

use hotline_core::{contact::lifecycle::Status, text::locale::Language, time::clock};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    db::{
        entity::contacts,
        store::{Store, time},
        stored::Stored,
    },
    error::StoreError,
    inbox::list::Filter,
    staff::sight::{Sight, Sighted},
};

/// Number of contacts whose properties one query loads.
const PORTION: usize = 2_000;

/// A filter for the results of a search. The default selects all contacts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// The filters of the inbox.
    pub inbox: Filter,
    /// Only contacts on this line.
    pub line: Option<String>,
    /// Only contacts with this status.
    pub status: Option<Status>,
}

/// The properties by which contacts can be filtered.
#[derive(FromQueryResult)]
pub(super) struct Properties {
    id: Uuid,
    line: String,
    channel: String,
    status: Stored<Status>,
    #[sea_orm(from_alias = "holder")]
    assignee: Option<Uuid>,
    language: Option<Stored<Language>>,
    opened_at: i64,
    urgency: i16,
    topic: Option<String>,
    team: Option<String>,
}

impl<'a> From<&'a Properties> for Sighted<'a> {
    fn from(contact: &'a Properties) -> Self {
        Self {
            id: contact.id,
            assignee: contact.assignee,
            team: contact.team.as_deref(),
            status: contact.status.0,
            urgency: contact.urgency,
        }
    }
}

impl From<&contacts::Model> for Properties {
    fn from(contact: &contacts::Model) -> Self {
        Self {
            id: contact.id,
            line: contact.line.clone(),
            channel: contact.channel.clone(),
            status: contact.status,
            assignee: contact.assignee,
            language: contact.language,
            opened_at: contact.opened_at,
            urgency: contact.urgency,
            topic: contact.topic.clone(),
            team: contact.team.clone(),
        }
    }
}

impl Store {
    /// Returns those contacts among `ids` that the filter selects, in the same order. The database looks the contacts up by their ids, and
    /// the filter is applied here: with the conditions in the query, the database could choose the index of a filter and read all
    /// contacts of a channel.
    pub(super) async fn filter_found(
        &self,
        ids: Vec<Uuid>,
        filter: &SearchFilter,
        sight: Option<&Sight>,
    ) -> Result<Vec<Uuid>, StoreError> {
        use contacts::Column;
        let mut selected = Vec::new();
        for portion in ids.chunks(PORTION) {
            let found = contacts::Entity::find()
                .select_only()
                .columns([Column::Id, Column::Line, Column::Channel, Column::Status])
                .columns([Column::Assignee, Column::Language, Column::OpenedAt])
                .columns([Column::Urgency, Column::Topic, Column::Team])
                .filter(Column::Id.is_in(portion.iter().copied()))
                .into_model::<Properties>()
                .all(&self.reading)
                .await?;
            let known: HashMap<Uuid, Properties> = found.into_iter().map(|one| (one.id, one)).collect();
            let is_selected = |id: &&Uuid| {
                known.get(*id).is_some_and(|one| {
                    self.selects(filter, one) && sight.is_none_or(|sight| sight.covers(one))
                })
            };
            selected.extend(portion.iter().filter(is_selected));
        }
        Ok(selected)
    }

    /// Returns whether the filter selects a contact with these properties.
    pub(super) fn selects(&self, filter: &SearchFilter, contact: &Properties) -> bool {
        let SearchFilter { inbox, line, status } = filter;
        let day = clock::day_of(time(contact.opened_at), self.zone);
        let tag = contact.language.map(|language| language.0.tag());
        is_equal(line.as_ref(), Some(&contact.line))
            && is_equal(status.as_ref(), Some(&contact.status.0))
            && is_equal(inbox.channel.as_ref(), Some(&contact.channel))
            && is_equal(inbox.language.as_deref(), tag)
            && is_equal(inbox.topic.as_ref(), contact.topic.as_ref())
            && is_equal(inbox.assignee, contact.assignee)
            && inbox.urgency.is_none_or(|least| contact.urgency >= least)
            && inbox.from.is_none_or(|from| day >= from)
            && inbox.to.is_none_or(|to| day <= to)
    }
}

/// Returns whether a property has the value of the filter. A filter without a value selects every contact.
fn is_equal<T: PartialEq>(filter: Option<T>, value: Option<T>) -> bool {
    filter.is_none() || filter == value
}
