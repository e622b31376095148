//! The views of the inbox, their filters and their sort orders.

use chrono::NaiveDate;
use hotline_core::time::clock;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, follows, staff},
        store::Store,
    },
    error::StoreError,
};

/// A view of the inbox. Except for [`View::Snoozed`], views of open contacts leave out snoozed contacts. Quarantined contacts
/// are left out of the views of open contacts too, except [`View::Mine`] and [`View::Urgent`]. Views of open contacts sort by
/// urgency, highest first; contacts of equal urgency are sorted by waiting time, longest first, and answered contacts come last. The other
/// views list the newest contacts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum View {
    /// Open contacts without an assignee.
    Unassigned,
    /// Open contacts assigned to the viewer, that is, to the member of staff who looks at the inbox.
    Mine,
    /// Open contacts of the viewer's team, with or without an assignee.
    Team,
    /// Open contacts that are urgent or in immediate danger.
    Urgent,
    /// Contacts waiting for a reply from staff.
    Waiting,
    /// Contacts that wait for a late reply, that is, a reply whose target was missed.
    Late,
    /// Contacts that staff have answered and to which the person has not written since. Calls are left out.
    Answered,
    /// Open contacts that are snoozed.
    Snoozed,
    /// Contacts that the viewer follows.
    Followed,
    /// Closed contacts without a marking.
    Closed,
    /// Contacts marked as spam, test or duplicate.
    Marked,
    /// Contacts that wait in the quarantine for a supervisor.
    Quarantine,
    /// All contacts.
    All,
}

hotline_core::named!(View);

impl View {
    /// Returns whether the view contains only open contacts.
    #[must_use]
    pub const fn is_of_open(self) -> bool {
        match self {
            Self::Unassigned
            | Self::Mine
            | Self::Team
            | Self::Urgent
            | Self::Waiting
            | Self::Late
            | Self::Answered
            | Self::Snoozed => true,
            Self::Followed | Self::Closed | Self::Marked | Self::Quarantine | Self::All => false,
        }
    }
}

/// A filter for the contacts of a view. The default filter selects all contacts of the view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only contacts on this channel.
    pub channel: Option<String>,
    /// Only contacts with this language tag.
    pub language: Option<String>,
    /// Only contacts with this urgency or a higher one: 1 urgent, 2 in immediate danger.
    pub urgency: Option<i16>,
    /// Only contacts with this main topic, given by its id in the classification scheme.
    pub topic: Option<String>,
    /// Only contacts assigned to this member of staff.
    pub assignee: Option<Uuid>,
    /// Only contacts registered on this day or later.
    pub from: Option<NaiveDate>,
    /// Only contacts registered on this day or earlier.
    pub to: Option<NaiveDate>,
    /// The order of a view of open contacts. Has no effect on other views and on searches.
    pub order: InboxOrder,
}

/// The order of a view of open contacts. Contacts that wait for no reply come last in both orders.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum InboxOrder {
    /// The most urgent first; of equal urgency, the longest-waiting first.
    #[default]
    MostUrgent,
    /// The longest-waiting first, whatever the urgency.
    LongestWait,
}

hotline_core::named!(InboxOrder);

/// Sort key of a contact that waits for no reply, without the amount subtracted for urgency. The sort key of a waiting contact is the time
/// at which the wait began, in microseconds since 1970. `ANSWERED` is larger than any such time, so answered contacts come last.
pub(super) const ANSWERED: i64 = 4_000_000_000_000_000_000;
/// Microseconds subtracted from the sort key for each level of urgency. They exceed the time since 1970, so a more urgent contact always
/// comes before a longer-waiting one.
pub(super) const PRESSING: i64 = 100_000_000_000_000_000;

/// The order in which a view lists its contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Most urgent first, then longest waiting. A contact keeps its position if the person writes again while waiting.
    Pressing,
    /// Longest waiting first, whatever the urgency. Answered contacts come last.
    Wait,
    /// Most recent message from the person first.
    Newest,
    /// Most recently registered first. Replaces `Newest` if the filter selects a period of registration, because contacts registered in
    /// that period are adjacent in this order.
    Registered,
}

impl Order {
    pub(crate) fn of(view: View, filter: &Filter) -> Self {
        let period = filter.from.is_some() || filter.to.is_some();
        match view.is_of_open() {
            true => match filter.order {
                InboxOrder::MostUrgent => Self::Pressing,
                InboxOrder::LongestWait => Self::Wait,
            },
            false if period => Self::Registered,
            false => Self::Newest,
        }
    }

    /// Returns the SQL expression to sort by. No expression gives the order [`Order::Wait`]; `by_wait.rs` reads it in parts of
    /// [`Order::Pressing`]. The constants are literals, because the database could not use the index on this expression if they were bound
    /// values.
    pub(crate) fn expression(self) -> Expr {
        match self {
            Self::Pressing | Self::Wait => Expr::cust(format!(
                "(COALESCE(waiting_since, {ANSWERED}) - urgency * {PRESSING})"
            )),
            Self::Newest => Expr::col(contacts::Column::LastInAt),
            Self::Registered => Expr::col(contacts::Column::OpenedAt),
        }
    }

    /// Returns the sort key of a contact.
    pub(crate) fn place(self, contact: &contacts::Model) -> i64 {
        match self {
            Self::Pressing => {
                contact.waiting_since.unwrap_or(ANSWERED) - i64::from(contact.urgency) * PRESSING
            }
            Self::Wait => contact
                .waiting_since
                .unwrap_or(ANSWERED - i64::from(contact.urgency) * PRESSING),
            Self::Newest => contact.last_in_at,
            Self::Registered => contact.opened_at,
        }
    }
}

impl Store {
    pub(super) fn filtered(
        &self,
        query: Select<contacts::Entity>,
        filter: &Filter,
    ) -> Select<contacts::Entity> {
        use contacts::Column;
        let equal = |column: Column, value: &Option<String>| value.as_ref().map(|value| column.eq(value));
        let start = |day: NaiveDate| clock::start_of_day(day, self.zone).timestamp_micros();
        let conditions = [
            equal(Column::Channel, &filter.channel),
            equal(Column::Language, &filter.language),
            equal(Column::Topic, &filter.topic),
            // The index has the condition `urgency > 0`. The same condition is added here so that the database can use this index.
            filter.urgency.map(|_| Expr::cust("urgency > 0")),
            filter.urgency.map(|least| Column::Urgency.gte(least)),
            filter.assignee.map(|assignee| Column::Assignee.eq(assignee)),
            filter.from.map(|from| Column::OpenedAt.gte(start(from))),
            filter
                .to
                .and_then(|to| to.succ_opt())
                .map(|after| Column::OpenedAt.lt(start(after))),
        ];
        conditions
            .into_iter()
            .flatten()
            .fold(query, |query, condition| query.filter(condition))
    }

    /// Builds the query of the contacts of a view that `me` may read.
    pub(super) async fn in_view(&self, view: View, me: Uuid) -> Result<Select<contacts::Entity>, StoreError> {
        let query = self.all_in_view(view, me).await?;
        Ok(match self.sight_of_account(me).await? {
            Some(sight) => query.filter(sight.condition()),
            None => query,
        })
    }

    /// Builds the query of a view. The database can use a partial index only if the query repeats the condition of that index word for
    /// word.
    async fn all_in_view(&self, view: View, me: Uuid) -> Result<Select<contacts::Entity>, StoreError> {
        use contacts::Column;
        let all = contacts::Entity::find();
        let of = |written: &'static str| contacts::Entity::find().filter(Expr::cust(written));
        let now = self.now();
        let in_sight = Condition::any()
            .add(Column::SnoozedUntil.is_null())
            .add(Column::SnoozedUntil.lte(now));
        let admitted = Expr::cust("(marking IS NULL OR marking <> 'quarantine')");
        Ok(match view {
            View::Unassigned => of("status <> 'closed' AND holder IS NULL")
                .filter(admitted)
                .filter(in_sight),
            View::Mine => of("status <> 'closed'")
                .filter(Column::Assignee.eq(me))
                .filter(in_sight),
            View::Team => {
                let my_team = Query::select()
                    .column(staff::Column::Team)
                    .from(staff::Entity)
                    .and_where(staff::Column::Id.eq(me))
                    .to_owned();
                let team = Expr::col(Column::Team).eq(Expr::SubQuery(None, Box::new(my_team.into())));
                of("status <> 'closed' AND team IS NOT NULL")
                    .filter(team)
                    .filter(admitted)
                    .filter(in_sight)
            }
            View::Urgent => of("status <> 'closed' AND urgency > 0").filter(in_sight),
            View::Waiting => of("status = 'waiting'").filter(admitted).filter(in_sight),
            View::Late => all
                .filter(self.target_times(&self.reading).await?.late())
                .filter(in_sight),
            // Calls are left out, because a caller does not wait for a reply. An open call appears in the view `Mine` of its assignee.
            View::Answered => of("status = 'answered'")
                .filter(Expr::cust("(first_read_at IS NULL OR first_read_at > opened_at)"))
                .filter(admitted)
                .filter(in_sight),
            View::Snoozed => of("status <> 'closed' AND snoozed_until IS NOT NULL")
                .filter(admitted)
                .filter(Column::SnoozedUntil.gt(now)),
            View::Followed => {
                let mine = follows::Entity::find()
                    .select_only()
                    .column(follows::Column::ContactId)
                    .filter(follows::Column::StaffId.eq(me));
                all.filter(Column::Id.in_subquery(mine.into_query()))
            }
            View::Closed => of("status = 'closed' AND marking IS NULL"),
            View::Marked => of("marking IS NOT NULL").filter(Expr::cust("marking <> 'quarantine'")),
            View::Quarantine => of("marking IS NOT NULL").filter(Expr::cust("marking = 'quarantine'")),
            View::All => all,
        })
    }
}
