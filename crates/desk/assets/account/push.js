// The preference that notifies this device also while no page of the desk is open (Web Push). It takes effect at once, and
// ends with the session.

import { trusted } from "../http/page.js";

const ROUTE = "/api/v1/me/push";
const SCOPE = "/desk";

/** @returns {HTMLInputElement | null} */
function findSwitch() {
  return /** @type {HTMLInputElement | null} */ (document.getElementById("push"));
}

/**
 * Explains the state of the preference.
 * @param {"off" | "on" | "unsupported" | "denied" | "unreachable" | "refused" | "failed"} state
 */
function explain(state) {
  const hint = document.getElementById("push-hint");
  if (hint) hint.textContent = hint.dataset[state] ?? "";
}

/**
 * @param {string} path
 * @param {object} body
 */
function post(path, body) {
  return fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

async function findSubscription() {
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  return registration?.pushManager.getSubscription();
}

/** Shows whether this device is notified. The preference is hidden until a script can change it. */
async function showState() {
  const box = findSwitch();
  if (!box?.parentElement) return;
  box.parentElement.hidden = false;
  const hint = document.getElementById("push-hint");
  if (hint) hint.hidden = false;
  if (!navigator.serviceWorker || !("PushManager" in window)) {
    box.disabled = true;
    return explain("unsupported");
  }
  const [answer, subscription] = await Promise.all([fetch(ROUTE), findSubscription()]);
  box.checked = !!subscription && answer.ok && (await answer.json()).subscribed;
  explain(box.checked ? "on" : "off");
}

/**
 * Subscribes this device. Returns the state that explains the result.
 * @param {string} key the public key of the server
 */
async function subscribe(key) {
  if ((await Notification.requestPermission()) !== "granted") return "denied";
  await navigator.serviceWorker.register(trusted.createScriptURL("/desk/push.js"), { scope: SCOPE });
  const registration = await navigator.serviceWorker.ready;
  const earlier = await registration.pushManager.getSubscription();
  await earlier?.unsubscribe();
  let subscription;
  try {
    subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch (error) {
    console.error(error);
    return "unreachable";
  }
  const { endpoint, keys } = subscription.toJSON();
  const answer = await post(ROUTE, { endpoint, p256dh: keys?.p256dh, auth: keys?.auth });
  if (answer.ok) return "on";
  await subscription.unsubscribe();
  return answer.status === 422 ? "refused" : "failed";
}

async function unsubscribe() {
  const answer = await post(`${ROUTE}/end`, {});
  const subscription = await findSubscription();
  await subscription?.unsubscribe();
  return answer.ok ? "off" : "failed";
}

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (menu instanceof HTMLDetailsElement && menu.id === "preferences" && menu.open) showState().catch(console.error);
  },
  // The event does not bubble.
  true,
);

// The menu may have been opened while this script was loading.
if (document.querySelector("#preferences[open]")) showState().catch(console.error);

document.addEventListener("change", async (event) => {
  const box = findSwitch();
  if (!box || event.target !== box) return;
  box.disabled = true;
  try {
    const state = box.checked ? await subscribe(box.dataset.key ?? "") : await unsubscribe();
    box.checked = state === "on";
    explain(state);
  } catch (error) {
    console.error(error);
    box.checked = false;
    explain("failed");
  }
  box.disabled = false;
  box.focus();
});
