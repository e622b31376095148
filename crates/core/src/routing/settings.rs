//! The settings of routing.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::routing::skills::Requirement;

/// How contacts reach counsellors.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Mode {
    /// A contact is assigned to the best counsellor.
    #[default]
    Assign,
    /// A contact is offered to the best counsellor. If this counsellor does not accept the contact within [`Routing::accept_minutes`], the
    /// contact is offered to the next counsellor.
    Offer,
    /// Counsellors ask for the next contact.
    Pull,
}

crate::named!(Mode);

/// The `[routing]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Routing {
    /// Minutes without an action after which a counsellor on duty is away. 1 to 25, because a log-in ends after 30.
    pub away_after_minutes: u16,
    /// Minutes after which the waiting contacts of an away counsellor return to the queue. 0: at once.
    pub return_after_minutes: u16,
    /// How contacts reach counsellors whose team is not listed in [`Routing::teams`].
    pub mode: Mode,
    /// The modes of teams.
    pub teams: BTreeMap<String, Mode>,
    /// Minutes in which a counsellor accepts an offered contact.
    pub accept_minutes: u16,
    /// The maximum load, in points, of a counsellor for whom no other capacity is recorded.
    pub capacity: u16,
    /// The points of one contact by channel. A channel that is not listed has [`Routing::USUAL_WEIGHT`].
    pub weights: BTreeMap<String, u16>,
    /// The number of severe contacts in twelve hours after which a counsellor gets no further severe contact. 0: no cap.
    pub severe_cap: u16,
    /// Minutes of waiting after which a requirement no longer holds. A requirement that is not listed never relaxes.
    pub relax_minutes: BTreeMap<Requirement, u16>,
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            away_after_minutes: 10,
            return_after_minutes: 5,
            mode: Mode::Assign,
            teams: BTreeMap::new(),
            accept_minutes: 2,
            capacity: 12,
            weights: BTreeMap::new(),
            severe_cap: 0,
            relax_minutes: BTreeMap::from([
                (Requirement::Topic, 5),
                (Requirement::Language, 15),
                (Requirement::Channel, 15),
                (Requirement::Team, 15),
                (Requirement::Danger, 1),
            ]),
        }
    }
}

/// A setting of routing that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRouting {
    /// The log-in would end before the counsellor is away.
    #[error("`routing.away_after_minutes` is 1 to 25: a log-in ends after 30 minutes without an action")]
    AwayAfter,
    /// Nobody could ever accept an offer.
    #[error("`routing.accept_minutes` is at least 1")]
    AcceptMinutes,
    /// Nobody could ever get a contact.
    #[error("`routing.capacity` is at least 1")]
    Capacity,
    /// A contact of the channel would exceed every capacity.
    #[error("`routing.weights.{0}` is more than `routing.capacity`, so nobody could ever get such a contact")]
    Weight(String),
}

impl Routing {
    /// The points of a contact on a channel without a weight.
    pub const USUAL_WEIGHT: u16 = 1;

    /// Checks the settings.
    ///
    /// # Errors
    /// Returns an error about the first setting that cannot work.
    pub fn check(&self) -> Result<(), InvalidRouting> {
        if !(1..=25).contains(&self.away_after_minutes) {
            return Err(InvalidRouting::AwayAfter);
        }
        if self.accept_minutes == 0 {
            return Err(InvalidRouting::AcceptMinutes);
        }
        if self.capacity == 0 {
            return Err(InvalidRouting::Capacity);
        }
        match self.weights.iter().find(|(_, weight)| **weight > self.capacity) {
            Some((channel, _)) => Err(InvalidRouting::Weight(channel.clone())),
            None => Ok(()),
        }
    }

    /// Returns after which time without an action a counsellor on duty is away.
    #[must_use]
    pub fn away_after(&self) -> TimeDelta {
        TimeDelta::minutes(self.away_after_minutes.into())
    }

    /// Returns after which time the waiting contacts of an away counsellor return to the queue.
    #[must_use]
    pub fn return_after(&self) -> TimeDelta {
        TimeDelta::minutes(self.return_after_minutes.into())
    }

    /// Returns how long an offer is open.
    #[must_use]
    pub fn accept_within(&self) -> TimeDelta {
        TimeDelta::minutes(self.accept_minutes.into())
    }

    /// Returns the points of one contact on a channel.
    #[must_use]
    pub fn weight(&self, channel: &str) -> u16 {
        self.weights.get(channel).copied().unwrap_or(Self::USUAL_WEIGHT)
    }

    /// Returns how contacts reach the counsellors of a team.
    #[must_use]
    pub fn mode_of(&self, team: Option<&str>) -> Mode {
        team.and_then(|team| self.teams.get(team).copied())
            .unwrap_or(self.mode)
    }

    /// Returns after how long a wait the requirement no longer holds. `None`: it always holds.
    #[must_use]
    pub fn relaxes_after(&self, requirement: Requirement) -> Option<TimeDelta> {
        self.relax_minutes
            .get(&requirement)
            .map(|minutes| TimeDelta::minutes((*minutes).into()))
    }
}
