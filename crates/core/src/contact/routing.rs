//! Selects the counsellor to whom a contact is assigned automatically.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A counsellor on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnDuty {
    /// The counsellor's staff id.
    pub staff: Uuid,
    /// The number of open contacts assigned to the counsellor.
    pub open_contacts: u64,
    /// When a contact was last assigned to the counsellor automatically. `None`: no contact has been assigned to the counsellor
    /// automatically.
    pub last_given: Option<DateTime<Utc>>,
}

/// The result of routing a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Assign the contact to this counsellor.
    To {
        /// The counsellor's staff id.
        staff: Uuid,
        /// Why this counsellor was chosen.
        because: Because,
    },
    /// No counsellor is on duty, so the contact stays in the view of unassigned contacts.
    Waits,
}

/// Why a counsellor was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Because {
    /// This counsellor has fewer open contacts than any other counsellor on duty.
    FewestOpen,
    /// Several counsellors share the smallest number of open contacts. Among them, this counsellor has gone longest without an automatic
    /// assignment.
    LongestIdle,
}

crate::named!(Because);

/// Selects the counsellor on duty with the fewest open contacts. If several counsellors share the smallest number, selects the one who has
/// gone longest without an automatic assignment.
#[must_use]
pub fn route(on_duty: &[OnDuty]) -> Route {
    let key = |one: &OnDuty| (one.open_contacts, one.last_given, one.staff);
    let Some(chosen) = on_duty.iter().min_by_key(|one| key(one)) else {
        return Route::Waits;
    };
    let alone = on_duty
        .iter()
        .filter(|one| one.open_contacts == chosen.open_contacts)
        .count()
        == 1;
    Route::To {
        staff: chosen.staff,
        because: if alone {
            Because::FewestOpen
        } else {
            Because::LongestIdle
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn someone(id: u128, open_contacts: u64, last_given: Option<i64>) -> OnDuty {
        let last_given = last_given.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        OnDuty {
            staff: Uuid::from_u128(id),
            open_contacts,
            last_given,
        }
    }

    #[test]
    fn the_fewest_open_come_first_then_the_longest_idle() {
        let chosen = |on_duty: &[OnDuty]| match route(on_duty) {
            Route::To { staff, because } => Some((staff.as_u128(), because)),
            Route::Waits => None,
        };
        assert_eq!(chosen(&[]), None);
        assert_eq!(
            chosen(&[someone(1, 3, None), someone(2, 2, Some(9))]),
            Some((2, Because::FewestOpen))
        );
        assert_eq!(
            chosen(&[someone(1, 2, Some(9)), someone(2, 2, Some(5))]),
            Some((2, Because::LongestIdle))
        );
        assert_eq!(
            chosen(&[someone(1, 2, Some(9)), someone(2, 2, None)]),
            Some((2, Because::LongestIdle))
        );
    }

    proptest! {
        #[test]
        fn nobody_is_starved(count in 1u128..8) {
            let mut on_duty: Vec<_> = (0..count).map(|id| someone(id, 0, None)).collect();
            for round in 0..count * 3 {
                let Route::To { staff, .. } = route(&on_duty) else { panic!("somebody is there") };
                let one = on_duty.iter_mut().find(|one| one.staff == staff).unwrap();
                one.open_contacts += 1;
                one.last_given = DateTime::from_timestamp(i64::try_from(round).unwrap(), 0);
            }
            prop_assert!(on_duty.iter().all(|one| one.open_contacts == 3));
        }
    }
}
