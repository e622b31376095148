// Sends forms so that the browser history contains no page to which a form led. Otherwise, "Back" would offer to send the message or the
// receipt code again, even after the visitor left the site. Without this script, the browser sends the forms.

import { parsePage, prepare } from "/public.js";

/** The forms that the browser sends, because this script could not. */
const native = new WeakSet();
let sending = false;

/** Replaces the content of this page with the response to a form. */
function show(next) {
  document.title = next.title;
  document.documentElement.lang = next.documentElement.lang;
  document.body.replaceWith(next.body);
  // The scripts of a parsed page do not run. Their modules prepare the new content when the event arrives.
  for (const script of document.body.querySelectorAll("script[src]")) import(script.getAttribute("src"));
  const main = document.getElementById("main");
  // Loading the page again leads to the page that belongs to the new content.
  if (main.dataset.address)
    history.replaceState(null, "", `${main.dataset.address}?lang=${document.documentElement.lang}`);
  main.tabIndex = -1;
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
  prepare();
  document.dispatchEvent(new Event("replaced"));
}

/** Shows why the service refused a form, such as files that are too large. The form and what was typed remain. */
function explain(refusal, form) {
  const [title, text] = Array.from(refusal.querySelectorAll("#main h1, #main p"), (one) => one.textContent);
  const box = document.createElement("div");
  Object.assign(box, { className: "mistakes", id: "mistakes", tabIndex: -1 });
  box.setAttribute("role", "alert");
  box.append(document.createElement("h2"), document.createElement("p"));
  box.firstChild.textContent = title;
  box.lastChild.textContent = text;
  document.getElementById("mistakes")?.remove();
  form.before(box);
  box.focus();
}

/** Sends a form. Returns the page with which the service responds; fails if the service cannot be reached. */
async function post(form, submitter) {
  const data = new FormData(form);
  // Not every browser adds the button that was pressed.
  if (submitter?.name) data.append(submitter.name, submitter.value);
  const isMultipart = (submitter?.formEnctype || form.enctype) === "multipart/form-data";
  const text = ([name, value]) => [name, value instanceof File ? value.name : value];
  const body = isMultipart ? data : new URLSearchParams(Array.from(data, text));
  const response = await fetch(form.action, { method: "POST", body, cache: "no-store" });
  const page = parsePage(await response.text());
  // A proxy may respond with a page of its own.
  if (!page.getElementById("main") || !page.getElementById("exit")) throw new Error(response.statusText);
  return { page, isRefused: !response.ok && !page.getElementById("form") };
}

/** Sends a form and shows the response. If the service cannot be reached, the browser sends the form, and shows its own error page. */
export async function send(form, submitter) {
  if (sending || !form.isConnected) return;
  sending = true;
  form.setAttribute("aria-busy", "true");
  const response = await post(form, submitter).catch(() => undefined);
  sending = false;
  form.removeAttribute("aria-busy");
  // The visitor may have left the page meanwhile.
  if (!form.isConnected) return;
  if (response?.isRefused) return explain(response.page, form);
  if (response) return show(response.page);
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
