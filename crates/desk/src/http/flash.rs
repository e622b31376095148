//! Flash messages: after an action, the page that follows says in one line what happened.
//!
//! The redirect after an action sets a cookie with the name of the message and the path of the page to which the redirect leads. That page
//! shows the message and deletes the cookie. Requests for other pages are handled as if they had no such cookie, so neither another page nor
//! a reload shows the message.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::{CookieJar, cookie::Cookie};
use hotline_core::text::locale::Words;

/// The name of the cookie.
const COOKIE: &str = "flash";
/// The name over HTTPS. The prefix binds the cookie to this host and to HTTPS, and demands the path `/`.
const SECURE_COOKIE: &str = "__Host-flash";
/// Seconds for which the cookie is kept if the page of the redirect is never opened.
const KEPT_SECONDS: u8 = 60;

/// What an action did. The text for staff has the locale key `flash-` and the name of the variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[cfg_attr(test, derive(strum::VariantArray))]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Flash {
    PreferencesSaved,
    ViewSaved,
    ViewDeleted,
    SessionEnded,
    OtherSessionsEnded,
    FactorsRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    JobsRetried,
    AccountSaved,
    TeamRenamed,
    TextSaved,
    LineSaved,
    LinePaused,
    LineResumed,
    SchemeDraftBegun,
    SchemeDraftSaved,
    SchemeDraftDiscarded,
    SchemeInForce,
    AccountDisabled,
    AccountEnabled,
    AccountSessionsEnded,
    AccountFactorsReset,
    AccountIdentityDisconnected,
    OnDuty,
    OffDuty,
    BreakBegun,
    BreakEnded,
    TalkWanted,
    TalkNotWanted,
    TalkNoted,
    NoticeAddressSaved,
    NextTaken,
    NoneToTake,
    OfferDeclined,
    SkillsSaved,
    WorkMoved,
    TestAlarmSent,
    HoursSaved,
    ShiftsSaved,
    ShiftHandedOn,
    CalendarRevoked,
    SwapAsked,
    SwapConfirmed,
    SwapDeclined,
    CannedSaved,
    CannedDeleted,
    MacroApplied,
    ReplyQueued,
    NoteSaved,
    ReplyTakenBack,
    ReplyRetried,
    FileRequested,
    Claimed,
    GivenBack,
    FilesAsked,
    Closed,
    Reopened,
    HandedOver,
    AskedFor,
    Snoozed,
    Woken,
    Blocked,
    Unblocked,
    Linked,
    Unlinked,
    NotePinned,
    NoteUnpinned,
    Followed,
    Unfollowed,
    Marked,
    Unmarked,
    WrapUpSaved,
    WrappedUpAndClosed,
    CaseFormed,
    AddedToCase,
    SummarySaved,
    AdditionSaved,
    CaseTakenOver,
    CaseClosed,
    CaseReopened,
    NewsDrafted,
    ReferralProposed,
    LetterSent,
    ReferralSaved,
    ReferralConfirmed,
    ReferralReturned,
    ReferralWithdrawn,
    EntrySaved,
    EntryWithdrawn,
    EntriesImported,
    TokenEnded,
    EventSaved,
    SchoolAdded,
    SchoolsMerged,
    EducatorSaved,
    HoldPlaced,
    HoldLifted,
    EvidenceProposed,
    EvidenceWithdrawn,
    FileLocked,
    IdentityRevealed,
    IdentityConnected,
    IdentityDisconnected,
    LockDecisionProposed,
    LockDecisionConfirmed,
    LockDecisionWithdrawn,
}

impl Flash {
    /// Reads the message from the cookies of a request.
    pub(crate) fn from_cookies(jar: &CookieJar) -> Option<Self> {
        let (message, _) = find(jar)?.value().split_once(':')?;
        message.parse().ok()
    }

    fn as_str(self) -> &'static str {
        self.into()
    }

    pub(crate) fn text(self, words: &Words) -> String {
        words.say(&format!("flash-{}", self.as_str()))
    }

    /// Returns the text that replaces this message when its first text is no longer true, because the reply can no longer be taken back.
    /// A replacement of about the same height keeps the page below it in place.
    pub(crate) fn later_text(self, words: &Words) -> Option<String> {
        (self == Self::ReplyQueued).then(|| words.say("flash-reply_left"))
    }

    /// Redirects a browser to a page of the desk, which shows this message.
    pub(crate) fn redirect(self, path: &str) -> Response {
        let mut response = Redirect::to(path).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A request for a page that may show a flash message.
pub(crate) struct FlashRequest {
    /// Whether the request has a message for its page.
    has_message: bool,
    /// Whether a page sent the request automatically. The cookie is kept for the page that the person opens.
    is_automatic: bool,
}

impl FlashRequest {
    /// Reads the request, and removes a message for another page from its cookies.
    pub(crate) fn new(request: &mut Request, is_automatic: bool) -> Self {
        let jar = CookieJar::from_headers(request.headers());
        let page = find(&jar).map(|cookie| cookie.value().split_once(':').map(|(_, page)| page));
        let has_message = page == Some(Some(request.uri().path()));
        if page.is_some() && !has_message {
            remove_cookie(request.headers_mut());
        }
        Self {
            has_message,
            is_automatic,
        }
    }

    /// Adds the cookie to a redirect that has a message, or deletes the cookie after a page has shown the message.
    pub(crate) fn set_cookie(&self, https: bool, mut response: Response) -> Response {
        let flash = response.extensions().get::<Flash>().copied();
        let cookie = match flash.zip(target(response.headers())) {
            Some((flash, page)) => cookie(&format!("{}:{page}", flash.as_str()), https, KEPT_SECONDS),
            None if self.has_message && !self.is_automatic && response.status() == StatusCode::OK => {
                cookie("", https, 0)
            }
            None => None,
        };
        if let Some(cookie) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// Finds the cookie of a request over HTTPS or HTTP.
fn find(jar: &CookieJar) -> Option<&Cookie<'static>> {
    jar.get(SECURE_COOKIE).or_else(|| jar.get(COOKIE))
}

/// Removes the cookie from the headers of a request.
fn remove_cookie(headers: &mut HeaderMap) {
    let is_flash = |cookie: &&str| {
        let name = cookie.split('=').next().unwrap_or_default();
        name == COOKIE || name == SECURE_COOKIE
    };
    let kept: Vec<HeaderValue> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| {
            let cookies = cookies.to_str().ok()?.split(';').map(str::trim);
            let kept: Vec<&str> = cookies.filter(|cookie| !is_flash(cookie)).collect();
            HeaderValue::from_str(&kept.join("; ")).ok()
        })
        .collect();
    headers.remove(header::COOKIE);
    for cookies in kept {
        headers.append(header::COOKIE, cookies);
    }
}

/// Builds the header that sets the cookie. `None` if the value contains characters that the value of a cookie cannot contain.
fn cookie(value: &str, https: bool, seconds: u8) -> Option<HeaderValue> {
    let (name, secure) = if https {
        (SECURE_COOKIE, "; Secure")
    } else {
        (COOKIE, "")
    };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&cookie)
        .ok()
        .filter(|_| !value.contains([';', ',', '"', '\\', ' ']))
}

/// Returns the path of the page to which a redirect leads, without its query and fragment.
fn target(headers: &HeaderMap) -> Option<String> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    let path = location.split(['?', '#']).next()?;
    Some(path.to_owned())
}

#[cfg(test)]
mod tests {
    use hotline_core::text::locale::{Language, Locales};

    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_flash_message_has_a_text_in_every_language() {
        for language in Language::ALL {
            for flash in Flash::VARIANTS {
                let text = flash.text(Locales.of(language));
                assert!(!text.starts_with("flash-"), "{language:?}: {text}");
            }
        }
    }

    fn request(path: &str, cookies: &str) -> Request {
        let request = Request::builder().uri(path).header(header::COOKIE, cookies);
        request.body(axum::body::Body::empty()).unwrap()
    }

    #[test]
    fn the_cookie_is_bound_to_the_page_of_the_redirect() {
        let flash = FlashRequest::new(&mut request("/desk/duty", "hotline=x"), false);
        let set = |response: Response| {
            let response = flash.set_cookie(true, response);
            let cookie = response.headers().get(header::SET_COOKIE);
            cookie.map(|cookie| cookie.to_str().unwrap().to_owned())
        };
        let cookie = set(Flash::OnDuty.redirect("/desk/routing?a=b#skills")).unwrap();
        for part in [
            "__Host-flash=on_duty:/desk/routing;",
            "Path=/;",
            "HttpOnly",
            "Secure",
        ] {
            assert!(cookie.contains(part), "{part}: {cookie}");
        }
        assert_eq!(set(StatusCode::OK.into_response()), None);
    }

    #[test]
    fn a_message_is_hidden_from_other_pages() {
        for name in [COOKIE, SECURE_COOKIE] {
            let cookies = format!("hotline=a; {name}=on_duty:/desk/routing; language=en");
            for (path, found) in [
                ("/desk/routing?a=b", Some(Flash::OnDuty)),
                ("/desk/routing/hours", None),
                ("/desk", None),
            ] {
                let mut request = request(path, &cookies);
                let flash = FlashRequest::new(&mut request, false);
                let jar = CookieJar::from_headers(request.headers());
                assert_eq!(Flash::from_cookies(&jar), found, "{path}");
                assert_eq!(flash.has_message, found.is_some(), "{path}");
                for (other, value) in [("hotline", "a"), ("language", "en")] {
                    assert_eq!(jar.get(other).unwrap().value(), value, "{path}");
                }
            }
        }
    }

    #[test]
    fn only_the_page_that_a_person_opens_deletes_the_cookie() {
        let deletes = |path: &str, is_automatic: bool, status: StatusCode| {
            let mut request = request(path, "flash=on_duty:/desk/inbox");
            let flash = FlashRequest::new(&mut request, is_automatic);
            let response = flash.set_cookie(false, status.into_response());
            response.headers().contains_key(header::SET_COOKIE)
        };
        assert!(deletes("/desk/inbox", false, StatusCode::OK));
        assert!(!deletes("/desk/inbox", true, StatusCode::OK));
        assert!(!deletes("/desk/inbox", false, StatusCode::SEE_OTHER));
        assert!(!deletes("/desk/queue", false, StatusCode::OK));
    }
}
