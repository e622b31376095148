//! The methods of the Bot API, except those about updates.

use serde_json::{Value, json};

use super::params::{Params, Refusal, bad_request, refuse};
use super::request::Upload;
use super::state::{Chat, Standing, State, object, overlay, unix_now};
use super::{BOT_ID, bot_user, sending, webhook};

const ACTIONS: [&str; 11] = [
    "choose_sticker",
    "find_location",
    "record_video",
    "record_video_note",
    "record_voice",
    "typing",
    "upload_document",
    "upload_photo",
    "upload_video",
    "upload_video_note",
    "upload_voice",
];
/// The largest file that can be downloaded, in bytes.
const LARGEST_DOWNLOAD: u64 = 20 * 1024 * 1024;

/// Carries out a method, given by its name in lower case.
pub(super) fn call(
    state: &mut State,
    method: &str,
    params: Params<'_>,
    files: &[Upload],
) -> Result<Value, Refusal> {
    match method {
        "getme" => Ok(me()),
        "logout" | "close" => Ok(true.into()),
        "getwebhookinfo" => Ok(webhook::webhook_info(state)),
        "sendmessage" => sending::message(state, params),
        "sendphoto" => sending::media(state, "photo", params, files),
        "senddocument" => sending::media(state, "document", params, files),
        "sendvoice" => sending::media(state, "voice", params, files),
        "sendaudio" => sending::media(state, "audio", params, files),
        "sendvideo" => sending::media(state, "video", params, files),
        "sendanimation" => sending::media(state, "animation", params, files),
        "sendmediagroup" => sending::media_group(state, params, files),
        "sendchataction" => chat_action(state, params),
        "editmessagetext" => sending::edit_text(state, params),
        "editmessagereplymarkup" => sending::edit_markup(state, params),
        "deletemessage" => sending::delete(state, params),
        "answercallbackquery" => answer_query(state, params),
        "leavechat" => leave(state, params),
        "getchat" => get_chat(state, params),
        "setmycommands" => set_commands(state, params),
        "getmycommands" => {
            let commands = state.commands.get(&commands_key(params)?).cloned();
            Ok(commands.unwrap_or_else(|| json!([])))
        }
        "deletemycommands" => {
            state.commands.remove(&commands_key(params)?);
            Ok(true.into())
        }
        "setmyname" => set_profile(state, params, "name", 64),
        "setmydescription" => set_profile(state, params, "description", 512),
        "setmyshortdescription" => set_profile(state, params, "short_description", 120),
        "getmyname" => Ok(profile(state, params, "name")),
        "getmydescription" => Ok(profile(state, params, "description")),
        "getmyshortdescription" => Ok(profile(state, params, "short_description")),
        "getfile" => get_file(state, params),
        _ => Err(refuse(404, "Not Found")),
    }
}

fn me() -> Value {
    let mut me = object(bot_user());
    overlay(
        &mut me,
        &json!({
            "can_join_groups": true,
            "can_read_all_group_messages": false,
            "supports_inline_queries": false,
            "can_connect_to_business": false,
            "has_main_web_app": false,
            "has_topics_enabled": false,
            "allows_users_to_create_topics": false,
        }),
    );
    me.into()
}

/// Returns the identifier of the chat that a request names.
pub(super) fn find_chat(state: &State, params: Params<'_>) -> Result<i64, Refusal> {
    let given = params
        .text("chat_id")
        .filter(|given| !given.is_empty())
        .ok_or_else(|| bad_request("chat_id is empty"))?;
    let by_name = given.strip_prefix('@').and_then(|name| {
        let named = |chat: &Chat| {
            !chat.is_private() && chat.info.get("username").and_then(Value::as_str) == Some(name)
        };
        let found = state.chats.iter().find(|(_, chat)| named(chat));
        found.map(|(id, _)| *id)
    });
    by_name
        .or_else(|| given.parse().ok())
        .filter(|id| state.chats.contains_key(id))
        .ok_or_else(|| bad_request("chat not found"))
}

/// Returns the chat that a request writes to. Refuses if the bot may not write there.
pub(super) fn open_chat<'a>(
    state: &'a mut State,
    params: Params<'_>,
) -> Result<(i64, &'a mut Chat), Refusal> {
    let id = find_chat(state, params)?;
    let chat = state
        .chats
        .get_mut(&id)
        .ok_or_else(|| bad_request("chat not found"))?;
    let why = match chat.standing {
        Standing::Member => return Ok((id, chat)),
        Standing::Blocked if chat.is_private() => "Forbidden: bot was blocked by the user",
        Standing::Blocked => "Forbidden: bot was kicked from the",
        Standing::Deactivated => "Forbidden: user is deactivated",
        Standing::Left => "Forbidden: bot is not a member of the",
    };
    if chat.is_private() {
        return Err(refuse(403, why));
    }
    let kind = chat.info.get("type").and_then(Value::as_str).unwrap_or("group");
    Err(refuse(403, &format!("{why} {kind} chat")))
}

fn chat_action(state: &mut State, params: Params<'_>) -> Result<Value, Refusal> {
    open_chat(state, params)?;
    let action = params.text("action").unwrap_or_default();
    if !ACTIONS.contains(&action.as_str()) {
        return Err(bad_request("wrong parameter action in request"));
    }
    Ok(true.into())
}

fn answer_query(state: &mut State, params: Params<'_>) -> Result<Value, Refusal> {
    let id = params.text("callback_query_id").unwrap_or_default();
    if params.text("text").unwrap_or_default().chars().count() > 200 {
        return Err(bad_request("MESSAGE_TOO_LONG"));
    }
    if !state.queries.remove(&id) {
        return Err(bad_request(
            "query is too old and response timeout expired or query ID is invalid",
        ));
    }
    Ok(true.into())
}

fn leave(state: &mut State, params: Params<'_>) -> Result<Value, Refusal> {
    let (id, chat) = open_chat(state, params)?;
    if chat.is_private() {
        return Err(bad_request(
            "chat member status can't be changed in private chats",
        ));
    }
    chat.standing = Standing::Left;
    member_update(state, id, &bot_user(), "member", "left");
    Ok(true.into())
}

/// Queues the update about a change of the bot's own membership.
pub(super) fn member_update(state: &mut State, chat: i64, by: &Value, before: &str, after: &str) {
    let Some(info) = state.chats.get(&chat).map(|chat| chat.info.clone()) else {
        return;
    };
    let member = |status: &str| {
        let mut member = json!({ "user": bot_user(), "status": status });
        if let (true, Some(member)) = (status == "kicked", member.as_object_mut()) {
            member.insert("until_date".to_owned(), 0.into());
        }
        member
    };
    let content = json!({
        "chat": info,
        "from": by,
        "date": unix_now(),
        "old_chat_member": member(before),
        "new_chat_member": member(after),
    });
    state.enqueue("my_chat_member", content, unix_now());
}

fn get_chat(state: &State, params: Params<'_>) -> Result<Value, Refusal> {
    let id = find_chat(state, params)?;
    let chat = state
        .chats
        .get(&id)
        .ok_or_else(|| bad_request("chat not found"))?;
    let mut info = chat.info.clone();
    overlay(
        &mut info,
        &json!({
            "accent_color_id": id.rem_euclid(7),
            "max_reaction_count": 11,
            "accepted_gift_types": {
                "unlimited_gifts": false,
                "limited_gifts": false,
                "unique_gifts": false,
                "premium_subscription": false,
                "gifts_from_channels": false,
            },
        }),
    );
    if !chat.is_private() {
        let all = json!({
            "can_send_messages": true,
            "can_send_audios": true,
            "can_send_documents": true,
            "can_send_photos": true,
            "can_send_videos": true,
            "can_send_video_notes": true,
            "can_send_voice_notes": true,
            "can_send_polls": true,
            "can_send_other_messages": true,
            "can_add_web_page_previews": true,
            "can_change_info": true,
            "can_invite_users": true,
            "can_pin_messages": true,
            "can_manage_topics": true,
        });
        info.insert("permissions".to_owned(), all);
    }
    Ok(info.into())
}

fn commands_key(params: Params<'_>) -> Result<String, Refusal> {
    let scope = params
        .json("scope")?
        .unwrap_or_else(|| json!({ "type": "default" }));
    let language = params.text("language_code").unwrap_or_default();
    Ok(format!("{scope} {language}"))
}

fn set_commands(state: &mut State, params: Params<'_>) -> Result<Value, Refusal> {
    let commands = params.json("commands")?;
    let list = commands
        .as_ref()
        .and_then(Value::as_array)
        .ok_or_else(|| bad_request("parameter \"commands\" is required"))?;
    if list.len() > 100 {
        return Err(bad_request("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in list {
        let part = |name: &str| command.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, description) = (part("command"), part("description"));
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(good) {
            return Err(bad_request("BOT_COMMAND_INVALID"));
        }
        if !(1..=256).contains(&description.chars().count()) {
            return Err(bad_request("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    state.commands.insert(commands_key(params)?, list.clone().into());
    Ok(true.into())
}

fn profile_key(params: Params<'_>, name: &str) -> String {
    format!("{name} {}", params.text("language_code").unwrap_or_default())
}

fn set_profile(state: &mut State, params: Params<'_>, name: &str, longest: usize) -> Result<Value, Refusal> {
    let text = params.text(name).unwrap_or_default();
    if text.chars().count() > longest {
        return Err(bad_request(&format!("{name} is too long")));
    }
    state.profile.insert(profile_key(params, name), text);
    Ok(true.into())
}

/// Returns a text of the bot's profile in the requested language, or else the text for all languages.
fn profile(state: &State, params: Params<'_>, name: &str) -> Value {
    let text = [profile_key(params, name), format!("{name} ")]
        .iter()
        .find_map(|key| state.profile.get(key).filter(|text| !text.is_empty()))
        .cloned()
        .unwrap_or_default();
    json!({ name: text })
}

fn get_file(state: &State, params: Params<'_>) -> Result<Value, Refusal> {
    let id = params.text("file_id").unwrap_or_default();
    let file = state
        .find_file(&id)
        .ok_or_else(|| bad_request("invalid file_id"))?;
    if file.stored.size > LARGEST_DOWNLOAD {
        return Err(bad_request("file is too big"));
    }
    Ok(json!({
        "file_id": file.stored.file_id,
        "file_unique_id": file.stored.file_unique_id,
        "file_size": file.stored.size,
        "file_path": file.path,
    }))
}

/// Returns whether the bot wrote a message.
pub(super) fn is_own(message: &Value) -> bool {
    message.pointer("/from/id").and_then(Value::as_i64) == Some(BOT_ID)
}
