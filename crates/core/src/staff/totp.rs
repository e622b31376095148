//! Codes of authenticator apps (TOTP, RFC 6238): six digits from a shared secret and the time, new every 30 seconds.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use totp_rs::{Builder, Totp};

use crate::identifiers::chance;

/// The number of bytes of a secret. RFC 4226 recommends 160 bits.
const BYTES: usize = 20;

/// The secret that the service shares with an authenticator app. The type intentionally does not implement `Debug`, so that a secret is
/// never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; BYTES]);

impl TotpSecret {
    /// Draws a new secret.
    #[must_use]
    pub fn draw() -> Self {
        Self(chance::bytes())
    }

    /// Returns the secret with these bytes; `None` if their number is wrong.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Returns the bytes of the secret. The store encrypts them.
    #[must_use]
    pub const fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Returns the secret as people type it into an app: base 32 in groups of four characters.
    #[must_use]
    pub fn grouped(&self) -> String {
        let mut shown = String::new();
        for (index, c) in BASE32_NOPAD.encode(&self.0).chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                shown.push(' ');
            }
            shown.push(c);
        }
        shown
    }

    /// Returns the address (`otpauth://…`) that a QR code passes to an app, which lists the secret under the centre and the log-in name.
    #[must_use]
    pub fn address(&self, centre: &str, login: &str) -> String {
        // The label of the address separates the two names by a colon, so neither of them can contain one.
        let plain = |text: &str| text.replace(':', " ");
        let totp = self.builder().with_issuer(Some(plain(centre)));
        let totp = totp.with_account_name(plain(login)).build();
        totp.and_then(|totp| totp.to_url()).unwrap_or_default()
    }

    /// Returns the time step, in units of 30 seconds since 1970, to which a code belongs; `None` if the code is wrong. Codes of the
    /// previous and of the next step are right, too, so that an app whose clock differs by half a minute works.
    #[must_use]
    pub fn step_of(&self, code: &str, now: DateTime<Utc>) -> Option<i64> {
        let step = self.generator()?.check(code, seconds(now))?;
        i64::try_from(step).ok()
    }

    fn builder(&self) -> Builder {
        Builder::new().with_secret(self.0.to_vec())
    }

    fn generator(&self) -> Option<Totp> {
        self.builder().build().ok()
    }
}

fn seconds(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    fn code_at(secret: &TotpSecret, now: DateTime<Utc>) -> String {
        secret.generator().unwrap().generate(seconds(now)).to_string()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
        // RFC 6238, appendix B, the last six of the eight digits.
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(&secret, at(time)), code);
            assert_eq!(secret.step_of(code, at(time)), Some(time / 30));
        }
    }

    #[test]
    fn a_code_counts_for_its_step_and_the_steps_beside_it() {
        let secret = TotpSecret::draw();
        let code = code_at(&secret, at(3_000));
        for (later, step) in [(-31, None), (-30, Some(100)), (59, Some(100)), (60, None)] {
            assert_eq!(secret.step_of(&code, at(3_000 + later)), step, "{later}");
        }
    }

    #[test]
    fn an_app_gets_the_secret_with_names_free_of_colons() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
        let address = secret.address("Центар: тест", "vera");
        assert!(address.starts_with("otpauth://totp/"), "{address}");
        assert!(
            address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
            "{address}"
        );
        assert!(!address.contains("%3A%20"), "{address}");
        assert_eq!(secret.grouped(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }

    #[test]
    fn bytes_of_another_length_are_no_secret() {
        assert!(TotpSecret::from_bytes(b"short").is_none());
    }
}
