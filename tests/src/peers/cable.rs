//! A TCP proxy, which can slow down or cut connections, and record what the server sends.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A proxy that forwards one port of 127.0.0.1 to another.
#[derive(Debug)]
pub struct Cable {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    /// Bytes per second from the server; 0 means unlimited.
    speed: AtomicU64,
    /// Number of bytes that the server can still send before a connection is cut. A negative number means that connections are not cut.
    left: AtomicI64,
    /// Number of connections cut so far.
    cuts: AtomicU64,
    /// Every byte that the server sent, if the proxy records.
    record: Option<Mutex<Vec<u8>>>,
}

impl Cable {
    /// Starts a proxy to the server at `target`.
    pub async fn to(target: u16) -> Result<Self> {
        Self::start(target, None).await
    }

    /// Starts a proxy that records every byte that the server at `target` sends.
    pub async fn recording(target: u16) -> Result<Self> {
        Self::start(target, Some(Mutex::default())).await
    }

    async fn start(target: u16, record: Option<Mutex<Vec<u8>>>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            speed: AtomicU64::new(0),
            left: AtomicI64::new(-1),
            cuts: AtomicU64::new(0),
            record,
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(("127.0.0.1", target)).await else {
                        return;
                    };
                    let (near_read, near_write) = near.into_split();
                    let (far_read, far_write) = far.into_split();
                    // When one direction ends, `select!` drops both halves, which closes the connection.
                    tokio::select! {
                        () = carry(near_read, far_write, None) => {}
                        () = carry(far_read, near_write, Some(&state)) => {}
                    }
                });
            }
        });
        Ok(Self { port, state, task })
    }

    /// Returns the port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Limits the bytes per second from the server.
    pub fn slow(&self, bytes_a_second: u64) {
        self.state.speed.store(bytes_a_second, Ordering::Relaxed);
    }

    /// Cuts a connection once the server has sent this many more bytes, counted over all connections.
    pub fn cut_after(&self, bytes: i64) {
        self.state.left.store(bytes, Ordering::Relaxed);
    }

    /// Returns every byte that the server sent so far. Empty if the proxy does not record.
    pub fn recorded(&self) -> Vec<u8> {
        let record = self.state.record.as_ref();
        record.map_or_else(Vec::new, |record| {
            record.lock().unwrap_or_else(PoisonError::into_inner).clone()
        })
    }

    /// Returns how many connections were cut.
    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: Option<&State>) {
    let mut buffer = vec![0; 4_096];
    while let Ok(read) = from.read(&mut buffer).await {
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            return;
        };
        if let Some(state) = state {
            if let Some(record) = &state.record {
                record
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(piece);
            }
            let speed = state.speed.load(Ordering::Relaxed);
            if speed > 0 {
                tokio::time::sleep(Duration::from_secs_f64(read as f64 / speed as f64)).await;
            }
            let length = i64::try_from(read).unwrap_or(i64::MAX);
            let before = state.left.load(Ordering::Relaxed);
            if before >= 0 && state.left.fetch_sub(length, Ordering::Relaxed) < length {
                state.left.store(-1, Ordering::Relaxed);
                state.cuts.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}
