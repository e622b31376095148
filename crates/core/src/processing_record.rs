//! The record of processing activities (GDPR article 30): what the settings state about purposes, data, recipients, times and measures. The
//! settings `[processing_record]` add what no other setting states.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    centre::Text,
    staff::{factors::CounsellorsSee, rights::Role},
};

/// The `[processing_record]` table of the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordSettings {
    /// The institution that runs the centre, with its address. `None`: the name and address of the centre.
    pub controller: Option<Text>,
    /// How to reach the data protection officer.
    pub officer: Option<Text>,
    /// The law on which the centre bases its work.
    pub legal_basis: Option<Text>,
    /// Recipients that Hotline does not know, such as the operator of the server.
    pub recipients: Vec<Text>,
    /// Transfers to other countries, with their safeguards.
    pub transfers: Option<Text>,
    /// Measures outside Hotline, such as locked rooms and backups.
    pub measures: Vec<Text>,
}

/// A line, as the record names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedLine {
    /// The name of the line.
    pub name: String,
    /// The name of the platform that can read its messages and keeps them in other countries. `None`: there is none.
    pub platform: Option<&'static str>,
}

/// What the record is generated from, besides the texts of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFacts {
    /// The lines in force.
    pub lines: Vec<RecordedLine>,
    /// The networks whose communications staff log by hand.
    pub networks: Vec<String>,
    /// Whether rules erase closed contacts.
    pub has_rules: bool,
    /// The number of months after which entries of the audit are removed; 0: never.
    pub audit_months: u16,
    /// The number of days for which locked files are held for the police.
    pub hold_days: u16,
    /// Whether the master key is kept outside of the data folder.
    pub is_key_apart: bool,
    /// Whether identifiers and names are masked.
    pub is_masked: bool,
    /// The roles that need a second factor.
    pub second_factor: Vec<Role>,
    /// Which contacts counsellors may read.
    pub counsellors_see: CounsellorsSee,
    /// Whether a scanner examines files.
    pub has_scanner: bool,
    /// The name of the identity provider. `None`: there is none.
    pub identity_provider: Option<String>,
    /// Whether devices get notifications by push services.
    pub has_push: bool,
    /// Whether the desk is reached by HTTPS.
    pub is_https: bool,
    /// The smallest published figure about persons.
    pub smallest: i64,
}

/// A part of the record.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RecordSection {
    /// Who is responsible.
    Controller,
    /// Why data is processed, and on which legal basis.
    Purposes,
    /// Whose data is processed.
    Persons,
    /// Which data is processed.
    Data,
    /// Who gets data.
    Recipients,
    /// Where data leaves the country.
    Transfers,
    /// When data is erased.
    Times,
    /// How data is protected.
    Measures,
}

crate::named!(RecordSection);

/// A statement of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordLine {
    /// A text of the program with its placeholders.
    Program(&'static str, Vec<(&'static str, String)>),
    /// A text of the settings.
    Own(Text),
    /// What the operator has to add to the settings. The text of the program names the setting.
    Missing(&'static str),
}

impl RecordSection {
    /// Returns the statements of this part.
    #[must_use]
    pub fn lines(self, settings: &RecordSettings, facts: &RecordFacts) -> Vec<RecordLine> {
        let mut lines = Vec::new();
        match self {
            Self::Controller => {
                lines.push(
                    settings
                        .controller
                        .clone()
                        .map_or(say("record-controller"), RecordLine::Own),
                );
                lines.push(own_or_missing(settings.officer.as_ref(), "record-no-officer"));
            }
            Self::Purposes => {
                lines.extend(
                    [
                        "record-answering",
                        "record-referring",
                        "record-counting",
                        "record-operating",
                    ]
                    .map(say),
                );
                lines.push(own_or_missing(
                    settings.legal_basis.as_ref(),
                    "record-no-legal-basis",
                ));
            }
            Self::Persons => lines.extend(
                [
                    "record-writers",
                    "record-mentioned",
                    "record-staff",
                    "record-educators",
                ]
                .map(say),
            ),
            Self::Data => {
                lines.extend(
                    [
                        "record-content",
                        "record-identifiers",
                        "record-wrap-up",
                        "record-cases",
                    ]
                    .map(say),
                );
                lines.extend(["record-staff-data", "record-no-addresses"].map(say));
            }
            Self::Recipients => {
                lines.extend(facts.lines.iter().map(line_of));
                if !facts.networks.is_empty() {
                    lines.push(with("record-networks", "networks", facts.networks.join(", ")));
                }
                if facts.has_push {
                    lines.push(say("record-push"));
                }
                if let Some(name) = &facts.identity_provider {
                    lines.push(with("record-provider", "name", name.clone()));
                }
                lines.push(say("record-institutions"));
                lines.extend(settings.recipients.iter().cloned().map(RecordLine::Own));
            }
            Self::Transfers => {
                let platforms: BTreeSet<&str> = facts.lines.iter().filter_map(|line| line.platform).collect();
                for platform in platforms {
                    lines.push(with("record-transfer", "platform", platform.to_owned()));
                }
                if facts.has_push {
                    lines.push(say("record-transfer-push"));
                }
                match &settings.transfers {
                    Some(text) => lines.push(RecordLine::Own(text.clone())),
                    None if lines.is_empty() => lines.push(say("record-no-transfer")),
                    None => lines.push(RecordLine::Missing("record-no-safeguards")),
                }
            }
            Self::Times => {
                match facts.has_rules {
                    true => lines.push(say("record-rules")),
                    false => lines.push(RecordLine::Missing("record-no-rules")),
                }
                match facts.audit_months {
                    0 => lines.push(say("record-audit-forever")),
                    months => lines.push(with("record-audit-months", "months", months.to_string())),
                }
                lines.push(with("record-hold-days", "days", facts.hold_days.to_string()));
                lines.push(say("record-totals"));
            }
            Self::Measures => measures(&mut lines, settings, facts),
        }
        lines
    }
}

fn measures(lines: &mut Vec<RecordLine>, settings: &RecordSettings, facts: &RecordFacts) {
    lines.extend(
        [
            "record-encrypted",
            "record-roles",
            "record-audited",
            "record-two-people",
        ]
        .map(say),
    );
    lines.push(match facts.is_key_apart {
        true => say("record-key-apart"),
        false => RecordLine::Missing("record-key-beside"),
    });
    lines.push(say(match facts.is_masked {
        true => "record-masked",
        false => "record-unmasked",
    }));
    lines.push(say(match facts.counsellors_see {
        CounsellorsSee::All => "record-see-all",
        CounsellorsSee::OwnTeam => "record-see-team",
    }));
    for role in &facts.second_factor {
        lines.push(with("record-factor", "role", role.as_str().to_owned()));
    }
    if facts.second_factor.is_empty() {
        lines.push(RecordLine::Missing("record-no-factor"));
    }
    lines.push(match facts.is_https {
        true => say("record-https"),
        false => RecordLine::Missing("record-no-https"),
    });
    lines.push(say(match facts.has_scanner {
        true => "record-scanner",
        false => "record-no-scanner",
    }));
    if facts.smallest > 0 {
        lines.push(with("record-smallest", "number", facts.smallest.to_string()));
    }
    lines.extend(settings.measures.iter().cloned().map(RecordLine::Own));
}

/// States through whom the messages of a line pass.
fn line_of(line: &RecordedLine) -> RecordLine {
    let name = ("line", line.name.clone());
    match line.platform {
        Some(platform) => RecordLine::Program(
            "record-line-platform",
            vec![name, ("platform", platform.to_owned())],
        ),
        None => RecordLine::Program("record-line-direct", vec![name]),
    }
}

const fn say(key: &'static str) -> RecordLine {
    RecordLine::Program(key, Vec::new())
}

fn with(key: &'static str, name: &'static str, value: String) -> RecordLine {
    RecordLine::Program(key, vec![(name, value)])
}

fn own_or_missing(text: Option<&Text>, missing: &'static str) -> RecordLine {
    text.cloned()
        .map_or(RecordLine::Missing(missing), RecordLine::Own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::locale::{Language, Locales};

    fn facts() -> RecordFacts {
        RecordFacts {
            lines: Vec::new(),
            networks: Vec::new(),
            has_rules: false,
            audit_months: 0,
            hold_days: 90,
            is_key_apart: false,
            is_masked: false,
            second_factor: Vec::new(),
            counsellors_see: CounsellorsSee::All,
            has_scanner: false,
            identity_provider: None,
            has_push: false,
            is_https: false,
            smallest: 0,
        }
    }

    /// Facts and settings with everything that [`facts`] lacks.
    fn full() -> (RecordSettings, RecordFacts) {
        let text = || Text::Serbian("Текст".to_owned());
        let settings = RecordSettings {
            controller: Some(text()),
            officer: Some(text()),
            legal_basis: Some(text()),
            recipients: vec![text()],
            transfers: Some(text()),
            measures: vec![text()],
        };
        let lines = [None, Some("Telegram")].map(|platform| RecordedLine {
            name: "line".to_owned(),
            platform,
        });
        let facts = RecordFacts {
            lines: lines.into(),
            networks: vec!["telephone".to_owned()],
            has_rules: true,
            audit_months: 24,
            is_key_apart: true,
            is_masked: true,
            second_factor: vec![Role::Supervisor, Role::Manager],
            counsellors_see: CounsellorsSee::OwnTeam,
            has_scanner: true,
            identity_provider: Some("Keycloak".to_owned()),
            has_push: true,
            is_https: true,
            smallest: 5,
            ..facts()
        };
        (settings, facts)
    }

    fn missing(settings: &RecordSettings, facts: &RecordFacts) -> Vec<&'static str> {
        let all = RecordSection::ALL
            .iter()
            .flat_map(|section| section.lines(settings, facts));
        let missing = all.filter_map(|line| match line {
            RecordLine::Missing(key) => Some(key),
            RecordLine::Program(..) | RecordLine::Own(_) => None,
        });
        missing.collect()
    }

    #[test]
    fn the_record_names_what_the_operator_has_to_add() {
        assert_eq!(
            missing(&RecordSettings::default(), &facts()),
            [
                "record-no-officer",
                "record-no-legal-basis",
                "record-no-rules",
                "record-key-beside",
                "record-no-factor",
                "record-no-https"
            ]
        );
        let (settings, facts) = full();
        assert!(missing(&settings, &facts).is_empty());
        let without = RecordSettings {
            transfers: None,
            ..settings
        };
        assert_eq!(missing(&without, &facts), ["record-no-safeguards"]);
    }

    #[test]
    fn every_statement_of_the_record_has_a_text_in_each_language() {
        let (settings, some) = full();
        for (settings, facts) in [(RecordSettings::default(), facts()), (settings, some)] {
            for section in RecordSection::ALL {
                for line in section.lines(&settings, &facts) {
                    let key = match line {
                        RecordLine::Program(key, _) | RecordLine::Missing(key) => key,
                        RecordLine::Own(_) => continue,
                    };
                    for language in Language::ALL {
                        let text = Locales.of(language).say(key);
                        assert!(text != key && !text.is_empty(), "{key}");
                    }
                }
            }
        }
    }
}
