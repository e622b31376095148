//! The listeners: the public pages and the desk, on one address or two.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::{
    Router,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hotline_core::intake::Intake;
use hotline_desk::desk::{self, Desk};
use hotline_store::store::Store;
use tokio::net::TcpListener;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer,
    set_header::SetResponseHeaderLayer,
};

use crate::{life::Life, service::Lines, settings::Http};

/// What every page says about itself. Nothing inline, nothing from elsewhere, in nobody's frame.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), interest-cohort=(), payment=()",
    ),
];

/// Opens the addresses and serves until told to stop.
pub async fn listen(
    settings: &Http,
    desk: Desk,
    lines: &Lines,
    intake: &Arc<dyn Intake>,
    life: &Life,
) -> anyhow::Result<()> {
    let mut public = probes(Arc::clone(&desk.store));
    for (_, channel) in lines.values() {
        if let Some(routes) = channel.routes(Arc::clone(intake)) {
            public = public.merge(routes);
        }
    }
    if settings.public == settings.desk {
        serve(settings.public, public.merge(desk::router(desk)), life).await
    } else {
        let of_desk = probes(Arc::clone(&desk.store)).merge(desk::router(desk));
        serve(settings.public, public, life).await?;
        serve(settings.desk, of_desk, life).await
    }
}

async fn serve(address: SocketAddr, mut router: Router, life: &Life) -> anyhow::Result<()> {
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        // A download has a stricter policy of its own.
        router = router.layer(SetResponseHeaderLayer::if_not_present(name, value));
    }
    let router = router
        .layer(CsrfLayer::new())
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(|_| {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }));
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("Could not listen on {address}"))?;
    tracing::info!(address = %listener.local_addr()?, "Listening");
    let stop = life.stop.clone();
    life.run(async move {
        let served =
            axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(error) = served.await {
            tracing::error!(error = %error, "A listener ended");
        }
    });
    Ok(())
}

/// Whether it lives, and whether it can take messages.
fn probes(store: Arc<Store>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .with_state(store)
}

async fn ready(State(store): State<Arc<Store>>) -> Response {
    match store.ready().await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::error!(error = %error, "Not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "not ready: messages cannot be stored now",
            )
                .into_response()
        }
    }
}
