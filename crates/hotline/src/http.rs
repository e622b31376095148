//! The HTTP listeners: they serve the public pages and the desk (the pages for staff), on one shared address or on two addresses, and the
//! metrics on an address of their own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use hotline_desk::{
    refusals::{Refusal, log_refusal},
    routes,
    state::Desk,
};
use hotline_store::{db::store::Store, error::StoreError};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Mutex;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    csrf::{CsrfLayer, ProtectionError},
    set_header::SetResponseHeaderLayer,
    timeout::RequestBodyTimeoutLayer,
};

use self::{listener::Listener, slots::Slots};
use crate::{
    line_runner::LineRunner,
    process,
    settings::{Http, listen_address::ListenAddress},
    shutdown::Lifecycle,
};

mod listener;
mod serving;
mod slots;

/// The longest pause allowed between two chunks of a request body. It is long enough for a mobile phone with a poor connection.
const PATIENCE_FOR_BODIES: Duration = Duration::from_secs(60);

/// The maximum number of connections to the listener of the metrics.
const METRICS_CONNECTIONS: usize = 16;

/// Headers of every response. They forbid inline scripts, content from other sites, and display in a frame. Text can become HTML only through
/// the policy `hotline` of Trusted Types, which the scripts use only for pages of this server.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; \
         manifest-src 'self'; worker-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types hotline",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        "require-corp",
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

/// Binds the addresses and starts tasks that serve requests until shutdown.
pub async fn listen(
    settings: &Http,
    desk: Desk,
    runner: &LineRunner,
    further: Vec<Router>,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let readiness = Readiness {
        store: Arc::clone(&desk.store),
        last_check: Arc::default(),
    };
    let mut public = probes(&readiness);
    for routes in further {
        public = public.merge(routes);
    }
    let public_https = settings.public_url.starts_with("https:");
    let desk_https = settings.desk_url.starts_with("https:");
    let of_desk = of_desk(settings, desk)?;
    let connections = Connections::of(process::open_files());
    if settings.public == settings.desk {
        serve(
            &settings.public,
            connections.public + connections.desk,
            changing(runner, public.merge(of_desk)).await,
            public_https || desk_https,
            lifecycle,
        )
        .await
    } else {
        let of_desk = probes(&readiness).merge(of_desk);
        serve(
            &settings.public,
            connections.public,
            changing(runner, public).await,
            public_https,
            lifecycle,
        )
        .await?;
        serve(&settings.desk, connections.desk, of_desk, desk_https, lifecycle).await
    }
}

/// Binds the address of the metrics and starts a task that serves them until shutdown. They are on no other address, because they show how
/// much a centre has to do.
pub async fn listen_for_metrics(
    address: &ListenAddress,
    metrics: Router,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    serve(address, METRICS_CONNECTIONS, metrics, false, lifecycle).await
}

/// Returns a router that serves `base` and the routes of the lines that are in force when a request arrives.
async fn changing(runner: &LineRunner, base: Router) -> Router {
    runner.routes.set_base(base);
    runner.serve_routes().await;
    let routes = Arc::clone(&runner.routes);
    Router::new().fallback(move |request: Request| TowerToHyperService::new(routes.current()).call(request))
}

/// The maximum number of connections per listener.
#[derive(Debug, PartialEq, Eq)]
struct Connections {
    public: usize,
    desk: usize,
}

impl Connections {
    /// The maximum number of connections on both listeners together. It bounds the memory that connections use.
    const MOST: usize = 4_096;

    /// Divides the permitted connections between the two listeners. Each connection is an open file. Half of the permitted open files are
    /// left for the database, attachments, mailboxes and platforms. The desk has its own share of the connections, so that visitors to the
    /// public pages cannot use up the connections for staff.
    fn of(open_files: usize) -> Self {
        let all = (open_files / 2).clamp(8, Self::MOST);
        let desk = all / 4;
        Self {
            public: all - desk,
            desk,
        }
    }
}

/// Returns the routes of the desk with a guard against cross-site requests. Only pages of the desk can post to the desk.
///
/// The public form has no such guard, because its visitors have no rights that a cross-site request could misuse. The form must also accept
/// posts from browsers that send no `Origin` header.
fn of_desk(settings: &Http, desk: Desk) -> anyhow::Result<Router> {
    let mut guard = CsrfLayer::new();
    if !settings.desk_url.is_empty() {
        // Behind a proxy, a request can contain a different host name than the browser uses. The guard would then reject posts from the
        // desk's own pages.
        guard = guard
            .add_trusted_origin(settings.desk_url.trim_end_matches('/'))
            .context("`http.desk_url` is no address of a site")?;
    }
    // The guard checks the origin of each post. With the referrer policy `no-referrer`, browsers would not send the origin.
    let own =
        SetResponseHeaderLayer::overriding(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    let logged = middleware::map_response(log_post_of_other_site);
    Ok(routes::router(desk).layer(own).layer(guard).layer(logged))
}

/// Logs that the guard refused a request.
async fn log_post_of_other_site(response: Response) -> Response {
    if response.extensions().get::<ProtectionError>().is_some() {
        log_refusal(None, Refusal::OtherSite, "");
    }
    response
}

async fn serve(
    address: &ListenAddress,
    connections: usize,
    mut router: Router,
    https: bool,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    // The answer to a panic gets the headers below, too, because each layer surrounds those before it.
    router = router.layer(CatchPanicLayer::custom(|_| {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }));
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        // A header that the response already has is kept, for example the stricter policy of a download.
        router = router.layer(SetResponseHeaderLayer::if_not_present(name, value));
    }
    if https {
        // After the first response over HTTPS, this header makes the browser use only HTTPS.
        let always = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        let header = header::STRICT_TRANSPORT_SECURITY;
        router = router.layer(SetResponseHeaderLayer::if_not_present(header, always));
    }
    let router = router
        .layer(RequestBodyTimeoutLayer::new(PATIENCE_FOR_BODIES))
        .layer(CompressionLayer::new());
    let listener = Listener::bind(address).await?;
    tracing::info!(%address, connections, "Listening");
    lifecycle.run(serving::serve(
        listener,
        router,
        Slots::new(connections),
        lifecycle.clone(),
    ));
    Ok(())
}

/// How long a readiness result is reused. The check writes to the disk, so it must not run for every request to the readiness probe.
const FOUND_OUT_FOR: Duration = Duration::from_secs(1);

/// Returns the routes of the liveness and readiness probes.
fn probes(readiness: &Readiness) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .with_state(readiness.clone())
}

#[derive(Clone)]
struct Readiness {
    store: Arc<Store>,
    last_check: Arc<Mutex<Option<Check>>>,
}

/// A check whether messages can be stored.
#[derive(Clone, Copy)]
struct Check {
    at: Instant,
    /// Why no message can be stored. `None`: messages can be stored.
    problem: Option<&'static str>,
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    let mut last_check = readiness.last_check.lock().await;
    let known = last_check.filter(|check| check.at.elapsed() < FOUND_OUT_FOR);
    let problem = match known {
        Some(check) => check.problem,
        None => {
            let tried = readiness.store.ready().await;
            let problem = tried.err().map(|error| {
                tracing::error!(error = %error, "Not ready");
                problem_of(&error)
            });
            *last_check = Some(Check {
                at: Instant::now(),
                problem,
            });
            problem
        }
    };
    match problem {
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, problem).into_response(),
        None => "ready".into_response(),
    }
}

/// Returns what the readiness probe says about an error. Strangers can read it.
fn problem_of(error: &StoreError) -> &'static str {
    match matches!(error, StoreError::Outdated) {
        true => "not ready: a newer version of Hotline has migrated the database",
        false => "not ready: messages cannot be stored now",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_open_files_are_left_to_everything_else() {
        for (files, public, desk) in [
            (1_024, 384, 128),
            (65_536, 3_072, 1_024),
            (256, 96, 32),
            (0, 6, 2),
        ] {
            assert_eq!(Connections::of(files), Connections { public, desk }, "{files}");
        }
    }
}
