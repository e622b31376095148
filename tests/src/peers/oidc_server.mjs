// An OpenID provider for tests: oidc-provider, with a log-in page of our own that believes every name.
//
// The first argument names a JSON file with the settings: `module`, `port`, `issuer` and `client`.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { Provider } = await import(settings.module);

// The log-out token that was sent last.
let logOutToken = '';
const provider = new Provider(settings.issuer, {
  clients: [settings.client],
  acrValues: ['mfa'],
  claims: { openid: ['sub'], acr: null, auth_time: null },
  cookies: { keys: ['a key for tests'] },
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: false } },
  // The service is on loopback, where the provider otherwise sends nothing.
  fetch: (url, { dispatcher: _, ...options }) => {
    if (options.body instanceof URLSearchParams) logOutToken = options.body.get('logout_token') ?? logOutToken;
    return fetch(url, options);
  },
  pkce: { required: () => true },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  async loadExistingGrant(context) {
    const { client, session } = context.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid');
    await grant.save();
    return grant;
  },
});

for (const event of ['backchannel.error', 'server_error']) {
  provider.on(event, (...values) => {
    console.error(event, ...values.map((value) => value?.cause ?? value?.message));
  });
}

const page = `<!doctype html><title>Provider</title><form method="post">
<input id="name" name="name"><input id="factor" name="factor" type="checkbox" value="mfa">
<input id="early" name="early" type="checkbox" value="yes"><button id="go">Log in</button></form>`;

async function interact(request, response) {
  if (request.method === 'GET') {
    response.setHeader('content-type', 'text/html');
    response.end(page);
    return;
  }
  let body = '';
  for await (const chunk of request) body += chunk;
  const fields = new URLSearchParams(body);
  // A person who came early authenticated 13 hours ago.
  const ts = Math.floor(Date.now() / 1000) - 13 * 60 * 60;
  const login = {
    accountId: fields.get('name'),
    ...(fields.get('factor') && { acr: 'mfa' }),
    ...(fields.get('early') && { ts }),
  };
  const result = login.accountId ? { login } : { error: 'access_denied', error_description: 'nobody' };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const handle = provider.callback();
createServer((request, response) => {
  if (request.url === '/last-log-out-token') {
    response.end(logOutToken);
  } else if (request.url.startsWith('/interaction/')) {
    interact(request, response).catch((error) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  } else {
    handle(request, response);
  }
}).listen(settings.port, '127.0.0.1');
