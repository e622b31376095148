//! Checks the new settings of a line, tests the line, and stores it.

use hotline_core::{
    identifiers::line_name::LineName,
    line_fields::{FieldMistake, complete},
    text::{locale::Words, problem},
};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};
use serde_json::Value;

use crate::{
    admin::lines::facts::place_in_settings,
    http::errors::PageError,
    state::{ChannelForm, Desk, LineCandidate, LineFault},
};

/// The new settings of a line.
pub(super) struct NewLine {
    pub(super) name: String,
    /// The version that the settings replace. 0: there is no such line yet.
    pub(super) version: i64,
    pub(super) channel: ChannelForm,
    /// The settings, or a mistake that was found when they were read.
    pub(super) settings: Result<Value, FieldMistake>,
    /// Whether the line is stored without a test of its connections.
    pub(super) untested: bool,
}

/// Why a line was not stored.
pub(super) enum Refusal {
    /// The name is not a valid name.
    InvalidName,
    /// The settings file has a line with this name.
    InFile,
    Field(FieldMistake),
    Fault(LineFault),
    Conflict(Conflict),
}

impl Refusal {
    /// Returns the reason in words.
    pub(super) fn in_words(&self, words: &Words) -> String {
        let with_key = |key: &str, mistake: &FieldMistake| words.with(key, "key", mistake.key());
        match self {
            Self::InvalidName => words.say("line-mistake-name"),
            Self::InFile => words.say("line-mistake-in-file"),
            Self::Field(mistake @ FieldMistake::Missing(_)) => with_key("line-mistake-missing", mistake),
            Self::Field(mistake @ FieldMistake::WrongKind(_)) => with_key("line-mistake-kind", mistake),
            Self::Field(mistake @ FieldMistake::Unknown(_)) => with_key("line-mistake-unknown", mistake),
            Self::Fault(LineFault::Settings(error)) => words.with("line-mistake-settings", "error", error),
            Self::Fault(LineFault::Connection(error)) => words.with(
                "line-mistake-connection",
                "problem",
                &problem::localize(words, error),
            ),
            Self::Conflict(why) => words.say(why.key()),
        }
    }
}

/// Stores a line if it can be opened and, unless it is stored untested, works. Puts it into force. Nothing is stored if the result is a
/// refusal.
pub(super) async fn save(
    desk: &Desk,
    me: &StaffMember,
    new: NewLine,
) -> Result<Result<(), Refusal>, PageError> {
    let Ok(name) = LineName::parse(&new.name) else {
        return Ok(Err(Refusal::InvalidName));
    };
    if place_in_settings(desk, name.as_str()).is_some() {
        return Ok(Err(Refusal::InFile));
    }
    let before = desk.store.line_versions(&name).await?.into_iter().next();
    if before.as_ref().map_or(0, |before| before.version) != new.version {
        return Ok(Err(Refusal::Conflict(Conflict::LineChanged)));
    }
    let before = before.and_then(|before| serde_json::from_str::<Value>(before.settings.expose()).ok());
    let whole = new
        .settings
        .and_then(|settings| complete(new.channel.fields, settings, before.as_ref()));
    let settings = match whole {
        Ok(settings) => settings.to_string(),
        Err(mistake) => return Ok(Err(Refusal::Field(mistake))),
    };
    let lines = &desk.program.lines;
    let candidate = LineCandidate {
        name: name.clone(),
        channel: new.channel.name.to_owned(),
        settings: settings.clone().into(),
        tested: !new.untested,
    };
    if let Err(fault) = lines.try_candidate(candidate).await {
        return Ok(Err(Refusal::Fault(fault)));
    }
    let stored = desk
        .store
        .put_line(me, &name, new.version, new.channel.name, &settings.into())
        .await;
    match stored {
        Ok(_) => {
            lines.apply().await;
            Ok(Ok(()))
        }
        Err(StoreError::Conflict(why)) => Ok(Err(Refusal::Conflict(why))),
        Err(error) => Err(error.into()),
    }
}
