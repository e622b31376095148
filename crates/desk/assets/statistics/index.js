// Marks the entry of the statistics page's index whose section is at the top of the window.

let isPlanned = false;

function markSection() {
  isPlanned = false;
  const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll(".index a")]);
  const isAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
  const top = (/** @type {HTMLAnchorElement} */ link) =>
    document.getElementById(link.hash.slice(1))?.getBoundingClientRect().top ?? Infinity;
  const current = isAtEnd && scrollY > 0 ? links.at(-1) : (links.findLast((link) => top(link) < 140) ?? links[0]);
  for (const link of links) {
    if (link === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  // On a narrow screen the index is a row that scrolls.
  const row = current?.parentElement;
  if (current && row) row.scrollTo({ left: current.offsetLeft - row.offsetLeft - 16 });
}

addEventListener(
  "scroll",
  () => {
    if (isPlanned || !document.querySelector(".index")) return;
    isPlanned = true;
    requestAnimationFrame(markSection);
  },
  { passive: true },
);
