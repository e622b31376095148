//! Types of responses: JSON for the API, and a page or a redirect for the desk. Each type also adds its own description to the OpenAPI
//! document.

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{MediaType, Operation, Response as DescribedResponse, SchemaObject},
};
use axum::{
    Json,
    response::{IntoResponse, NoContent, Response},
};
use axum_extra::extract::CookieJar;
use schemars::{JsonSchema, Schema, json_schema};
use serde::Serialize;
use uuid::Uuid;

use crate::http::{extractors::ResponseFormat, flash::Flash};
use hotline_reports::exports::{CSV, XLSX};

/// The response of a handler that serves both the API and the desk.
pub(crate) enum Answer<T> {
    /// The API's response: JSON.
    Json(T),
    /// The desk's response: a page or a redirect.
    Page(Response),
}

impl<T> Answer<T> {
    /// Redirects a browser to a page of the desk, which shows the message.
    pub(crate) fn redirect(path: &str, flash: Flash) -> Self {
        Self::Page(flash.redirect(path))
    }
}

impl ResponseFormat {
    /// Returns the response to a successful change. An API request gets `json`, and a form gets a redirect to the path `page`, where
    /// the page shows the message.
    pub(crate) fn answer<T>(self, json: T, page: &str, flash: Flash) -> Answer<T> {
        match self {
            Self::Json => Answer::Json(json),
            Self::Page => Answer::redirect(page, flash),
        }
    }

    /// Confirms a change. An API request gets status 204, and a form gets a redirect to the path `page`, where the page
    /// shows the message.
    pub(crate) fn confirm(self, page: &str, flash: Flash) -> Confirmation {
        match self {
            Self::Json => Confirmation::NoContent,
            Self::Page => Confirmation::Page(flash.redirect(page)),
        }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Json(json) => Json(json).into_response(),
            Self::Page(page) => page,
        }
    }
}

impl<T: JsonSchema> OperationOutput for Answer<T> {
    type Inner = T;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, DescribedResponse)> {
        let schema = ctx.schema.subschema_for::<T>();
        succeed(describe_content(SUCCESS, [("application/json", schema)]))
    }
}

/// The response to a successful change. The response contains no data.
pub(crate) enum Confirmation {
    /// The response of the API: status 204.
    NoContent,
    /// The response of the desk: a redirect.
    Page(Response),
}

impl IntoResponse for Confirmation {
    fn into_response(self) -> Response {
        match self {
            Self::NoContent => NoContent.into_response(),
            Self::Page(page) => page,
        }
    }
}

impl OperationOutput for Confirmation {
    type Inner = ();

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, DescribedResponse)> {
        NoContent::inferred_responses(ctx, operation)
    }
}

/// A response that also sets cookies.
pub(crate) struct WithCookies<T>(pub CookieJar, pub T);

impl<T: IntoResponse> IntoResponse for WithCookies<T> {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

impl<T: OperationOutput> OperationOutput for WithCookies<T> {
    type Inner = T::Inner;

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, DescribedResponse)> {
        T::inferred_responses(ctx, operation)
    }
}

/// Statistical figures in the format that the request asks for.
pub(crate) enum FiguresFile<T> {
    /// JSON.
    Json(T),
    /// A download: CSV or a workbook.
    File(Response),
}

impl<T: Serialize> IntoResponse for FiguresFile<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Json(json) => Json(json).into_response(),
            Self::File(file) => file,
        }
    }
}

impl<T: JsonSchema> OperationOutput for FiguresFile<T> {
    type Inner = T;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, DescribedResponse)> {
        let schema = ctx.schema.subschema_for::<T>();
        let text = json_schema!({ "type": "string" });
        let binary = json_schema!({ "type": "string", "format": "binary" });
        succeed(describe_content(
            "The figures, in the requested format",
            [
                ("application/json", schema),
                (media_type(CSV), text),
                (XLSX, binary),
            ],
        ))
    }
}

/// A CSV file to download.
pub(crate) struct CsvFile(pub Response);

impl IntoResponse for CsvFile {
    fn into_response(self) -> Response {
        self.0
    }
}

impl OperationOutput for CsvFile {
    type Inner = String;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, DescribedResponse)> {
        let text = json_schema!({ "type": "string" });
        succeed(describe_content(SUCCESS, [(media_type(CSV), text)]))
    }
}

/// The id of the object that the request added, changed or deleted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct IdJson {
    pub id: Uuid,
}

/// An empty object. The request succeeded and returns no data.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EmptyJson {}

const SUCCESS: &str = "The request succeeded";

/// Returns the description of the successful responses of a route that responds only with status 200. `response` describes that response.
pub(crate) fn succeed(response: DescribedResponse) -> Vec<(Option<u16>, DescribedResponse)> {
    vec![(Some(200), response)]
}

/// Returns a media type without its parameters.
fn media_type(kind: &'static str) -> &'static str {
    kind.split(';').next().unwrap_or(kind)
}

/// Describes a response. `description` is the meaning of the response, and `content` contains each media type with its schema.
pub(crate) fn describe_content<const N: usize>(
    description: &str,
    content: [(&str, Schema); N],
) -> DescribedResponse {
    let content = content.into_iter().map(|(kind, json_schema)| {
        let schema = SchemaObject {
            json_schema,
            external_docs: None,
            example: None,
        };
        let described = MediaType {
            schema: Some(schema),
            ..MediaType::default()
        };
        (kind.to_owned(), described)
    });
    DescribedResponse {
        description: description.to_owned(),
        content: content.collect(),
        ..DescribedResponse::default()
    }
}
