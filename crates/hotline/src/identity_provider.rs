//! Log-in through an identity provider with `OpenID` Connect: the authorization code flow with PKCE, a nonce and a state, and back-channel
//! log-out (`OpenID` Connect Core 1.0, Discovery 1.0 and Back-Channel Logout 1.0).

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::future::BoxFuture;
use hotline_core::{
    staff::identity_provider::{IdentityProviderSettings, ProviderIdentity},
    time::clock::{Clock, SystemClock},
};
use hotline_desk::state::{IdentityProvider, LogInSecrets};
use openidconnect::{
    AdditionalClaims, AuthenticationContextClass, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenClaims,
    IssuerUrl, JsonWebTokenType, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreGenderClaim, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreProviderMetadata,
    },
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

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
const OLDEST_LOG_OUT: chrono::TimeDelta = chrono::TimeDelta::minutes(10);
/// The event of a log-out token (Back-Channel Logout 1.0, section 2.4).
const LOG_OUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The types of a log-out token (Back-Channel Logout 1.0, section 2.4). The second is that of older providers.
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

type Client = CoreClient<
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
    http: reqwest::Client,
    permits: Semaphore,
    known: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
    /// When the provider could not be reached.
    away_since: std::sync::Mutex<Option<Instant>>,
}

/// The claims of a log-out token that an ID token does not have.
#[derive(Debug, Deserialize, Serialize)]
struct LogOutClaims {
    events: BTreeMap<String, serde_json::Value>,
}

impl AdditionalClaims for LogOutClaims {}

type LogOutToken =
    IdToken<LogOutClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

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
    pub fn new(settings: IdentityProviderSettings, desk_url: &str) -> Result<Self> {
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
            http: reqwest::Client::builder()
                .connect_timeout(TIMEOUT)
                .timeout(TIMEOUT)
                // A redirect could lead the request into the centre's own network (as the crate's documentation warns).
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
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
        self.check_addresses(&metadata)?;
        let metadata = Arc::new(metadata);
        *known = Some((Instant::now(), Arc::clone(&metadata)));
        Ok(metadata)
    }

    /// Refuses addresses without TLS, to which the client secret or the codes would go in plain text.
    fn check_addresses(&self, metadata: &CoreProviderMetadata) -> Result<()> {
        let mut addresses = vec![metadata.authorization_endpoint().url(), metadata.jwks_uri().url()];
        addresses.extend(metadata.token_endpoint().map(|endpoint| endpoint.url()));
        let is_local = self.settings.issuer.starts_with("http://");
        ensure!(
            is_local || addresses.iter().all(|address| address.scheme() == "https"),
            "the identity provider publishes an address without TLS"
        );
        Ok(())
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>> {
        let permit = tokio::time::timeout(LONGEST_WAIT, self.permits.acquire()).await;
        Ok(permit.context("too many log-ins at the same time")??)
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Result<Client> {
        let client = CoreClient::from_provider_metadata(
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
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
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
            token
                .claims(&client.id_token_verifier().set_allowed_algs(ALGORITHMS), &nonce)
                .cloned()
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

    async fn read_log_out(&self, token: &str) -> Result<ProviderIdentity> {
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
            let is_log_out = claims.additional_claims().events.contains_key(LOG_OUT_EVENT);
            Ok::<_, ClaimsVerificationError>((is_log_out, identity_of(claims)))
        };
        let (is_log_out, identity) = match verify(&self.client(&*self.metadata(FRESH).await?)?) {
            Ok(verified) => verified,
            // The provider may have new keys.
            Err(_) => verify(&self.client(&*self.metadata(SHORTEST_FRESH).await?)?)
                .context("the log-out token is not valid")?,
        };
        ensure!(is_log_out, "the token is not about a log-out");
        Ok(identity)
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

    fn logged_out<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<ProviderIdentity, String>> {
        Box::pin(async move {
            let found = self.read_log_out(token).await;
            found.map_err(|error| format!("{error:#}"))
        })
    }
}
