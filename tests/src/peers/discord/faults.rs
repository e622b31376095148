//! Faults of requests and events.

use std::time::Duration;

use serde_json::Value;

/// A fault of a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Closes the connection without carrying out the request.
    Drop,
    /// Carries out the request, then closes the connection without a response.
    DropAfter,
    /// Carries out the request at once, and delays the response.
    Delay(Duration),
    /// Responds 429 without carrying out the request.
    TooMany {
        /// How long the client should wait, in milliseconds.
        retry_after_ms: u64,
        /// Whether the global limit was exceeded.
        global: bool,
    },
    /// Responds with an error without carrying out the request.
    Status {
        /// The HTTP status.
        code: u16,
        /// The JSON body of the response; null leaves it empty.
        body: Value,
    },
    /// Responds 502 with an HTML page, without carrying out the request.
    Garbage,
    /// Carries out the request, then closes the connection in the middle of the response.
    HalfBody,
}

/// How a new session is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Closes the connection with this code.
    Close(u16),
    /// Declares the session invalid (op 9); it can't be resumed.
    Invalid,
}

/// What happens to an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// The event is sent.
    Sent,
    /// The event is lost. Its sequence number remains in use.
    Lost,
    /// The event is sent twice.
    Twice,
    /// The event is sent after the next one.
    Held,
    /// The connection is cut before the event is sent. A resumed session gets the event.
    Cut,
}

struct Rule {
    part: String,
    how: Fault,
    left: u32,
}

/// The active faults.
#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
    /// The interval of failing requests: every `chaos`-th request fails. 0 switches this off.
    chaos: u32,
    requests: u32,
    request_turn: u32,
    dispatches: u32,
    dispatch_turn: u32,
    /// How many of the next events are lost.
    pub(super) lose: u32,
    pub(super) duplicate: bool,
    pub(super) reorder: bool,
    pub(super) delay: Duration,
    pub(super) withhold_acks: bool,
}

impl Faults {
    pub(super) fn add(&mut self, part: &str, how: Fault, times: u32) {
        let part = if part == "any" { "" } else { part };
        self.rules.push(Rule {
            part: part.to_owned(),
            how,
            left: times,
        });
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn set_chaos(&mut self, one_in: u32) {
        self.chaos = one_in;
        (self.requests, self.request_turn) = (0, 0);
        (self.dispatches, self.dispatch_turn) = (0, 0);
    }

    /// Returns the fault for a request, given as its method and path, such as `POST /api/v10/channels/1/messages`.
    pub(super) fn for_request(&mut self, line: &str) -> Option<Fault> {
        let rule = self
            .rules
            .iter_mut()
            .find(|rule| rule.left > 0 && line.contains(&rule.part));
        if let Some(rule) = rule {
            rule.left -= 1;
            let how = rule.how.clone();
            self.rules.retain(|rule| rule.left > 0);
            return Some(how);
        }
        if self.chaos == 0 || !line.contains(" /api/") {
            return None;
        }
        self.requests += 1;
        if !self.requests.is_multiple_of(self.chaos) {
            return None;
        }
        let turn = self.request_turn % 6;
        self.request_turn += 1;
        Some(match turn {
            0 => Fault::Drop,
            1 => Fault::DropAfter,
            2 => Fault::Delay(Duration::from_millis(50)),
            3 => Fault::TooMany {
                retry_after_ms: 300,
                global: false,
            },
            4 => Fault::Garbage,
            _ => Fault::HalfBody,
        })
    }

    /// Decides what happens to the next event.
    pub(super) fn for_event(&mut self) -> Fate {
        if self.lose > 0 {
            self.lose -= 1;
            return Fate::Lost;
        }
        if self.chaos > 0 {
            self.dispatches += 1;
            if self.dispatches.is_multiple_of(self.chaos.saturating_mul(4)) {
                let turn = self.dispatch_turn % 4;
                self.dispatch_turn += 1;
                return match turn {
                    0 => Fate::Lost,
                    1 => Fate::Twice,
                    2 => Fate::Held,
                    _ => Fate::Cut,
                };
            }
        }
        if self.duplicate {
            Fate::Twice
        } else if self.reorder {
            Fate::Held
        } else {
            Fate::Sent
        }
    }
}
