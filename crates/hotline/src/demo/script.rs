//! The format of `day.toml`: the contacts of the working day and what happens to them.

use serde::Deserialize;

use super::samples::Both;

/// All contacts of the day.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayData {
    pub contact: Vec<OpenContact>,
}

/// A contact, with what happens to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenContact {
    pub line: String,
    #[serde(default)]
    pub minutes: i64,
    #[serde(default)]
    pub late: bool,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub name: Both,
    #[serde(default)]
    pub subject: Both,
    #[serde(default = "advice")]
    pub kind: String,
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub unproven: bool,
    pub text: Both,
    #[serde(default)]
    pub step: Vec<Step>,
}

fn advice() -> String {
    "advice".to_owned()
}

/// One thing that the person or staff do, `after` minutes after the first message.
#[derive(Deserialize)]
pub struct Step {
    pub after: i64,
    #[serde(default)]
    pub who: String,
    #[serde(flatten)]
    pub action: Action,
}

/// What the person or staff do.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    Write { text: Both },
    Edit { text: Both },
    Photo { text: Both },
    Voice,
    Take,
    Reply { text: Both },
    Fail { text: Both },
    Note { text: Both },
    AskForHelp { to: String, text: Both },
    HandOver { team: String, text: Both },
    Snooze { hours: i64 },
    Follow,
    Classify { topic: String, urgency: String },
    Case { text: Both },
    Close { topic: String },
}
