//! A text for the public (`/desk/admin/texts/{text}`): administrators replace it, preview it, and restore an earlier version.

use askama::Template;
use axum::{
    extract::{Form, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    centre::texts::{PublicText, TextContent, TextFormat},
    staff::rights::Right,
    text::locale::{Language, Words},
};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    admin::public_text::{
        facts::{PublicTextJson, TextPreviewJson, TextSource, load, load_all, previews},
        form::TextForm,
    },
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, ResponseFormat},
        flash::Flash,
        page::{Frame, page as written},
    },
    state::Desk,
};

pub(super) mod facts;
mod form;

/// The path parameter that identifies a text.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TextPath {
    /// The name of the text, such as `closed-answer`.
    text: String,
}

impl TextPath {
    fn text(&self) -> Result<PublicText, PageError> {
        PublicText::parse(&self.text).ok_or(PageError::NotFound)
    }
}

#[derive(Template)]
#[template(path = "admin/public_text.html")]
struct PublicTextPage<'a> {
    frame: Frame<'a>,
    text: PublicTextJson,
    /// Where the text in force comes from, in words.
    source: String,
    /// The versions in words, the newest first.
    versions: Vec<VersionRow>,
    /// The text of the settings file, or else the built-in text.
    of_settings: Vec<TextPreviewJson>,
    /// Where the text comes from if it is not replaced, in words.
    settings_source: String,
    form: TextForm,
    /// What was typed, as people would see it. Empty unless a preview was asked for.
    preview: Vec<TextPreviewJson>,
    /// Whether the page answers a form. Such a page is not refreshed.
    answers_form: bool,
}

/// A version as the page shows it.
struct VersionRow {
    number: i64,
    label: String,
    /// The content as people saw it. Empty if the version put the text of the settings back.
    previews: Vec<TextPreviewJson>,
    in_force: bool,
}

impl PublicTextPage<'_> {
    fn name(&self) -> String {
        self.frame.words.say(&name_key(self.text.text))
    }

    fn hint(&self) -> String {
        self.frame
            .words
            .say(&format!("{}-hint", name_key(self.text.text)))
    }

    fn format(&self) -> TextFormat {
        self.text.text.format()
    }

    fn path(&self) -> &'static str {
        self.text.text.as_str()
    }

    /// Returns the fields that a message may contain, each with its meaning.
    fn fields(&self) -> Vec<(String, String)> {
        let TextFormat::Message(format) = self.format() else {
            return Vec::new();
        };
        let field = |name: &&str| {
            (
                format!("{{{name}}}"),
                self.frame.words.say(&format!("text-field-{name}")),
            )
        };
        format.fields.iter().map(field).collect()
    }

    fn is_replaced(&self) -> bool {
        self.text.source == TextSource::Screen
    }
}

/// Returns the locale key of the name of a text.
pub(super) fn name_key(text: PublicText) -> String {
    format!("public-{}", text.as_str())
}

/// States where a text comes from.
pub(super) fn source_in_words(desk: &Desk, frame: &Frame<'_>, text: &PublicTextJson) -> String {
    let words = frame.words;
    match text.source {
        TextSource::Screen => {
            let (number, date) = (
                text.version.to_string(),
                text.changed_at
                    .as_ref()
                    .map(|at| frame.day_and_hour(at))
                    .unwrap_or_default(),
            );
            let name = words.own(text.changed_by.as_deref().unwrap_or("–"));
            let values = [("number", number.as_str()), ("date", &date), ("name", &name)];
            words.with_all("text-from-screen", &values)
        }
        TextSource::File
        | TextSource::Environment
        | TextSource::Program
        | TextSource::Default
        | TextSource::BuiltIn => settings_source_in_words(desk, words, text),
    }
}

/// States where a text comes from that is not replaced.
fn settings_source_in_words(desk: &Desk, words: &Words, text: &PublicTextJson) -> String {
    let key = text.setting.unwrap_or_default();
    match text.settings_source {
        TextSource::File => {
            let values = [("file", desk.program.settings_file.as_str()), ("key", key)];
            words.with_all("text-from-file", &values)
        }
        TextSource::Environment => words.with("text-from-environment", "key", key),
        TextSource::Program => words.say("setting-program"),
        TextSource::Default => words.with("text-from-default", "key", key),
        TextSource::BuiltIn | TextSource::Screen => words.say("text-built-in"),
    }
}

/// `GET /desk/admin/texts/{text}` and `GET /api/v1/admin/texts/{text}`: shows a text with its versions.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(path): Path<TextPath>,
) -> Result<Answer<PublicTextJson>, PageError> {
    let text = path.text()?;
    if format.is_json() {
        return Ok(Answer::Json(load(&desk, text).await?));
    }
    let facts = load(&desk, text).await?;
    let form = TextForm::stored(facts.version, &facts.content);
    let page = render(&desk, &jar, &me, facts, form, None).await?;
    Ok(Answer::Page(page))
}

async fn render(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    text: PublicTextJson,
    form: TextForm,
    preview: Option<TextContent>,
) -> Result<Response, PageError> {
    let words = desk.words(jar);
    let frame = Frame::new(desk, jar, me, "admin").await?;
    let answers_form = preview.is_some() || !form.mistake.is_empty();
    let row = |version: &facts::TextVersionJson| {
        let (number, date) = (version.version.to_string(), frame.day_and_hour(&version.made_at));
        let name = words.own(version.made_by.as_deref().unwrap_or("–"));
        let values = [("number", number.as_str()), ("date", &date), ("name", &name)];
        VersionRow {
            number: version.version,
            label: words.with_all("schedule-version", &values),
            previews: version
                .content
                .as_ref()
                .map(|content| previews(desk, text.text, content))
                .unwrap_or_default(),
            in_force: version.version == text.version && text.source == TextSource::Screen,
        }
    };
    written(&PublicTextPage {
        source: source_in_words(desk, &frame, &text),
        settings_source: settings_source_in_words(desk, words, &text),
        versions: text.versions.iter().map(row).collect(),
        of_settings: previews(
            desk,
            text.text,
            &text.text.content(desk.store.centre_of_settings()),
        ),
        preview: preview
            .map(|content| previews(desk, text.text, &content))
            .unwrap_or_default(),
        answers_form,
        frame,
        text,
        form,
    })
}

/// `POST /desk/admin/texts/{text}`: previews or stores what was typed, restores a version, or puts the text of the settings back.
pub(crate) async fn change(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Path(path): Path<TextPath>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let text = path.text()?;
    let words = desk.words(&jar);
    let mut form = TextForm::typed(fields);
    let facts = load(&desk, text).await?;
    let content = match form.act.as_str() {
        "back" => None,
        "restore" => {
            let version = facts.versions.iter().find(|one| one.version == form.restored);
            version.ok_or(PageError::NotFound)?.content.clone()
        }
        _ => Some(form.content(text.format())),
    };
    if let Some(content) = &content
        && let Err(mistake) = text.check(content)
    {
        form.mistake = form::mistake_in_words(words, &mistake);
    } else if form.act == "preview" {
        return render(&desk, &jar, &me, facts, form, content).await;
    } else {
        match desk
            .store
            .replace_text(&me, text, form.version, content.as_ref())
            .await
        {
            Ok(_) | Err(StoreError::Conflict(Conflict::SoAlready)) => {
                let page = format!("/desk/admin/texts/{}", text.as_str());
                return Ok(Flash::TextSaved.redirect(&page));
            }
            Err(StoreError::Conflict(why @ Conflict::TextChanged)) => {
                // What was typed stays in the form, and the next attempt replaces the version that is shown now.
                if content.is_none() || form.act == "restore" {
                    form = TextForm::stored(facts.version, &facts.content);
                }
                form.version = facts.version;
                form.mistake = words.say(why.key());
            }
            Err(error) => return Err(error.into()),
        }
    }
    let page = render(&desk, &jar, &me, facts, form, None).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// A new content of a text.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NewText {
    /// The version that the new content replaces. 0: the text was never replaced. If a newer version is stored, the request is refused.
    version: i64,
    /// The content. `null` puts the text of the settings file, or else the built-in text, back into force. To restore a version, send its
    /// content.
    content: Option<TextContent>,
}

/// `PUT /api/v1/admin/texts/{text}`: replaces a text.
pub(crate) async fn put(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(path): Path<TextPath>,
    FormOrJson(new): FormOrJson<NewText>,
) -> Result<Answer<PublicTextJson>, PageError> {
    let text = path.text()?;
    if let Some(content) = &new.content {
        text.check(content)
            .map_err(|mistake| PageError::Body(mistake.to_string()))?;
    }
    let store = &desk.store;
    store
        .replace_text(&me, text, new.version, new.content.as_ref())
        .await?;
    Ok(Answer::Json(load(&desk, text).await?))
}

/// A content to preview.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PreviewedText {
    content: TextContent,
}

/// A content as people would see it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PreviewListJson {
    /// The preview in each language.
    previews: Vec<TextPreviewJson>,
}

/// `POST /api/v1/admin/texts/{text}/preview`: shows a content as people would see it. Stores nothing.
pub(crate) async fn preview(
    State(desk): State<Desk>,
    Path(path): Path<TextPath>,
    FormOrJson(new): FormOrJson<PreviewedText>,
) -> Result<Answer<PreviewListJson>, PageError> {
    let text = path.text()?;
    text.check(&new.content)
        .map_err(|mistake| PageError::Body(mistake.to_string()))?;
    let previews = previews(&desk, text, &new.content);
    Ok(Answer::Json(PreviewListJson { previews }))
}

/// A text in the list of texts.
pub(super) struct TextRow {
    pub(super) path: &'static str,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) is_replaced: bool,
    pub(super) previews: Vec<TextPreviewJson>,
}

/// Returns the texts for the list of texts.
pub(super) async fn rows(desk: &Desk, frame: &Frame<'_>) -> Result<Vec<TextRow>, PageError> {
    let all = load_all(desk).await?;
    let row = |text: PublicTextJson| TextRow {
        path: text.text.as_str(),
        name: frame.words.say(&name_key(text.text)),
        source: source_in_words(desk, frame, &text),
        is_replaced: text.source == TextSource::Screen,
        previews: text.previews,
    };
    Ok(all.into_iter().map(row).collect())
}
