//! Log-in through an identity provider with `OpenID` Connect: the authorization code flow with PKCE, a nonce and a state, and back-channel
//! log-out (`OpenID` Connect Core 1.0, Discovery 1.0 and Back-Channel Logout 1.0).

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use futures::future::BoxFuture;
use hotline_core::{
    network::{OutgoingSettings, is_protected},
    staff::identity_provider::{IdentityProviderSettings, ProviderIdentity, ProviderLogOut},
    time::clock::{Clock, SystemClock},
};
use hotline_desk::state::{IdentityProvider, LogInSecrets};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthenticationContextClass, AuthorizationCode,
    ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpClientError, HttpRequest, HttpResponse, IdToken, IdTokenClaims,
    IdTokenFields, IssuerUrl, JsonWebKey, JsonWebKeySet, JsonWebTokenType, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, StandardErrorResponse, StandardTokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
        CoreJsonWebKey, CoreJsonWebKeyType, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
        CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use url::Url;

/// The longest time for a request to the provider.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the provider's addresses and keys are used before they are read again.
const FRESH: Duration = Duration::from_secs(15 * 60);
/// The shortest time between two readings that a token with an unknown key causes.
const SHORTEST_FRESH: Duration = Duration::from_secs(30);
/// How long nothing is asked after the provider could not be reached.
const PAUSE: Duration = Duration::from_secs(5);
/// Requests to the provider at the same time.
const AT_ONCE: usize = 8;
/// How long a request waits for others, which somebody with invented codes can cause.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The oldest log-out token that is accepted.
const OLDEST_LOG_OUT: TimeDelta = TimeDelta::minutes(10);
/// How long after the person authenticated at the provider a log-in can begin. It equals the longest session, so that the session at the
/// provider does not replace the authentication that follows a session of that length.
const LONGEST_AUTHENTICATED: Duration = Duration::from_secs(12 * 60 * 60);
/// How far the clock of the provider may be ahead or behind.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(1);
/// The event of a log-out token (Back-Channel Logout 1.0, section 2.4).
const LOG_OUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The types of a log-out token that the crate accepts. `identity_provider.logout_type` decides which of them are accepted here.
const LOG_OUT_TYPES: [&str; 2] = ["application/logout+jwt", "application/jwt"];
/// The algorithms of signatures. Those with a shared secret are missing, because the provider could publish them unasked.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 10] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EcdsaP521Sha512,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The client of the crate, with a claim of the ID token that the crate does not know.
type Client = openidconnect::Client<
    LogInClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<LogInTokenFields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The provider of the settings.
pub struct OidcProvider {
    settings: IdentityProviderSettings,
    secret: Option<String>,
    /// The page to which the provider sends browsers back.
    return_url: String,
    http: ProviderClient,
    permits: Semaphore,
    known: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
    /// When the provider could not be reached.
    away_since: std::sync::Mutex<Option<Instant>>,
}

/// A claim of an ID token that some providers add.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct LogInClaims {
    /// The token is not valid before this time, in seconds since 1970 (RFC 7519, section 4.1.5).
    #[serde(default)]
    nbf: Option<f64>,
}

impl AdditionalClaims for LogInClaims {}

type LogInTokenFields = IdTokenFields<
    LogInClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// The client for requests to the provider. It sends nothing to other machines without TLS, and nothing to hosts that the settings do not
/// permit: the provider publishes its addresses itself.
struct ProviderClient {
    client: reqwest::Client,
    outgoing: OutgoingSettings,
}

impl ProviderClient {
    fn check(&self, address: &str) -> Result<(), String> {
        let url = Url::parse(address).map_err(|error| error.to_string())?;
        if !is_protected(&url) {
            return Err("the identity provider publishes an address without TLS".to_owned());
        }
        let permitted = self.outgoing.check(url.host_str().unwrap_or_default());
        permitted.map_err(|refused| refused.to_string())
    }
}

impl<'c> AsyncHttpClient<'c> for ProviderClient {
    type Error = HttpClientError<reqwest::Error>;
    type Future = BoxFuture<'c, Result<HttpResponse, Self::Error>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            if let Err(problem) = self.check(&request.uri().to_string()) {
                return Err(HttpClientError::Other(problem));
            }
            AsyncHttpClient::call(&self.client, request).await
        })
    }
}

/// Returns whether signatures with this key count. RSA keys with few bits can be computed from the public key.
fn is_large_enough(key: &CoreJsonWebKey, smallest_rsa_bits: usize) -> bool {
    *key.key_type() != CoreJsonWebKeyType::RSA || rsa_bits(key).is_some_and(|bits| bits >= smallest_rsa_bits)
}

/// Returns the length of the modulus of an RSA key.
fn rsa_bits(key: &CoreJsonWebKey) -> Option<usize> {
    let json = serde_json::to_value(key).ok()?;
    let modulus = json.get("n")?.as_str()?.trim_end_matches('=');
    let modulus = BASE64URL_NOPAD.decode(modulus.as_bytes()).ok()?;
    let mut significant = modulus.iter().skip_while(|byte| **byte == 0);
    let first = significant.next()?;
    let first_bits = u8::BITS - first.leading_zeros();
    Some(significant.count() * 8 + usize::try_from(first_bits).ok()?)
}

/// The claims of a log-out token that an ID token does not have.
#[derive(Debug, Deserialize, Serialize)]
struct LogOutClaims {
    events: BTreeMap<String, serde_json::Value>,
    /// The id of the token, which the provider never uses twice.
    jti: String,
    /// As in [`LogInClaims`].
    #[serde(default)]
    nbf: Option<f64>,
}

impl AdditionalClaims for LogOutClaims {}

type LogOutToken =
    IdToken<LogOutClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// Refuses a token that becomes valid in the future.
fn check_not_before(nbf: Option<f64>, now: DateTime<Utc>) -> Result<(), String> {
    let latest = (now + CLOCK_TOLERANCE).timestamp_micros() as f64 / 1_000_000.0;
    match nbf {
        Some(nbf) if nbf.is_nan() || nbf > latest => Err(format!("the token is valid only after {nbf}")),
        Some(_) | None => Ok(()),
    }
}

/// Refuses an ID token if the person authenticated too long ago, or if the provider does not state when, which `max_age` in the request asks
/// of it (`OpenID` Connect Core 1.0, section 3.1.2.1).
fn check_authenticated_at(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), String> {
    let at = at.ok_or("the provider does not state when the person authenticated (`auth_time`)")?;
    let longest = TimeDelta::from_std(LONGEST_AUTHENTICATED).unwrap_or_default();
    let age = now - at;
    if age < -CLOCK_TOLERANCE || age > longest + CLOCK_TOLERANCE {
        return Err(format!(
            "the person authenticated at {at}, which is not in the last {} hours",
            longest.num_hours()
        ));
    }
    Ok(())
}

/// The header of a token, as far as the crate leaves it unchecked.
#[derive(Deserialize)]
struct TokenHeader {
    #[serde(default)]
    typ: Option<String>,
}

/// Returns the type of a token. The crate accepts every token without a type.
fn type_of(token: &str) -> Result<Option<String>> {
    let header = token.split('.').next().unwrap_or_default();
    let header = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes())?;
    let header: TokenHeader = serde_json::from_slice(&header)?;
    Ok(header.typ)
}

/// Refuses addresses without TLS, to which the client secret or the codes would go in plain text.
fn check_addresses(metadata: &CoreProviderMetadata) -> Result<()> {
    let mut addresses = vec![metadata.authorization_endpoint().url(), metadata.jwks_uri().url()];
    addresses.extend(metadata.token_endpoint().map(|endpoint| endpoint.url()));
    ensure!(
        addresses.into_iter().all(is_protected),
        "the identity provider publishes an address without TLS"
    );
    Ok(())
}

fn identity_of<Claims: AdditionalClaims>(
    claims: &IdTokenClaims<Claims, CoreGenderClaim>,
) -> ProviderIdentity {
    ProviderIdentity {
        issuer: claims.issuer().as_str().to_owned(),
        subject: claims.subject().as_str().to_owned(),
    }
}

impl OidcProvider {
    /// Prepares the provider. Nothing is sent before the first log-in. `desk_url` is the URL at which staff reach the desk.
    pub fn new(
        settings: IdentityProviderSettings,
        desk_url: &str,
        outgoing: OutgoingSettings,
    ) -> Result<Self> {
        let secret = match (&settings.client_secret, &settings.client_secret_file) {
            (Some(secret), _) => Some(secret.expose().clone()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("Could not read {}", file.display()))?;
                Some(text.trim().to_owned())
            }
            (None, None) => None,
        };
        ensure!(
            secret.as_ref().is_none_or(|secret| !secret.is_empty()),
            "The client secret of `identity_provider` is empty"
        );
        ensure!(
            !desk_url.is_empty(),
            "`identity_provider` needs `http.desk_url`: the address to which the provider sends browsers back"
        );
        Ok(Self {
            settings,
            secret,
            return_url: format!("{}/desk/login/provider/return", desk_url.trim_end_matches('/')),
            http: ProviderClient {
                client: reqwest::Client::builder()
                    .connect_timeout(TIMEOUT)
                    .timeout(TIMEOUT)
                    // A redirect could lead the request into the centre's own network (as the crate's documentation warns).
                    .redirect(reqwest::redirect::Policy::none())
                    .build()?,
                outgoing,
            },
            permits: Semaphore::new(AT_ONCE),
            known: Mutex::new(None),
            away_since: std::sync::Mutex::new(None),
        })
    }

    /// Returns the addresses and keys of the provider, at most `oldest` old.
    async fn metadata(&self, oldest: Duration) -> Result<Arc<CoreProviderMetadata>> {
        let mut known = self.known.lock().await;
        if let Some((read_at, metadata)) = known.as_ref()
            && read_at.elapsed() < oldest
        {
            return Ok(Arc::clone(metadata));
        }
        let is_away = |since: &Option<Instant>| since.is_some_and(|since| since.elapsed() < PAUSE);
        ensure!(
            !is_away(&self.away_since.lock().unwrap_or_else(PoisonError::into_inner)),
            "the identity provider could not be reached a moment ago"
        );
        let issuer = IssuerUrl::new(self.settings.issuer.clone())?;
        let read = CoreProviderMetadata::discover_async(issuer, &self.http).await;
        *self.away_since.lock().unwrap_or_else(PoisonError::into_inner) = read.is_err().then(Instant::now);
        let metadata = read.context("the identity provider cannot be reached")?;
        check_addresses(&metadata)?;
        let metadata = Arc::new(self.remove_small_keys(metadata)?);
        *known = Some((Instant::now(), Arc::clone(&metadata)));
        Ok(metadata)
    }

    /// Removes the RSA keys with too few bits, so that their signatures do not count.
    fn remove_small_keys(&self, metadata: CoreProviderMetadata) -> Result<CoreProviderMetadata> {
        let smallest = self.settings.smallest_rsa_bits;
        let published = metadata.jwks().keys();
        let kept: Vec<CoreJsonWebKey> = published
            .iter()
            .filter(|key| is_large_enough(key, smallest))
            .cloned()
            .collect();
        let removed = published.len() - kept.len();
        if removed > 0 {
            tracing::warn!(
                removed,
                smallest_bits = smallest,
                "The identity provider publishes RSA keys with too few bits; their signatures are refused"
            );
        }
        ensure!(
            removed == 0 || !kept.is_empty(),
            "the identity provider has only RSA keys with fewer than {smallest} bits: let it sign with ECDSA or a longer key, or set \
             `identity_provider.smallest_rsa_bits = 2048`"
        );
        Ok(metadata.set_jwks(JsonWebKeySet::new(kept)))
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>> {
        let permit = tokio::time::timeout(LONGEST_WAIT, self.permits.acquire()).await;
        Ok(permit.context("too many log-ins at the same time")??)
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Result<Client> {
        let client = Client::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            self.secret.clone().map(ClientSecret::new),
        );
        Ok(client.set_redirect_uri(RedirectUrl::new(self.return_url.clone())?))
    }

    async fn address(&self, secrets: &LogInSecrets) -> Result<String> {
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata)?;
        let (state, nonce) = (secrets.state.clone(), secrets.nonce.clone());
        let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .set_max_age(LONGEST_AUTHENTICATED);
        for class in &self.settings.acr {
            request = request.add_auth_context_value(AuthenticationContextClass::new(class.clone()));
        }
        let (address, _, _) = request.url();
        Ok(address.into())
    }

    async fn redeem(&self, code: &str, secrets: &LogInSecrets) -> Result<ProviderIdentity> {
        let _permit = self.permit().await?;
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata)?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))?
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.clone()))
            .request_async(&self.http)
            .await
            .context("the provider refuses the code")?;
        let token = tokens
            .extra_fields()
            .id_token()
            .context("the provider sent no ID token")?;
        let nonce = Nonce::new(secrets.nonce.clone());
        let verify = |client: &Client| {
            let verifier = client
                .id_token_verifier()
                .set_allowed_algs(ALGORITHMS)
                .set_auth_time_verifier_fn(|at| check_authenticated_at(at, SystemClock.now()));
            let claims = token.claims(&verifier, &nonce)?;
            check_not_before(claims.additional_claims().nbf, SystemClock.now())
                .map_err(ClaimsVerificationError::Other)?;
            Ok::<_, ClaimsVerificationError>(claims.clone())
        };
        let claims = match verify(&client) {
            Ok(claims) => claims,
            // The provider may have new keys.
            Err(_) => verify(&self.client(&*self.metadata(SHORTEST_FRESH).await?)?)
                .context("the ID token is not valid")?,
        };
        if !self.settings.acr.is_empty() {
            let class = claims.auth_context_ref().map(|class| class.as_str());
            let is_known = class.is_some_and(|class| self.settings.acr.iter().any(|one| one == class));
            ensure!(
                is_known,
                "the provider confirms no class of `identity_provider.acr`, but {class:?}"
            );
        }
        Ok(identity_of(&claims))
    }

    async fn read_log_out(&self, token: &str) -> Result<ProviderLogOut> {
        let typ = type_of(token).context("the header of the log-out token cannot be read")?;
        ensure!(
            self.settings.logout_type.permits(typ.as_deref()),
            "a log-out token has the type `logout+jwt`, and not {typ:?} (`identity_provider.logout_type`)"
        );
        let _permit = self.permit().await?;
        let token = LogOutToken::from_str(token).context("the log-out token cannot be read")?;
        let no_nonce = |nonce: Option<&Nonce>| match nonce {
            None => Ok(()),
            Some(_) => Err("a log-out token has no nonce".to_owned()),
        };
        let verify = |client: &Client| {
            let verifier = client
                .id_token_verifier()
                .set_allowed_algs(ALGORITHMS)
                .set_allowed_jose_types(
                    LOG_OUT_TYPES
                        .into_iter()
                        .filter_map(|kind| JsonWebTokenType::new(kind.to_owned()).normalize().ok()),
                )
                .set_issue_time_verifier_fn(|issued| {
                    let age = SystemClock.now() - issued;
                    match age.abs() <= OLDEST_LOG_OUT {
                        true => Ok(()),
                        false => Err("the log-out token is old".to_owned()),
                    }
                });
            let claims = token.claims(&verifier, no_nonce)?;
            let more = claims.additional_claims();
            check_not_before(more.nbf, SystemClock.now()).map_err(ClaimsVerificationError::Other)?;
            let log_out = ProviderLogOut {
                identity: identity_of(claims),
                token_id: more.jti.clone(),
            };
            Ok::<_, ClaimsVerificationError>((more.events.contains_key(LOG_OUT_EVENT), log_out))
        };
        let (is_log_out, log_out) = match verify(&self.client(&*self.metadata(FRESH).await?)?) {
            Ok(verified) => verified,
            // The provider may have new keys.
            Err(_) => verify(&self.client(&*self.metadata(SHORTEST_FRESH).await?)?)
                .context("the log-out token is not valid")?,
        };
        ensure!(is_log_out, "the token is not about a log-out");
        ensure!(!log_out.token_id.is_empty(), "the log-out token has no id");
        Ok(log_out)
    }

    /// Reads the addresses and keys of the provider, for `hotline check`.
    pub async fn check(&self) -> Result<()> {
        self.metadata(Duration::ZERO).await.map(drop)
    }
}

impl IdentityProvider for OidcProvider {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn proves_second_factor(&self) -> bool {
        self.settings.proves_second_factor
    }

    fn log_in_address<'a>(&'a self, secrets: &'a LogInSecrets) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move { self.address(secrets).await.map_err(|error| format!("{error:#}")) })
    }

    fn identity<'a>(
        &'a self,
        code: &'a str,
        secrets: &'a LogInSecrets,
    ) -> BoxFuture<'a, Result<ProviderIdentity, String>> {
        Box::pin(async move {
            let found = self.redeem(code, secrets).await;
            found.map_err(|error| format!("{error:#}"))
        })
    }

    fn logged_out<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<ProviderLogOut, String>> {
        Box::pin(async move {
            let found = self.read_log_out(token).await;
            found.map_err(|error| format!("{error:#}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_from_the_future_is_refused() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let seconds = |offset: f64| Some(20_000.0 * 86_400.0 + offset);
        assert_eq!(check_not_before(None, now), Ok(()));
        for offset in [-3_600.0, 0.0, 59.5] {
            assert_eq!(check_not_before(seconds(offset), now), Ok(()), "{offset}");
        }
        for nbf in [seconds(61.0), seconds(1e12), Some(f64::INFINITY), Some(f64::NAN)] {
            assert!(check_not_before(nbf, now).is_err(), "{nbf:?}");
        }
    }

    #[test]
    fn a_log_in_needs_an_authentication_of_the_last_twelve_hours() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let is_accepted = |minutes: i64| {
            let at = now - TimeDelta::minutes(minutes);
            check_authenticated_at(Some(at), now).is_ok()
        };
        for minutes in [-1, 0, 12 * 60] {
            assert!(is_accepted(minutes), "{minutes}");
        }
        for minutes in [-2, 12 * 60 + 2] {
            assert!(!is_accepted(minutes), "{minutes}");
        }
        assert!(check_authenticated_at(None, now).is_err());
    }

    #[test]
    fn the_type_of_a_token_is_read_from_its_header() {
        let token = |header: &str| {
            format!(
                "{}.e30.",
                data_encoding::BASE64URL_NOPAD.encode(header.as_bytes())
            )
        };
        let typ = |header: &str| type_of(&token(header)).unwrap();
        assert_eq!(
            typ(r#"{"alg":"RS256","typ":"logout+jwt"}"#).as_deref(),
            Some("logout+jwt")
        );
        assert_eq!(typ(r#"{"alg":"RS256"}"#), None);
        for wrong in ["", "abc", &token("[1]"), &token(r#"{"typ":1}"#)] {
            assert!(type_of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn additional_claims_are_read_beside_those_of_the_crate() {
        let claims = r#"{"iss":"https://login.example.org","aud":"hotline","exp":1700000600,"iat":1700000000,
            "sub":"mila","nbf":1700000000,"jti":"a","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#;
        let log_in: IdTokenClaims<LogInClaims, CoreGenderClaim> = serde_json::from_str(claims).unwrap();
        assert_eq!(log_in.additional_claims().nbf, Some(1_700_000_000.0));
        let log_out: IdTokenClaims<LogOutClaims, CoreGenderClaim> = serde_json::from_str(claims).unwrap();
        let more = log_out.additional_claims();
        assert_eq!((more.nbf, more.jti.as_str()), (Some(1_700_000_000.0), "a"));
        let without = claims.replace("\"jti\":\"a\",", "");
        assert!(serde_json::from_str::<IdTokenClaims<LogOutClaims, CoreGenderClaim>>(&without).is_err());
    }

    #[test]
    fn rsa_keys_count_from_a_number_of_bits_on() {
        let rsa = |first: u8, bytes: usize| {
            let mut modulus = vec![first];
            modulus.resize(bytes, 1);
            CoreJsonWebKey::new_rsa(modulus, vec![1, 0, 1], None)
        };
        assert_eq!(rsa_bits(&rsa(0x80, 256)), Some(2048));
        assert_eq!(rsa_bits(&rsa(0x7f, 256)), Some(2047));
        assert_eq!(rsa_bits(&rsa(0, 257)), Some(2041), "zeros in front do not count");
        assert!(is_large_enough(&rsa(0x80, 384), 3072));
        assert!(!is_large_enough(&rsa(0x80, 256), 3072));
        assert!(is_large_enough(&rsa(0x80, 256), 2048));
        assert!(!is_large_enough(&rsa(0, 1), 2048));
    }

    #[test]
    fn the_provider_is_asked_with_tls_at_permitted_hosts_only() {
        let client = |hosts: Option<Vec<String>>| ProviderClient {
            client: reqwest::Client::builder().build().unwrap(),
            outgoing: OutgoingSettings {
                hosts,
                ..OutgoingSettings::default()
            },
        };
        let any = client(None);
        assert!(any.check("https://login.example.org/keys").is_ok());
        assert!(any.check("http://127.0.0.1:3000/keys").is_ok());
        assert!(any.check("http://login.example.org/keys").is_err());
        assert!(any.check("keys").is_err());
        let some = client(Some(vec!["login.example.org".to_owned()]));
        assert!(some.check("https://login.example.org/keys").is_ok());
        assert!(some.check("https://10.0.0.7/keys").is_err());
    }
}
