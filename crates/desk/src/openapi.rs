//! The OpenAPI 3.1 description of the API (`GET /api/v1/openapi.json`), and the page that shows the description (`GET /api/v1/docs`). The
//! description is generated from the declarations of the routes.

use aide::{
    OperationOutput,
    generate::{GenContext, in_context},
    openapi::{
        Components, Info, OpenApi, Operation, PathItem, Paths, ReferenceOr, Response as DescribedResponse,
        SchemaObject, SecurityScheme,
    },
};
use axum::{
    Router,
    http::{Method, header},
    response::{Html, IntoResponse, Response},
    routing::get_service,
};
use schemars::json_schema;
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};

use crate::http::{
    answers::{describe_content, succeed},
    route::{Route, response_schemas},
};

pub(crate) fn describe(routes: &[Route]) -> OpenApi {
    let mut paths = Paths::default();
    let schemas = in_context(|ctx| {
        ctx.schema = response_schemas();
        for route in routes {
            let Some(operation) = route.describe(ctx) else {
                continue;
            };
            let path = paths.paths.entry(route.path.clone());
            let path = path.or_insert_with(|| ReferenceOr::Item(PathItem::default()));
            if let Some(path) = path.as_item_mut() {
                let place = if route.method == Method::GET {
                    &mut path.get
                } else if route.method == Method::PUT {
                    &mut path.put
                } else {
                    &mut path.post
                };
                *place = Some(operation);
            }
        }
        ctx.schema.take_definitions(true)
    });
    let schemas = schemas.into_iter().filter_map(|(name, schema)| {
        let schema = SchemaObject {
            json_schema: schema.try_into().ok()?,
            external_docs: None,
            example: None,
        };
        Some((name, schema))
    });
    let bearer = SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: None,
        description: Some("The token of a session, or a read-only token for statistics.".to_owned()),
        extensions: Default::default(),
    };
    OpenApi {
        info: Info {
            title: "Hotline".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: Some(
                "Everything the desk does. Log in with POST /api/v1/session and send the token with each request."
                    .to_owned(),
            ),
            ..Info::default()
        },
        paths: Some(paths),
        components: Some(Components {
            schemas: schemas.collect(),
            security_schemes: [("token".to_owned(), ReferenceOr::Item(bearer))].into_iter().collect(),
            ..Components::default()
        }),
        security: vec![[("token".to_owned(), Vec::new())].into_iter().collect()],
        ..OpenApi::default()
    }
}

/// The content security policy of the page that shows the description. The style sheet of Swagger UI contains small images as `data:` URLs,
/// so this page permits `data:` images. Other pages forbid `data:` images.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                           object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `GET /api/v1/docs`: shows the description of the API.
pub(crate) async fn show_page() -> DescriptionPage {
    DescriptionPage
}

/// The page that shows the description of the API.
pub(crate) struct DescriptionPage;

impl IntoResponse for DescriptionPage {
    fn into_response(self) -> Response {
        let policy = [(header::CONTENT_SECURITY_POLICY, PAGE_POLICY)];
        (policy, Html(include_str!("../assets/http/api_docs.html"))).into_response()
    }
}

impl OperationOutput for DescriptionPage {
    type Inner = String;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, DescribedResponse)> {
        let text = json_schema!({ "type": "string" });
        succeed(describe_content("The page", [("text/html", text)]))
    }
}

/// Serves the script and the style sheet of Swagger UI from the crate `swagger_ui_dist`. The HTML page in that crate is not served, because
/// it contains an inline script, which our content security policy forbids.
pub(crate) fn assets() -> Router {
    const FOLDER: &str = "/assets/swagger-ui";
    let files = generate_routes(ApiDefinition {
        uri_prefix: FOLDER,
        api_definition: OpenApiSource::Uri("/api/v1/openapi.json"),
        title: None,
    });
    ["swagger-ui.css", "swagger-ui-bundle.js"]
        .into_iter()
        .fold(Router::new(), |router, file| {
            router.route(&format!("{FOLDER}/{file}"), get_service(files.clone()))
        })
}
