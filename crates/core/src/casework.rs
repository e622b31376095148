//! Cases: who may change what in a case, and when the answer of an institution is due.

pub mod answers;
pub mod rights;
