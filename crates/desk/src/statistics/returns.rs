//! Returns (`/desk/statistics/returns/{name}`): the report forms for Insafe and Child Helpline International. The page of a return also
//! lists the reasons why the return cannot be sent yet.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    contact::classification::Scheme,
    staff::{audit::AuditAction, rights::Right},
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
    cover::{Cover, by_hand, period_label},
    tables::{self, ContactLists, Table, unclassified_contacts},
};

#[derive(Template)]
#[template(path = "statistics/return.html")]
struct ReturnPage<'a> {
    frame: Frame<'a>,
    title: String,
    filled: FilledReturn,
    tables: Vec<Table>,
    /// Why the return cannot be sent yet.
    reasons: Vec<MissingPart>,
    query: String,
}

/// A reason why the return cannot be sent yet.
struct MissingPart {
    text: String,
    /// The URL of the list of contacts that someone has to complete. `None`: there is no such list, or the reader may not open it.
    list: Option<String>,
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
    let mut reasons = missing_parts(words, &desk.store.scheme(), mapping, &filled, &tables);
    if !me.role.may(Right::ReadContacts) {
        for reason in &mut reasons {
            reason.list = None;
        }
    }
    page(&ReturnPage {
        frame: Frame::new(&desk, &jar, &me, "statistics").await?,
        reasons,
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
        desk.note_read(person, AuditAction::Return, &format!("{name} {from} {to}"))
            .await;
    }
    let tables = tables::of_return(words, &store.scheme(), mapping, &filled);
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

    /// Says which communications that were entered by hand the return leaves out, if there are any.
    fn entered(&self) -> Option<String> {
        let entered = self.filled.entered_by_hand.as_ref();
        entered.map(|entered| by_hand(self.frame.words, "return-entered", entered))
    }
}

/// Lists the reasons why the return cannot be sent yet.
fn missing_parts(
    words: &Words,
    scheme: &Scheme,
    mapping: &Return,
    filled: &FilledReturn,
    tables: &[Table],
) -> Vec<MissingPart> {
    let mut parts = Vec::new();
    if !filled.due_so {
        parts.push(MissingPart {
            text: words.say("return-other-period"),
            list: None,
        });
    }
    if filled.not_classified > 0 {
        parts.push(MissingPart {
            text: words.counted("return-not-classified", filled.not_classified),
            list: unclassified_contacts(filled),
        });
    }
    for ((of, counts), table) in mapping.tables.iter().zip(&filled.tables).zip(tables) {
        let lists = ContactLists::of(mapping, of, scheme, filled);
        if counts.missing > 0 {
            let contacts = words.counted("return-missing", counts.missing);
            parts.push(MissingPart {
                text: format!("{}: {contacts}", table.title),
                list: lists.missing(),
            });
        }
        for (value, count) in &counts.unmapped {
            let count = words.number(*count);
            let values = [
                ("table", table.title.as_str()),
                ("value", value),
                ("count", &count),
            ];
            parts.push(MissingPart {
                text: words.with_all("return-unmapped-said", &values),
                list: lists.with_value(value),
            });
        }
    }
    parts
}
