//! The search for contacts.

use std::ops::Range;

use axum::{extract::State, response::Redirect};
use chrono::{DateTime, Utc};
use hotline_store::{
    cases::CaseRow,
    contacts::detail::ContactDetail,
    search::{FoundCases, SearchResults},
    staff::accounts::StaffMember,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::FormOrJson,
        page::{TextPart, shown},
    },
    inbox::{
        api::InboxRowJson,
        filters::{InboxFilterForm, SearchFilterForm},
        page::Inbox,
    },
    state::Desk,
};

/// The longest search term, in characters.
const LONGEST_SOUGHT: usize = 500;
/// The largest number of contacts in a response of the API.
const FOUND: usize = 100;

/// A search for contacts. A filter that is empty or invalid matches every contact.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SearchForm {
    /// The search term: words, beginnings of words, phrases in quotation marks, a reference, or a complete identifier. Other forms of the
    /// words are found too, except of words in quotation marks.
    #[serde(default)]
    q: String,
    /// Only contacts on this channel.
    #[serde(default)]
    channel: String,
    /// Only contacts with this language tag.
    #[serde(default)]
    language: String,
    /// Only contacts of this urgency or higher: `1` urgent, `2` immediate danger.
    #[serde(default)]
    urgency: String,
    /// Only contacts with this main topic, given as the id of an answer in the classification scheme.
    #[serde(default)]
    topic: String,
    /// Only contacts assigned to the member of staff with this id.
    #[serde(default)]
    assignee: String,
    /// Only contacts registered on this day or later, as `YYYY-MM-DD`.
    #[serde(default)]
    from: String,
    /// Only contacts registered on this day or earlier, as `YYYY-MM-DD`.
    #[serde(default)]
    to: String,
    /// Only contacts on this line.
    #[serde(default)]
    line: String,
    /// Only contacts with this status: `waiting`, `answered` or `closed`.
    #[serde(default)]
    status: String,
    /// The order of the views, which the links of the page keep.
    #[serde(default)]
    #[schemars(skip)]
    order: String,
}

impl SearchForm {
    /// Returns the search term and the filters.
    fn split(self) -> (String, SearchFilterForm) {
        let filter = SearchFilterForm {
            inbox: InboxFilterForm {
                channel: self.channel,
                language: self.language,
                urgency: self.urgency,
                topic: self.topic,
                assignee: self.assignee,
                from: self.from,
                to: self.to,
                order: self.order,
            },
            line: self.line,
            status: self.status,
        };
        (self.q, filter)
    }
}

/// The results of a search.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SearchResultsJson {
    /// The contacts that match: first those in which the person wrote the words, then those in which only staff wrote them, both newest
    /// first. At most 100.
    contacts: Vec<FoundContactJson>,
    /// The cases whose summary, number or institutions match, newest first. At most 100. Empty if the search has a filter, because the
    /// filters are about contacts.
    cases: Vec<FoundCaseJson>,
    /// The number of contacts that match.
    count: usize,
    /// `true` if more contacts than `count` may match. Very many contacts contain the words, and not all of them were checked.
    count_is_minimum: bool,
    /// `true` if `contacts` does not contain all matching contacts.
    more: bool,
    /// The number of contacts that have been added to the search index so far, while the index is being built. Null if the index contains
    /// all contacts.
    read_so_far: Option<u64>,
}

/// A contact that matches a search.
#[derive(Serialize, JsonSchema)]
struct FoundContactJson {
    #[serde(flatten)]
    row: InboxRowJson,
    /// The part of the contact's text around the match.
    found: String,
}

/// A case that matches a search.
#[derive(Serialize, JsonSchema)]
struct FoundCaseJson {
    id: Uuid,
    /// The number of the case within its year, followed by the year: `12/2026`.
    number: String,
    /// `true` if the case was forwarded to an institution; `false` if it is advisory, that is, without a confirmed referral.
    forwarded: bool,
    formed_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    /// The part of the summary around the match, or the name of an institution that matches. Empty if the number of the case matches.
    found: String,
}

impl From<(CaseRow, String)> for FoundCaseJson {
    fn from((case, found): (CaseRow, String)) -> Self {
        Self {
            id: case.id,
            number: format!("{}/{}", case.number, case.year),
            forwarded: case.forwarded,
            formed_at: case.formed_at,
            closed_at: case.closed_at,
            found,
        }
    }
}

/// Finds the cases that match a search, at most `size`. A search with a filter finds no cases, because the filters are about contacts.
pub(super) async fn find_cases(
    desk: &Desk,
    me: &StaffMember,
    sought: &str,
    filter: &SearchFilterForm,
    size: usize,
) -> Result<FoundCases, PageError> {
    if filter.has_filters() {
        return Ok(FoundCases::default());
    }
    Ok(desk.store.find_cases(me, sought, size).await?)
}

/// Redirects to the results of a search. The URL contains the term in encrypted form, because the term may be a name and browsers store
/// URLs in their history.
pub(crate) async fn search(
    State(desk): State<Desk>,
    Who(me): Who,
    FormOrJson(form): FormOrJson<SearchForm>,
) -> Result<Redirect, PageError> {
    let (sought, filter) = form.split();
    let filters = filter.in_address();
    if sought.trim().is_empty() {
        return Ok(Redirect::to("/desk/inbox"));
    }
    note_search(&desk, &me, &sought).await?;
    let hidden = desk.store.hide_words(sought.trim())?;
    Ok(Redirect::to(&format!("/desk/inbox?view=all&s={hidden}{filters}")))
}

/// `POST /api/v1/search`: searches contacts. The method is POST because the term may be a name, and proxies log URLs.
pub(crate) async fn search_json(
    State(desk): State<Desk>,
    Who(me): Who,
    FormOrJson(form): FormOrJson<SearchForm>,
) -> Result<Answer<SearchResultsJson>, PageError> {
    let (sought, filter) = form.split();
    note_search(&desk, &me, &sought).await?;
    let results = desk.store.find(&me, &sought, &filter.read(), FOUND).await?;
    let cases = find_cases(&desk, &me, &sought, &filter, FOUND).await?;
    let more = results.has_more();
    let contacts = results.rows.into_iter().map(|(row, found)| FoundContactJson {
        row: row.into(),
        found,
    });
    Ok(Answer::Json(SearchResultsJson {
        contacts: contacts.collect(),
        cases: cases.rows.into_iter().map(FoundCaseJson::from).collect(),
        count: results.count,
        count_is_minimum: results.is_at_least,
        more,
        read_so_far: results.so_far,
    }))
}

/// Records in the audit that `me` searched. If the entry cannot be written (for example, on a full disk), the error is logged and staff can
/// still search. Fails if the search term is longer than [`LONGEST_SOUGHT`].
async fn note_search(desk: &Desk, me: &StaffMember, sought: &str) -> Result<(), PageError> {
    if sought.chars().count() > LONGEST_SOUGHT {
        return Err(PageError::Bad("error-form"));
    }
    if let Err(error) = desk.store.audit_search(me, sought).await {
        tracing::warn!(error = %error, "A search could not be noted");
    }
    Ok(())
}

impl Inbox<'_> {
    /// Splits a text into the hits of the search and the parts between them.
    pub(super) fn split_at_hits<'t>(&self, text: &'t str) -> Vec<TextPart<'t>> {
        let mut parts = Vec::new();
        let mut add = |is_hit: bool, place: Range<usize>| {
            if let Some(text) = text.get(place).filter(|text| !text.is_empty()) {
                parts.push(TextPart { is_hit, text });
            }
        };
        let mut end = 0;
        for hit in self.terms.hits(text) {
            add(false, end..hit.start);
            end = hit.end;
            add(true, hit);
        }
        add(false, end..text.len());
        parts
    }

    /// Returns a label for the button that shows the next hit in the thread, with the number of hits. Returns `None` if there is none.
    pub(super) fn next_hit_label(&self, open: &ContactDetail) -> Option<String> {
        let bodies = open.messages.iter().filter_map(|message| message.body.as_ref());
        let texts = bodies.flat_map(|body| body.url.iter().chain([&body.text]));
        let count = texts
            .map(|text| self.terms.hits(&shown(text)).len())
            .sum::<usize>();
        let label = || {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.frame.words.count("next-hit", count)
        };
        (count > 0).then(label)
    }

    /// Returns the search as a query parameter to append to a URL. The result begins with `&` unless there is no search.
    pub(super) fn search_in_address(&self) -> String {
        if self.sought.is_empty() {
            String::new()
        } else {
            format!("&s={}", self.hidden)
        }
    }

    /// Describes how many cases a search found beside those that the page shows. Returns `None` if the page shows all.
    pub(super) fn more_cases(&self) -> Option<String> {
        let more = self.found_cases.count - self.found_cases.rows.len();
        let label = || {
            let count = i64::try_from(more).unwrap_or(i64::MAX);
            self.frame.words.count("search-more-cases", count)
        };
        (more > 0).then(label)
    }

    /// Describes how many contacts a search found.
    pub(super) fn hit_count(&self, found: &SearchResults) -> String {
        let words = self.frame.words;
        let count = i64::try_from(found.count).unwrap_or(i64::MAX);
        let contacts = words.count("search-count", count);
        if found.is_at_least {
            words.with("search-at-least", "contacts", &contacts)
        } else {
            contacts
        }
    }
}
