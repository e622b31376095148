//! Gateway sessions and their events.

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::faults::{Fate, Refusal};
use super::objects::{self, number, text};
use super::state::State;

/// The largest number of sessions that are kept.
const SESSIONS: usize = 8;

/// An instruction to a connection.
#[derive(Clone, Debug)]
pub(super) enum Out {
    /// Sends an event when it is due. With `hold`, sends the event after the next one.
    Event { text: String, due: Instant, hold: bool },
    /// Sends a text at once.
    Text(String),
    /// Closes the connection with a close frame.
    Close(u16, String),
    /// Closes the TCP connection without a close frame.
    Cut,
}

/// A session of the bot, connected or not.
pub(super) struct Session {
    intents: u64,
    seq: u64,
    /// Sequence number and text of the last events, to replay when the bot resumes.
    log: VecDeque<(u64, String)>,
    /// The sequence number of the newest event that was dropped from the log.
    forgotten: u64,
    out: Option<UnboundedSender<Out>>,
}

impl Session {
    fn wants(&self, need: u64) -> bool {
        need == 0 || self.intents & need != 0
    }

    fn keep(&mut self, text: String, limit: usize) {
        self.log.push_back((self.seq, text));
        while self.log.len() > limit {
            if let Some((seq, _)) = self.log.pop_front() {
                self.forgotten = seq;
            }
        }
    }

    /// Sends an event that is exempt from faults.
    fn send(&mut self, name: &str, data: &Value, limit: usize) {
        self.seq += 1;
        let text = event(self.seq, name, data);
        if let Some(out) = &self.out {
            let _ = out.send(Out::Text(text.clone()));
        }
        self.keep(text, limit);
    }
}

fn event(seq: u64, name: &str, data: &Value) -> String {
    json!({ "op": 0, "s": seq, "t": name, "d": data }).to_string()
}

fn invalid(resumable: bool) -> Out {
    Out::Text(json!({ "op": 9, "d": resumable, "s": null, "t": null }).to_string())
}

impl State {
    /// Sends an event to every session with one of the intents in `need`; 0 selects all sessions. Sessions without the intent for message
    /// content get a `guarded` event without the content.
    pub(super) fn dispatch(&mut self, name: &str, need: u64, data: &Value, guarded: bool) {
        let connected = self
            .sessions
            .values()
            .any(|session| session.wants(need) && session.out.is_some());
        let fate = if connected {
            self.faults.for_event()
        } else {
            Fate::Sent
        };
        let due = Instant::now() + self.faults.delay;
        for session in self.sessions.values_mut().filter(|session| session.wants(need)) {
            session.seq += 1;
            if fate == Fate::Lost {
                continue;
            }
            let hide = guarded && session.intents & objects::MESSAGE_CONTENT == 0;
            let text = if hide {
                event(session.seq, name, &objects::without_content(data))
            } else {
                event(session.seq, name, data)
            };
            session.keep(text.clone(), self.replay_limit);
            let Some(out) = &session.out else {
                continue;
            };
            // A disconnected session gets the event when it resumes.
            if fate == Fate::Cut {
                let _ = out.send(Out::Cut);
                session.out = None;
                continue;
            }
            let hold = fate == Fate::Held;
            let times = if fate == Fate::Twice { 2 } else { 1 };
            for _ in 0..times {
                let _ = out.send(Out::Event {
                    text: text.clone(),
                    due,
                    hold,
                });
            }
        }
    }

    /// Sends a text to all sessions, even if it is malformed.
    pub(super) fn send_raw(&mut self, raw: &str) {
        for out in self.sessions.values().filter_map(|session| session.out.as_ref()) {
            let _ = out.send(Out::Text(raw.to_owned()));
        }
    }

    /// Returns how many sessions are connected.
    pub(super) fn connected(&self) -> usize {
        self.sessions
            .values()
            .filter(|session| session.out.is_some())
            .count()
    }

    /// Sends an instruction to all connections.
    pub(super) fn tell_connections(&mut self, what: &Out) {
        self.connections.retain(|out| out.send(what.clone()).is_ok());
        if matches!(what, Out::Cut | Out::Close(..)) {
            for session in self.sessions.values_mut() {
                session.out = None;
            }
        }
    }

    /// Declares all sessions invalid. They are removed unless they may be resumed.
    pub(super) fn invalidate(&mut self, resumable: bool) {
        for session in self.sessions.values() {
            if let Some(out) = &session.out {
                let _ = out.send(invalid(resumable));
            }
        }
        if !resumable {
            self.sessions.clear();
        }
    }

    /// Removes the sessions if this close code forbids resuming.
    pub(super) fn forget_sessions(&mut self, code: u16) {
        if matches!(code, 1000 | 1001 | 4003 | 4004 | 4007 | 4009..=4014) {
            self.sessions.clear();
        }
    }

    /// Handles an Identify. Returns the id of the session, or the instruction that refuses the session.
    pub(super) fn identify(&mut self, data: &Value, out: &UnboundedSender<Out>) -> Result<String, Out> {
        self.identifies += 1;
        if text(data, "token").trim_start_matches("Bot ") != self.token {
            return Err(Out::Close(4004, "Authentication failed.".to_owned()));
        }
        match self.refusal {
            Some(Refusal::Close(code)) => return Err(Out::Close(code, String::new())),
            Some(Refusal::Invalid) => return Err(invalid(false)),
            None => {}
        }
        let Some(intents) = number(data, "intents").filter(|bits| bits & !objects::INTENTS == 0) else {
            return Err(Out::Close(4013, "Invalid intent(s).".to_owned()));
        };
        self.intents = Some(intents);
        if intents & objects::PRIVILEGED & !self.privileged != 0 {
            return Err(Out::Close(4014, "Disallowed intent(s).".to_owned()));
        }
        while self.sessions.len() >= SESSIONS {
            self.sessions.pop_first();
        }
        let id = format!("{:032x}", self.new_id());
        let ready = json!({
            "v": 10,
            "user": self.own_user(),
            "guilds": [{ "id": self.guild.to_string(), "unavailable": true }],
            "session_id": id,
            "session_type": "normal",
            "resume_gateway_url": format!("ws://127.0.0.1:{}", self.gateway_port),
            "shard": data.get("shard").cloned().unwrap_or_else(|| json!([0, 1])),
            "application": { "id": self.bot.to_string(), "flags": self.application_flags() },
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "guild_join_requests": [],
            "user_settings": {},
            "geo_ordered_rtc_regions": [],
            "_trace": [],
        });
        let mut session = Session {
            intents,
            seq: 0,
            log: VecDeque::new(),
            forgotten: 0,
            out: Some(out.clone()),
        };
        session.send("READY", &ready, self.replay_limit);
        if intents & objects::GUILDS != 0 {
            session.send("GUILD_CREATE", &self.guild_create(intents), self.replay_limit);
        }
        self.sessions.insert(id.clone(), session);
        Ok(id)
    }

    /// Handles a Resume. Returns the id of the session, or the instruction to send instead.
    pub(super) fn resume(&mut self, data: &Value, out: &UnboundedSender<Out>) -> Result<String, Out> {
        self.resumes += 1;
        if text(data, "token").trim_start_matches("Bot ") != self.token {
            return Err(Out::Close(4004, "Authentication failed.".to_owned()));
        }
        let id = text(data, "session_id").to_owned();
        let Some(session) = self.sessions.get_mut(&id) else {
            return Err(invalid(false));
        };
        let seen = number(data, "seq").unwrap_or_default();
        if seen > session.seq {
            self.sessions.remove(&id);
            return Err(Out::Close(4007, "Invalid seq.".to_owned()));
        }
        if seen < session.forgotten {
            self.sessions.remove(&id);
            return Err(invalid(false));
        }
        if let Some(before) = session.out.replace(out.clone()) {
            let _ = before.send(Out::Cut);
        }
        for (_, text) in session.log.iter().filter(|(seq, _)| *seq > seen) {
            let _ = out.send(Out::Text(text.clone()));
        }
        session.send("RESUMED", &json!({ "_trace": [] }), self.replay_limit);
        Ok(id)
    }

    /// Records that a connection of this session has ended. `for_good` means that the bot closed the session, which is then removed.
    pub(super) fn detach(&mut self, id: &str, own: &UnboundedSender<Out>, for_good: bool) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.out.as_ref().is_some_and(|out| out.same_channel(own)) {
            session.out = None;
            if for_good {
                self.sessions.remove(id);
            }
        }
    }

    /// Returns the bot's own User object.
    pub(super) fn own_user(&self) -> Value {
        let mut user = self.user(self.bot);
        let own =
            json!({ "mfa_enabled": false, "locale": "en-US", "verified": true, "email": null, "flags": 0 });
        if let Value::Object(fields) = own {
            objects::merge(&mut user, fields);
        }
        user
    }
}
