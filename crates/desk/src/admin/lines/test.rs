//! The test of a line.

use axum::extract::{Path, State};
use hotline_core::{
    staff::audit::AuditAction,
    text::{locale::Language, problem},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    admin::{lines::render_list, system::localized_problem},
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, NoBody, ResponseFormat},
    },
    state::Desk,
};

/// The path parameter that identifies a line.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct LinePath {
    /// The name of the line.
    pub(super) line: String,
}

/// The result of the test of a line.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LineTestJson {
    line: String,
    works: bool,
    /// The number of checks that found no fault; 0 if the line does not work.
    checks: usize,
    /// The kind of the fault in English; null if the line works.
    problem: Option<String>,
}

/// The result of a test, as the page shows it.
pub(super) struct TestResult {
    pub(super) line: String,
    pub(super) works: bool,
    /// What the test found, in words.
    pub(super) said: String,
}

/// `POST /desk/admin/lines/{line}/test`: tests a line as `hotline check` does, and stores the result as the state of the line. The kind of a
/// fault is shown; its error text is logged.
pub(crate) async fn test_line(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(LinePath { line }): Path<LinePath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<LineTestJson>, PageError> {
    let states = desk.store.line_states().await?;
    if !states.iter().any(|one| one.line == line) {
        return Err(PageError::NotFound);
    }
    desk.store.audit(Some(&me), AuditAction::TestLine, &line).await?;
    let tested = desk.program.lines.test(line.clone()).await;
    let tested = tested.ok_or(PageError::NotFound)?;
    if format.is_json() {
        let words = desk.locales.of(Language::En);
        return Ok(Answer::Json(LineTestJson {
            line,
            works: tested.is_ok(),
            checks: tested.as_ref().copied().unwrap_or_default(),
            problem: tested.err().and_then(|error| localized_problem(words, &error)),
        }));
    }
    let words = desk.words(&jar);
    let (works, said) = match tested {
        Ok(checks) => {
            let checks = i64::try_from(checks).unwrap_or(i64::MAX);
            (true, words.count("line-test-passed", checks))
        }
        Err(error) => (false, problem::localize(words, &error)),
    };
    let result = TestResult { line, works, said };
    Ok(Answer::Page(render_list(&desk, &me, &jar, Some(result)).await?))
}
