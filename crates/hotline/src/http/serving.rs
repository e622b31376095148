//! Accepts connections and serves HTTP on them, with a limit on every resource that a client can occupy.

use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    listener::{Connection, Listener},
    slots::{LONG_ANSWER, Patience, Slot, SlotGuard, Slots, Turn, Watched},
};
use crate::shutdown::Lifecycle;

/// How long a connection may wait for its client to send or read data.
const PATIENCE: Patience = Patience {
    first: Duration::from_secs(20),
    later: Duration::from_secs(150),
};
/// The time within which responses in progress at shutdown must finish.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
/// The time for which a connection that must make room is still read. This time is short, because a new connection may have to wait until
/// this time is over.
const LAST_LOOK: Duration = Duration::from_millis(1);
/// The pause after a connection could not be accepted because the system lacked resources.
const PAUSE: Duration = Duration::from_millis(50);
/// How often the log repeats that connections cannot be accepted.
const SAY_AGAIN: Duration = Duration::from_secs(60);
/// The maximum size of an HTTP/1 request head, and the maximum number of body bytes that are read before the handler asks for them.
const BUFFER: usize = 64 * 1024;
/// The time without traffic after which an HTTP/2 client is pinged, and also the time within which the client must answer the ping. A
/// client that does not answer is disconnected.
const PING: Duration = Duration::from_secs(20);
/// The maximum number of concurrent requests on one HTTP/2 connection.
const STREAMS: u32 = 64;
/// The maximum size of an HTTP/2 request head.
const HEADERS: u32 = 16 * 1024;
/// The maximum number of reset requests on one HTTP/2 connection. Above this number, the connection is closed. Two kinds of request are
/// counted separately: requests that the client cancels before the server has handled them, and requests that the server resets because of
/// a protocol error.
const RESETS: usize = 32;

type Builder = auto::Builder<TokioExecutor>;

/// Accepts connections until shutdown.
pub async fn serve(listener: Listener, router: Router, slots: Arc<Slots>, lifecycle: Lifecycle) {
    let builder = builder();
    let mut said_at: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            biased;
            () = lifecycle.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) if is_the_clients(&error) => continue,
            Err(error) => {
                // The process has probably run out of file descriptors. Closing an idle connection frees one descriptor.
                slots.make_room();
                if said_at.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
                    said_at = Some(Instant::now());
                    tracing::error!(error = %error, "Could not accept a connection; trying again");
                }
                sleep(PAUSE).await;
                continue;
            }
        };
        let held = tokio::select! {
            biased;
            () = lifecycle.stop.cancelled() => return,
            held = slots.take() => held,
        };
        lifecycle.run(converse(
            stream,
            router.clone(),
            builder.clone(),
            held,
            PATIENCE,
            lifecycle.stop.clone(),
        ));
    }
}

/// Returns whether an error when accepting a connection concerns only that connection. Other errors concern the listener.
fn is_the_clients(error: &io::Error) -> bool {
    [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset,
    ]
    .contains(&error.kind())
}

fn builder() -> Builder {
    let mut builder = Builder::new(TokioExecutor::new());
    // `Slot::has_timed_out` enforces the time limits for HTTP/1 and HTTP/2. The library's own time limit for HTTP/1 request heads is
    // therefore switched off.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS);
    builder
}

/// Serves HTTP on one connection. Ends when either side closes the connection, when the client exceeds its time limit, when a new
/// connection needs the slot, or when the service shuts down.
async fn converse(
    stream: impl Connection + 'static,
    router: Router,
    builder: Builder,
    held: SlotGuard,
    patience: Patience,
    stop: CancellationToken,
) {
    let slot = &held.slot;
    let service = {
        let (router, slot) = (TowerToHyperService::new(router), Arc::clone(slot));
        service_fn(move |request| answer(router.clone(), Arc::clone(&slot), request))
    };
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // The connection is polled first, so a request that has arrived is read before the time limits are checked. The connection
        // therefore does not close without an answer, even if a busy server sees the request and the end of a time limit in the same poll.
        biased;
        // The result is ignored, because an error on one connection concerns only its client.
        _ = connection.as_mut() => {}
        () = slot.leave.cancelled() => {
            // The connection was chosen while it waited for its client, but a request may have arrived and not been read yet.
            let ended = timeout(LAST_LOOK, connection.as_mut()).await.is_ok();
            if !ended && slot.has_recent_request() {
                connection.as_mut().graceful_shutdown();
                let _ = timeout(LONG_ANSWER, connection).await;
            }
        }
        () = slot.has_timed_out(patience) => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(LAST_ANSWERS, connection).await;
        }
    }
}

async fn answer(
    router: TowerToHyperService<Router>,
    slot: Arc<Slot>,
    request: Request<Incoming>,
) -> Result<Response<Watched<Body>>, Infallible> {
    let turn = Turn::begin(&slot);
    let request = request.map(|body| Body::new(Watched::request(body, Arc::clone(&turn))));
    let answer = router.call(request).await?;
    Ok(answer.map(|body| Watched::answer(body, turn)))
}

#[cfg(test)]
mod tests {
    use axum::{body::Bytes, routing::get};
    use futures::StreamExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    const SHORT: Patience = Patience {
        first: Duration::from_millis(200),
        later: Duration::from_millis(400),
    };
    const LONGER: Patience = Patience {
        first: Duration::from_secs(1),
        later: Duration::from_secs(1),
    };
    /// A response size in bytes that exceeds the socket buffers, so that writing stops if the client does not read.
    const LARGE: usize = 32 << 20;

    /// Connects to a small test server. The returned task ends when the server has closed the connection.
    async fn connected() -> (TcpStream, tokio::task::JoinHandle<()>) {
        connected_in(&Slots::new(1), SHORT).await
    }

    async fn connected_in(
        slots: &Arc<Slots>,
        patience: Patience,
    ) -> (TcpStream, tokio::task::JoinHandle<()>) {
        let drops = || Body::from_stream(ticks().take(10));
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/live", get(move || async move { drops() }))
            .route("/large", get(|| async { vec![0; LARGE] }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let held = slots.take().await;
        let served = converse(
            stream,
            router,
            builder(),
            held,
            patience,
            CancellationToken::new(),
        );
        (client, tokio::spawn(served))
    }

    /// Yields a chunk every 100 milliseconds.
    fn ticks() -> impl futures::Stream<Item = Result<Bytes, Infallible>> {
        futures::stream::unfold((), |()| async {
            sleep(Duration::from_millis(100)).await;
            Some((Ok(Bytes::from_static(b"tick")), ()))
        })
    }

    async fn ask(client: &mut TcpStream, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
    }

    #[tokio::test]
    async fn silence_after_an_answer_ends_the_connection() {
        let (mut client, served) = connected().await;
        ask(&mut client, "/").await;
        let begun = Instant::now();
        let mut answered = String::new();
        client.read_to_string(&mut answered).await.unwrap();
        assert!(answered.ends_with("here"), "{answered}");
        assert!(
            begun.elapsed() >= SHORT.first,
            "who asked once may ask again for longer"
        );
        timeout(Duration::from_secs(5), served).await.unwrap().unwrap();
    }

    /// Sends a request just before `act` happens, while the server is too busy to read it, and returns the response.
    async fn ask_a_busy_server(client: &mut TcpStream, act: impl FnOnce()) -> String {
        sleep(Duration::from_millis(50)).await;
        ask(client, "/").await;
        act();
        let mut answered = vec![0; 4_096];
        let read = client.read(&mut answered).await.unwrap_or_default();
        String::from_utf8_lossy(answered.get(..read).unwrap_or_default()).into_owned()
    }

    #[tokio::test]
    async fn a_request_that_arrived_in_time_is_answered_by_a_busy_server() {
        for _ in 0..5 {
            let (mut client, _served) = connected_in(&Slots::new(1), LONGER).await;
            let busy = || std::thread::sleep(LONGER.first);
            let answered = ask_a_busy_server(&mut client, busy).await;
            assert!(answered.ends_with("here"), "{answered}");
        }
    }

    #[tokio::test]
    async fn a_request_that_arrived_before_its_connection_must_leave_is_answered() {
        for _ in 0..10 {
            let slots = Slots::new(1);
            let (mut client, _served) = connected_in(&slots, LONGER).await;
            let answered = ask_a_busy_server(&mut client, || slots.make_room()).await;
            assert!(answered.ends_with("here"), "{answered}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_ends_the_connection() {
        let (mut client, served) = connected().await;
        ask(&mut client, "/large").await;
        timeout(Duration::from_secs(5), served).await.unwrap().unwrap();
        drop(client);
    }

    #[tokio::test]
    async fn an_answer_that_takes_longer_than_patience_is_given_whole() {
        let (mut client, _served) = connected().await;
        ask(&mut client, "/live").await;
        let mut answered = Vec::new();
        client.read_to_end(&mut answered).await.unwrap();
        let pieces = answered.windows(4).filter(|piece| piece == b"tick").count();
        assert_eq!(pieces, 10);
    }

    #[tokio::test]
    async fn a_full_listener_closes_what_waited_longest_and_never_what_is_being_answered() {
        let slots = Slots::new(3);
        let (answered, older, newer) = (slots.take().await, slots.take().await, slots.take().await);
        let turn = Turn::begin(&answered.slot);
        let leaving = older.slot.leave.clone();
        let leaves = tokio::spawn(async move {
            leaving.cancelled().await;
            drop(older);
        });
        let newest = timeout(Duration::from_secs(5), slots.take()).await.unwrap();
        leaves.await.unwrap();
        for held in [&answered, &newer, &newest] {
            assert!(!held.slot.leave.is_cancelled());
        }
        drop(turn);
    }

    #[tokio::test(start_paused = true)]
    async fn a_listener_full_of_endless_answers_closes_the_oldest_after_a_while() {
        let slots = Slots::new(2);
        let (older, newer) = (slots.take().await, slots.take().await);
        let turns = [&older, &newer].map(|held| Turn::begin(&held.slot));
        let leaving = older.slot.leave.clone();
        tokio::spawn(async move {
            leaving.cancelled().await;
            drop(older);
        });
        let begun = Instant::now();
        let newest = slots.take().await;
        assert!(begun.elapsed() >= Duration::from_secs(10));
        assert!(!newer.slot.leave.is_cancelled() && !newest.slot.leave.is_cancelled());
        drop(turns);
    }
}
