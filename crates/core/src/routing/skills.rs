//! What counsellors can do, and what a contact needs.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{contact::urgency::Urgency, routing::settings::Routing, text::locale::Language};

/// A language that people speak. Serbian is one language in both scripts.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Spoken {
    /// Serbian.
    Serbian,
    /// English.
    English,
}

crate::named!(Spoken);

impl From<Language> for Spoken {
    fn from(language: Language) -> Self {
        match language {
            Language::SrCyrl | Language::SrLatn => Self::Serbian,
            Language::En => Self::English,
        }
    }
}

/// The skills and limits of a counsellor. An empty set means "all", so a centre that records no skills routes contacts to all counsellors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Skills {
    /// The languages that the counsellor speaks.
    pub languages: BTreeSet<Spoken>,
    /// The topics that the counsellor knows, by their ids in the classification scheme.
    pub topics: BTreeSet<String>,
    /// The channels on which the counsellor answers.
    pub channels: BTreeSet<String>,
    /// Whether the counsellor takes contacts in immediate danger.
    pub takes_danger: bool,
    /// The maximum load in points. `None`: [`Routing::capacity`].
    pub capacity: Option<u16>,
    /// The number of severe contacts in twelve hours after which the counsellor gets no further severe contact. `None`:
    /// [`Routing::severe_cap`].
    pub severe_cap: Option<u16>,
    /// Whether the counsellor belongs to the fallback group, whose members get the contacts that no counsellor on shift can take.
    pub fallback: bool,
    /// Whether the counsellor takes a break and gets no contacts automatically.
    pub on_break: bool,
    /// Since when the counsellor wants to talk with a supervisor about contacts that weigh on them. `None`: no talk is wanted. Routing does not
    /// read this.
    pub talk_wanted: Option<DateTime<Utc>>,
}

impl Default for Skills {
    fn default() -> Self {
        Self {
            languages: BTreeSet::new(),
            topics: BTreeSet::new(),
            channels: BTreeSet::new(),
            takes_danger: true,
            capacity: None,
            severe_cap: None,
            fallback: false,
            on_break: false,
            talk_wanted: None,
        }
    }
}

/// One thing that a contact needs from its counsellor.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Requirement {
    /// Speaks the contact's language.
    Language,
    /// Knows the contact's topic.
    Topic,
    /// Answers on the contact's channel.
    Channel,
    /// Belongs to the contact's team.
    Team,
    /// Takes contacts in immediate danger.
    Danger,
}

crate::named!(Requirement);

/// A requirement that a recorded skill or the team of a counsellor meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    /// The requirement.
    pub requirement: Requirement,
    /// The language, the topic's id, the channel or the team that the contact needs.
    pub value: String,
}

/// A contact that waits for a counsellor, with the facts from which its requirements follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The contact.
    pub contact: Uuid,
    /// The urgency: 0 ordinary, 1 urgent, 2 in immediate danger.
    pub urgency: i16,
    /// Since when the person has waited for a reply.
    pub waiting_since: DateTime<Utc>,
    /// The language of the contact, if it is known.
    pub language: Option<Spoken>,
    /// The channel of the contact.
    pub channel: String,
    /// The topic of the contact, if it is known.
    pub topic: Option<String>,
    /// The team to which the contact belongs, if any.
    pub team: Option<String>,
    /// The counsellors who answered this person before, in this contact or an earlier one.
    pub known_to: BTreeSet<Uuid>,
    /// The counsellors who declined this contact or did not accept it in time.
    pub declined_by: BTreeSet<Uuid>,
}

/// The urgency of immediate danger.
pub const DANGER: i16 = Urgency::Danger.to_stored();

impl Need {
    /// Returns whether a counsellor with `skills` and `team` fulfils a requirement. A contact without a language, topic or team has no
    /// requirement about the missing property.
    #[must_use]
    pub fn is_met(&self, requirement: Requirement, skills: &Skills, team: Option<&str>) -> bool {
        fn holds<T: Ord>(set: &BTreeSet<T>, wanted: Option<&T>) -> bool {
            set.is_empty() || wanted.is_none_or(|wanted| set.contains(wanted))
        }
        match requirement {
            Requirement::Language => holds(&skills.languages, self.language.as_ref()),
            Requirement::Topic => holds(&skills.topics, self.topic.as_ref()),
            Requirement::Channel => holds(&skills.channels, Some(&self.channel)),
            Requirement::Team => self.team.is_none() || self.team.as_deref() == team,
            Requirement::Danger => self.urgency < DANGER || skills.takes_danger,
        }
    }

    /// Returns the requirements that a recorded skill or the team of the counsellor meets. A counsellor whose skills list the contact's
    /// topic is a better match than a counsellor whose skills list no topics.
    #[must_use]
    pub fn matches(&self, skills: &Skills, team: Option<&str>) -> Vec<Match> {
        let language = self
            .language
            .filter(|language| skills.languages.contains(language));
        let topic = self.topic.clone().filter(|topic| skills.topics.contains(topic));
        let channel = Some(self.channel.clone()).filter(|channel| skills.channels.contains(channel));
        let team = self.team.clone().filter(|wanted| Some(wanted.as_str()) == team);
        [
            (
                Requirement::Language,
                language.map(|language| language.as_str().to_owned()),
            ),
            (Requirement::Topic, topic),
            (Requirement::Channel, channel),
            (Requirement::Team, team),
        ]
        .into_iter()
        .filter_map(|(requirement, value)| {
            Some(Match {
                requirement,
                value: value?,
            })
        })
        .collect()
    }

    /// Returns whether the contact is in immediate danger.
    #[must_use]
    pub const fn is_danger(&self) -> bool {
        self.urgency >= DANGER
    }

    /// Returns whether the contact is severe: urgent or in immediate danger.
    #[must_use]
    pub const fn is_severe(&self) -> bool {
        self.urgency > 0
    }

    /// Returns the requirements that no longer apply at `now`, because the contact has waited longer than the times set for them. To a
    /// contact in danger, no requirement applies for longer than [`Requirement::Danger`].
    #[must_use]
    pub fn relaxed(&self, routing: &Routing, now: DateTime<Utc>) -> BTreeSet<Requirement> {
        let waited = (now - self.waiting_since).max(TimeDelta::zero());
        Requirement::ALL
            .iter()
            .copied()
            .filter(|requirement| {
                let own = routing.relaxes_after(*requirement);
                let danger = routing
                    .relaxes_after(Requirement::Danger)
                    .filter(|_| self.is_danger());
                own.into_iter()
                    .chain(danger)
                    .min()
                    .is_some_and(|after| waited >= after)
            })
            .collect()
    }
}
