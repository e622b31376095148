//! Passkeys, with Chromium and its virtual authenticator.

use fantoccini::{Client, Locator};
use hotline_tests::{
    peers::browser::Browser,
    service::Service,
    staff::{PASSWORD, Staff, text},
};
use serde_json::{Value, json};

use crate::writing::{press, shows, until};

/// Makes the browser answer a challenge, and returns the answer as JSON.
const ANSWER: &str = "
    const [kind, options, done] = arguments;
    const read = JSON.parse(options);
    const asked = kind === 'create'
        ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(read) })
        : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(read) });
    asked.then((answer) => done(JSON.stringify(answer)), (error) => done(`failed: ${error}`));";

/// The parts of a world: a service with a domain name, a browser, and the id of the authenticator in it.
struct World {
    service: Service,
    browser: Browser,
    authenticator: String,
}

impl World {
    async fn new(roles: &str) -> Self {
        let mut service = Service::new(None).unwrap();
        let address = format!("http://localhost:{}", service.port());
        service
            .set_http_keys(&format!("desk_url = \"{address}\""))
            .unwrap();
        service.require_second_factor(roles).unwrap();
        service.start().await.unwrap();
        let browser = Browser::start().await.unwrap();
        browser.devtools("WebAuthn.enable", json!({})).await.unwrap();
        let options = json!({ "options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
        }});
        let added = browser
            .devtools("WebAuthn.addVirtualAuthenticator", options)
            .await
            .unwrap();
        Self {
            authenticator: text(&added, "/authenticatorId").to_owned(),
            service,
            browser,
        }
    }

    fn client(&self) -> &Client {
        self.browser.client()
    }

    async fn go(&self, path: &str) {
        let address = format!("http://localhost:{}{path}", self.service.port());
        self.client().goto(&address).await.unwrap();
    }

    async fn type_password(&self, login: &str) {
        self.client().delete_all_cookies().await.unwrap();
        self.go("/desk/login").await;
        until(self.client(), "#login")
            .await
            .send_keys(login)
            .await
            .unwrap();
        until(self.client(), "#password")
            .await
            .send_keys(PASSWORD)
            .await
            .unwrap();
        press(self.client(), "form[action='/desk/login'] button").await;
    }

    async fn log_in_with_passkey(&self) {
        self.client().delete_all_cookies().await.unwrap();
        self.go("/desk/login").await;
        press(self.client(), "form[action='/desk/login/passkey'] button").await;
    }

    /// Adds a passkey on the page of the second factors.
    async fn add(&self, name: &str) {
        self.go("/desk/me/factors").await;
        until(self.client(), "#add-passkey-password")
            .await
            .send_keys(PASSWORD)
            .await
            .unwrap();
        press(
            self.client(),
            "form[action='/desk/me/factors/passkeys/begin'] button",
        )
        .await;
        let field = until(self.client(), "#passkey-name").await;
        field.clear().await.unwrap();
        field.send_keys(name).await.unwrap();
        press(self.client(), "form[data-passkey='create'] button").await;
    }

    /// Makes the device forget its passkeys.
    async fn lose_device(&self) {
        let device = json!({ "authenticatorId": self.authenticator });
        self.browser
            .devtools("WebAuthn.clearCredentials", device)
            .await
            .unwrap();
    }

    /// Lets the device answer a challenge that the service made in a session. An empty token is no session.
    async fn answer(&self, token: &str, path: &str, body: &Value, kind: &str) -> Value {
        let (status, offer) = self.post(token, path, body).await;
        assert_eq!(status, 200, "{path}: {offer}");
        let arguments = vec![json!(kind), offer["options"].clone()];
        let answer = self.client().execute_async(ANSWER, arguments).await.unwrap();
        assert!(!answer.as_str().unwrap().starts_with("failed"), "{answer}");
        json!({ "offer": offer["offer"], "answer": answer })
    }

    async fn get(&self, token: &str, path: &str) -> Value {
        let client = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(60))
            .build()
            .unwrap();
        let request = client.get(format!("{}{path}", self.service.base()));
        let answer = request.bearer_auth(token).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn post(&self, token: &str, path: &str, body: &Value) -> (u16, Value) {
        let client = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(60))
            .build()
            .unwrap();
        let mut request = client.post(format!("{}{path}", self.service.base())).json(body);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}

async fn proofs(staff: &Staff) -> String {
    staff.get("/api/v1/me/sessions").await.unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_logs_in_alone_and_after_the_password() {
    let world = World::new("[]").await;
    let client = world.client();
    let mila = world.service.hire("mila", "counsellor").await.unwrap();
    world.type_password("mila").await;
    until(client, "a[href='/desk/me']").await;
    world.add("Telefon").await;
    // The first second factor comes with recovery codes.
    until(client, ".codes").await;
    let recovery = until(client, ".codes li").await.text().await.unwrap();
    // Adding it ended her other sessions.
    assert!(mila.get("/api/v1/me").await.is_err());
    world.log_in_with_passkey().await;
    until(client, "a[href='/desk/me']").await;
    world.type_password("mila").await;
    press(client, "form[action='/desk/login/code/passkey'] button").await;
    until(client, "a[href='/desk/me']").await;
    world.go("/desk/me/factors").await;
    shows(client, "main", "Telefon").await;
    // Without the device, a recovery code completes the log-in.
    world.lose_device().await;
    world.type_password("mila").await;
    press(client, "form[action='/desk/login/code/passkey'] button").await;
    until(client, "[data-failed]:not([hidden])").await;
    press(client, "a[href='/desk/login/code?recovery=true']").await;
    until(client, "#code").await.send_keys(&recovery).await.unwrap();
    press(client, "form[action='/desk/login/code'] button").await;
    until(client, "a[href='/desk/me']").await;
    // The lost passkey is removed: the password suffices again.
    world.go("/desk/me/factors").await;
    until(client, "#remove-passkey-password")
        .await
        .send_keys(PASSWORD)
        .await
        .unwrap();
    press(client, "form[action='/desk/me/factors/passkeys/remove'] button").await;
    until(client, "#flash .done").await;
    let mila = world.service.log_in("mila").await.unwrap();
    assert!(proofs(&mila).await.contains("\"password\""));
    let factors = mila.get("/api/v1/me/factors").await.unwrap();
    assert_eq!(factors["passkeys"], json!([]));
    assert_eq!(factors["recovery_codes_left"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_in_need_completes_its_first_log_in_with_a_passkey() {
    let world = World::new("[\"supervisor\"]").await;
    let client = world.client();
    let command = ["staff", "add", "sava", "--role", "supervisor"];
    let hired = world.service.run(&command, PASSWORD).unwrap();
    assert!(hired.status.success(), "{hired:?}");
    world.type_password("sava").await;
    press(client, "form[action='/desk/login/enrol/passkey'] button").await;
    until(client, ".codes").await;
    world.log_in_with_passkey().await;
    until(client, "a[href='/desk/me']").await;
    // The only factor of such a role cannot be removed.
    world.go("/desk/me/factors").await;
    until(client, "#add-passkey-password").await;
    assert!(
        client
            .find(Locator::Css("#remove-passkey-password"))
            .await
            .is_err()
    );
    let proof = world
        .answer("", "/api/v1/session/passkey/begin", &json!({}), "get")
        .await;
    let (_, session) = world.post("", "/api/v1/session/passkey", &proof).await;
    let sava = text(&session, "/token");
    let factors = world.get(sava, "/api/v1/me/factors").await;
    let removal = json!({ "passkey": factors["passkeys"][0]["id"], "password": PASSWORD });
    let refused = world
        .post(sava, "/api/v1/me/factors/passkeys/remove", &removal)
        .await;
    assert_eq!(refused.0, 409, "{refused:?}");
    world.log_in_with_passkey().await;
    until(client, "a[href='/desk/me']").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_works_once_for_its_account_session_and_purpose() {
    let world = World::new("[]").await;
    let mila = world.service.hire("mila", "counsellor").await.unwrap();
    let petar = world.service.hire("petar", "counsellor").await.unwrap();
    world.go("/desk/login").await;
    let again = json!({ "password": PASSWORD });
    let new = "/api/v1/me/factors/passkeys";
    let begin = "/api/v1/me/factors/passkeys/begin";
    let mut answer = world.answer(mila.token(), begin, &again, "create").await;
    answer["name"] = json!("Telefon");
    let foreign = world.post(petar.token(), new, &answer).await;
    assert_eq!(foreign.0, 422, "{foreign:?}");
    let mut unnamed = answer.clone();
    unnamed["name"] = json!(" ");
    assert_eq!(world.post(mila.token(), new, &unnamed).await.0, 409);
    let (status, added) = world.post(mila.token(), new, &answer).await;
    assert_eq!(status, 200, "{added}");
    assert_eq!(added["recovery_codes"].as_array().unwrap().len(), 10);
    let twice = world.post(mila.token(), new, &answer).await;
    assert_eq!(twice.0, 409, "{twice:?}");
    // A log-in by passkey alone.
    let (alone, by_itself) = ("/api/v1/session/passkey", "/api/v1/session/passkey/begin");
    let proof = world.answer("", by_itself, &json!({}), "get").await;
    let mut changed = proof.clone();
    changed["answer"] = json!(text(&proof, "/answer").replacen("\"signature\":\"M", "\"signature\":\"N", 1));
    assert_eq!(world.post("", alone, &changed).await.0, 422);
    let (status, session) = world.post("", alone, &proof).await;
    assert_eq!((status, text(&session, "/step")), (200, "complete"), "{session}");
    let replayed = world.post("", alone, &proof).await;
    assert_eq!(replayed.0, 422, "{replayed:?}");
    // A log-in with the password first: the answer belongs to that session.
    let typed = json!({ "login": "mila", "password": PASSWORD });
    let (_, first) = world.post("", "/api/v1/session", &typed).await;
    let (_, second) = world.post("", "/api/v1/session", &typed).await;
    assert_eq!(text(&first, "/step"), "code");
    let (first, second) = (text(&first, "/token"), text(&second, "/token"));
    let challenge = "/api/v1/session/code/passkey/begin";
    let proof = world.answer(first, challenge, &json!({}), "get").await;
    assert_eq!(
        world.post(second, "/api/v1/session/code/passkey", &proof).await.0,
        422
    );
    assert_eq!(world.post("", alone, &proof).await.0, 422, "another purpose");
    let (status, session) = world.post(first, "/api/v1/session/code/passkey", &proof).await;
    assert_eq!(status, 200, "{session}");
    // An answer that was given before the account was disabled is refused afterwards.
    let proof = world.answer("", by_itself, &json!({}), "get").await;
    world.service.must(&["staff", "disable", "mila"]).unwrap();
    assert_eq!(world.post("", alone, &proof).await.0, 422);
    world.service.must(&["staff", "enable", "mila"]).unwrap();
    let reset = ["staff", "reset-factors", "mila", "--proof", "in_person"];
    world.service.must(&reset).unwrap();
    assert_eq!(world.post("", alone, &proof).await.0, 422);
    let mila = world.service.log_in("mila").await.unwrap();
    assert!(proofs(&mila).await.contains("\"password\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_domain_name_offers_no_passkeys() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let page = mila.any_page("/desk/login").await.unwrap();
    assert!(!page.contains("passkey"), "{page}");
    let factors = mila.page("/desk/me/factors").await.unwrap();
    assert!(!factors.contains("passkeys/begin"));
    let again = json!({ "password": PASSWORD });
    let refused = mila.post("/api/v1/me/factors/passkeys/begin", &again).await;
    assert!(refused.unwrap_err().to_string().contains("404"));
}
