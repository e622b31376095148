//! How a line is doing, as the staff see it.

/// What an adapter says of its own line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It reached its source just now.
    Up,
    /// It reached its source, which does not give everything. The text holds no words of people.
    Ailing(String),
    /// It cannot reach its source. The reason holds no words of people.
    Down(String),
}
