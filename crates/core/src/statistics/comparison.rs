//! The earlier period with which the figures of a period are compared.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::time::period::Period;

/// The earlier period with which the figures of a period are compared.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EarlierPeriod {
    /// The period that ends on the day before the compared period begins ([`Period::before`]).
    Before,
    /// The same days a year earlier ([`Period::a_year_before`]).
    YearBefore,
}

crate::named!(EarlierPeriod);

impl EarlierPeriod {
    /// Returns the days of the earlier period. If `period` is not over on the day `today`, the result has only as many days as have passed
    /// in `period`. `None`: `period` has no first or no last day.
    #[must_use]
    pub fn days(self, period: Period, today: NaiveDate) -> Option<Period> {
        let earlier = match self {
            Self::Before => period.before(),
            Self::YearBefore => period.a_year_before(),
        };
        earlier.map(|earlier| earlier.as_far_as(period, today))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_period_is_compared_with_as_many_days() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let november = Period::of(day("2026-11-01"), day("2026-11-30"));
        let days = |earlier: EarlierPeriod, today| earlier.days(november, day(today)).unwrap();
        assert_eq!(
            days(EarlierPeriod::Before, "2026-11-10"),
            Period::of(day("2026-10-01"), day("2026-10-10"))
        );
        assert_eq!(
            days(EarlierPeriod::YearBefore, "2026-12-10"),
            Period::of(day("2025-11-01"), day("2025-11-30"))
        );
        assert_eq!(
            EarlierPeriod::Before.days(Period::default(), day("2026-11-10")),
            None
        );
    }
}
