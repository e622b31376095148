//! Live views: a stream of hints that something changed. The page then reloads its content, so a lost hint does no harm.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, stream};
use hotline_core::staff::rights::Right;
use tokio_stream::wrappers::WatchStream;

use crate::{
    http::{
        access::{Who, token},
        errors::PageError,
    },
    state::Desk,
};

/// `GET /desk/live`: sends a hint for every change until the session ends. Staff who may not read contacts get no hints, because a hint
/// alone reveals that someone wrote.
pub(crate) async fn live(
    State(desk): State<Desk>,
    Who(me): Who,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let end = desk.store.end_of_session(&token);
    let changes = if me.role.may(Right::ReadContacts) {
        let events = WatchStream::new(desk.store.watch()).map(|_| ());
        let presence = WatchStream::new(desk.store.watch_presence()).map(|_| ());
        stream::select(events, presence).boxed()
    } else {
        stream::pending().boxed()
    };
    let told = changes.map(|()| Ok(Event::default().data("changed")));
    let told = told.take_until(end.reached());
    Ok(Sse::new(told).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
