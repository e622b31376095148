//! The audit (`/desk/audit`): who did what. Auditors read it and verify it; nobody can change it.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Days, NaiveDate, Utc};
use hotline_core::{
    staff::{audit::AuditAction, rights::Right},
    text::locale::Language,
    time::clock::start_of_day,
};
use hotline_store::{
    db::values::HistoryKind,
    inbox::list::View,
    staff::{
        accounts::StaffMember,
        audit::{
            list::{AuditEntry, AuditFilter},
            verify::AuditReport,
        },
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, NoBody, ResponseFormat},
        page::{Choice, Frame, page as written},
    },
    state::Desk,
};

/// The number of entries on a page.
const ROWS: u64 = 100;
/// The largest number of findings that a page or a response lists.
const FINDINGS: usize = 100;

/// Which entries are listed. An empty or unknown value of a field matches every entry.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct AuditQuery {
    /// The first day, as `YYYY-MM-DD`.
    #[serde(default)]
    from: String,
    /// The last day, as `YYYY-MM-DD`.
    #[serde(default)]
    to: String,
    /// The id of a member of staff.
    #[serde(default)]
    who: String,
    /// An action.
    #[serde(default)]
    action: String,
    /// Where the next page begins, as the previous page states it.
    #[serde(default)]
    before: String,
}

impl AuditQuery {
    fn read(&self, desk: &Desk) -> AuditFilter {
        let zone = desk.centre.time_zone;
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let before = self.before.split_once('-').and_then(|(at, id)| {
            let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
            Some((at, id.parse().ok()?))
        });
        AuditFilter {
            from: day(&self.from).map(|day| start_of_day(day, zone)),
            to: day(&self.to)
                .and_then(|day| day.checked_add_days(Days::new(1)))
                .map(|day| start_of_day(day, zone)),
            actor: self.who.parse().ok(),
            action: AuditAction::parse(&self.action),
            before,
        }
    }
}

/// Entries of the audit.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AuditJson {
    /// The entries, newest first; at most 100.
    entries: Vec<AuditEntryJson>,
    /// The value of `before` with which the next page is read; null if there are no more entries.
    before: Option<String>,
}

/// An entry of the audit.
#[derive(Serialize, JsonSchema)]
struct AuditEntryJson {
    at: DateTime<Utc>,
    /// The log-in name; null for an action of the service or of the command line.
    who: Option<String>,
    /// Null if this version does not know the action.
    action: Option<AuditAction>,
    /// The object, such as the reference of a contact.
    object: String,
    /// How a contact was changed; null for other actions.
    change: Option<HistoryKind>,
    /// The position in the chain; null for a moment after the action.
    position: Option<i64>,
}

/// The result of a verification.
#[derive(Serialize, JsonSchema)]
pub(crate) struct VerificationJson {
    /// The number of entries in the chain.
    entries: u64,
    /// The position of the last entry.
    last: i64,
    /// The number of signed heads with which the chain was compared.
    heads: usize,
    /// What is wrong, in English; at most 100 findings.
    findings: Vec<String>,
}

impl From<AuditReport> for VerificationJson {
    fn from(report: AuditReport) -> Self {
        let findings = report.findings.iter().take(FINDINGS);
        Self {
            entries: report.entries,
            last: report.last,
            heads: report.heads,
            findings: findings.map(ToString::to_string).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    frame: Frame<'a>,
    asked: AuditQuery,
    people: Vec<Choice>,
    actions: Vec<Choice>,
    entries: Vec<AuditEntry>,
    /// The address of the next page.
    next: Option<String>,
    verified: Option<VerificationJson>,
}

impl AuditPage<'_> {
    fn who(&self, entry: &AuditEntry) -> String {
        match &entry.actor {
            Some((_, name)) => self.frame.words.own(name),
            None => self.frame.words.say("audit-service"),
        }
    }

    fn action(&self, entry: &AuditEntry) -> String {
        let action = entry.action.map_or("unknown", AuditAction::as_str);
        self.frame.words.say(&format!("audit-{action}"))
    }

    /// Returns the object of an entry. The kind of a change of a contact is shown in words.
    fn object(&self, entry: &AuditEntry) -> String {
        match entry.change {
            Some(change) => {
                let change = self.frame.words.say(&format!("event-{change}"));
                format!("{} – {change}", entry.object)
            }
            None if entry.action == Some(AuditAction::ListContacts) => {
                let view = View::parse(&entry.object).map(|view| format!("view-{}", view.as_str()));
                view.map_or_else(|| entry.object.clone(), |key| self.frame.words.say(&key))
            }
            None => entry.object.clone(),
        }
    }

    fn entries_in_words(&self, verified: &VerificationJson) -> String {
        let number = |n: u64| self.frame.words.number(i64::try_from(n).unwrap_or(i64::MAX));
        let (entries, heads) = (number(verified.entries), number(verified.heads as u64));
        let values = [("entries", entries.as_str()), ("heads", heads.as_str())];
        self.frame.words.with_all("audit-verified", &values)
    }
}

/// `GET /desk/audit` and `GET /api/v1/audit`: lists entries, newest first.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Query(asked): Query<AuditQuery>,
) -> Result<Answer<AuditJson>, PageError> {
    desk.note_read(&me, AuditAction::ReadAudit, "").await;
    if format.is_json() {
        let (entries, more) = desk.store.list_audit(&asked.read(&desk), ROWS).await?;
        return Ok(Answer::Json(AuditJson {
            before: next_of(&entries, more),
            entries: entries.into_iter().map(AuditEntryJson::from).collect(),
        }));
    }
    Ok(Answer::Page(render(&desk, &me, &jar, asked, None).await?))
}

impl From<AuditEntry> for AuditEntryJson {
    fn from(entry: AuditEntry) -> Self {
        Self {
            at: entry.at,
            who: entry.actor.map(|(login, _)| login),
            action: entry.action,
            object: entry.object,
            change: entry.change,
            position: entry.position,
        }
    }
}

/// `POST /desk/audit/verify`: compares the whole audit with its hashes and with the signed heads.
pub(crate) async fn verify(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<VerificationJson>, PageError> {
    let verified = VerificationJson::from(desk.store.verify_audit_with(&[]).await?);
    if format.is_json() {
        return Ok(Answer::Json(verified));
    }
    let page = render(&desk, &me, &jar, AuditQuery::default(), Some(verified)).await?;
    Ok(Answer::Page(page))
}

/// Returns where the next page begins.
fn next_of(entries: &[AuditEntry], more: bool) -> Option<String> {
    let last = entries.last().filter(|_| more)?;
    Some(format!("{}-{}", last.at.timestamp_micros(), last.id))
}

async fn render(
    desk: &Desk,
    me: &StaffMember,
    jar: &CookieJar,
    asked: AuditQuery,
    verified: Option<VerificationJson>,
) -> Result<Response, PageError> {
    let frame = Frame::new(desk, jar, me, "audit").await?;
    let (entries, more) = desk.store.list_audit(&asked.read(desk), ROWS).await?;
    let next = next_of(&entries, more).map(|before| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("from", &asked.from),
            ("to", &asked.to),
            ("who", &asked.who),
            ("action", &asked.action),
            ("before", &before),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/desk/audit?{}", query.finish())
    });
    let people = desk.store.staff().await?;
    let chosen: Option<Uuid> = asked.who.parse().ok();
    let people = people.iter().map(|member| Choice {
        value: member.id.to_string(),
        label: frame.words.own(&member.name),
        chosen: chosen == Some(member.id),
    });
    let people = people.collect();
    let mut actions: Vec<Choice> = AuditAction::ALL
        .iter()
        .map(|action| Choice {
            value: action.as_str().to_owned(),
            label: frame.words.say(&format!("audit-{}", action.as_str())),
            chosen: asked.action == action.as_str(),
        })
        .collect();
    actions.sort_by(|a, b| a.label.cmp(&b.label));
    written(&AuditPage {
        frame,
        asked,
        people,
        actions,
        entries,
        next,
        verified,
    })
}
