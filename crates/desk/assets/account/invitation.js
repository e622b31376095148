// Posts the secret of a one-time link. The secret is in the fragment of the address, which browsers do not send to servers.

function postSecret() {
  const secret = location.hash.slice(1);
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("link-secret"));
  const field = form?.elements.namedItem("secret");
  if (!secret || !form || !(field instanceof HTMLInputElement)) return;
  // Neither the address bar nor the history keeps the secret.
  history.replaceState(null, "", location.pathname);
  field.value = secret;
  form.submit();
}

postSecret();
// The person pasted a link into the address bar while this page was open.
addEventListener("hashchange", postSecret);
