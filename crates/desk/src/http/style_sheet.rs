//! The style sheet of the desk, joined from the CSS files in `assets`.

/// Joins the contents of files in `assets` into a single string at compile time.
macro_rules! join_assets {
    ($($path:literal),+ $(,)?) => {
        concat!($(include_str!(concat!("../../assets/", $path))),+)
    };
}

/// The style sheet as a single text, so that a page needs one request. The order matters: if two rules are equally specific, the later rule
/// applies. Rules for narrow screens and for print override the other rules, so they come last.
pub const STYLE_SHEET: &str = join_assets!(
    "http/base.css",
    "http/forms.css",
    "http/frame.css",
    "inbox/inbox.css",
    "contact/contact.css",
    "contact/thread.css",
    "contact/reply.css",
    "cases/case.css",
    "http/sheet.css",
    "statistics/report.css",
    "statistics/narrative.css",
    "account/plain.css",
    "admin/admin.css",
    "routing/routing.css",
    "http/guide.css",
    "http/narrow.css",
    "http/print.css",
    "statistics/print.css",
);
