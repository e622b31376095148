//! Changes of the swaps of a plan. Each function returns a new plan, which is checked.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::time::shifts::{InvalidPlan, ShiftPlan, Swap, SwapState};

/// The error for a change of a swap that is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// The plan would be invalid.
    #[error(transparent)]
    Invalid(#[from] InvalidPlan),
    /// The same request is already open.
    #[error("{date}: person {to} is already asked to take this shift")]
    AlreadyAsked {
        /// The date of the swap.
        date: NaiveDate,
        /// The person who is asked.
        to: Uuid,
    },
    /// The plan has no swap with this id.
    #[error("there is no swap {0}")]
    NotFound(Uuid),
    /// The swap is already confirmed or declined.
    #[error("{date}: the swap {id} is already {}", state.as_str())]
    AlreadyDecided {
        /// The date of the swap.
        date: NaiveDate,
        /// The id of the swap.
        id: Uuid,
        /// The state of the swap.
        state: SwapState,
    },
}

impl ShiftPlan {
    /// Adds a request to swap. The state of `swap` is ignored: the new request is open. A person may ask several colleagues to take the
    /// same shift.
    ///
    /// # Errors
    /// Fails if the plan would be invalid, or if the same request is already open.
    pub fn ask_swap(&self, swap: Swap) -> Result<Self, SwapError> {
        let swap = Swap {
            state: SwapState::Asked,
            ..swap
        };
        let is_same = |other: &Swap| {
            other.id != swap.id
                && Swap {
                    id: swap.id,
                    ..*other
                } == swap
        };
        if self.swaps.iter().any(is_same) {
            return Err(SwapError::AlreadyAsked {
                date: swap.date,
                to: swap.to,
            });
        }
        let mut plan = self.clone();
        plan.swaps.push(swap);
        plan.check()?;
        Ok(plan)
    }

    /// Confirms an open request, which moves the shift to the other person. All other open requests for the same shift on the same date
    /// are declined.
    ///
    /// # Errors
    /// Fails if there is no such open request, or if the plan is or would be invalid: for example, because the other person already has a
    /// shift at this time.
    pub fn confirm_swap(&self, id: Uuid) -> Result<Self, SwapError> {
        // An exception for the date makes an open request invalid, but not a confirmed one.
        self.check()?;
        let confirmed = *self.open_swap(id)?;
        let mut plan = self.clone();
        for swap in &mut plan.swaps {
            let is_same_shift = swap.date == confirmed.date && swap.shift == confirmed.shift;
            if swap.id == id {
                swap.state = SwapState::Confirmed;
            } else if is_same_shift && swap.state == SwapState::Asked {
                swap.state = SwapState::Declined;
            }
        }
        plan.check()?;
        Ok(plan)
    }

    /// Declines an open request. The result is not checked, so that a request can be declined because it makes the plan invalid.
    ///
    /// # Errors
    /// Fails if there is no such open request.
    pub fn decline_swap(&self, id: Uuid) -> Result<Self, SwapError> {
        self.open_swap(id)?;
        let mut plan = self.clone();
        for swap in plan.swaps.iter_mut().filter(|swap| swap.id == id) {
            swap.state = SwapState::Declined;
        }
        Ok(plan)
    }

    fn open_swap(&self, id: Uuid) -> Result<&Swap, SwapError> {
        let mut swaps = self.swaps.iter();
        let swap = swaps.find(|swap| swap.id == id).ok_or(SwapError::NotFound(id))?;
        match swap.state {
            SwapState::Asked => Ok(swap),
            SwapState::Confirmed | SwapState::Declined => Err(SwapError::AlreadyDecided {
                date: swap.date,
                id,
                state: swap.state,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::shifts::{
        Who,
        samples::{ANA, BOJAN, VERA, date, exception, swap, weekly},
    };

    const MONDAY: &str = "2026-11-30";

    /// A plan in which Ana works on Monday mornings, Bojan on Monday afternoons, and Vera on Tuesdays.
    fn plan() -> ShiftPlan {
        ShiftPlan {
            weekly: vec![
                weekly(1, Who::Person(ANA), "Mon", "07:00-15:00"),
                weekly(2, Who::Person(BOJAN), "Mon", "14:00-22:00"),
                weekly(3, Who::Person(VERA), "Tue", "07:00-15:00"),
            ],
            ..ShiftPlan::default()
        }
    }

    fn ask(plan: &ShiftPlan, id: u128, shift: u128, from: Uuid, to: Uuid) -> ShiftPlan {
        plan.ask_swap(swap(id, MONDAY, shift, from, to)).unwrap()
    }

    fn states(plan: &ShiftPlan) -> Vec<SwapState> {
        plan.swaps.iter().map(|swap| swap.state).collect()
    }

    #[test]
    fn a_new_request_is_open() {
        let confirmed = Swap {
            state: SwapState::Confirmed,
            ..swap(11, MONDAY, 1, ANA, VERA)
        };
        assert_eq!(states(&plan().ask_swap(confirmed).unwrap()), [SwapState::Asked]);
    }

    #[test]
    fn the_same_request_is_made_once() {
        let asked = ask(&plan(), 11, 1, ANA, VERA);
        assert_eq!(
            asked.ask_swap(swap(12, MONDAY, 1, ANA, VERA)),
            Err(SwapError::AlreadyAsked {
                date: date(MONDAY),
                to: VERA
            })
        );
        let declined = asked.decline_swap(Uuid::from_u128(11)).unwrap();
        let again = ask(&declined, 12, 1, ANA, VERA);
        assert_eq!(states(&again), [SwapState::Declined, SwapState::Asked]);
        assert_eq!(
            again.ask_swap(swap(12, "2026-12-07", 1, ANA, VERA)),
            Err(SwapError::Invalid(InvalidPlan::DoubleSwapId {
                date: date("2026-12-07"),
                id: Uuid::from_u128(12)
            }))
        );
    }

    #[test]
    fn a_confirmed_swap_declines_the_other_requests_for_the_shift() {
        let mut asked = ask(&plan(), 11, 1, ANA, VERA);
        asked = ask(&asked, 12, 1, ANA, BOJAN);
        asked = asked.ask_swap(swap(13, "2026-12-07", 1, ANA, BOJAN)).unwrap();
        let confirmed = asked.confirm_swap(Uuid::from_u128(11)).unwrap();
        assert_eq!(
            states(&confirmed),
            [SwapState::Confirmed, SwapState::Declined, SwapState::Asked]
        );
        assert_eq!(
            confirmed.confirm_swap(Uuid::from_u128(12)),
            Err(SwapError::AlreadyDecided {
                date: date(MONDAY),
                id: Uuid::from_u128(12),
                state: SwapState::Declined
            })
        );
        assert!(confirmed.decline_swap(Uuid::from_u128(11)).is_err());
        let unknown = Uuid::from_u128(99);
        assert_eq!(confirmed.confirm_swap(unknown), Err(SwapError::NotFound(unknown)));
        assert_eq!(confirmed.decline_swap(unknown), Err(SwapError::NotFound(unknown)));
    }

    #[test]
    fn a_swapped_shift_can_be_passed_on_and_returned() {
        let mut plan = ask(&plan(), 11, 1, ANA, VERA);
        plan = plan.confirm_swap(Uuid::from_u128(11)).unwrap();
        assert_eq!(
            plan.ask_swap(swap(12, MONDAY, 1, ANA, VERA)),
            Err(SwapError::Invalid(InvalidPlan::NotOwnShift {
                date: date(MONDAY),
                person: ANA,
                shift: Uuid::from_u128(1)
            }))
        );
        plan = ask(&plan, 12, 1, VERA, ANA);
        plan = plan.confirm_swap(Uuid::from_u128(12)).unwrap();
        assert_eq!(plan.assignees()[&(date(MONDAY), Uuid::from_u128(1))], ANA);
    }

    #[test]
    fn a_person_cannot_take_a_shift_during_another_shift() {
        let asked = ask(&plan(), 11, 1, ANA, BOJAN);
        assert_eq!(
            asked.confirm_swap(Uuid::from_u128(11)).unwrap_err().to_string(),
            format!("{MONDAY}: the shifts 07:00-15:00 and 14:00-22:00 of person {BOJAN} overlap")
        );
    }

    #[test]
    fn an_open_request_on_a_day_of_absence_can_only_be_declined() {
        for person in [ANA, VERA] {
            let mut absent = ask(&plan(), 11, 1, ANA, VERA);
            absent
                .exceptions
                .push(exception(MONDAY, Who::Person(person), &[]));
            assert_eq!(
                absent.confirm_swap(Uuid::from_u128(11)),
                Err(SwapError::Invalid(InvalidPlan::SwapDespiteException {
                    date: date(MONDAY),
                    person,
                    shift: Uuid::from_u128(1)
                }))
            );
            let declined = absent.decline_swap(Uuid::from_u128(11)).unwrap();
            assert_eq!(declined.check(), Ok(()));
        }
    }
}
