//! What is known about where a message comes from.

/// What a post to the web form shows about its sender. The provenance decides whether a contact that the post opens is quarantined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The post came with a proof of work, or with a form token that the line accepts. Messages of other channels are ordinary too.
    #[default]
    Ordinary,
    /// The post came without a form token and without a proof while the line asked for no proof. The contact that the post opens is
    /// quarantined if the post belongs to the beginning of a flood.
    WithoutForm,
    /// The post came without the proof for which the line asked. The contact that the post opens is quarantined.
    Unproven,
}

impl Provenance {
    /// Returns whether the value is the default, so that it need not be stored.
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        *self == Self::Ordinary
    }
}
