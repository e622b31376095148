//! The contents of a file of urgency rules, as written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Urgency;
use crate::contact::classification::Label;

/// The largest number of words between the parts of a pattern, which are joined by `&`. A rule or family can set another number (`within`).
const NEAR: usize = 12;

/// Why a file contains no valid urgency rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRules {
    /// The file is not TOML, or a key is missing or unknown.
    #[error("the file cannot be read: {0}")]
    File(String),
    /// A list of words is invalid.
    #[error("the list {list}: {problem}")]
    List {
        /// The name of the list.
        list: String,
        /// What is wrong.
        problem: String,
    },
    /// A context is invalid.
    #[error("the context {context}: {problem}")]
    Context {
        /// The id of the context.
        context: String,
        /// What is wrong.
        problem: String,
    },
    /// A family is invalid.
    #[error("the family {family}: {problem}")]
    Family {
        /// The id of the family.
        family: String,
        /// What is wrong.
        problem: String,
    },
    /// A rule is invalid.
    #[error("the rule {rule}: {problem}")]
    Rule {
        /// The id of the rule.
        rule: String,
        /// What is wrong.
        problem: String,
    },
}

/// The contents of a file of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub name: String,
    pub version: u32,
    pub answers: AnswerReasons,
    pub written_again: WrittenAgain,
    pub negators: Vec<String>,
    pub fillers: Vec<String>,
    #[serde(default)]
    pub lists: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub contexts: Vec<RawContext>,
    #[serde(default)]
    pub families: Vec<RawFamily>,
    pub rules: Vec<RawRule>,
}

/// The reasons that are shown to counsellors for the answers to the question "Are you in danger now?".
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerReasons {
    pub yes: Label,
    pub not_sure: Label,
}

/// When repeated messages without a reply make a contact urgent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenAgain {
    /// The number of messages that make the contact urgent.
    pub messages: u32,
    /// The minutes within which the person wrote these messages.
    pub minutes: u32,
    /// The reason shown to counsellors.
    pub reason: Label,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawContext {
    pub id: String,
    pub lowers_to: Urgency,
    pub within: usize,
    pub words: Vec<String>,
    #[serde(default)]
    pub unless: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFamily {
    pub id: String,
    #[serde(default = "yes")]
    pub negatable: bool,
    #[serde(default = "near")]
    pub within: usize,
    pub patterns: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub id: String,
    pub raises_to: Urgency,
    pub reason: Label,
    #[serde(default = "yes")]
    pub negatable: bool,
    #[serde(default)]
    pub lowered_by: Vec<String>,
    #[serde(default = "near")]
    pub within: usize,
    pub patterns: Vec<String>,
}

const fn yes() -> bool {
    true
}

const fn near() -> usize {
    NEAR
}
