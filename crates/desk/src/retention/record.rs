//! The record of processing activities (`/desk/retention/record`, GDPR article 30), generated from the settings in force.

use askama::Template;
use axum::extract::State;
use hotline_core::{
    processing_record::{RecordFacts, RecordLine, RecordSection, RecordedLine},
    staff::rights::{Right, Role},
    text::locale::{Language, Words},
};
use hotline_reports::labels::{channel_name, format_day};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, ResponseFormat},
        page::{Frame, page as written},
    },
    retention::in_words,
    state::Desk,
};

/// The record of processing activities.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ProcessingRecordJson {
    /// The name of the centre.
    centre: String,
    /// The parts of the record.
    sections: Vec<RecordSectionJson>,
}

/// A part of the record.
#[derive(Serialize, JsonSchema)]
struct RecordSectionJson {
    section: RecordSection,
    /// The statements, in the language of the request.
    lines: Vec<RecordLineJson>,
}

/// A statement of the record.
#[derive(Serialize, JsonSchema)]
struct RecordLineJson {
    text: String,
    /// Whether the operator has to add something to the settings. The text names what.
    missing: bool,
}

#[derive(Template)]
#[template(path = "retention/record.html")]
struct RecordPage<'a> {
    frame: Frame<'a>,
    sections: Vec<RecordSectionJson>,
    today: String,
}

impl RecordPage<'_> {
    fn title(&self, section: &RecordSection) -> String {
        self.frame
            .words
            .say(&format!("record-section-{}", section.as_str()))
    }

    /// Returns how many statements the operator has to add.
    fn missing(&self) -> Option<String> {
        let lines = self.sections.iter().flat_map(|section| &section.lines);
        let count = lines.filter(|line| line.missing).count();
        let number = i64::try_from(count).unwrap_or(i64::MAX);
        (count > 0).then(|| self.frame.words.counted("record-missing", number))
    }
}

/// `GET /desk/retention/record` and `GET /api/v1/retention/record`: shows the record.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<ProcessingRecordJson>, PageError> {
    let words = desk.words(&jar);
    let sections = sections(&desk, words);
    if format.is_json() {
        let centre = desk.centre.name.localized(words);
        return Ok(Answer::Json(ProcessingRecordJson { centre, sections }));
    }
    Ok(Answer::Page(written(&RecordPage {
        frame: Frame::new(&desk, &jar, &me, "retention").await?,
        sections,
        today: format_day(desk.store.today()),
    })?))
}

fn facts(desk: &Desk, words: &Words) -> RecordFacts {
    let (store, program) = (&desk.store, &desk.program);
    let provider = program.identity_provider.as_ref();
    let channels = program.lines.channels();
    let platform_of = |channel: &str| {
        let found = channels.iter().find(|one| one.name == channel);
        found.and_then(|one| one.platform)
    };
    RecordFacts {
        lines: store
            .lines()
            .iter()
            .map(|line| RecordedLine {
                name: line.name.clone(),
                platform: platform_of(&line.channel),
            })
            .collect(),
        networks: desk
            .networks
            .iter()
            .map(|network| channel_name(words, network))
            .collect(),
        has_rules: !store.retention_settings().rules().list().is_empty(),
        audit_months: program.audit_months,
        hold_days: store.abuse_material_settings().hold_days,
        is_key_apart: program.is_key_apart,
        is_masked: store.masking_settings().enabled,
        second_factor: program.accounts.second_factor.clone(),
        counsellors_see: program.accounts.counsellors_see,
        has_scanner: program.scanner.is_some(),
        identity_provider: provider.map(|provider| provider.name().to_owned()),
        has_push: desk.push.is_some(),
        is_https: desk.https,
        smallest: desk.smallest,
    }
}

fn sections(desk: &Desk, words: &Words) -> Vec<RecordSectionJson> {
    let facts = facts(desk, words);
    let mut all = Vec::with_capacity(RecordSection::ALL.len());
    for section in RecordSection::ALL {
        let lines = section.lines(&desk.program.record, &facts);
        let mut lines: Vec<RecordLineJson> = lines
            .into_iter()
            .map(|line| in_language(desk, words, line))
            .collect();
        if *section == RecordSection::Times {
            let rules = desk.store.retention_settings().rules();
            let rules = rules.list().iter().map(|rule| RecordLineJson {
                text: in_words(desk, words, rule),
                missing: false,
            });
            lines.extend(rules);
        }
        all.push(RecordSectionJson {
            section: *section,
            lines,
        });
    }
    all
}

fn in_language(desk: &Desk, words: &Words, line: RecordLine) -> RecordLineJson {
    let (text, missing) = match line {
        RecordLine::Own(text) => (text.localized(words), false),
        RecordLine::Missing(key) => (words.say(key), true),
        RecordLine::Program(key, values) => {
            let values: Vec<(&str, String)> = values
                .into_iter()
                .map(|(name, value)| match (name, Role::parse(&value)) {
                    ("role", Some(role)) => (name, words.say(&format!("role-{}", role.as_str()))),
                    _ => (name, value),
                })
                .collect();
            let mut pairs: Vec<(&str, &str)> = values
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let centre = &desk.centre;
            let (name, address) = (centre.name.localized(words), words.own(&centre.address));
            pairs.extend([
                ("centre", name.as_str()),
                ("address", address.as_str()),
                ("telephone", centre.telephone.as_str()),
                ("mail", centre.email.as_str()),
            ]);
            (words.with_all(key, &pairs), false)
        }
    };
    RecordLineJson { text, missing }
}
