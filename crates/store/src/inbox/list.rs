//! The rows and pages of the inbox.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use hotline_core::{
    contact::lifecycle::{Marking, Status},
    identifiers::reference::Reference,
    job::Delivery,
    routing::targets::Due,
    staff::preferences::NotifyAbout,
    text::locale::Language,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Asterisk, Expr, ExprTrait, Func, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::{is_call, is_unread, reference_of},
        entity::{contacts, events, messages, outbox, staff},
        store::{Store, time},
        values::{Direction, HistoryKind},
    },
    error::StoreError,
    routing::targets::TargetTimes,
    sealing::bodies::ContactContent,
};

pub(crate) use crate::inbox::view::Order;
pub use crate::inbox::view::{Filter, InboxOrder, View};

/// Time in microseconds after which the inbox shows a queued but unsent reply as undelivered (requirement G11).
const LATE: i64 = 15 * 60 * 1_000_000;

/// Every delivery state except `Sent`.
const UNSENT: [Delivery; 5] = [
    Delivery::Queued,
    Delivery::Sending,
    Delivery::Delayed,
    Delivery::Unknown,
    Delivery::Failed,
];

/// One row of the inbox.
pub struct InboxRow {
    /// Reference of the contact.
    pub reference: Reference,
    /// The line on which the contact arrived.
    pub line: String,
    /// The channel of the contact's line.
    pub channel: String,
    /// Current status of the contact.
    pub status: Status,
    /// The marking: spam, test, duplicate or quarantine. The statistics leave out marked contacts. `None` if the contact is not marked.
    pub marking: Option<Marking>,
    /// Display name of the assignee. `None` if the contact is unassigned.
    pub assignee: Option<String>,
    /// The team to which the contact belongs. `None` if it belongs to no team.
    pub team: Option<String>,
    /// Display name of the colleague who handed the contact over to the viewer or the viewer's team. `None` if no colleague did, or if
    /// staff have acted on the contact since.
    pub handed_by: Option<String>,
    /// Whether the contact is a call. A call counts as answered from the start.
    pub is_call: bool,
    /// Whether staff have not read the newest message from the person.
    pub is_unread: bool,
    /// The language of the contact. `None` if it is not known.
    pub language: Option<Language>,
    /// Urgency of the contact: 0 ordinary, 1 urgent, 2 in immediate danger.
    pub urgency: i16,
    /// When the contact's latest snooze ends or ended. `None` if there is no snooze.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// When the person began to wait for a reply. `None` if the person is not waiting.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When the reply to the person is due. `None` if the person is not waiting, or if there is no target.
    pub due: Option<Due>,
    /// When the person last wrote.
    pub last_in_at: DateTime<Utc>,
    /// The keyed hash of the person's identifier on this line, for example for the pseudonym. `None` if the contact has no identifier.
    pub person: Option<Vec<u8>>,
    /// The contact content, such as name, subject and first words, masked if the settings mask it. `None` if the contact was erased.
    pub card: Option<ContactContent>,
    /// The delivery state of a reply that failed, or that is still unsent 15 minutes after it was queued. `None` if the contact has no such
    /// reply.
    pub undelivered: Option<Delivery>,
    /// The ids of the rules that last raised the contact, separated by spaces. `None` if the contact is not in danger, or if the
    /// rules never raised it.
    pub raised_by: Option<String>,
    place: Place,
}

/// The position of a row in the sorted list. The next page begins after the position of the last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub(crate) at: i64,
    pub(crate) id: Uuid,
}

impl Place {
    /// Formats the position for a URL.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{}.{}", self.at, self.id.simple())
    }

    /// Parses a position from a URL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        Some(Self {
            at: at.parse().ok()?,
            id: Uuid::try_parse(id).ok()?,
        })
    }
}

/// One page of an inbox view.
#[derive(Default)]
pub struct InboxPage {
    /// The rows, in the order of the view.
    pub rows: Vec<InboxRow>,
    /// The position after which the next page begins. `None` on the last page.
    pub next: Option<Place>,
}

impl Store {
    /// Counts the rows of a query without loading them.
    pub(crate) async fn count_rows(&self, rows: SelectStatement) -> Result<u64, StoreError> {
        let count = Query::select()
            .expr_as(Func::count(Expr::col(Asterisk)), "n")
            .from_subquery(rows, "found")
            .to_owned();
        let row = self.reading.query_one(&count).await?;
        let count: i64 = row
            .map(|row| row.try_get("", "n"))
            .transpose()?
            .unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Loads a page of a view for the member of staff `me`. The page has at most `size` rows and begins after the position `after`.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn inbox(
        &self,
        view: View,
        filter: &Filter,
        me: Uuid,
        after: Option<Place>,
        size: u64,
    ) -> Result<InboxPage, StoreError> {
        let order = Order::of(view, filter);
        let query = self.filtered(self.in_view(view, me).await?, filter);
        let mut found = match order {
            Order::Wait => self.rows_by_wait(&query, after, size + 1).await?,
            Order::Pressing | Order::Newest | Order::Registered => {
                let rows = rows_after(query, order, after).limit(size + 1);
                rows.all(&self.reading).await?
            }
        };
        let more = found.len() as u64 > size;
        found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let names = self.names().await?;
        let undelivered = self.undelivered(&found).await?;
        let targets = self.target_times(&self.reading).await?;
        let handed = self.handed_over(&found, me, &names).await?;
        let raised = self.last_raised_by(&found).await?;
        let rows: Vec<InboxRow> = found
            .into_iter()
            .map(|contact| {
                let undelivered = undelivered.get(&contact.id).copied();
                let handed_by = handed.get(&contact.id).cloned();
                let raised_by = raised.get(&contact.id).cloned();
                let row = self.row(contact, order, &names, undelivered, &targets);
                InboxRow {
                    handed_by,
                    raised_by,
                    ..row
                }
            })
            .collect();
        let next = rows.last().filter(|_| more).map(|row| row.place);
        Ok(InboxPage { rows, next })
    }

    /// Finds which of the given contacts a colleague handed over to `me` or to the team of `me`. Returns that colleague's display name for
    /// each. Leaves out contacts on which staff have acted since the hand-over.
    pub(super) async fn handed_over(
        &self,
        found: &[contacts::Model],
        me: Uuid,
        names: &[(Uuid, String)],
    ) -> Result<HashMap<Uuid, String>, StoreError> {
        let team = staff::Entity::find_by_id(me).one(&self.reading).await?;
        let team = team.and_then(|me| me.team);
        let to_us = |contact: &&contacts::Model| match contact.assignee {
            Some(assignee) => assignee == me,
            None => team.is_some() && contact.team == team,
        };
        let ids: Vec<Uuid> = found.iter().filter(to_us).map(|contact| contact.id).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let done = events::Entity::find()
            .filter(events::Column::ContactId.is_in(ids))
            .filter(events::Column::Actor.is_not_null())
            .order_by_asc(events::Column::Id)
            .all(&self.reading)
            .await?;
        let newest: HashMap<Uuid, events::Model> =
            done.into_iter().map(|event| (event.contact_id, event)).collect();
        let by = |event: events::Model| name_of(names, event.actor?);
        Ok(newest
            .into_iter()
            .filter(|(_, event)| event.kind == HistoryKind::HandedOver && event.actor != Some(me))
            .filter_map(|(contact, event)| Some((contact, by(event)?)))
            .collect())
    }

    /// Finds which of the given contacts have a reply that failed, or that is still unsent 15 minutes after it was queued. Returns the
    /// delivery state of that reply for each contact. If there are several such replies, a failed one has priority.
    pub(crate) async fn undelivered(
        &self,
        found: &[contacts::Model],
    ) -> Result<HashMap<Uuid, Delivery>, StoreError> {
        let mut worst = HashMap::new();
        if found.is_empty() {
            return Ok(worst);
        }
        let replies = messages::Entity::find()
            .select_only()
            .column(messages::Column::Id)
            .filter(messages::Column::ContactId.is_in(found.iter().map(|contact| contact.id)))
            .filter(messages::Column::Direction.eq(Direction::Reply));
        let rows = outbox::Entity::find()
            .filter(outbox::Column::MessageId.in_subquery(replies.into_query()))
            .filter(not_through(self.now()))
            .all(&self.reading)
            .await?;
        for row in rows {
            let state = row.state.0;
            let known = worst.entry(row.contact_id).or_insert(state);
            if state == Delivery::Failed {
                *known = state;
            }
        }
        Ok(worst)
    }

    pub(crate) fn row(
        &self,
        contact: contacts::Model,
        order: Order,
        names: &[(Uuid, String)],
        undelivered: Option<Delivery>,
        targets: &TargetTimes<'_>,
    ) -> InboxRow {
        InboxRow {
            due: targets.due(&contact),
            undelivered,
            handed_by: None,
            raised_by: None,
            is_call: is_call(&contact),
            is_unread: is_unread(&contact),
            language: contact.language.map(|language| language.0),
            reference: reference_of(&contact),
            card: self
                .contact_content(&contact)
                .ok()
                .map(|card| self.mask_card(card)),
            status: contact.status.0,
            marking: contact.marking.map(|marking| marking.0),
            assignee: contact.assignee.and_then(|assignee| name_of(names, assignee)),
            waiting_since: contact.waiting_since.map(time),
            last_in_at: time(contact.last_in_at),
            urgency: contact.urgency,
            snoozed_until: contact.snoozed_until.map(time),
            place: Place {
                at: order.place(&contact),
                id: contact.id,
            },
            person: contact.identifier_hash,
            line: contact.line,
            channel: contact.channel,
            team: contact.team,
        }
    }

    /// Counts the contacts of a view for the member of staff `me`. Stops counting at 1,000.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn view_size(&self, view: View, me: Uuid) -> Result<u64, StoreError> {
        let ids = self
            .in_view(view, me)
            .await?
            .select_only()
            .column(contacts::Column::Id)
            // With this order, the database uses the small index of the view instead of a larger index.
            .order_by_asc(Order::of(view, &Filter::default()).expression())
            .limit(1_000);
        self.count_rows(ids.into_query()).await
    }

    /// Counts the contacts that wait for a reply and about which `me` is to be notified. Leaves out snoozed contacts. Stops counting at
    /// 1,000.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn waits_for(&self, me: Uuid, about: NotifyAbout) -> Result<u64, StoreError> {
        let ids = self
            .waiting_for(me, about)
            .await?
            .select_only()
            .column(contacts::Column::Id);
        self.count_rows(ids.into_query()).await
    }

    /// Builds the query of the first thousand waiting contacts about which a member of staff wants to be notified.
    pub(super) async fn waiting_for(
        &self,
        me: Uuid,
        about: NotifyAbout,
    ) -> Result<Select<contacts::Entity>, StoreError> {
        let mine = contacts::Column::Assignee.eq(me);
        let mine_or_free = mine.clone().or(contacts::Column::Assignee.is_null());
        let condition = match about {
            NotifyAbout::Everyone => mine_or_free,
            NotifyAbout::Mine => mine,
            NotifyAbout::Urgent => mine_or_free.and(contacts::Column::Urgency.gt(0)),
        };
        Ok(self
            .in_view(View::Waiting, me)
            .await?
            .filter(condition)
            .order_by_asc(Order::Pressing.expression())
            .limit(1_000))
    }

    pub(crate) async fn names(&self) -> Result<Vec<(Uuid, String)>, StoreError> {
        let people = staff::Entity::find().all(&self.reading).await?;
        Ok(people.into_iter().map(|one| (one.id, one.name)).collect())
    }

    /// Counts all registered contacts, including contacts marked as spam, test or duplicate.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn contacts_registered(&self) -> Result<u64, StoreError> {
        Ok(contacts::Entity::find().count(&self.reading).await?)
    }
}

/// Sorts a query in an order that an index has, and leaves out the rows up to the position `after`.
fn rows_after(
    mut query: Select<contacts::Entity>,
    order: Order,
    after: Option<Place>,
) -> Select<contacts::Entity> {
    let descending = order != Order::Pressing;
    let (at, id) = (order.expression(), contacts::Column::Id);
    query = if descending {
        query.order_by_desc(at.clone()).order_by_desc(id)
    } else {
        query.order_by_asc(at.clone()).order_by_asc(id)
    };
    if let Some(after) = after {
        let (up_to, beyond, same) = if descending {
            (at.clone().lte(after.at), at.clone().lt(after.at), id.lt(after.id))
        } else {
            (at.clone().gte(after.at), at.clone().gt(after.at), id.gt(after.id))
        };
        // The next condition implies the condition `up_to`, which is added so that the database can seek in the index.
        query = query
            .filter(up_to)
            .filter(Condition::any().add(beyond).add(at.eq(after.at).and(same)));
    }
    query
}

/// Builds the condition for outbox rows that are undelivered: failed, or still unsent 15 minutes after they were queued. The condition
/// lists every unsent state so that the database can use the index on those states.
pub(crate) fn not_through(now: i64) -> Condition {
    let failed = outbox::Column::State.eq(Delivery::Failed.as_str());
    let late = outbox::Column::QueuedAt.lt(now.saturating_sub(LATE));
    Condition::all()
        .add(outbox::Column::State.is_in(UNSENT.map(Delivery::as_str)))
        .add(failed.or(late))
}

pub(crate) fn name_of(names: &[(Uuid, String)], id: Uuid) -> Option<String> {
    names
        .iter()
        .find(|(one, _)| *one == id)
        .map(|(_, name)| name.clone())
}
