//! Extractors for actions, shared by HTML forms and API requests.

use axum::{
    body::Bytes,
    extract::{Form, FromRequest, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_path_to_error::Track;

use crate::{http::errors::PageError, state::Desk};

/// The body of an action, sent as a form or as JSON. A request without a content type is read as `{}`, so every field takes its default.
pub(crate) struct FormOrJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Desk> for FormOrJson<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        if is_json(&request) {
            return Ok(Self(strict(&whole(request, desk).await?)?));
        }
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            return Ok(Self(strict(b"{}")?));
        }
        let read = Form::from_request(request, desk).await;
        Ok(Self(read.map_err(|error| unreadable(error.status()))?.0))
    }
}

/// The body of a form that can repeat fields, as name-value pairs, or the JSON that an API client sends instead.
pub(crate) enum RepeatedFields<T> {
    Json(T),
    Fields(Vec<(String, String)>),
}

impl<T: DeserializeOwned> FromRequest<Desk> for RepeatedFields<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        if is_json(&request) {
            return Ok(Self::Json(strict(&whole(request, desk).await?)?));
        }
        let read = Form::from_request(request, desk).await;
        Ok(Self::Fields(read.map_err(|error| unreadable(error.status()))?.0))
    }
}

async fn whole(request: Request, desk: &Desk) -> Result<Bytes, PageError> {
    let read = Bytes::from_request(request, desk).await;
    read.map_err(|error| unreadable(error.status()))
}

/// Returns the error for a body that could not be read: [`PageError::TooLarge`] for status 413, otherwise [`PageError::Bad`].
pub(crate) fn unreadable(status: StatusCode) -> PageError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        PageError::TooLarge
    } else {
        PageError::Bad("error-form")
    }
}

/// Parses JSON and rejects unknown fields. Otherwise a misspelt field would be ignored and its default used without an error.
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
pub(crate) struct Nothing {}

/// The body of an action whose only parameter is the view to return to.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct Back {
    #[serde(default)]
    #[schemars(skip)]
    pub view: String,
}

/// The format of the response: JSON (`true`) for paths under `/api/`, otherwise a redirect to a page (`false`).
#[derive(Clone, Copy)]
pub(crate) struct ResponseFormat(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for ResponseFormat {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.uri.path().starts_with("/api/")))
    }
}

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
