//! The REST API: routes requests, and serves users, the guild and commands.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::objects::{self, as_number, merge, set, text};
use super::state::{State, Upload};

/// A request.
pub(super) struct Ask {
    pub(super) method: String,
    /// The path after `/api`; the first segment is the version.
    pub(super) segments: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Value,
    pub(super) files: Vec<Upload>,
    pub(super) authorized: bool,
}

/// A response. A null body is sent as an empty body.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// The result of a request: the response, or the error response.
pub(super) type Answer = Result<Reply, Reply>;

impl Reply {
    pub(super) fn new(status: u16, body: Value) -> Self {
        Self { status, body }
    }

    pub(super) fn error(status: u16, code: u32, message: &str) -> Self {
        Self::new(status, json!({ "message": message, "code": code }))
    }

    /// Creates the error for an invalid field.
    pub(super) fn form(field: &str, code: &str, message: &str) -> Self {
        let mut errors = json!({ "_errors": [{ "code": code, "message": message }] });
        for part in field.rsplit('.') {
            errors = json!({ part: errors });
        }
        Self::new(
            400,
            json!({ "message": "Invalid Form Body", "code": 50035, "errors": errors }),
        )
    }
}

pub(super) fn done(body: Value) -> Answer {
    Ok(Reply::new(200, body))
}

pub(super) fn no_content() -> Answer {
    Ok(Reply::new(204, Value::Null))
}

pub(super) fn missing_access() -> Reply {
    Reply::error(403, 50001, "Missing Access")
}

pub(super) fn missing_permissions() -> Reply {
    Reply::error(403, 50013, "Missing Permissions")
}

pub(super) fn not_found() -> Reply {
    Reply::error(404, 0, "404: Not Found")
}

/// Parses an id in a path. Invalid ids become 0, which matches no object.
pub(super) fn id(segment: &str) -> u64 {
    segment.parse().unwrap_or_default()
}

impl Ask {
    /// Returns the segments after the version.
    fn route(&self) -> Vec<&str> {
        let segments = self.segments.iter().map(String::as_str);
        segments
            .enumerate()
            .filter(|(n, s)| *n > 0 || !s.starts_with('v'))
            .map(|(_, s)| s)
            .collect()
    }

    /// Returns the hash of the rate-limit bucket, and the path segment that has its own limit.
    pub(super) fn bucket(&self) -> (String, String) {
        let route = self.route();
        let major = match route.as_slice() {
            ["channels" | "guilds" | "interactions", id, ..] => (*id).to_owned(),
            ["webhooks", app, token, ..] => format!("{app}/{token}"),
            _ => String::new(),
        };
        let is_id = |part: &&str| part.parse::<u64>().is_ok() || part.len() > 40;
        let pattern: Vec<&str> = route
            .iter()
            .map(|part| if is_id(part) { ":id" } else { *part })
            .collect();
        let mut hasher = DefaultHasher::new();
        (&self.method, pattern).hash(&mut hasher);
        (format!("{:016x}", hasher.finish()), major)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// Returns a number from the query, such as an id.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.parameter(name)?.parse().ok()
    }
}

/// Carries out a request.
pub(super) fn carry_out(state: &mut State, ask: &Ask) -> Reply {
    let route = ask.route();
    let open = matches!(
        route.as_slice(),
        ["gateway"] | ["interactions", ..] | ["webhooks", _, _, ..]
    );
    if !open && !ask.authorized {
        return Reply::error(401, 0, "401: Unauthorized");
    }
    let answer = match (ask.method.as_str(), route.as_slice()) {
        (_, ["channels", channel, rest @ ..]) => state.channel_route(ask, id(channel), rest),
        (_, ["guilds", guild, rest @ ..]) => state.guild_route(ask, id(guild), rest),
        (_, ["interactions", interaction, token, "callback"]) => {
            state.callback_route(ask, id(interaction), token)
        }
        (_, ["webhooks", app, token, rest @ ..]) => state.webhook_route(ask, id(app), token, rest),
        (_, ["users", rest @ ..]) => state.user_route(ask, rest),
        ("GET", ["gateway"]) => done(json!({ "url": state.gateway_url() })),
        ("GET", ["gateway", "bot"]) => done(state.gateway_bot()),
        ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => done(state.application()),
        (_, ["applications", app, "commands", rest @ ..]) if id(app) == state.bot => {
            state.command_route(ask, 0, rest)
        }
        (_, ["applications", app, "guilds", guild, "commands", rest @ ..])
            if id(app) == state.bot && id(guild) == state.guild =>
        {
            state.command_route(ask, id(guild), rest)
        }
        (_, ["applications", ..]) => Err(Reply::error(404, 10002, "Unknown Application")),
        _ => Err(not_found()),
    };
    answer.unwrap_or_else(|error| error)
}

impl State {
    fn gateway_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.gateway_port)
    }

    fn gateway_bot(&self) -> Value {
        let left = 1000_usize.saturating_sub(self.identifies);
        let (left, reset_after) = self
            .starts
            .unwrap_or((left, std::time::Duration::from_secs(86_400)));
        json!({
            "url": self.gateway_url(),
            "shards": 1,
            "session_start_limit": {
                "total": 1000,
                "remaining": left,
                "reset_after": u64::try_from(reset_after.as_millis()).unwrap_or_default(),
                "max_concurrency": 1,
            },
        })
    }

    fn user_route(&mut self, ask: &Ask, rest: &[&str]) -> Answer {
        match (ask.method.as_str(), rest) {
            ("GET", ["@me"]) => done(self.own_user()),
            ("GET", ["@me", "channels"]) => done(json!([])),
            ("POST", ["@me", "channels"]) => {
                let recipient = as_number(objects::at(&ask.body, "recipient_id")).unwrap_or_default();
                if recipient == self.bot || !self.users.contains_key(&recipient) {
                    return Err(Reply::error(400, 50033, "Invalid Recipient(s)"));
                }
                let channel = self.dm_of(recipient);
                done(self.channel_view(channel))
            }
            ("GET", ["@me", "guilds"]) => done(json!([{
                "id": self.guild.to_string(),
                "name": "Helpline",
                "icon": null,
                "banner": null,
                "owner": false,
                "permissions": self.permissions.to_string(),
                "features": [],
            }])),
            ("GET", [user]) => match self.users.get(&id(user)) {
                Some(user) => done(user.clone()),
                None => Err(Reply::error(404, 10013, "Unknown User")),
            },
            _ => Err(not_found()),
        }
    }

    fn guild_route(&mut self, ask: &Ask, guild: u64, rest: &[&str]) -> Answer {
        if guild != self.guild {
            return Err(Reply::error(404, 10004, "Unknown Guild"));
        }
        if ask.method != "GET" {
            return Err(not_found());
        }
        match rest {
            [] => {
                let mut guild = self.guild();
                if ask.parameter("with_counts") == Some("true") {
                    set(&mut guild, "approximate_member_count", self.users.len());
                    set(&mut guild, "approximate_presence_count", 1);
                }
                done(guild)
            }
            ["channels"] => done(self.guild_channels().into()),
            ["roles"] => done(self.roles()),
            ["members", user] if self.users.contains_key(&id(user)) => done(self.member(id(user))),
            ["members", _] => Err(Reply::error(404, 10007, "Unknown Member")),
            ["threads", "active"] => done(self.active_threads()),
            _ => Err(not_found()),
        }
    }

    /// Serves the routes for the list of commands and for a single command.
    fn command_route(&mut self, ask: &Ask, guild: u64, rest: &[&str]) -> Answer {
        let known = self.commands.get(&guild).cloned().unwrap_or_default();
        let named = |command: &Value, segment: &str| text(command, "id") == segment;
        match (ask.method.as_str(), rest) {
            ("GET", []) => done(known.into()),
            ("PUT", []) => {
                let wanted = ask.body.as_array().cloned().unwrap_or_default();
                let mut all = Vec::new();
                for command in &wanted {
                    all.push(self.command(guild, &known, command)?);
                }
                self.commands.insert(guild, all.clone());
                done(all.into())
            }
            ("POST", []) => {
                let command = self.command(guild, &known, &ask.body)?;
                let replaced = known
                    .iter()
                    .any(|other| text(other, "id") == text(&command, "id"));
                let mut all: Vec<Value> = known
                    .into_iter()
                    .filter(|other| text(other, "id") != text(&command, "id"))
                    .collect();
                all.push(command.clone());
                self.commands.insert(guild, all);
                Ok(Reply::new(if replaced { 200 } else { 201 }, command))
            }
            ("GET", [one]) => match known.iter().find(|command| named(command, one)) {
                Some(command) => done(command.clone()),
                None => Err(Reply::error(404, 10063, "Unknown application command")),
            },
            ("DELETE", [one]) if known.iter().any(|command| named(command, one)) => {
                let rest = known.into_iter().filter(|command| !named(command, one)).collect();
                self.commands.insert(guild, rest);
                no_content()
            }
            ("PATCH" | "DELETE", [_]) => Err(Reply::error(404, 10063, "Unknown application command")),
            _ => Err(not_found()),
        }
    }

    /// Returns a command as stored. A command of the same name and type keeps its id.
    fn command(&mut self, guild: u64, known: &[Value], wanted: &Value) -> Result<Value, Reply> {
        let name = text(wanted, "name");
        if name.is_empty() || name.chars().count() > 32 {
            return Err(Reply::form(
                "name",
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 32 in length.",
            ));
        }
        let kind = objects::number(wanted, "type").unwrap_or(1);
        if kind == 1 && text(wanted, "description").is_empty() {
            return Err(Reply::form(
                "description",
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        }
        let same =
            |other: &&Value| text(other, "name") == name && objects::number(other, "type") == Some(kind);
        let known = known
            .iter()
            .find(same)
            .and_then(|other| objects::number(other, "id"));
        let (id, version) = (known.unwrap_or_else(|| self.new_id()), self.new_id());
        let mut command = json!({
            "type": kind,
            "description": "",
            "name_localizations": null,
            "description_localizations": null,
            "default_member_permissions": null,
            "dm_permission": true,
            "nsfw": false,
            "integration_types": [0],
            "contexts": null,
        });
        merge(&mut command, wanted.as_object().cloned().unwrap_or_default());
        let own = json!({
            "id": id.to_string(),
            "application_id": self.bot.to_string(),
            "version": version.to_string(),
        });
        merge(&mut command, own.as_object().cloned().unwrap_or_default());
        if guild != 0 {
            set(&mut command, "guild_id", guild.to_string());
        }
        Ok(command)
    }
}
