//! Who is being written to right now.

use hotline_core::identifiers::{line::LineName, private::Private};

/// An answer is being written.
#[derive(Debug, Clone)]
pub struct Typing {
    /// The line it will leave by.
    pub line: LineName,
    /// Whom it is for.
    pub to: Private<String>,
    /// The ids of the thread, oldest first.
    pub thread: Vec<String>,
}
