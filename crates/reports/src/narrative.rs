//! The narrative report: a cover, and chapters with sentences and tables. It is read as a document ([`document`]) or printed from a page.

mod columns;
pub mod document;

use chrono::{DateTime, Utc};
use hotline_core::{centre::Centre, contact::classification::Scheme, text::locale::Words};
use hotline_store::statistics::report::Report;

use crate::{
    cover::Cover,
    labels::period_in_words,
    sentences,
    tables::{self, Table},
};

/// A section of the narrative report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The report in sentences.
    Summary,
    /// Communications by channel, over time and year by year.
    Communications,
    /// Age, gender and region of the children.
    People,
    /// Topics.
    Topics,
    /// Cases.
    Cases,
    /// Waiting times, answering and reply targets.
    Answering,
    /// Outreach.
    Outreach,
}

impl Section {
    /// The sections in the order of the report.
    pub const ALL: [Self; 7] = [
        Self::Summary,
        Self::Communications,
        Self::People,
        Self::Topics,
        Self::Cases,
        Self::Answering,
        Self::Outreach,
    ];

    /// Returns the section's name in URLs and locale keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Communications => "communications",
            Self::People => "people",
            Self::Topics => "topics",
            Self::Cases => "cases",
            Self::Answering => "answering",
            Self::Outreach => "outreach",
        }
    }

    /// Returns the title of the section.
    #[must_use]
    pub fn title(self, words: &Words) -> String {
        words.say(&format!("section-{}", self.as_str()))
    }

    const fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Summary => &[],
            Self::Communications => &["totals", "channels", "over_time", "years"],
            Self::People => &["ages", "genders", "regions"],
            Self::Topics => &["topics", "counselling"],
            Self::Answering => &["first_reply", "urgent", "answering", "targets", "care", "talk"],
            Self::Cases => &["cases", "referrals", "years_cases"],
            Self::Outreach => &["outreach", "schools", "peers"],
        }
    }
}

/// The largest number of intervals in the table of communications over time.
const MOST_INTERVALS: usize = 13;

/// The narrative report of a period.
pub struct Narrative {
    /// The name of the centre.
    pub centre: String,
    /// How the centre is reached, for the letterhead.
    pub reached: String,
    /// The title of the report.
    pub title: String,
    /// The period, with the names of months in words.
    pub period: String,
    /// The lines of the cover, each with its label and text.
    pub cover: Vec<(String, String)>,
    /// The chapters. The last one states what counts as one communication.
    pub chapters: Vec<Chapter>,
    /// When the figures were read from the database.
    pub as_of: DateTime<Utc>,
}

/// A chapter of the narrative report.
pub struct Chapter {
    /// The title.
    pub title: String,
    /// Sentences about the figures.
    pub sentences: Vec<String>,
    /// Tables without long lists.
    pub tables: Vec<Table>,
}

impl Narrative {
    /// Composes the report of a period from the chosen sections.
    #[must_use]
    pub fn new(
        words: &Words,
        scheme: &Scheme,
        centre: &Centre,
        report: &Report,
        cover: &Cover,
        sections: &[Section],
    ) -> Self {
        let shortened = tables::of_report(words, scheme, report).into_iter();
        let shortened = shortened.map(Table::shortened).collect();
        let tables = tables::compare_report(words, scheme, report, shortened);
        let chapter = |section: &Section| Chapter {
            title: section.title(words),
            sentences: match section {
                Section::Summary => sentences::of_report(words, report),
                Section::Answering => sentences::of_waits(words, report),
                Section::Communications
                | Section::People
                | Section::Topics
                | Section::Cases
                | Section::Outreach => Vec::new(),
            },
            tables: section
                .tables()
                .iter()
                .filter_map(|id| tables.iter().find(|table| table.id == *id))
                // A long list of intervals would hide the other figures of the section.
                .filter(|table| table.id != "over_time" || table.rows.len() <= MOST_INTERVALS)
                .filter(|table| !table.rows.is_empty() || !table.foot.is_empty() || !table.notes.is_empty())
                .cloned()
                .collect(),
        };
        let definition = Chapter {
            title: words.say("cover-definition"),
            sentences: vec![words.say("definition")],
            tables: Vec::new(),
        };
        // The letterhead names the centre, and the last chapter contains the definition.
        let lines = cover.lines.iter().filter(|(label, _)| *label != definition.title);
        Self {
            centre: centre.name.localized(words),
            reached: format!("{} · {}", centre.telephone, centre.opening_hours.localized(words)),
            title: cover.title.clone(),
            period: period_in_words(words, report.from, report.to),
            cover: lines.skip(1).cloned().collect(),
            chapters: sections.iter().map(chapter).chain([definition]).collect(),
            as_of: cover.as_of,
        }
    }
}
