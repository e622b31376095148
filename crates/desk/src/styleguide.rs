//! The style guide (`/desk/styleguide`): the colours, type and components of the desk in all their states. Only the demo shows it.

use askama::Template;
use axum::{extract::State, response::Response};
use axum_extra::extract::CookieJar;
use hotline_core::{
    staff::rights::Right,
    text::{
        locale::Language,
        rich::{Block, RichText},
    },
};

use crate::{
    http::{
        access::Who,
        errors::PageError,
        page::{Frame, WithoutHits, page},
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "styleguide.html")]
struct StyleGuide<'a> {
    frame: Frame<'a>,
    colours: [&'static str; 17],
    reply: RichText,
}

/// The colours of the style sheet, as names of custom properties.
const COLOURS: [&str; 17] = [
    "ink",
    "soft",
    "paper",
    "shade",
    "sheet",
    "line",
    "deep",
    "deeper",
    "on-deep",
    "alarm",
    "alarm-paper",
    "late",
    "note",
    "note-line",
    "ours",
    "hit",
    "focus",
];

impl WithoutHits for StyleGuide<'_> {}

pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
) -> Result<Response, PageError> {
    if desk.personas.is_empty() {
        return Err(PageError::NotFound);
    }
    page(&StyleGuide {
        frame: Frame::new(&desk, &jar, &me, "styleguide").await?,
        colours: COLOURS,
        reply: RichText::parse(
            "A reply has **bold** words, lists and links:\n- first\n- second\nhttps://example.org/help",
        ),
    })
}
