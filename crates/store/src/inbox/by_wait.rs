//! The order "longest wait first" of the views of open contacts.
//!
//! No index has this order. The index of the order [`Order::Pressing`] has a band of waiting contacts for each level of urgency, sorted by
//! wait. This module reads the beginning of each band and merges them, so the cost of a page does not depend on the size of the view.

use hotline_core::{contact::classification::URGENCY, routing::skills::DANGER};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::ExprTrait};

use crate::{
    db::{entity::contacts, store::Store},
    error::StoreError,
    inbox::{
        list::Place,
        view::{ANSWERED, Order, PRESSING},
    },
};

/// A part of the index of [`Order::Pressing`].
struct Band {
    /// The first sort key of the band.
    begin: i64,
    /// The first sort key after the band.
    end: i64,
    /// What the urgency subtracts from each sort key in the band.
    shift: i64,
}

/// The answered contacts, which come last.
const ANSWERED_BAND: Band = Band {
    begin: ANSWERED / 2,
    end: i64::MAX,
    shift: 0,
};

impl Store {
    /// Returns the first `limit` contacts of a view after the position `after`, the longest-waiting first. Answered contacts come last.
    pub(super) async fn rows_by_wait(
        &self,
        query: &Select<contacts::Entity>,
        after: Option<Place>,
        limit: u64,
    ) -> Result<Vec<contacts::Model>, StoreError> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        for band in self.waiting_bands() {
            rows.extend(self.rows_of_band(query, &band, after, limit).await?);
        }
        rows.sort_by_key(|contact| (Order::Wait.place(contact), contact.id));
        if rows.len() < most {
            rows.extend(self.rows_of_band(query, &ANSWERED_BAND, after, limit).await?);
        }
        rows.truncate(most);
        Ok(rows)
    }

    /// Returns the bands of waiting contacts, one for each level of urgency.
    fn waiting_bands(&self) -> impl Iterator<Item = Band> + use<> {
        let levels = self
            .scheme()
            .question(URGENCY)
            .map(|question| question.answers.len());
        let highest = levels.map_or(0, |levels| i64::try_from(levels).unwrap_or_default() - 1);
        let highest = Ord::max(highest, DANGER.into());
        (0..=highest).map(move |urgency| {
            let shift = urgency * PRESSING;
            Band {
                // An earlier scheme can have had more levels. Their contacts belong to the last band.
                begin: if urgency == highest { i64::MIN } else { -shift },
                end: PRESSING - shift,
                shift,
            }
        })
    }

    async fn rows_of_band(
        &self,
        query: &Select<contacts::Entity>,
        band: &Band,
        after: Option<Place>,
        limit: u64,
    ) -> Result<Vec<contacts::Model>, StoreError> {
        let (at, id) = (Order::Pressing.expression(), contacts::Column::Id);
        let mut query = query.clone().filter(at.clone().lt(band.end));
        let after = after.map(|after| Place {
            at: after.at.saturating_sub(band.shift),
            id: after.id,
        });
        match after.filter(|after| after.at >= band.begin) {
            Some(after) if after.at >= band.end => return Ok(Vec::new()),
            Some(after) => {
                let beyond = at.clone().gt(after.at);
                let same = at.clone().eq(after.at).and(id.gt(after.id));
                // The next condition implies the first condition, which is added so that the database can seek in the index.
                query = query
                    .filter(at.clone().gte(after.at))
                    .filter(Condition::any().add(beyond).add(same));
            }
            None => query = query.filter(at.clone().gte(band.begin)),
        }
        let rows = query.order_by_asc(at).order_by_asc(id).limit(limit);
        Ok(rows.all(&self.reading).await?)
    }
}
