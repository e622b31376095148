//! The public total: all registered communications since the establishment of the centre, for the centre's website and for programs. The
//! total leaves out today, so that a change of the total does not reveal that someone wrote just now.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use askama::Template;
use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    centre::Centre,
    text::locale::{Language, Locales, Words},
    time::{clock::Clock, period::Period},
};
use hotline_store::{db::store::Store, error::StoreError};
use serde::{Deserialize, Serialize};

use hotline_reports::labels::{channel_name, format_day};

/// The time for which the public total is cached in memory.
const KEPT: Duration = Duration::from_secs(60);

/// The state that the routes of the public total share.
#[derive(Clone)]
pub struct Public {
    store: Arc<Store>,
    locales: Arc<Locales>,
    centre: Arc<Centre>,
    clock: Arc<dyn Clock>,
    /// The cached public total and the time at which it was computed; `None` before the first request.
    read: Arc<Mutex<Option<Read>>>,
}

struct Read {
    at: DateTime<Utc>,
    figure: Figure,
}

/// The public total of all channels, and the total of each channel.
#[derive(Debug, Clone, Serialize)]
struct Figure {
    /// Registered communications since the establishment, including corrections and opening balances.
    total: i64,
    /// The total of each channel.
    channels: Vec<ChannelTotal>,
    /// The last day that is counted.
    until: NaiveDate,
    /// The time zone that determines when a day begins.
    time_zone: String,
}

/// The public total of a channel.
#[derive(Debug, Clone, Serialize)]
struct ChannelTotal {
    name: String,
    total: i64,
}

/// Builds the router of the public total. `/api/v1/public/total` returns JSON, and `/total` returns a page for embedding in other sites.
pub fn router(
    store: Arc<Store>,
    locales: Arc<Locales>,
    centre: Arc<Centre>,
    clock: Arc<dyn Clock>,
) -> Router {
    let public = Public {
        store,
        locales,
        centre,
        clock,
        read: Arc::default(),
    };
    Router::new()
        .route("/api/v1/public/total", get(total))
        .route("/total", get(embedded))
        .route(
            "/total.css",
            get(|| async {
                let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
                shared((kind, include_str!("../../assets/statistics/public_total.css")))
            }),
        )
        .with_state(public)
}

impl Public {
    async fn figure(&self) -> Result<Figure, StoreError> {
        let now = self.clock.now();
        {
            let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(Read { at, figure }) = read.as_ref()
                && (now - *at).to_std().is_ok_and(|age| age < KEPT)
            {
                return Ok(figure.clone());
            }
        }
        let until = self.store.today().pred_opt().unwrap_or_default();
        let period = Period {
            from: None,
            to: Some(until),
        };
        let totals = self.store.totals(period).await?;
        let figure = Figure {
            total: totals.sum.total,
            channels: totals
                .channels
                .into_iter()
                .map(|part| ChannelTotal {
                    name: part.name,
                    total: part.sum.total,
                })
                .collect(),
            until,
            time_zone: totals.time_zone,
        };
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(Read {
            at: now,
            figure: figure.clone(),
        });
        Ok(figure)
    }
}

/// Adds headers that permit all sites to embed the response and permit caches to store it for five minutes.
fn shared(response: impl IntoResponse) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors *",
        ),
    ];
    (headers, response).into_response()
}

fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(%error, "The public figure could not be read");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

async fn total(State(public): State<Public>) -> Response {
    match public.figure().await {
        Ok(figure) => shared(Json(figure)),
        Err(error) => unavailable(&error),
    }
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    language: String,
}

#[derive(Template)]
#[template(path = "statistics/public_total.html")]
struct TotalPage<'a> {
    words: &'a Words,
    centre: String,
    total: String,
    channels: Vec<(String, String)>,
    until: String,
}

async fn embedded(State(public): State<Public>, Query(shown): Query<Shown>) -> Response {
    let figure = match public.figure().await {
        Ok(figure) => figure,
        Err(error) => return unavailable(&error),
    };
    let language = Language::parse(&shown.language).unwrap_or(public.centre.language);
    let words = public.locales.of(language);
    let channels = figure.channels.iter();
    let page = TotalPage {
        words,
        centre: public.centre.name.localized(words),
        total: words.number(figure.total),
        channels: channels
            .map(|one| (channel_name(words, &one.name), words.number(one.total)))
            .collect(),
        until: format_day(figure.until),
    };
    match page.render() {
        Ok(page) => shared(Html(page)),
        Err(error) => {
            tracing::error!(%error, "A page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
