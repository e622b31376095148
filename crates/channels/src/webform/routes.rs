//! The routes of the web form.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Query, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use hotline_core::{
    contact::message::Asks,
    identifiers::{receipt::ReceiptCode, reference::Reference},
    intake::{Conversation, ConversationMessage, Intake, NotAccepted},
};
use serde::Deserialize;

use super::{
    api,
    context::{
        FormContext, FormLine, language_in, look_whether_closed, new_id, refuse_too_large, with_retry_after,
    },
    fields::{FormFields, LARGEST, LARGEST_WITH_FILES, Mistake},
    pages,
    proof::Proofs,
    stored_post::StoredPost,
    upload::{MOST_DRAINED, RefusedUpload, Upload},
};
use crate::channel::Attachments;

/// If the receipt code is wrong, at most this many bytes of the posted files are read and discarded.
const DRAINED_UNKNOWN: usize = 256 << 10;

pub fn routes(line: Arc<FormLine>, intake: Arc<dyn Intake>) -> Router {
    let largest = match line.attachments {
        Attachments::Never => LARGEST,
        Attachments::OnRequest | Attachments::Always => LARGEST_WITH_FILES,
    };
    let context = FormContext {
        proofs: Arc::new(Proofs::new(intake.challenge_key(&line.name))),
        line,
        intake,
        largest,
    };
    Router::new()
        .route("/", get(show_home))
        .route("/privacy", get(show_privacy))
        .merge(form_routes(Asks::Advice))
        .merge(form_routes(Asks::Report))
        .route("/answer", get(ask_for_code).post(show_conversation))
        // A visitor may open this URL from a bookmark. It redirects to the page that asks for the receipt code.
        .route(
            "/answer/write",
            get(|| async { Redirect::to("/answer") }).post(send_further_message),
        )
        .route(
            "/received",
            get(|| async { Redirect::to("/") }).post(show_receipt_again),
        )
        .route("/api/v1/contacts", post(api::post))
        .route("/challenge", get(show_challenge))
        .layer(DefaultBodyLimit::max(largest))
        .layer(middleware::from_fn_with_state(context.clone(), refuse_too_large))
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(
            context.clone(),
            look_whether_closed,
        ))
        .with_state(context)
        .route(
            "/public.css",
            get(|| asset("text/css; charset=utf-8", include_str!("../../assets/public.css"))),
        )
        .route(
            "/proof.js",
            get(|| {
                asset(
                    "text/javascript; charset=utf-8",
                    include_str!("../../assets/proof.js"),
                )
            }),
        )
        .route(
            "/conversation.js",
            get(|| {
                asset(
                    "text/javascript; charset=utf-8",
                    include_str!("../../assets/conversation.js"),
                )
            }),
        )
        .route(
            "/public.js",
            get(|| {
                asset(
                    "text/javascript; charset=utf-8",
                    include_str!("../../assets/public.js"),
                )
            }),
        )
}

/// Returns the routes that show one of the two forms and receive its posts.
fn form_routes(asks: Asks) -> Router<FormContext> {
    let show = get(move |state, chosen, headers| show_form(state, chosen, headers, asks));
    let methods = show.post(move |state, headers, request| send_form(state, headers, request, asks));
    Router::new().route(path_of(asks), methods)
}

async fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "public, max-age=3600"),
        ],
        text,
    )
}

#[derive(Deserialize)]
struct Chosen {
    lang: Option<String>,
}

/// Returns a challenge, or a response without content if posts need no proof of work now.
async fn show_challenge(State(context): State<FormContext>) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match context.challenge() {
        Some(challenge) => (no_store, Json(challenge)).into_response(),
        None => (StatusCode::NO_CONTENT, no_store).into_response(),
    }
}

async fn not_found(State(context): State<FormContext>, uri: Uri, headers: HeaderMap) -> Response {
    let words = context.words(&headers, language_in(&uri));
    let (title, text) = (words.say("nothing-here-title"), words.say("nothing-here-text"));
    context.notice(words, StatusCode::NOT_FOUND, &title, &text)
}

async fn show_home(
    State(context): State<FormContext>,
    Query(chosen): Query<Chosen>,
    headers: HeaderMap,
) -> Response {
    let words = context.words(&headers, chosen.lang.as_deref());
    context.page(&pages::Home {
        words,
        centre: &context.line.centre,
        closed: context.closed(words),
        path: "/",
    })
}

async fn show_privacy(
    State(context): State<FormContext>,
    Query(chosen): Query<Chosen>,
    headers: HeaderMap,
) -> Response {
    let words = context.words(&headers, chosen.lang.as_deref());
    context.page(&pages::Privacy {
        words,
        centre: &context.line.centre,
        closed: context.closed(words),
        path: "/privacy",
    })
}

async fn show_form(
    State(context): State<FormContext>,
    Query(chosen): Query<Chosen>,
    headers: HeaderMap,
    asks: Asks,
) -> Response {
    let id = context.form_id();
    let fields = FormFields {
        form_token: context.proofs.create_form_token(&id),
        id,
        lang: chosen.lang.unwrap_or_default(),
        ..FormFields::default()
    };
    form_page(&context, &headers, asks, &fields, &[], false)
}

fn form_page(
    context: &FormContext,
    headers: &HeaderMap,
    asks: Asks,
    fields: &FormFields,
    mistakes: &[Mistake],
    unavailable: bool,
) -> Response {
    context.page(&pages::Form {
        unavailable,
        challenge: context
            .challenge()
            .and_then(|challenge| serde_json::to_string(&challenge).ok()),
        answers_by_mail: context.line.answers_by_mail,
        words: context.words(headers, Some(&fields.lang)),
        centre: &context.line.centre,
        closed: context.closed(context.words(headers, Some(&fields.lang))),
        path: path_of(asks),
        asks,
        typed: fields,
        mistakes,
        files: context.line.attachments == Attachments::Always,
    })
}

const fn path_of(asks: Asks) -> &'static str {
    match asks {
        Asks::Advice => "/advice",
        Asks::Report => "/report",
    }
}

async fn send_form(
    State(context): State<FormContext>,
    headers: HeaderMap,
    request: Request,
    asks: Asks,
) -> Response {
    let may_have_files = context.line.attachments == Attachments::Always;
    let uri = request.uri().clone();
    let mut fields = match read_fields(request, may_have_files).await {
        Ok(fields) => fields,
        Err(refused) => return context.refused(context.words(&headers, language_in(&uri)), &refused),
    };
    if fields.switches_language() {
        let mistakes = fields.file_mistakes();
        return form_page(&context, &headers, asks, &fields, &mistakes, false);
    }
    let words = context.words(&headers, Some(&fields.lang));
    let mistakes = fields.mistakes(asks);
    if !mistakes.is_empty() {
        let again = form_page(&context, &headers, asks, &fields, &mistakes, false);
        return (StatusCode::UNPROCESSABLE_ENTITY, again).into_response();
    }
    let mut posted = StoredPost::new(&fields, Some(asks), words.language());
    posted.provenance = context.observe_post(&fields, &fields.id, &posted).await;
    match context.accept_form(&fields.id, posted).await {
        Ok((accepted, code)) => receipt_page(&context, &headers, &fields, accepted.reference, &code),
        // The form is shown again with the typed text and the same id. If the visitor sends it again unchanged and the first post was
        // stored after all, the second post counts as the same message.
        Err(refused) => unavailable(&refused, form_page(&context, &headers, asks, &fields, &[], true)),
    }
}

async fn read_fields(request: Request, may_have_files: bool) -> Result<FormFields, RefusedUpload> {
    Upload::read(request, may_have_files).await?.finish().await
}

fn receipt_page(
    context: &FormContext,
    headers: &HeaderMap,
    fields: &FormFields,
    reference: Reference,
    code: &ReceiptCode,
) -> Response {
    context.page(&pages::Receipt {
        words: context.words(headers, Some(&fields.lang)),
        centre: &context.line.centre,
        closed: context.closed(context.words(headers, Some(&fields.lang))),
        reference: reference.to_string(),
        code: code.spoken(),
    })
}

/// Shows the receipt again, in another language. The visitor can't open the receipt later, so changing the language must not lose it.
async fn show_receipt_again(
    State(context): State<FormContext>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let uri = request.uri().clone();
    let mut fields = match read_fields(request, false).await {
        Ok(fields) => fields,
        Err(refused) => return context.refused(context.words(&headers, language_in(&uri)), &refused),
    };
    fields.switches_language();
    match (
        Reference::parse(&fields.reference),
        ReceiptCode::parse(&fields.code),
    ) {
        (Ok(reference), Some(code)) => receipt_page(&context, &headers, &fields, reference, &code),
        _ => Redirect::to("/").into_response(),
    }
}

async fn ask_for_code(
    State(context): State<FormContext>,
    Query(chosen): Query<Chosen>,
    headers: HeaderMap,
) -> Response {
    let fields = FormFields {
        lang: chosen.lang.unwrap_or_default(),
        ..FormFields::default()
    };
    code_page(&context, &headers, &fields, None)
}

/// Shows the page that asks for the receipt code. If the visitor already wrote a message, the page contains it, so that it is posted
/// together with the code.
fn code_page(
    context: &FormContext,
    headers: &HeaderMap,
    fields: &FormFields,
    mistake: Option<&'static str>,
) -> Response {
    let page = context.page(&pages::Enter {
        words: context.words(headers, Some(&fields.lang)),
        centre: &context.line.centre,
        closed: context.closed(context.words(headers, Some(&fields.lang))),
        mistake,
        typed: fields,
    });
    if mistake.is_some() {
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    } else {
        page
    }
}

async fn show_conversation(
    State(context): State<FormContext>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let uri = request.uri().clone();
    let mut fields = match read_fields(request, false).await {
        Ok(fields) => fields,
        Err(refused) => return context.refused(context.words(&headers, language_in(&uri)), &refused),
    };
    if fields.switches_language() {
        return code_page(&context, &headers, &fields, None);
    }
    match find_conversation(&context, &headers, &fields).await {
        Ok((code, found)) => conversation_page(&context, &headers, &code, found, &fields, Written::Nothing),
        Err(answer) => *answer,
    }
}

async fn send_further_message(
    State(context): State<FormContext>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let may_have_files = context.line.attachments != Attachments::Never;
    let uri = request.uri().clone();
    let refused = |refused| context.refused(context.words(&headers, language_in(&uri)), &refused);
    let upload = match Upload::read(request, may_have_files).await {
        Ok(upload) => upload,
        Err(error) => return refused(error),
    };
    // The receipt code is checked before any file is read, so that only visitors with a valid code can send files.
    let (code, mut found) = match find_conversation(&context, &headers, upload.fields()).await {
        Ok(found) => found,
        Err(answer) => {
            upload.without_files(DRAINED_UNKNOWN).await;
            return *answer;
        }
    };
    let (mut fields, unwanted) = if takes_files(&context, &found) {
        match upload.finish().await {
            Ok(fields) => (fields, false),
            Err(error) => return refused(error),
        }
    } else {
        upload.without_files(MOST_DRAINED).await
    };
    if fields.switches_language() {
        let mistakes = fields.file_mistakes();
        return conversation_page(
            &context,
            &headers,
            &code,
            found,
            &fields,
            Written::Unsent(&mistakes),
        );
    }
    let mut mistakes = fields.mistakes_in_further_message();
    if unwanted {
        mistakes.push(("message", "mistake-files-not-wanted"));
    }
    if !mistakes.is_empty() {
        return conversation_page(
            &context,
            &headers,
            &code,
            found,
            &fields,
            Written::Wrong(&mistakes),
        );
    }
    let words = context.words(&headers, Some(&fields.lang));
    let posted = StoredPost::new(&fields, None, words.language());
    let id = if fields.id.is_empty() {
        new_id()
    } else {
        fields.id.clone()
    };
    let id = format!("{} {id}", context.intake.receipt_mark(&code));
    let accepted = match context.accept(&id, Some(&code), posted).await {
        Ok((accepted, _)) => accepted,
        Err(refused) => {
            return unavailable(
                &refused,
                code_page(&context, &headers, &fields, Some("unavailable-title")),
            );
        }
    };
    // The new message is on disk but may not be part of the conversation yet. The page shows it anyway.
    let shown = found
        .messages
        .iter()
        .any(|said| said.text.expose() == &fields.message);
    if accepted.fresh || !shown {
        found.messages.push(ConversationMessage {
            by_us: false,
            at: context.line.clock.now(),
            text: fields.message.clone().into(),
        });
    }
    found.files_wanted &= fields.files.is_empty();
    conversation_page(&context, &headers, &code, found, &fields, Written::Sent)
}

/// Finds the conversation for the entered receipt code. Returns the page that asks for the code if the code is missing or wrong, or if the
/// conversation can't be loaded. Delays this response only if the code is wrong.
async fn find_conversation(
    context: &FormContext,
    headers: &HeaderMap,
    fields: &FormFields,
) -> Result<(ReceiptCode, Conversation), Box<Response>> {
    let again = |mistake| Box::new(code_page(context, headers, fields, Some(mistake)));
    if fields.code.trim().is_empty() {
        return Err(again("mistake-code-empty"));
    }
    let Some(code) = ReceiptCode::parse(&fields.code) else {
        context.line.guess_limit.delay_wrong_code().await;
        return Err(again("mistake-code"));
    };
    match context.intake.conversation(&context.line.name, &code).await {
        Ok(Some(found)) => Ok((code, found)),
        Ok(None) => {
            context.line.guess_limit.delay_wrong_code().await;
            Err(again("mistake-code"))
        }
        Err(refused) => Err(Box::new(unavailable(&refused, *again("unavailable-title")))),
    }
}

/// Creates the response to a post that can't be stored now. `page` is the page that shows the typed text again.
fn unavailable(refused: &NotAccepted, page: Response) -> Response {
    tracing::error!(error = %refused, "A post could not be written down");
    let (mut parts, body) = page.into_parts();
    parts.status = StatusCode::SERVICE_UNAVAILABLE;
    with_retry_after(Response::from_parts(parts, body))
}

/// What happened to the message that a visitor wrote on the answer page.
enum Written<'a> {
    /// The visitor wrote no message.
    Nothing,
    /// The message was stored.
    Sent,
    /// The visitor chose another language instead of sending the message. The page shows the message again.
    Unsent(&'a [Mistake]),
    /// The message has mistakes and was not stored. The page shows it again.
    Wrong(&'a [Mistake]),
}

fn takes_files(context: &FormContext, found: &Conversation) -> bool {
    match context.line.attachments {
        Attachments::Never => false,
        Attachments::OnRequest => found.files_wanted,
        Attachments::Always => true,
    }
}

fn conversation_page(
    context: &FormContext,
    headers: &HeaderMap,
    code: &ReceiptCode,
    found: Conversation,
    fields: &FormFields,
    written: Written<'_>,
) -> Response {
    let (mistakes, text, id): (&[Mistake], _, _) = match written {
        Written::Nothing | Written::Sent => (&[], "", context.form_id()),
        Written::Unsent(mistakes) | Written::Wrong(mistakes) => {
            (mistakes, fields.message.as_str(), fields.id.clone())
        }
    };
    let wrong = matches!(written, Written::Wrong(_));
    let page = context.page(&pages::Conversation {
        words: context.words(headers, Some(&fields.lang)),
        centre: &context.line.centre,
        closed: context.closed(context.words(headers, Some(&fields.lang))),
        reference: found.reference.to_string(),
        code: code.spoken(),
        said: pages::format_messages(&found.messages, context.line.centre.time_zone),
        typed: text,
        id,
        sent: matches!(written, Written::Sent),
        mistakes,
        files: takes_files(context, &found),
        files_wanted: found.files_wanted,
    });
    if wrong {
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    } else {
        page
    }
}
