//! What figures are read for. The purpose decides whether small figures about persons are suppressed.

/// What figures are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Work inside the centre. All figures are exact. Only staff with the right to read the statistics read them for this purpose.
    Internal,
    /// Publication. Small figures about persons are suppressed. Programs with a read-only token read all figures for this purpose.
    Publication,
}

impl Purpose {
    /// Returns the smallest figure about persons that is shown. `setting` is the smallest figure that may be published. 0 means that every
    /// figure is shown.
    #[must_use]
    pub const fn smallest(self, setting: i64) -> i64 {
        match self {
            Self::Internal => 0,
            Self::Publication => setting,
        }
    }
}
