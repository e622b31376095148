//! The health of lines, as shown to staff.

/// The health of a line as its adapter reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The adapter reached its source just now.
    Up,
    /// The adapter reached its source but cannot read everything in it. The text says why and never quotes a person's words.
    Ailing(String),
    /// The adapter cannot reach its source. The text says why and never quotes a person's words.
    Down(String),
}
