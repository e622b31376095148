//! Whether a member of staff is available for contacts.

use chrono::{DateTime, TimeDelta, Utc};

use crate::routing::settings::Routing;

/// The facts that decide whether a member of staff is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// Whether the on-duty switch of the member of staff is on.
    pub switched_on: bool,
    /// Whether the member of staff has at least one log-in that has not ended.
    pub logged_in: bool,
    /// When the member of staff last did something at the desk, such as opening a page, switching duty or logging out. Automatic refreshes
    /// of a page do not count. `None`: never.
    pub last_action: Option<DateTime<Utc>>,
}

/// Whether a member of staff is available, and since or until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// The member of staff takes care of contacts.
    Available {
        /// When the member of staff becomes away without a further action.
        until: DateTime<Utc>,
    },
    /// The member of staff takes care of no contact.
    Away {
        /// The moment at which the member of staff became away.
        since: DateTime<Utc>,
    },
}

impl Duty {
    /// Returns whether the member of staff is available at `now`: on duty, logged in, and with an action in the last
    /// [`Routing::away_after_minutes`] minutes.
    ///
    /// A member of staff who goes off duty or logs out has been away since the last action. A member of staff who goes off duty and
    /// continues to work therefore keeps the assigned contacts until the last action is [`Routing::return_after_minutes`] ago.
    #[must_use]
    pub fn availability(self, routing: &Routing, now: DateTime<Utc>) -> Availability {
        let Some(last_action) = self.last_action else {
            return Availability::Away {
                since: DateTime::UNIX_EPOCH,
            };
        };
        // A stored time after `now` comes from a clock that was set back since.
        let last_action = last_action.min(now);
        if !self.switched_on || !self.logged_in {
            return Availability::Away { since: last_action };
        }
        let until = last_action + routing.away_after();
        if now < until {
            Availability::Available { until }
        } else {
            Availability::Away { since: until }
        }
    }

    /// Returns whether the member of staff is at the desk: logged in, and with an action in the last [`Routing::away_after_minutes`]
    /// minutes, on duty or not. A colleague cannot take a contact from an assignee who is present.
    #[must_use]
    pub fn is_present(self, routing: &Routing, now: DateTime<Utc>) -> bool {
        let switched_on = Self {
            switched_on: true,
            ..self
        };
        switched_on.availability(routing, now).is_available()
    }

    /// Returns whether a contact that is waiting for a reply must leave this assignee and return to the queue. A contact returns after the
    /// assignee has been away for [`Routing::return_after_minutes`]. An urgent contact returns at once if the assignee is not present.
    #[must_use]
    pub fn must_return(self, urgent: bool, routing: &Routing, now: DateTime<Utc>) -> bool {
        let at_once = urgent && !self.is_present(routing, now);
        let away = self.availability(routing, now).away_for(now);
        away.is_some_and(|away| at_once || away >= routing.return_after())
    }
}

impl Availability {
    /// Returns whether the member of staff is available.
    #[must_use]
    pub const fn is_available(self) -> bool {
        matches!(self, Self::Available { .. })
    }

    /// Returns how long the member of staff has been away. `None`: the member of staff is available.
    #[must_use]
    pub fn away_for(self, now: DateTime<Utc>) -> Option<TimeDelta> {
        match self {
            Self::Available { .. } => None,
            Self::Away { since } => Some(now - since),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn available_means_on_duty_logged_in_and_active() {
        let routing = Routing::default();
        let available = |switched_on, logged_in, last_action: Option<i64>, now| {
            let duty = Duty {
                switched_on,
                logged_in,
                last_action: last_action.map(at),
            };
            duty.availability(&routing, at(now)).is_available()
        };
        assert!(available(true, true, Some(100), 109));
        assert!(!available(true, true, Some(100), 110), "silent for ten minutes");
        assert!(!available(true, false, Some(100), 100), "logged out");
        assert!(!available(false, true, Some(100), 100), "switched off");
        assert!(!available(true, true, None, 100), "never seen");
    }

    #[test]
    fn waiting_contacts_return_after_the_time_and_urgent_ones_at_once() {
        let routing = Routing::default();
        let returns = |urgent, now| {
            let duty = Duty {
                switched_on: true,
                logged_in: true,
                last_action: Some(at(100)),
            };
            duty.must_return(urgent, &routing, at(now))
        };
        assert!(!returns(true, 109));
        assert!(returns(true, 110));
        assert!(!returns(false, 114));
        assert!(returns(false, 115));
    }

    #[test]
    fn whoever_works_on_after_switching_off_keeps_urgent_contacts_too() {
        let routing = Routing::default();
        let returns = |now| {
            let duty = Duty {
                switched_on: false,
                logged_in: true,
                last_action: Some(at(100)),
            };
            duty.must_return(true, &routing, at(now))
        };
        assert!(!returns(104));
        assert!(returns(105));
    }

    proptest! {
        #[test]
        fn an_available_person_never_loses_a_contact(
            switched_on: bool, logged_in: bool, last in 0i64..300, now in 0i64..300, urgent: bool
        ) {
            let routing = Routing::default();
            let duty = Duty { switched_on, logged_in, last_action: Some(at(last)) };
            let availability = duty.availability(&routing, at(now));
            prop_assert!(!(availability.is_available() && duty.must_return(urgent, &routing, at(now))));
        }
    }
}
