//! Live views: a hint that something changed. The page then reads anew what it shows, so a lost hint loses nothing.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use tokio_stream::wrappers::WatchStream;

use crate::desk::Desk;

pub(crate) async fn live(State(desk): State<Desk>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = WatchStream::new(desk.store.watch()).map(|_| ());
    let presence = WatchStream::new(desk.store.watch_presence()).map(|_| ());
    let changes = futures::stream::select(events, presence).map(|()| Ok(Event::default().data("changed")));
    // A log-in that ended, or a role that changed, is noticed when the stream is opened again.
    let bounded = changes.take_until(tokio::time::sleep(Duration::from_secs(600)));
    Sse::new(bounded).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
