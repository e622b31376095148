//! The report that a counsellor is writing an answer.

use hotline_core::identifiers::{line_name::LineName, private::Private};

/// An answer that is being written.
#[derive(Debug, Clone)]
pub struct Typing {
    /// The line that will send the answer.
    pub line: LineName,
    /// Address of the person who will receive the answer.
    pub to: Private<String>,
    /// Message ids of the answer's thread, oldest first.
    pub thread: Vec<String>,
}
