//! A wrapper that keeps personal data out of logs and panic messages.

use std::fmt;

/// A value whose `Debug` output is redacted, such as a person's words, address or name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value. Search the code for `expose` to find every use of a private value.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("«private»")
    }
}

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Private<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_value_prints_as_private() {
        assert_eq!(format!("{:?}", Private::new("ana@example.org")), "«private»");
    }
}
