// Helps to write a reply: marks for bold words and lists, the length that the channel permits, and a preview.

import { findAround, parsePage } from "../http/page.js";

/** The delay between the last keystroke and the next preview, in milliseconds. */
const SOON = 400;
/** The part of the permitted length from which the length is shown. */
const NEAR = 0.8;

let soon = 0;
/** The number of the latest request for a preview. Answers to earlier requests are dropped. */
let latest = 0;

/** @returns {HTMLTextAreaElement | null} */
function findReply() {
  return /** @type {HTMLTextAreaElement | null} */ (document.getElementById("reply"));
}

/** Shows the tools. Without this script, the counsellor types the marks. */
export function prepareComposer() {
  const tools = document.getElementById("tools");
  if (!tools) return;
  tools.hidden = false;
  showLength();
}

/** Returns whether the reply is longer than one message can be. */
function isLong() {
  const longest = Number(document.getElementById("tools")?.dataset.longest);
  return Boolean(longest) && (findReply()?.value.length ?? 0) > longest;
}

/** Shows the length of the reply when it comes near the limit of the channel. */
function showLength() {
  const shown = document.getElementById("length");
  const longest = Number(document.getElementById("tools")?.dataset.longest);
  const length = findReply()?.value.length ?? 0;
  if (!shown) return;
  const near = longest && length > longest * NEAR;
  const { lang } = document.documentElement;
  const written = near ? `${length.toLocaleString(lang)} / ${longest.toLocaleString(lang)}` : "";
  if (shown.textContent !== written) shown.textContent = written;
  shown.classList.toggle("over", isLong());
}

async function showPreview() {
  const [reply, preview] = [findReply(), document.getElementById("preview")];
  const at = /** @type {HTMLElement | null} */ (reply?.closest("[data-at]"))?.dataset.at;
  if (!reply || !preview || !at) return;
  latest += 1;
  const mine = latest;
  try {
    const answer = await fetch(`${at}/preview`, { method: "POST", body: new URLSearchParams({ text: reply.value }) });
    const fresh = answer.ok && parsePage(await answer.text()).getElementById("preview");
    if (fresh && mine === latest && preview.isConnected) preview.replaceChildren(...fresh.childNodes);
  } catch {
    // The page already shows that the connection is lost. The next keystroke tries again.
  }
}

/** @param {boolean} open */
function togglePreview(open) {
  const preview = document.getElementById("preview");
  if (!preview) return;
  preview.hidden = !open;
  document.getElementById("preview-button")?.setAttribute("aria-expanded", String(open));
  if (open) showPreview();
}

/**
 * Encloses the selected words in marks, or writes the mark of a list before each selected line.
 * @param {HTMLTextAreaElement} field
 * @param {string} mark
 */
function insertMark(field, mark) {
  const { selectionStart: from, selectionEnd: to, value } = field;
  field.focus();
  if (mark === "**") {
    // Marks beside a space mean nothing, so that spaces at the ends of the selection stay outside the marks.
    const selected = value.slice(from, to);
    const words = selected.trim();
    const begin = from + (words ? selected.indexOf(words) : 0);
    field.setRangeText(`**${words}**`, begin, words ? begin + words.length : to, "end");
    field.setSelectionRange(begin + mark.length, begin + mark.length + words.length);
  } else {
    const begin = value.lastIndexOf("\n", from - 1) + 1;
    const lines = value.slice(begin, to).split("\n");
    field.setRangeText(lines.map((line) => mark + line).join("\n"), begin, to, "end");
  }
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement | null} */ (findAround(event, "#tools [data-mark]"));
  const reply = findReply();
  if (button && reply) insertMark(reply, button.dataset.mark ?? "");
  if (findAround(event, "#preview-button")) togglePreview(document.getElementById("preview")?.hidden ?? false);
});

document.addEventListener("input", (event) => {
  if (event.target !== findReply()) return;
  showLength();
  // A reply that is sent as several messages is previewed without being asked for.
  if (isLong() && document.getElementById("preview")?.hidden) togglePreview(true);
  if (document.getElementById("preview")?.hidden !== false) return;
  clearTimeout(soon);
  soon = setTimeout(showPreview, SOON);
});

// A click on a tab leads to its field. The arrow keys only change the tab.
document.addEventListener("click", (event) => {
  const label = /** @type {HTMLLabelElement | null} */ (findAround(event, "label[for^='writes-']"));
  if (label) setTimeout(() => document.getElementById(label.htmlFor.slice("writes-".length))?.focus());
});

// The preview shows the reply that is being written. After the reply was sent, there is none.
document.addEventListener("submit", (event) => {
  if (event.target instanceof HTMLFormElement && event.target.matches("form.reply")) togglePreview(false);
});

document.addEventListener("keydown", (event) => {
  if (event.target !== findReply() || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "b") return;
  if (!document.querySelector("#tools [data-mark]")) return;
  event.preventDefault();
  insertMark(/** @type {HTMLTextAreaElement} */ (event.target), "**");
});
