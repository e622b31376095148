//! Returns (`/desk/statistics/returns/{name}`): the report forms for Insafe and Child Helpline International. The page of a return also
//! lists the reasons why the return cannot be sent yet.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    staff::rights::Right,
    statistics::returns::Return,
    text::locale::{Language, Words},
    time::period::{Every, Period},
};
use hotline_store::statistics::returns::FilledReturn;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    http::{
        access::{Reader, Who},
        answers::{Answer, FiguresFile},
        errors::PageError,
        extractors::Cookies,
        page::{Frame, page},
    },
    state::Desk,
    statistics::{files::FileQuery, filter::FilterForm, page::StatisticsQuery},
};
use hotline_reports::{
    cover::{Cover, period_label},
    tables::{self, Table},
};

#[derive(Template)]
#[template(path = "statistics/return.html")]
struct ReturnPage<'a> {
    frame: Frame<'a>,
    title: String,
    filled: FilledReturn,
    tables: Vec<Table>,
    query: String,
}

/// `GET /desk/statistics/returns/{name}`: shows a return.
pub(crate) async fn show_return(
    State(desk): State<Desk>,
    Who(me): Who,
    reader: Reader,
    jar: CookieJar,
    Path(name): Path<String>,
    Query(chosen): Query<FilterForm>,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    let ReturnTables {
        filled,
        mapping,
        tables,
    } = fill_in(&desk, &reader, words, &name, &chosen.asked).await?;
    page(&ReturnPage {
        frame: Frame::new(&desk, &jar, &me, "statistics").await?,
        query: format!("from={}&to={}", filled.from, filled.to),
        title: mapping.label.localized(words),
        filled,
        tables,
    })
}

/// The path parameter that identifies a return.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReturnPath {
    /// The name of the return, such as `insafe` or `chi`.
    name: String,
}

/// A filled-in return.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FilledReturnJson {
    /// Whether the return can be sent. It can if all of these are true: (1) the days of the return are exactly one reporting period; (2)
    /// all contacts of these days are classified; (3) every table counts all contacts that it should count.
    complete: bool,
    #[serde(rename = "return")]
    filled: FilledReturn,
}

/// `GET /api/v1/statistics/returns/{name}`: sends a return as JSON or as a file.
pub(crate) async fn download_return(
    State(desk): State<Desk>,
    reader: Reader,
    Cookies(jar): Cookies,
    Path(ReturnPath { name }): Path<ReturnPath>,
    Query(wanted): Query<FileQuery>,
) -> Result<FiguresFile<FilledReturnJson>, PageError> {
    let words = wanted.words(&desk, &jar);
    let ReturnTables {
        filled,
        mapping,
        tables,
    } = fill_in(&desk, &reader, words, &name, &wanted.period).await?;
    let cover = Cover::of_return(words, &desk.centre, mapping, &filled, reader.name());
    let name = filled.name.clone();
    let complete = filled.is_complete();
    wanted.answer(
        words,
        &name,
        &cover,
        &tables,
        FilledReturnJson { complete, filled },
    )
}

/// The returns that can be filled in.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ReturnListJson {
    returns: Vec<ReturnJson>,
}

/// A return: the report form of an organisation that collects statistics.
#[derive(Serialize, JsonSchema)]
struct ReturnJson {
    name: String,
    /// The version of the mapping, which defines the tables and rows of the return and what each row counts.
    version: u32,
    /// The length of a reporting period, such as a month or a year.
    every: Every,
    /// The title in English.
    label: String,
}

/// `GET /api/v1/statistics/returns`: lists the returns.
pub(crate) async fn list(State(desk): State<Desk>) -> Answer<ReturnListJson> {
    let all = desk.store.returns().into_iter();
    let returns = all.map(|one| ReturnJson {
        name: one.name.clone(),
        version: one.version,
        every: one.every,
        label: one.label.en.clone(),
    });
    Answer::Json(ReturnListJson {
        returns: returns.collect(),
    })
}

/// A filled-in return, with its mapping and its tables.
struct ReturnTables<'a> {
    filled: FilledReturn,
    /// The mapping, which defines the tables and rows of the return and what each row counts.
    mapping: &'a Return,
    tables: Vec<Table>,
}

/// Fills in a return for the requested days or, if no days are requested, for the last complete reporting period. The figures of a return are
/// exact. Programs with a read-only token have no access to returns.
async fn fill_in<'a>(
    desk: &'a Desk,
    reader: &Reader,
    words: &Words,
    name: &str,
    asked: &StatisticsQuery,
) -> Result<ReturnTables<'a>, PageError> {
    let store = &desk.store;
    let asked = asked.period(store.today())?;
    let period = match asked {
        Period { from: None, to: None } => store.last_due(name).ok_or(PageError::NotFound)?,
        chosen => chosen,
    };
    let (Some(from), Some(to)) = (period.from, period.to) else {
        return Err(PageError::Bad("error-days-missing"));
    };
    let filled = store.fill_return(name, from, to).await?;
    let mapping = store.mapping(name, to).ok_or(PageError::NotFound)?;
    if let Some(person) = reader.person() {
        desk.note_read(person, "return", &format!("{name} {from} {to}"))
            .await;
    }
    let tables = tables::of_return(words, store.scheme(), mapping, &filled);
    Ok(ReturnTables {
        filled,
        mapping,
        tables,
    })
}

impl ReturnPage<'_> {
    fn period_label(&self) -> String {
        period_label(self.frame.words, Some(self.filled.from), Some(self.filled.to))
    }

    /// Lists the reasons why the return cannot be sent yet.
    fn wrong(&self) -> Vec<String> {
        let words = self.frame.words;
        let mut wrong = Vec::new();
        if !self.filled.due_so {
            wrong.push(words.say("return-other-period"));
        }
        if self.filled.not_classified > 0 {
            wrong.push(words.counted("return-not-classified", self.filled.not_classified));
        }
        for (table, filled) in self.tables.iter().zip(&self.filled.tables) {
            if filled.missing > 0 {
                let count = words.number(filled.missing);
                wrong.push(words.with_all("return-missing", &[("table", &table.title), ("count", &count)]));
            }
            for (value, count) in &filled.unmapped {
                let count = words.number(*count);
                let said = [
                    ("table", table.title.as_str()),
                    ("value", value),
                    ("count", &count),
                ];
                wrong.push(words.with_all("return-unmapped-said", &said));
            }
        }
        wrong
    }
}
