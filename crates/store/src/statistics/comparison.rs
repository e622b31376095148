//! Comparisons: the figures of an earlier period beside those of a period.

use chrono::Days;
use hotline_core::{
    contact::classification::TOPIC,
    statistics::{
        comparison::EarlierPeriod,
        figures::{ANSWERED, COUNSELLING},
    },
    time::period::Period,
};
use serde::Serialize;

use crate::{
    db::store::Store,
    error::StoreError,
    statistics::{
        breakdown::BANDS,
        counts::{Breakdown, StatisticsFilter},
        report::{AGE_BANDS, Answering, GENDER, REGION, answering},
        snapshot::Snapshot,
    },
};

/// The figures of an earlier period with which a report compares its tables. Figures for publication are suppressed as they are in the
/// report of that period, so a comparison shows no figure that the two reports do not show.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Compared {
    /// Which earlier period it is. The fields `before` and `a_year_before` of the report contain its totals.
    pub against: EarlierPeriod,
    /// Contacts by topic.
    pub topics: Breakdown,
    /// Counselling and non-counselling contacts.
    pub counselling: Breakdown,
    /// The numbers of contacts by answer state.
    pub answering: Answering,
    /// Contacts by the age of the child. `None` if the wrap-up has no such question, or if the age bands have changed since.
    pub ages: Option<Breakdown>,
    /// Contacts by the gender of the child. `None` if the wrap-up has no such question.
    pub genders: Option<Breakdown>,
    /// Contacts by region. `None` if the wrap-up has no such question.
    pub regions: Option<Breakdown>,
}

/// A breakdown, with the same breakdown of an earlier period.
#[derive(Debug)]
pub struct ComparedBreakdown {
    /// The breakdown of the period.
    pub found: Breakdown,
    /// The breakdown of the earlier period. `None` if no comparison was requested, or if the two cannot be compared: the breakdown has no
    /// dimension or a unit of time, the period has no first or no last day, the earlier period began before this software registered
    /// contacts, or the age bands have changed since.
    pub earlier: Option<Breakdown>,
}

/// A period may begin so many days before the first contact and still counts as whole: in a small centre, nobody writes on some days.
const QUIET: Days = Days::new(6);

impl Store {
    /// Loads a breakdown, with the same breakdown of an earlier period. `least` has the same meaning as in [`Store::breakdown_for_reader`].
    ///
    /// # Errors
    /// Returns the errors of [`Store::breakdown_for_reader`].
    pub async fn breakdown_compared(
        &self,
        cut: &StatisticsFilter,
        least: i64,
        against: Option<EarlierPeriod>,
    ) -> Result<ComparedBreakdown, StoreError> {
        let mut look = self.begin_figures().await?;
        let found = look.breakdown_for_reader(cut, least).await?;
        let is_comparable = !cut.by.is_empty() && cut.every.is_none();
        let against = against.filter(|_| is_comparable);
        let earlier = match against {
            Some(against) => look.comparable(against, cut.period).await?,
            None => None,
        };
        let earlier = match earlier {
            Some(earlier) => look.earlier(cut, earlier, least).await?,
            None => None,
        };
        look.end(ComparedBreakdown { found, earlier }).await
    }
}

impl Snapshot<'_> {
    /// Returns the earlier period. Returns `None` if the period has no first or no last day, or if the earlier period began before this
    /// software registered contacts: its figures would be too low.
    async fn comparable(
        &mut self,
        against: EarlierPeriod,
        period: Period,
    ) -> Result<Option<Period>, StoreError> {
        let began = self.first_day().await?;
        let earlier = against.days(period, self.today());
        let is_whole = |from| began.is_none_or(|began| from + QUIET >= began);
        Ok(earlier.filter(|earlier| earlier.from.is_some_and(is_whole)))
    }

    /// Loads the figures of the earlier period. Returns `None` if there is none to compare with ([`Snapshot::comparable`]).
    pub(crate) async fn compared(
        &mut self,
        period: Period,
        against: EarlierPeriod,
        least: i64,
    ) -> Result<Option<Compared>, StoreError> {
        let Some(earlier) = self.comparable(against, period).await? else {
            return Ok(None);
        };
        let cut = |dimension| StatisticsFilter::contacts(earlier, [dimension], None);
        let ages = StatisticsFilter::contacts(period, [AGE_BANDS], None);
        let answered = self.breakdown_for_reader(&cut(ANSWERED), least).await?;
        Ok(Some(Compared {
            against,
            topics: self.breakdown_for_reader(&cut(TOPIC), least).await?,
            counselling: self.breakdown_for_reader(&cut(COUNSELLING), least).await?,
            answering: answering(&answered),
            ages: match self.has_dimension(AGE_BANDS) {
                true => self.earlier(&ages, earlier, least).await?,
                false => None,
            },
            genders: self.by_question(earlier, GENDER, least).await?,
            regions: self.by_question(earlier, REGION, least).await?,
        }))
    }

    /// Loads the breakdown `cut` of the period `earlier` instead of its own. Returns `None` if the age bands of the two periods differ:
    /// counting the earlier period in other bands than those in which it was published could reveal the count of a single age.
    async fn earlier(
        &mut self,
        cut: &StatisticsFilter,
        earlier: Period,
        least: i64,
    ) -> Result<Option<Breakdown>, StoreError> {
        let bands = |dimension: &String, period: Period| {
            let body = dimension.strip_prefix(BANDS)?;
            let months = period.whole_months(self.today()).filter(|_| least > 0);
            let period = months.unwrap_or(period);
            let mapping = self.store.mapping(body, period.to.unwrap_or(self.today()))?;
            Some(&mapping.bands)
        };
        let same_bands = |dimension: &String| bands(dimension, cut.period) == bands(dimension, earlier);
        if !cut.by.iter().all(same_bands) {
            return Ok(None);
        }
        let earlier = StatisticsFilter {
            period: earlier,
            ..cut.clone()
        };
        self.breakdown_for_reader(&earlier, least).await.map(Some)
    }
}
