// The service worker of the desk. It shows notifications, which stay only while no page of the desk is visible, and opens the contact of a
// notification that is pressed. It handles no requests and stores nothing, so contacts are never kept in the browser.

/** @type {any} */
const worker = globalThis;

function findPages() {
  return worker.clients.matchAll({ type: "window", includeUncontrolled: true });
}

/** @param {{ url: string }} page */
function showsDesk(page) {
  const { pathname } = new URL(page.url);
  return /^\/desk(\/|$)/.test(pathname) && pathname !== "/desk/login";
}

/** @param {{ kind: string, text: string, path: string }} message */
async function showNotification({ kind, text, path }) {
  const pages = await findPages();
  const visible = pages.some((/** @type {any} */ page) => page.visibilityState === "visible" && showsDesk(page));
  // A later notification replaces an earlier one with the same tag. Only danger replaces danger.
  const danger = kind === "danger";
  const tag = visible ? "seen" : danger ? "danger" : "waits";
  await worker.registration.showNotification("Hotline", {
    body: text,
    data: path,
    icon: "/assets/http/icon.svg",
    renotify: !visible,
    silent: visible,
    requireInteraction: danger && !visible,
    tag,
  });
  // A visible page tells the same. Some browsers end a subscription whose messages show nothing, so the notification is shown and closed.
  if (visible) for (const shown of await worker.registration.getNotifications({ tag })) shown.close();
}

/** @param {string} path */
async function openPage(path) {
  const pages = await findPages();
  const open = pages.find(showsDesk);
  if (!open) return worker.clients.openWindow(path);
  await open.focus();
  return open.navigate(path).catch(() => worker.clients.openWindow(path));
}

// Without this, a page that was open when the notifications were switched on could not be led to the contact.
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("push", (/** @type {any} */ event) => event.waitUntil(showNotification(event.data.json())));

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(openPage(event.notification.data));
});
