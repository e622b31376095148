//! Suggests how urgent a contact is, from what the person answered and wrote. The suggestion puts contacts in order; a counsellor decides.
//!
//! The rules are data: `config/urgency/rules-1.toml`, which explains how a centre edits them. Rules only raise the urgency. A "no" to the
//! question "Are you in danger now?" therefore does not lower the urgency, and neither does a harmless sentence beside an alarming one.
//! Every raise has a reason that counsellors see; there is no score.

mod file;
mod pattern;
mod rules;
mod search;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use self::file::{InvalidRules, WrittenAgain};
use self::{
    file::{AnswerReasons, File},
    rules::Compiled,
};
use crate::contact::classification::Label;

/// The file of the built-in rules.
const CENTRE: &str = include_str!("../../../../config/urgency/rules-1.toml");
/// The built-in rules. They are compiled at their first use, because compiling takes some milliseconds and many commands do not need them.
#[expect(
    clippy::expect_used,
    reason = "a test checks that the built-in rules are valid"
)]
static CENTRE_RULES: LazyLock<UrgencyRules> =
    LazyLock::new(|| UrgencyRules::parse(CENTRE).expect("the built-in rules are valid"));
/// The id of the reason "the person answered that they are in danger".
pub const ANSWERED_YES: &str = "answered_yes";
/// The id of the reason "the person is not sure whether they are in danger".
pub const ANSWERED_NOT_SURE: &str = "answered_not_sure";
/// The id of the reason "the person wrote several times without a reply".
pub const WROTE_AGAIN: &str = "wrote_again";

/// How urgent a contact is, from the least to the most urgent.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Urgency {
    /// Nothing suggests that the contact is urgent.
    #[default]
    Ordinary,
    /// A counsellor should read the contact before ordinary ones.
    Urgent,
    /// Somebody may be in danger now.
    Danger,
}

crate::named!(Urgency);

impl Urgency {
    /// Returns the number stored in the database: 0, 1 or 2.
    #[must_use]
    pub const fn to_stored(self) -> i16 {
        match self {
            Self::Ordinary => 0,
            Self::Urgent => 1,
            Self::Danger => 2,
        }
    }

    /// Returns the urgency for a number stored in the database. A scheme with more answers than three stores higher numbers, which are also
    /// [`Self::Danger`].
    #[must_use]
    pub const fn from_stored(stored: i16) -> Self {
        match stored {
            i16::MIN..=0 => Self::Ordinary,
            1 => Self::Urgent,
            2..=i16::MAX => Self::Danger,
        }
    }
}

impl From<Urgency> for i16 {
    fn from(urgency: Urgency) -> Self {
        urgency.to_stored()
    }
}

/// The answer to the first question of the web form: "Are you in danger now?"
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InDanger {
    /// The person is in danger.
    Yes,
    /// The person does not know whether they are in danger.
    NotSure,
    /// The person is not in danger.
    No,
}

crate::named!(InDanger);

/// A reason for raising the urgency of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The id of the rule, or [`ANSWERED_YES`], [`ANSWERED_NOT_SURE`] or [`WROTE_AGAIN`].
    pub rule: String,
    /// The urgency to which the contact is raised for this reason.
    pub urgency: Urgency,
    /// The reason as shown to counsellors.
    pub text: Label,
}

/// What the rules find in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    reasons: Vec<Reason>,
}

/// How urgent a message is, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assessment {
    /// The highest urgency among the reasons.
    pub urgency: Urgency,
    /// The reasons, the most urgent first. Empty if and only if the message is ordinary.
    pub reasons: Vec<Reason>,
}

/// The rules by which the urgency of a message is assessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrgencyRules {
    /// The name of the rules, which a centre changes together with their content.
    pub name: String,
    /// The version of the rules.
    pub version: u32,
    written_again: WrittenAgain,
    answers: AnswerReasons,
    compiled: Compiled,
}

impl UrgencyRules {
    /// Returns the built-in rules.
    #[must_use]
    pub fn centre() -> &'static Self {
        &CENTRE_RULES
    }

    /// Parses a file of rules.
    ///
    /// # Errors
    /// Fails if `text` is not a file of rules. The error names the list, the context or the rule that is invalid.
    pub fn parse(text: &str) -> Result<Self, InvalidRules> {
        let file: File = toml::from_str(text).map_err(|error| InvalidRules::File(error.to_string()))?;
        Ok(Self {
            compiled: Compiled::compile(&file)?,
            name: file.name,
            version: file.version,
            written_again: file.written_again,
            answers: file.answers,
        })
    }

    /// Returns the sentence that explains the rule with this id to counsellors. `None`: the rules have no such rule, for example because an
    /// older version stored the id.
    #[must_use]
    pub fn reason(&self, rule: &str) -> Option<&Label> {
        match rule {
            ANSWERED_YES => Some(&self.answers.yes),
            ANSWERED_NOT_SURE => Some(&self.answers.not_sure),
            WROTE_AGAIN => Some(&self.written_again.reason),
            _ => {
                let mut rules = self.compiled.rules.iter();
                rules.find(|known| known.id == rule).map(|known| &known.reason)
            }
        }
    }

    /// Returns whether the rule with this id raises contacts to immediate danger.
    #[must_use]
    pub fn raises_to_danger(&self, rule: &str) -> bool {
        rule == ANSWERED_YES
            || self
                .compiled
                .rules
                .iter()
                .any(|known| known.id == rule && known.raises_to == Urgency::Danger)
    }

    /// Returns how many messages without a reply make a contact urgent, and within how many minutes. The caller counts the messages.
    #[must_use]
    pub const fn written_again(&self) -> &WrittenAgain {
        &self.written_again
    }

    /// Applies the rules to the text of a message.
    #[must_use]
    pub fn findings(&self, text: &str) -> Findings {
        let (raised, _) = self.compiled.apply(&tokens::tokens(text));
        let rules = self.compiled.rules.iter().zip(raised);
        let rules = rules.filter(|(_, urgency)| *urgency > Urgency::Ordinary);
        Findings {
            reasons: rules
                .map(|(rule, urgency)| reason(&rule.id, urgency, &rule.reason))
                .collect(),
        }
    }

    /// Assesses a message. `findings` are the findings in its text. `said_in_danger` is the answer given in the web form. `written_again` is
    /// how many messages, this one included, the person wrote without a reply in the time that [`Self::written_again`] states.
    #[must_use]
    pub fn assess(
        &self,
        findings: Findings,
        said_in_danger: Option<InDanger>,
        written_again: u32,
    ) -> Assessment {
        let answered = match said_in_danger {
            Some(InDanger::Yes) => Some(reason(ANSWERED_YES, Urgency::Danger, &self.answers.yes)),
            Some(InDanger::NotSure) => {
                Some(reason(ANSWERED_NOT_SURE, Urgency::Urgent, &self.answers.not_sure))
            }
            Some(InDanger::No) | None => None,
        };
        let mut reasons: Vec<Reason> = answered.into_iter().chain(findings.reasons).collect();
        if written_again >= self.written_again.messages {
            reasons.push(reason(WROTE_AGAIN, Urgency::Urgent, &self.written_again.reason));
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.urgency));
        Assessment {
            urgency: reasons.first().map(|reason| reason.urgency).unwrap_or_default(),
            reasons,
        }
    }
}

fn reason(rule: &str, urgency: Urgency, text: &Label) -> Reason {
    Reason {
        rule: rule.to_owned(),
        urgency,
        text: text.clone(),
    }
}
