//! The routes of the web form.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Query, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use hotline_core::{
    contact::writer::Writer,
    identifiers::{receipt::ReceiptCode, reference::Reference},
    intake::Intake,
};

use super::{
    answer_page::{ask_for_code, send_further_message, show_conversation},
    api, assets,
    context::{Chosen, FormContext, FormLine, language_in, read_opening, refuse_too_large, unavailable},
    fields::{FormFields, LARGEST, LARGEST_WITH_FILES, Mistake},
    form_kind::FormKind,
    pages,
    proof::Proofs,
    stored_post::StoredPost,
    upload::read_fields,
};
use crate::channel::Attachments;

pub fn routes(line: Arc<FormLine>, intake: Arc<dyn Intake>) -> Router {
    let largest = match line.attachments {
        Attachments::Never => LARGEST,
        Attachments::OnRequest | Attachments::Always => LARGEST_WITH_FILES,
    };
    // The routes are made anew whenever a line changes. The proofs that were used stay with the line.
    let proofs = line
        .proofs
        .get_or_init(|| Arc::new(Proofs::new(intake.challenge_key(&line.name))));
    let context = FormContext {
        proofs: Arc::clone(proofs),
        line,
        intake,
        largest,
    };
    Router::new()
        .route("/", get(show_home))
        .route("/privacy", get(show_privacy))
        .merge(form_routes())
        .route("/answer", get(ask_for_code).post(show_conversation))
        // A visitor may open this URL from a bookmark. It redirects to the page that asks for the receipt code.
        .route(
            "/answer/write",
            get(|| async { Redirect::to("/answer") }).post(send_further_message),
        )
        .route("/received", get(explain_lost_receipt).post(show_receipt_again))
        .route("/api/v1/contacts", post(api::post))
        .route("/challenge", get(show_challenge))
        .route("/leave", get(leave).post(forget))
        .route("/left", get(go_elsewhere))
        .layer(DefaultBodyLimit::max(largest))
        .layer(middleware::from_fn_with_state(context.clone(), refuse_too_large))
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(context.clone(), read_opening))
        .with_state(context)
        .merge(assets::routes())
}

/// Returns the routes that show the forms and receive their posts.
fn form_routes() -> Router<FormContext> {
    FormKind::ALL.into_iter().fold(Router::new(), |router, kind| {
        let show = get(move |state, chosen, headers| show_form(state, chosen, headers, kind));
        let methods = show.post(move |state, headers, request| send_form(state, headers, request, kind));
        router.route(kind.path(), methods)
    })
}

/// Returns a challenge, or a response without content if neither posts nor receipt codes need a proof of work now.
async fn show_challenge(State(context): State<FormContext>) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match context.challenge().or_else(|| context.code_challenge()) {
        Some(challenge) => (no_store, Json(challenge)).into_response(),
        None => (StatusCode::NO_CONTENT, no_store).into_response(),
    }
}

/// Clears the browser's cache of this site. The pages store nothing else in the browser, and the service stores nothing before a form is
/// sent. The desk may share the site, so its cookies and drafts are kept.
const CLEAR: [(HeaderName, &str); 2] = [
    (HeaderName::from_static("clear-site-data"), "\"cache\""),
    (header::CACHE_CONTROL, "no-store"),
];

/// Shows an almost empty page at once. The page then requests `/left`. Browsers without JavaScript follow this link.
///
/// A browser may keep the form, with the typed text, to show it again when the visitor goes back. It keeps the form when the next page
/// appears, so only a later response can clear it.
async fn leave(State(context): State<FormContext>, headers: HeaderMap) -> Response {
    context.page(&pages::Leave {
        words: context.words(&headers, None),
    })
}

/// Leads to the neutral page.
async fn go_elsewhere(State(context): State<FormContext>) -> Response {
    (CLEAR, Redirect::to(&context.line.centre.settings().exit_url)).into_response()
}

/// Answers the beacon that the page sends when its script replaces the page with the neutral page.
async fn forget() -> Response {
    (StatusCode::NO_CONTENT, CLEAR).into_response()
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
    if context.is_paused() {
        return context.paused(words);
    }
    context.page(&pages::Home {
        is_open: context.is_open(),
        words,
        centre: &context.centre(),
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
        centre: &context.centre(),
        closed: context.closed(words),
        path: "/privacy",
    })
}

async fn show_form(
    State(context): State<FormContext>,
    Query(chosen): Query<Chosen>,
    headers: HeaderMap,
    kind: FormKind,
) -> Response {
    if context.is_paused() {
        return context.paused(context.words(&headers, chosen.lang.as_deref()));
    }
    let id = context.form_id();
    let fields = FormFields {
        form_token: context.proofs.create_form_token(&id),
        id,
        lang: chosen.lang.unwrap_or_default(),
        ..FormFields::default()
    };
    form_page(&context, &headers, kind, &fields, &[], false)
}

fn form_page(
    context: &FormContext,
    headers: &HeaderMap,
    kind: FormKind,
    fields: &FormFields,
    mistakes: &[Mistake],
    unavailable: bool,
) -> Response {
    context.page(&pages::Form {
        unavailable: unavailable.then(|| context.refusal_key()),
        challenge: context
            .challenge()
            .and_then(|challenge| serde_json::to_string(&challenge).ok()),
        answers_by_mail: context.line.answers_by_mail,
        words: context.words(headers, Some(&fields.lang)),
        centre: &context.centre(),
        closed: context.closed(context.words(headers, Some(&fields.lang))),
        path: kind.path(),
        kind,
        typed: fields,
        mistakes,
        files: context.line.attachments == Attachments::Always,
    })
}

async fn send_form(
    State(context): State<FormContext>,
    headers: HeaderMap,
    request: Request,
    kind: FormKind,
) -> Response {
    let may_have_files = context.line.attachments == Attachments::Always;
    let uri = request.uri().clone();
    let mut fields = match read_fields(request, may_have_files).await {
        Ok(fields) => fields,
        Err(refused) => return context.refused(context.words(&headers, language_in(&uri)), &refused),
    };
    if fields.switches_language() {
        let mistakes = fields.file_mistakes();
        return form_page(&context, &headers, kind, &fields, &mistakes, false);
    }
    fields.writer = kind.writer(fields.writer);
    let words = context.words(&headers, Some(&fields.lang));
    let mistakes = fields.mistakes(kind);
    if !mistakes.is_empty() {
        let again = form_page(&context, &headers, kind, &fields, &mistakes, false);
        return (StatusCode::UNPROCESSABLE_ENTITY, again).into_response();
    }
    let mut posted = StoredPost::new(&fields, Some(kind.asks()), words.language());
    posted.provenance = context.observe_post(&fields, &fields.id, &posted).await;
    match context.accept_form(&fields.id, posted).await {
        Ok((accepted, code)) => receipt_page(&context, &headers, &fields, accepted.reference, &code),
        // The form is shown again with the typed text and the same id. If the visitor sends it again unchanged and the first post was
        // stored after all, the second post counts as the same message.
        Err(refused) => unavailable(&refused, form_page(&context, &headers, kind, &fields, &[], true)),
    }
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
        centre: &context.centre(),
        closed: context.closed(context.words(headers, Some(&fields.lang))),
        reference: reference.to_string(),
        code: code.spoken(),
        in_danger: fields.in_danger,
        reply_to: &fields.reply_to,
        child: fields.writer == Some(Writer::Child),
    })
}

/// Answers a visitor who loads the receipt again, or whoever goes back to it in the history. The page does not say that a message was sent,
/// and cannot show the code, because the address contains none.
async fn explain_lost_receipt(
    State(context): State<FormContext>,
    Query(chosen): Query<Chosen>,
    headers: HeaderMap,
) -> Response {
    let words = context.words(&headers, chosen.lang.as_deref());
    context.page(&pages::Notice {
        words,
        centre: &context.centre(),
        closed: context.closed(words),
        path: "/received",
        title: &words.say("receipt-gone-title"),
        text: &words.say("receipt-gone"),
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
