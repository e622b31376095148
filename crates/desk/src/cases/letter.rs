//! The letter with which a case is referred to an institution (`/desk/cases/{id}/referrals/{referral}/letter`): a preview, and a PDF with
//! letterhead. The desk sends no letter. Staff print or save it, send it, and record the day of sending.

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as DescribedResponse},
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{Datelike, NaiveDate};
use hotline_core::{
    casework::rights::{CaseAction, CaseParty},
    staff::{audit::AuditAction, rights::Right},
    text::locale::{Language, Words},
    time::clock,
};
use hotline_store::cases::{Case, Referral};
use schemars::{JsonSchema, json_schema};
use serde::Serialize;

use crate::{
    cases::page::{CaseRequest, ReferralPath},
    http::{
        answers::{Answer, describe_content, succeed},
        errors::PageError,
        extractors::Cookies,
        page::{Frame, page},
    },
    state::Desk,
};
use hotline_reports::letter::{Letter, PDF};

#[derive(Template)]
#[template(path = "cases/letter.html")]
struct LetterPage<'a> {
    frame: Frame<'a>,
    case: &'a Case,
    referral: &'a Referral,
    letter: Letter,
    today: NaiveDate,
}

/// The texts of a letter to an institution.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LetterJson {
    /// The tag of the language of the letter.
    language: &'static str,
    /// The name of the centre.
    sender: String,
    /// The address and the other details of the centre.
    sender_details: Vec<String>,
    /// The date, the number of the case and the like.
    facts: Vec<LetterFactJson>,
    /// The name of the institution.
    recipient: String,
    subject: String,
    /// A remark that the letter is a draft; null if the referral is confirmed.
    draft: Option<String>,
    opening: String,
    /// The summary of the case, as it was confirmed.
    summary: String,
    /// The enclosures: the lines of the description of what is sent.
    enclosed: Vec<String>,
}

/// A label and a value in the head of a letter.
#[derive(Serialize, JsonSchema)]
struct LetterFactJson {
    label: String,
    value: String,
}

impl From<Letter> for LetterJson {
    fn from(letter: Letter) -> Self {
        let facts = letter.facts.into_iter();
        Self {
            language: letter.language,
            sender: letter.sender,
            sender_details: letter.sender_details,
            facts: facts
                .map(|(label, value)| LetterFactJson { label, value })
                .collect(),
            recipient: letter.recipient,
            subject: letter.subject,
            draft: letter.draft,
            opening: letter.opening,
            summary: letter.summary,
            enclosed: letter.enclosed,
        }
    }
}

/// A letter as a PDF.
pub(crate) struct LetterFile(pub(crate) Response);

impl IntoResponse for LetterFile {
    fn into_response(self) -> Response {
        self.0
    }
}

impl OperationOutput for LetterFile {
    type Inner = String;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, DescribedResponse)> {
        let binary = json_schema!({ "type": "string", "format": "binary" });
        succeed(describe_content("The letter", [(PDF, binary)]))
    }
}

/// Loads a case whose referral `path` names. Writes an audit entry before the letter is shown.
async fn load(request: &CaseRequest, path: &ReferralPath) -> Result<Case, PageError> {
    let CaseRequest { desk, me, .. } = request;
    let case = desk.store.case(path.id).await?.ok_or(PageError::NotFound)?;
    let what = format!("{} {}", path.id, path.referral);
    desk.note_read(me, AuditAction::OpenLetter, &what).await;
    Ok(case)
}

fn find_referral<'a>(case: &'a Case, path: &ReferralPath) -> Result<&'a Referral, PageError> {
    let found = case.referrals.iter().find(|one| one.id == path.referral);
    found.ok_or(PageError::NotFound)
}

/// `GET …/letter`: shows a letter before it is printed or saved.
pub(crate) async fn show_letter(
    request: CaseRequest,
    Cookies(jar): Cookies,
    Path(path): Path<ReferralPath>,
) -> Result<Answer<LetterJson>, PageError> {
    let case = load(&request, &path).await?;
    let referral = find_referral(&case, &path)?;
    let (desk, me) = (&request.desk, &request.me);
    let letter = letter_of(desk, &case, referral);
    if request.format.is_json() {
        return Ok(Answer::Json(letter.into()));
    }
    let rendered = page(&LetterPage {
        frame: Frame::new(desk, &jar, me, "cases").await?,
        case: &case,
        referral,
        letter,
        today: desk.store.today(),
    })?;
    Ok(Answer::Page(rendered))
}

/// `GET …/letter/pdf`: sends a letter as a PDF.
pub(crate) async fn download_letter(
    request: CaseRequest,
    Path(path): Path<ReferralPath>,
) -> Result<LetterFile, PageError> {
    let case = load(&request, &path).await?;
    let letter = letter_of(&request.desk, &case, find_referral(&case, &path)?);
    let bytes = letter.to_pdf().map_err(PageError::fault)?;
    let name = format!(
        "attachment; filename=\"letter-{}-{}.pdf\"",
        case.number, case.year
    );
    let headers = [
        (header::CONTENT_TYPE, PDF.to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok(LetterFile((headers, bytes).into_response()))
}

/// Writes the letter of a referral. A confirmed referral keeps the summary that was confirmed. The letter of any other referral is a draft
/// with the present summary.
fn letter_of(desk: &Desk, case: &Case, referral: &Referral) -> Letter {
    let details = &referral.record.details;
    let summary = match referral.confirmed_at {
        Some(_) if !details.summary.is_empty() => &details.summary,
        // A referral that was confirmed by an earlier version has no copy of the summary.
        Some(_) | None => &case.summary,
    };
    let language = script_of([summary, &details.basis, &details.sent]);
    let words = desk.locales.of(language);
    let number = format!("{}/{}", case.number, case.year);
    let confirmed = referral.confirmed_at;
    let date = details
        .sent_on
        .or(confirmed.map(|at| clock::day_of(at, desk.centre.time_zone)));
    let mut facts = vec![
        (
            words.say("letter-date"),
            date_in_words(words, date.unwrap_or(desk.store.today())),
        ),
        (words.say("letter-our-number"), number.clone()),
    ];
    if !details.number.trim().is_empty() {
        facts.push((words.say("letter-their-number"), details.number.trim().to_owned()));
    }
    let institutions = &desk.store.scheme().institutions;
    let institution = institutions.iter().find(|one| one.id == referral.institution);
    let basis = words.own(details.basis.trim());
    Letter {
        language: language.tag(),
        sender: desk.centre.name.localized(words),
        sender_details: sender_details(desk, words),
        facts,
        recipient: words.own(institution.map_or(&referral.institution, |one| &one.sr)),
        subject: words.with("letter-subject", "number", &number),
        draft: confirmed.is_none().then(|| words.say("letter-draft")),
        opening: if basis.is_empty() {
            words.say("letter-opening")
        } else {
            words.with("letter-opening-basis", "basis", &basis)
        },
        summary: words.own(summary),
        enclosed_label: words.say("letter-enclosed"),
        enclosed: enclosures(&words.own(&details.sent)),
        signature_label: words.say("letter-signature"),
    }
}

/// Returns the script of a letter: that of most letters that staff typed. Cyrillic words in a letter in Latin script are transliterated, so
/// that the letter has one script. The reverse is not possible without mistakes, because names and addresses are in Latin script.
fn script_of(typed: [&String; 3]) -> Language {
    let letters = typed.into_iter().flat_map(|text| text.chars());
    let letters = letters.filter(|letter| letter.is_alphabetic());
    let (mut latin, mut all) = (0_usize, 0_usize);
    for letter in letters {
        all += 1;
        // The Latin letters of Serbian end at U+017F. Cyrillic letters begin at U+0400.
        latin += usize::from(letter < '\u{180}');
    }
    if latin * 2 > all {
        Language::SrLatn
    } else {
        Language::SrCyrl
    }
}

/// Returns the lines of the letterhead below the name of the centre.
pub(crate) fn sender_details(desk: &Desk, words: &Words) -> Vec<String> {
    let centre = desk.store.centre();
    let labelled =
        |key: &str, value: &str| (!value.is_empty()).then(|| format!("{}: {value}", words.say(key)));
    let reached = [
        labelled("letter-email", &centre.email),
        labelled("letter-telephone", &centre.telephone),
    ];
    let reached: Vec<String> = reached.into_iter().flatten().collect();
    let lines = [words.own(&centre.address), reached.join(" · ")];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// Returns the enclosures: the lines that describe what is sent.
fn enclosures(sent: &str) -> Vec<String> {
    let lines = sent.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// Formats a date with the month in words, such as `29. новембра 2026. године`.
fn date_in_words(words: &Words, day: NaiveDate) -> String {
    words.with_all(
        "letter-date-in-words",
        &[
            ("day", &day.day().to_string()),
            ("month", &words.say(&format!("letter-month-{}", day.month()))),
            ("year", &day.year().to_string()),
        ],
    )
}

impl LetterPage<'_> {
    fn number(&self) -> String {
        format!("{}/{}", self.case.number, self.case.year)
    }

    /// Returns whether the reader may record the day on which the letter was sent.
    fn may_record(&self) -> bool {
        let is_owner = self.case.owner.0 == self.frame.me.id;
        let party = CaseParty::of(self.frame.me.role, is_owner);
        self.referral.confirmed_by.is_some() && party.may(CaseAction::ChangeReferrals)
    }

    fn referral_address(&self) -> String {
        format!("/desk/cases/{}/referrals/{}", self.case.id, self.referral.id)
    }
}

#[cfg(test)]
mod tests {
    use hotline_core::text::locale::Locales;

    use super::*;

    #[test]
    fn a_date_in_a_letter_has_its_month_in_words() {
        let words = Locales.of(Language::SrCyrl);
        for (day, expected) in [
            ("2026-11-29", "29. новембра 2026. године"),
            ("2028-02-01", "1. фебруара 2028. године"),
        ] {
            assert_eq!(date_in_words(words, day.parse().unwrap()), expected);
        }
    }

    #[test]
    fn each_line_of_what_is_sent_is_an_enclosure() {
        assert_eq!(
            enclosures("снимци екрана\n\n  адреса профила \r\n"),
            ["снимци екрана", "адреса профила"]
        );
    }

    #[test]
    fn a_letter_has_the_script_of_what_staff_typed() {
        let script = |summary: &str, basis: &str, sent: &str| {
            script_of([&summary.to_owned(), &basis.to_owned(), &sent.to_owned()])
        };
        for (summary, basis, sent, expected) in [
            ("", "", "", Language::SrCyrl),
            (
                "Дете је на Instagram-у добило претњу.",
                "",
                "chat.pdf",
                Language::SrCyrl,
            ),
            ("Dete je dobilo pretnju.", "члан 263", "", Language::SrLatn),
            ("", "Porodični zakon, član 263", "", Language::SrLatn),
            ("112", "263", "1", Language::SrCyrl),
        ] {
            assert_eq!(script(summary, basis, sent), expected, "{summary} {basis} {sent}");
        }
    }
}
