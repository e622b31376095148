//! Form tokens and proofs of work. A form token shows that a post came from a form that the line had shown. A form token needs no
//! JavaScript.
//!
//! The proofs of work follow the scheme of ALTCHA (version 1): the challenge is the SHA-256 hash of a salt and a secret number, and the
//! visitor's browser searches for this number. Unlike in the ALTCHA library, the salt ends with a separator. Without the separator, digits
//! could be moved between the expiry and the number.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use hotline_core::identifiers::chance;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A challenge and its solution are valid for this long.
const VALID_FOR: TimeDelta = TimeDelta::minutes(30);
/// The secret number is below this bound. On average, a browser computes half this number of hashes: about a second on an old phone that
/// computes 10,000 hashes a second with `crypto.subtle`.
const NUMBERS: u64 = 20_000;
/// The greatest number of solutions that are remembered as used. While all remembered solutions are valid, further solutions are refused.
const MOST_USED: usize = 200_000;
/// The longest accepted solution, in bytes.
const LONGEST: usize = 2_000;
const ALGORITHM: &str = "SHA-256";

/// A challenge, with the field names of ALTCHA.
#[derive(Debug, Serialize, Deserialize)]
pub struct Challenge {
    algorithm: String,
    challenge: String,
    maxnumber: u64,
    salt: String,
    signature: String,
}

/// A solution, with the field names of ALTCHA. A form contains it as JSON in base64.
#[derive(Deserialize)]
struct Solution {
    algorithm: String,
    challenge: String,
    number: u64,
    salt: String,
    signature: String,
}

/// Why a solution was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The text is not a solution, or the solution solves no challenge of this line.
    Wrong,
    /// The challenge of the solution has expired.
    Expired,
    /// The solution was used before, or `MOST_USED` used solutions are still valid.
    Used,
}

/// The form tokens and challenges of one line. Remembers in memory which challenges were used.
pub struct Proofs {
    key: Vec<u8>,
    used: Mutex<HashMap<String, DateTime<Utc>>>,
    used_for_codes: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl Proofs {
    /// `key` signs the form tokens and challenges.
    pub fn new(key: Vec<u8>) -> Self {
        Self {
            key,
            used: Mutex::default(),
            used_for_codes: Mutex::default(),
        }
    }

    /// Creates a challenge. Returns `None` if the key cannot sign.
    pub fn create(&self, now: DateTime<Utc>) -> Option<Challenge> {
        let number = u64::from_le_bytes(chance::bytes::<8>()) % NUMBERS;
        self.create_for(number, now)
    }

    fn create_for(&self, number: u64, now: DateTime<Utc>) -> Option<Challenge> {
        let random = HEXLOWER.encode(&chance::bytes::<12>());
        let salt = format!("{random}?expires={}&", (now + VALID_FOR).timestamp());
        let challenge = hash(&salt, number);
        let signature = HEXLOWER.encode(&self.mac(&challenge)?.finalize().into_bytes());
        Some(Challenge {
            algorithm: ALGORITHM.to_owned(),
            challenge,
            maxnumber: NUMBERS,
            salt,
            signature,
        })
    }

    /// Starts the signature of a text. The signature of a challenge is never a valid form token: a challenge is hexadecimal, and the text
    /// that is signed for a form begins with the word `form`.
    fn mac(&self, text: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    }

    /// Creates the token of the form with this id. Returns an empty text if the key cannot sign.
    pub fn create_form_token(&self, id: &str) -> String {
        let mac = self.mac(&format!("form {id}"));
        mac.map(|mac| HEXLOWER.encode(&mac.finalize().into_bytes()))
            .unwrap_or_default()
    }

    /// Returns whether `token` is the token of the form with this id.
    pub fn is_form_token(&self, token: &str, id: &str) -> bool {
        let signature = HEXLOWER.decode(token.as_bytes()).ok();
        let mac = self.mac(&format!("form {id}"));
        mac.zip(signature)
            .is_some_and(|(mac, signature)| mac.verify_slice(&signature).is_ok())
    }

    /// Checks a solution in the format in which a form posts it, and marks the solution as used.
    pub fn redeem(&self, posted: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.redeem_in(&self.used, posted, now)
    }

    /// Like [`Proofs::redeem`], for the entry of a receipt code.
    pub fn redeem_for_code(&self, posted: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.redeem_in(&self.used_for_codes, posted, now)
    }

    fn redeem_in(
        &self,
        used: &Mutex<HashMap<String, DateTime<Utc>>>,
        posted: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let solution = parse(posted).ok_or(Refusal::Wrong)?;
        let signature = HEXLOWER.decode(solution.signature.as_bytes());
        let signature = signature.map_err(|_| Refusal::Wrong)?;
        let mac = self.mac(&solution.challenge).ok_or(Refusal::Wrong)?;
        mac.verify_slice(&signature).map_err(|_| Refusal::Wrong)?;
        if hash(&solution.salt, solution.number) != solution.challenge {
            return Err(Refusal::Wrong);
        }
        let expires = expiry(&solution.salt).ok_or(Refusal::Wrong)?;
        if expires <= now {
            return Err(Refusal::Expired);
        }
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.contains_key(&solution.challenge) {
            return Err(Refusal::Used);
        }
        if used.len() >= MOST_USED {
            used.retain(|_, expires| *expires > now);
            if used.len() >= MOST_USED {
                return Err(Refusal::Used);
            }
        }
        used.insert(solution.challenge, expires);
        Ok(())
    }
}

fn hash(salt: &str, number: u64) -> String {
    HEXLOWER.encode(&Sha256::digest(format!("{salt}{number}")))
}

fn parse(posted: &str) -> Option<Solution> {
    if posted.len() > LONGEST {
        return None;
    }
    let json = BASE64.decode(posted.trim().as_bytes()).ok()?;
    let solution: Solution = serde_json::from_slice(&json).ok()?;
    (solution.algorithm == ALGORITHM).then_some(solution)
}

fn expiry(salt: &str) -> Option<DateTime<Utc>> {
    let (_, expires) = salt.split_once("?expires=")?;
    let seconds = expires.strip_suffix('&')?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn solution(challenge: &Challenge, number: u64) -> String {
        let solved = json!({
            "algorithm": challenge.algorithm,
            "challenge": challenge.challenge,
            "number": number,
            "salt": challenge.salt,
            "signature": challenge.signature,
        });
        BASE64.encode(solved.to_string().as_bytes())
    }

    fn proofs() -> Proofs {
        Proofs::new(b"key".to_vec())
    }

    #[test]
    fn a_solution_is_accepted_once() {
        let proofs = proofs();
        let challenge = proofs.create(now()).unwrap();
        let number = (0..challenge.maxnumber)
            .find(|number| hash(&challenge.salt, *number) == challenge.challenge)
            .unwrap();
        let solved = solution(&challenge, number);
        assert_eq!(proofs.redeem(&solved, now()), Ok(()));
        assert_eq!(proofs.redeem(&solved, now()), Err(Refusal::Used));
    }

    #[test]
    fn a_form_token_belongs_to_one_form_of_one_line() {
        let proofs = proofs();
        let token = proofs.create_form_token("a");
        assert!(proofs.is_form_token(&token, "a"));
        assert!(!proofs.is_form_token(&token, "b"));
        assert!(!Proofs::new(b"other".to_vec()).is_form_token(&token, "a"));
        for junk in ["", "x", "00"] {
            assert!(!proofs.is_form_token(junk, "a"));
        }
    }

    #[test]
    fn a_wrong_number_is_refused() {
        let proofs = proofs();
        let challenge = proofs.create_for(7, now()).unwrap();
        assert_eq!(
            proofs.redeem(&solution(&challenge, 8), now()),
            Err(Refusal::Wrong)
        );
    }

    #[test]
    fn an_expired_solution_is_refused() {
        let proofs = proofs();
        let challenge = proofs.create_for(7, now()).unwrap();
        let solved = solution(&challenge, 7);
        let late = now() + VALID_FOR;
        assert_eq!(proofs.redeem(&solved, late), Err(Refusal::Expired));
        assert_eq!(proofs.redeem(&solved, late - TimeDelta::seconds(1)), Ok(()));
    }

    #[test]
    fn a_changed_or_foreign_challenge_is_refused() {
        let proofs = proofs();
        let mut challenge = proofs.create_for(7, now()).unwrap();
        let (before, after) = challenge.salt.split_once("?expires=").unwrap();
        challenge.salt = format!("{before}?expires=9{after}");
        assert_eq!(
            proofs.redeem(&solution(&challenge, 7), now()),
            Err(Refusal::Wrong)
        );
        challenge.challenge = hash(&challenge.salt, 7);
        assert_eq!(
            proofs.redeem(&solution(&challenge, 7), now()),
            Err(Refusal::Wrong)
        );
        let foreign = Proofs::new(b"other".to_vec()).create_for(7, now()).unwrap();
        assert_eq!(proofs.redeem(&solution(&foreign, 7), now()), Err(Refusal::Wrong));
        for junk in ["", "x", "e30="] {
            assert_eq!(proofs.redeem(junk, now()), Err(Refusal::Wrong));
        }
    }

    #[test]
    fn digits_do_not_move_between_the_expiry_and_the_number() {
        let proofs = proofs();
        let mut challenge = proofs.create_for(12, now()).unwrap();
        challenge.salt = format!("{}1", challenge.salt);
        assert_eq!(
            proofs.redeem(&solution(&challenge, 2), now()),
            Err(Refusal::Wrong)
        );
    }
}
