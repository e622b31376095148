//! Sealed text that a page gets and sends back. The database stores nothing of it.

use data_encoding::BASE64URL_NOPAD;

use crate::{error::StoreError, sealing::keys::Keys};

impl Keys {
    /// Seals bytes for a place, as text that contains the wrapped key, too.
    ///
    /// # Errors
    /// Never fails in practice, because the cipher rejects only messages longer than 256 GiB.
    pub(crate) fn seal_offer(&self, place: &str, bytes: &[u8]) -> Result<String, StoreError> {
        let (key, wrapped) = self.new_data_key(place)?;
        let sealed = key.seal(place, bytes)?;
        Ok(format!(
            "{}.{}",
            BASE64URL_NOPAD.encode(&wrapped),
            BASE64URL_NOPAD.encode(&sealed)
        ))
    }

    /// Returns the bytes that were sealed for this place. `None` for any other text.
    pub(crate) fn open_offer(&self, place: &str, offer: &str) -> Option<Vec<u8>> {
        let (wrapped, sealed) = offer.split_once('.')?;
        let wrapped = BASE64URL_NOPAD.decode(wrapped.as_bytes()).ok()?;
        let sealed = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        self.data_key(place, &wrapped).ok()?.open(place, &sealed).ok()
    }
}
