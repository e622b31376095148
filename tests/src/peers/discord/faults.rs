//! What goes wrong, and when.

use std::time::Duration;

use serde_json::Value;

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is closed; nothing is carried out.
    Drop,
    /// The request is carried out, then the connection is closed without an answer.
    DropAfter,
    /// The request is carried out at once, the answer comes this much later.
    Delay(Duration),
    /// 429; nothing is carried out.
    TooMany {
        /// How long the client shall wait, in milliseconds.
        retry_after_ms: u64,
        /// Whether the limit is the global one.
        global: bool,
    },
    /// This answer; nothing is carried out.
    Status {
        /// The status.
        code: u16,
        /// The JSON of the answer; null for an empty one.
        body: Value,
    },
    /// 502 with a page of HTML; nothing is carried out.
    Garbage,
    /// The request is carried out, the connection is closed in the middle of the answer.
    HalfBody,
}

/// How a session that the bot begins is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The connection is closed with this code.
    Close(u16),
    /// The session is called invalid (op 9), and cannot be resumed.
    Invalid,
}

/// What happens to an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// It is sent.
    Sent,
    /// It never gets sent, though it is counted.
    Lost,
    /// It is sent twice.
    Twice,
    /// It is sent after the next one.
    Held,
    /// The connection is cut before it is sent; a resumed session gets it.
    Cut,
}

struct Rule {
    part: String,
    how: Fault,
    left: u32,
}

/// The faults that are switched on.
#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
    /// Every how manieth request goes wrong; 0 for none.
    chaos: u32,
    requests: u32,
    request_turn: u32,
    dispatches: u32,
    dispatch_turn: u32,
    /// How many events are still to be lost.
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

    /// What goes wrong with this request: `POST /api/v10/channels/1/messages`.
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

    /// What happens to the next event.
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
