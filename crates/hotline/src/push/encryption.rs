//! Encryption of push messages for the browser that receives them (RFC 8291, with the content coding `aes128gcm` of RFC 8188).

use hotline_core::identifiers::chance;
use hotline_store::staff::push::PushDevice;
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    error::Unspecified,
    hmac,
    rand::SystemRandom,
};

/// The length of every record before its encryption. Messages of all kinds have the same length, so that the push service cannot tell them
/// apart.
const PADDED: usize = 512;
/// The record size in the header. It only has to exceed the length of the only record.
const RECORD_SIZE: u32 = 4096;

/// Encrypts a message for a device. Returns the body of the request.
///
/// # Errors
/// Fails if the public key of the device is invalid, or if the message is longer than `PADDED` permits.
pub(super) fn encrypt(device: &PushDevice, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())?;
    let our_public = ours.compute_public_key()?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, &device.p256dh);
    let record = padded(message)?;
    agree_ephemeral(ours, &theirs, |secret| {
        let salt = chance::bytes();
        seal(device, secret, our_public.as_ref(), &salt, record)
    })?
}

/// Appends the delimiter of a last record and zeros (RFC 8188, section 2).
fn padded(message: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let mut record = message.to_vec();
    record.push(2);
    if record.len() > PADDED {
        return Err(Unspecified);
    }
    record.resize(PADDED, 0);
    Ok(record)
}

/// Encrypts a padded record with the secret on which the two key pairs agree. `our_public` is the public key of the sender.
fn seal(
    device: &PushDevice,
    secret: &[u8],
    our_public: &[u8],
    salt: &[u8; 16],
    mut record: Vec<u8>,
) -> Result<Vec<u8>, Unspecified> {
    let of_pair = hmac_sha256(&device.auth, &[secret]);
    let of_message = hmac_sha256(
        of_pair.as_ref(),
        &[b"WebPush: info\0", &device.p256dh, our_public, &[1]],
    );
    let derive_from = hmac_sha256(salt, &[of_message.as_ref()]);
    let key = hmac_sha256(derive_from.as_ref(), &[b"Content-Encoding: aes128gcm\0\x01"]);
    let nonce = hmac_sha256(derive_from.as_ref(), &[b"Content-Encoding: nonce\0\x01"]);
    let key = key.as_ref().get(..16).ok_or(Unspecified)?;
    let nonce = nonce.as_ref().get(..12).ok_or(Unspecified)?;
    LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key)?).seal_in_place_append_tag(
        Nonce::try_assume_unique_for_key(nonce)?,
        Aad::empty(),
        &mut record,
    )?;
    let mut body = salt.to_vec();
    body.extend(RECORD_SIZE.to_be_bytes());
    body.push(u8::try_from(our_public.len()).map_err(|_| Unspecified)?);
    body.extend(our_public);
    body.extend(record);
    Ok(body)
}

/// Computes a step of HKDF (RFC 5869). All derived keys fit into one block, so each step is one HMAC.
fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    context.sign()
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use hotline_core::text::locale::Language;

    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
    }

    fn device() -> PushDevice {
        PushDevice {
            endpoint: String::new(),
            p256dh: decoded(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ),
            auth: decoded("BTBZMqHH6r4Tts7J_aSIgg"),
            language: Language::En,
        }
    }

    #[test]
    fn the_example_of_rfc_8291_is_encrypted_as_there() {
        let mut record = b"When I grow up, I want to be a watermelon".to_vec();
        record.push(2);
        let body = seal(
            &device(),
            &decoded("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"),
            &decoded(
                "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
            ),
            &decoded("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap(),
            record,
        );
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml\
            mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT\
            pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(BASE64URL_NOPAD.encode(&body.unwrap()), expected);
    }

    #[test]
    fn messages_of_different_lengths_are_equally_long() {
        let [short, long] =
            ["a", "a longer message"].map(|text| encrypt(&device(), text.as_bytes()).unwrap());
        assert_eq!(short.len(), long.len());
        assert!(encrypt(&device(), &[b'a'; PADDED]).is_err());
    }

    #[test]
    fn a_public_key_that_is_no_point_of_the_curve_is_refused() {
        let mut device = device();
        device.p256dh = vec![4; 65];
        assert!(encrypt(&device, b"text").is_err());
    }
}
