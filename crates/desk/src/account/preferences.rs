//! Personal preferences (`/desk/preferences`), and the account of the member of staff who is logged in (`/api/v1/me`).

use axum::{extract::State, http::HeaderMap};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use hotline_core::staff::{preferences::Preferences, rights::Role};
use hotline_store::staff::accounts::StaffMember;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    http::{
        access::{Who, language_cookie},
        answers::{Answer, WithCookies},
        errors::PageError,
        extractors::{Cookies, FormOrJson, ResponseFormat},
        flash::Flash,
    },
    state::Desk,
};

/// The member of staff who is logged in.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MeJson {
    id: Uuid,
    login: String,
    /// The name shown to colleagues.
    name: String,
    role: Role,
    on_duty: bool,
    preferences: Preferences,
}

impl From<StaffMember> for MeJson {
    fn from(me: StaffMember) -> Self {
        Self {
            id: me.id,
            login: me.login,
            name: me.name,
            role: me.role,
            on_duty: me.on_duty,
            preferences: me.preferences,
        }
    }
}

/// Returns the member of staff who is logged in.
pub(crate) async fn show_me(Who(me): Who) -> Answer<MeJson> {
    Answer::Json(me.into())
}

pub(crate) async fn set_preferences(
    State(desk): State<Desk>,
    Who(mut me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(mut preferences): FormOrJson<Preferences>,
) -> Result<WithCookies<Answer<MeJson>>, PageError> {
    // The form for preferences does not contain the saved inbox views, so the stored views are kept.
    preferences.saved.clone_from(&me.preferences.saved);
    desk.store.prefer(&me, &preferences).await?;
    let jar = on_this_device(jar, &preferences, desk.https);
    me.preferences = preferences;
    // The browser returns to the desk page from which the form was sent.
    let referer = headers.get("referer").and_then(|referer| referer.to_str().ok());
    let from = referer.and_then(|referer| referer.find("/desk").and_then(|at| referer.get(at..)));
    Ok(WithCookies(
        jar,
        format.answer(me.into(), from.unwrap_or("/desk"), Flash::PreferencesSaved),
    ))
}

/// The query parameters of the inbox that a saved view can contain. The search term is excluded because it may be the name of a person.
/// `holder` is an old name of the parameter `assignee`; views that were saved with the old name still work.
const KEPT: [&str; 10] = [
    "view", "channel", "language", "urgency", "topic", "assignee", "holder", "from", "to", "order",
];

/// A view of the inbox with its filters, to be saved under a name, or the name of a saved view to be deleted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SavedViewForm {
    /// The name of the view.
    #[schemars(length(min = 1, max = 40))]
    name: String,
    /// The query string of the view, such as `view=…&channel=…`. If empty, the saved view with this name is deleted.
    #[serde(default)]
    query: String,
}

pub(crate) async fn save_view(
    State(desk): State<Desk>,
    Who(mut me): Who,
    format: ResponseFormat,
    FormOrJson(saved): FormOrJson<SavedViewForm>,
) -> Result<Answer<MeJson>, PageError> {
    let name = saved.name.trim();
    if name.is_empty() || name.chars().count() > 40 || saved.query.len() > 500 {
        return Err(PageError::Bad("error-form"));
    }
    // Unknown parameters are dropped, so that a saved view contains only parameters of the inbox.
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            form_urlencoded::parse(saved.query.as_bytes()).filter(|(name, _)| KEPT.contains(&&**name)),
        )
        .finish();
    me.preferences.save_view(name, &query);
    desk.store.prefer(&me, &me.preferences).await?;
    let to = if query.is_empty() {
        "/desk/inbox".to_owned()
    } else {
        format!("/desk/inbox?{query}")
    };
    let flash = if query.is_empty() {
        Flash::ViewDeleted
    } else {
        Flash::ViewSaved
    };
    Ok(format.answer(me.into(), &to, flash))
}

/// Sets the language cookie on this device if the preferences contain a language. All pages on this device, including the log-in page, then
/// use this language.
pub(crate) fn on_this_device(jar: CookieJar, preferences: &Preferences, https: bool) -> CookieJar {
    let Some(language) = preferences.language else {
        return jar;
    };
    let cookie = Cookie::build((language_cookie(https), language.tag()))
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Strict)
        .permanent();
    jar.add(cookie)
}
