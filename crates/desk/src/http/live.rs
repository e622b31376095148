//! The live stream, which refreshes pages. The server sends an event after each change of the data, and the page then reloads its content.
//! An event states only that data changed. If an event is lost, the reload after the next event shows the current state.

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

/// `GET /desk/live`: sends an event for every change until the session ends. Staff who may not read contacts get no events, because an
/// event alone can reveal that a message arrived.
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
