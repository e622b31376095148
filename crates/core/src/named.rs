//! Enums whose values are stored and sent by their names.

/// Gives an enum the functions that its strum derives imply: `ALL`, `as_str` and `parse`. The enum derives `EnumString`,
/// `IntoStaticStr` and `VariantArray`.
#[macro_export]
macro_rules! named {
    ($name:ty) => {
        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

            /// Returns its name in the database, the API, URLs and locale keys.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }

            /// Returns the value with this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                name.parse().ok()
            }
        }
    };
}
