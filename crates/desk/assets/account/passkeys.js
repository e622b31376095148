// Forms that send the answer of a device with a passkey (Web Authentication). The button asks the device; the form is sent with
// its answer.

/**
 * Returns the answer of the device as JSON.
 * @param {"create" | "get"} kind
 * @param {string} options
 */
async function askDevice(kind, options) {
  const read = JSON.parse(options);
  if (kind === "create") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(read);
    return JSON.stringify(await navigator.credentials.create({ publicKey }));
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(read);
  return JSON.stringify(await navigator.credentials.get({ publicKey }));
}

/**
 * Shows the reason for which there is no answer, or none.
 * @param {HTMLFormElement} form
 * @param {"failed" | "unsupported" | null} reason
 */
function explain(form, reason) {
  for (const each of ["failed", "unsupported"]) {
    const line = form.querySelector(`[data-${each}]`);
    if (line instanceof HTMLElement) line.hidden = each !== reason;
  }
}

/**
 * Gets a new challenge for a form that names where, because the page may have been open for long. Without an answer, the challenge of the
 * page is used.
 * @param {HTMLFormElement} form
 */
async function renewChallenge(form) {
  const { begin } = form.dataset;
  const offer = form.elements.namedItem("offer");
  if (!begin || !(offer instanceof HTMLInputElement)) return;
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
  const answer = await fetch(begin, request).catch(() => null);
  if (!answer?.ok) return;
  const fresh = await answer.json();
  form.dataset.options = fresh.options;
  offer.value = fresh.offer;
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const answer = form.elements.namedItem("answer");
  const button = form.querySelector("button");
  if (!(answer instanceof HTMLInputElement) || !button) return;
  explain(form, null);
  if (!("PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential)) {
    return explain(form, "unsupported");
  }
  button.disabled = true;
  try {
    await renewChallenge(form);
    const kind = form.dataset.passkey === "create" ? "create" : "get";
    answer.value = await askDevice(kind, form.dataset.options ?? "");
    // Not `requestSubmit`, whose event would ask the device again.
    form.submit();
  } catch {
    // Browsers do not say whether the person cancelled, or has no passkey for this site.
    explain(form, "failed");
    button.disabled = false;
    button.focus();
  }
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.passkey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    send(form);
  },
  { capture: true },
);
