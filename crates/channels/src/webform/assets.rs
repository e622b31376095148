//! The style sheet and the scripts of the public pages.

use axum::{Router, http::header, response::IntoResponse, routing::get};

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Returns the routes of the style sheet and the scripts.
pub fn routes() -> Router {
    Router::new()
        .route(
            "/public.css",
            get(|| asset(CSS, include_str!("../../assets/public.css"))),
        )
        .route(
            "/proof.js",
            get(|| asset(SCRIPT, include_str!("../../assets/proof.js"))),
        )
        .route(
            "/conversation.js",
            get(|| asset(SCRIPT, include_str!("../../assets/conversation.js"))),
        )
        .route(
            "/posting.js",
            get(|| asset(SCRIPT, include_str!("../../assets/posting.js"))),
        )
        .route(
            "/public.js",
            get(|| asset(SCRIPT, include_str!("../../assets/public.js"))),
        )
}

async fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "public, max-age=3600"),
        ],
        text,
    )
}
