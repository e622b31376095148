//! A macro for enums whose values are represented by their names in the database, the API and URLs.

/// Implements the constant `ALL` and the functions `as_str` and `parse` for an enum. The enum must derive `EnumString`, `IntoStaticStr` and
/// `VariantArray` from strum.
#[macro_export]
macro_rules! named {
    ($name:ty) => {
        impl $name {
            /// Every value of the enum, in the order of declaration.
            pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

            /// Returns the value's name in the database, the API, URLs and locale keys.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }

            /// Returns the value with this name, or `None` if no value has this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                name.parse().ok()
            }
        }
    };
}
