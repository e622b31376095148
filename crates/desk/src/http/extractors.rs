//! Extractors that HTML forms and API requests share. Each extractor also adds a description of its input to the OpenAPI document.

use std::{convert::Infallible, ops::Deref};

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{MediaType, Operation, RequestBody, Response, SchemaObject},
    operation::set_body,
};
use axum::{
    body::Bytes,
    extract::{Form, FromRequest, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
};
use axum_extra::extract::CookieJar;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_path_to_error::Track;
use uuid::Uuid;

use crate::{
    http::errors::{PageError, UNREADABLE_BODY, describe_errors},
    state::Desk,
};

/// The body of a request, sent as a form or as JSON. A request without a content type is read as `{}`, so every field gets its default.
pub(crate) struct FormOrJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Desk> for FormOrJson<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        if is_json(&request) {
            return Ok(Self(strict(&read_body(request, desk).await?)?));
        }
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            return Ok(Self(strict(b"{}")?));
        }
        let read = Form::from_request(request, desk).await;
        Ok(Self(read.map_err(|error| unreadable(error.status()))?.0))
    }
}

impl<T> Deref for FormOrJson<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: JsonSchema> OperationInput for FormOrJson<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_body::<T>(ctx, operation);
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, Response)> {
        describe_errors(ctx, &BODY_ERRORS)
    }
}

/// A type of request body that can be parsed from JSON and from a form in which several fields can have the same name.
pub(crate) trait FromFields: DeserializeOwned {
    /// Parses the names and values of a form, in the order in which they were sent.
    fn from_fields(fields: Vec<(String, String)>) -> Result<Self, PageError>;
}

/// The body of a request, sent as JSON or as a form in which several fields can have the same name.
pub(crate) struct RepeatedFields<T>(pub T);

impl<T: FromFields> FromRequest<Desk> for RepeatedFields<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        if is_json(&request) {
            return Ok(Self(strict(&read_body(request, desk).await?)?));
        }
        let read = Form::from_request(request, desk).await;
        let Form(fields) = read.map_err(|error| unreadable(error.status()))?;
        Ok(Self(T::from_fields(fields)?))
    }
}

impl<T: JsonSchema> OperationInput for RepeatedFields<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_body::<T>(ctx, operation);
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, Response)> {
        describe_errors(ctx, &BODY_ERRORS)
    }
}

/// The statuses of the responses that reject a request because of its body.
pub(crate) const BODY_ERRORS: [u16; 2] = [413, 422];

/// Describes a JSON body with the schema of `T`.
pub(crate) fn describe_body<T: JsonSchema>(ctx: &mut GenContext, operation: &mut Operation) {
    let mut json_schema = ctx.schema.subschema_for::<T>();
    // The API rejects unknown fields.
    json_schema.insert("additionalProperties".to_owned(), false.into());
    let schema = SchemaObject {
        json_schema,
        external_docs: None,
        example: None,
    };
    let json = MediaType {
        schema: Some(schema),
        ..MediaType::default()
    };
    let body = RequestBody {
        content: [("application/json".to_owned(), json)].into_iter().collect(),
        required: true,
        ..RequestBody::default()
    };
    set_body(ctx, operation, body);
}

async fn read_body(request: Request, desk: &Desk) -> Result<Bytes, PageError> {
    let read = Bytes::from_request(request, desk).await;
    read.map_err(|error| unreadable(error.status()))
}

/// Returns the error for a request body that axum rejected with this status: [`PageError::TooLarge`] for status 413, otherwise
/// [`PageError::Bad`].
pub(crate) fn unreadable(status: StatusCode) -> PageError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        PageError::TooLarge
    } else {
        PageError::Bad(UNREADABLE_BODY)
    }
}

/// Parses JSON and rejects unknown fields. If unknown fields were ignored, a misspelt field would get its default without an error.
fn strict<T: DeserializeOwned>(text: &[u8]) -> Result<T, PageError> {
    let mut unknown = Vec::new();
    let mut track = Track::new();
    let mut json = serde_json::Deserializer::from_slice(text);
    let mut note = |path: serde_ignored::Path<'_>| unknown.push(format!("unknown field `{path}`"));
    let read = T::deserialize(serde_ignored::Deserializer::new(
        serde_path_to_error::Deserializer::new(&mut json, &mut track),
        &mut note,
    ));
    let mut wrong = unknown;
    let read = read.and_then(|read| json.end().map(|()| read));
    match read {
        Ok(read) if wrong.is_empty() => return Ok(read),
        Ok(_) => {}
        Err(error) => {
            let within = track.path().to_string();
            wrong.push(if within == "." {
                error.to_string()
            } else {
                format!("`{within}`: {error}")
            });
        }
    }
    Err(PageError::Body(wrong.join("; ")))
}

fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

/// The empty body of an action without parameters.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NoBody {}

/// The body of an action on a contact without parameters. API requests send an empty body.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct ReturnTo {
    /// The view of the inbox that the browser shows after the action. Only forms of the desk send this field.
    #[serde(default)]
    #[schemars(skip)]
    pub view: String,
}

/// The path parameter that identifies a contact.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ContactPath {
    /// The reference of the contact as shown on screen, such as 7K3M-2QX9.
    pub reference: String,
}

/// The path parameter that identifies an object by its id.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct IdPath {
    pub id: Uuid,
}

/// The format of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseFormat {
    /// JSON, for paths under `/api/`.
    Json,
    /// An HTML page or a redirect, for paths of the desk.
    Page,
}

impl ResponseFormat {
    pub(crate) fn is_json(self) -> bool {
        self == Self::Json
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ResponseFormat {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(if parts.uri.path().starts_with("/api/") {
            Self::Json
        } else {
            Self::Page
        })
    }
}

impl OperationInput for ResponseFormat {}

/// The cookies of the request. Unlike [`CookieJar`], this type implements [`OperationInput`], so handlers of the API can use it.
pub(crate) struct Cookies(pub CookieJar);

impl<S: Send + Sync> FromRequestParts<S> for Cookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(CookieJar::from_headers(&parts.headers)))
    }
}

impl OperationInput for Cookies {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        count: u8,
    }

    fn refused(text: &str) -> String {
        let PageError::Body(said) = strict::<Outer>(text.as_bytes()).unwrap_err() else {
            panic!("{text}")
        };
        said
    }

    #[test]
    fn a_body_names_every_field_that_is_wrong() {
        let read: Outer = strict(br#"{"name":"a","inner":[{"count":1}]}"#).unwrap();
        assert_eq!((read.name.as_str(), read.inner[0].count), ("a", 1));
        assert_eq!(
            refused(r#"{"name":"a","nome":1,"x":{}}"#),
            "unknown field `nome`; unknown field `x`"
        );
        assert_eq!(
            refused(r#"{"name":"a","inner":[{"count":1,"y":0}]}"#),
            "unknown field `inner.0.y`"
        );
        let both = refused(r#"{"nome":"a"}"#);
        assert!(
            both.contains("unknown field `nome`") && both.contains("missing field `name`"),
            "{both}"
        );
        assert!(refused(r#"{"name":"a","inner":[{"count":900}]}"#).contains("`inner[0].count`"));
        assert!(refused(r#"{"name":"a"} {}"#).contains("trailing"));
        assert!(refused("{").contains("EOF"));
    }
}
