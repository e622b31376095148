//! What every action has in common, whether a page's form or a program asks for it.

use axum::{
    Json,
    extract::{Form, FromRequest, FromRequestParts, Request},
    http::{header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use hotline_store::{inbox::View, staff::Person};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    api,
    desk::Desk,
    error::PageError,
    inbox::{opened, parsed},
};

/// What was sent with an action: as a form or as JSON. Nothing sent is everything left as it is usual.
pub(crate) struct Sent<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Desk> for Sent<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        if is_json(&request) {
            let read = Json::from_request(request, desk).await.map_err(|_| UNREADABLE)?;
            return Ok(Self(read.0));
        }
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            let nothing = serde_json::from_str("{}").map_err(|_| UNREADABLE)?;
            return Ok(Self(nothing));
        }
        let read = Form::from_request(request, desk).await.map_err(|_| UNREADABLE)?;
        Ok(Self(read.0))
    }
}

/// What a form with repeated fields sent, or a program in its place.
pub(crate) enum Repeated<T> {
    Json(T),
    Fields(Vec<(String, String)>),
}

impl<T: DeserializeOwned> FromRequest<Desk> for Repeated<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        if is_json(&request) {
            let read = Json::from_request(request, desk).await.map_err(|_| UNREADABLE)?;
            return Ok(Self::Json(read.0));
        }
        let read = Form::from_request(request, desk).await.map_err(|_| UNREADABLE)?;
        Ok(Self::Fields(read.0))
    }
}

const UNREADABLE: PageError = PageError::Bad("error-form");

fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

/// Nothing but where to lead back to.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct Back {
    #[serde(default)]
    #[schemars(skip)]
    pub view: String,
}

/// Whether a program asks: it gets JSON, a page is led back to where it came from.
#[derive(Clone, Copy)]
pub(crate) struct Program(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for Program {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.uri.path().starts_with("/api/")))
    }
}

impl Program {
    /// The contact as it stands after an action.
    pub(crate) async fn then(
        self,
        desk: &Desk,
        me: &Person,
        reference: &str,
        view: &str,
    ) -> Result<Response, PageError> {
        if self.0 {
            let opened = opened(desk, me, reference).await?;
            return Ok(Json(api::whole(desk, &opened)).into_response());
        }
        let view = View::parse(view).unwrap_or(View::Mine);
        let path = format!("/desk/contacts/{}?view={}", parsed(reference)?, view.as_str());
        Ok(Redirect::to(&path).into_response())
    }
}
