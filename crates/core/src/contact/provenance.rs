//! What is known about where a message comes from.

/// What a post to the web form shows about its sender. It decides whether a contact that the post opens is quarantined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The post came from a form that the line had shown, or with a proof of work. Messages of other channels are ordinary too.
    #[default]
    Ordinary,
    /// The post came without a form and without a proof while the line asked for no proof. The contact is quarantined if the post turns
    /// out to be part of a flood.
    WithoutForm,
    /// The post came without the proof that the line asked for. The contact is quarantined.
    Unproven,
}

impl Provenance {
    /// Returns whether the value is the default, so that it need not be stored.
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        *self == Self::Ordinary
    }
}
