// Sends forms so that the browser history contains no page to which a form led. Otherwise, "Back" would offer to send the message or the
// receipt code again, even after the visitor left the site. Without this script, the browser sends the forms.

import { prepare } from "/public.js";

/** The forms that the browser sends, because this script could not. */
const native = new WeakSet();
let sending = false;

/** Replaces the content of this page with the response to a form. */
function show(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  document.title = next.title;
  document.documentElement.lang = next.documentElement.lang;
  document.body.replaceWith(next.body);
  // The scripts of a parsed page do not run. Their modules prepare the new content when the event arrives.
  for (const script of document.body.querySelectorAll("script[src]")) import(script.getAttribute("src"));
  const main = document.getElementById("main");
  // Loading the page again leads to the page that belongs to the new content.
  if (main.dataset.address) history.replaceState(null, "", `${main.dataset.address}?lang=${next.documentElement.lang}`);
  main.tabIndex = -1;
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
  prepare();
  document.dispatchEvent(new Event("replaced"));
}

/** Sends a form. Returns the page with which the service responds; fails if the service cannot be reached. */
async function post(form, submitter) {
  const data = new FormData(form, submitter);
  const isMultipart = (submitter?.formEnctype || form.enctype) === "multipart/form-data";
  const body = isMultipart ? data : new URLSearchParams(data);
  const response = await fetch(form.action, { method: "POST", body, cache: "no-store" });
  if (!response.headers.get("content-type")?.startsWith("text/html")) throw new Error(response.statusText);
  return response.text();
}

/** Sends a form and shows the response. If the service cannot be reached, the browser sends the form, and shows its own error page. */
export async function send(form, submitter) {
  if (sending) return;
  sending = true;
  form.setAttribute("aria-busy", "true");
  const html = await post(form, submitter).catch(() => undefined);
  sending = false;
  form.removeAttribute("aria-busy");
  // The visitor may have left the page meanwhile.
  if (!form.isConnected) return;
  if (html) return show(html);
  native.add(form);
  // Only the buttons of the languages have a name. `submit` calls no listener, so no script prevents it.
  if (submitter?.name) form.requestSubmit(submitter);
  else form.submit();
}

addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || native.has(form)) return;
  event.preventDefault();
  send(form, event.submitter);
});
