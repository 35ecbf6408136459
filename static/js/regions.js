// Regions that hold forms and buttons are fetched again when the server names a newer version of them, and only then:
// what is half typed in one stays.

import { load } from "./fetching.js";

const RETRY = 400;
const ATTEMPTS = 5;

/** The newest version the server named, by the region's id. */
const wanted = new Map();
const underWay = new Set();

export function refreshRegions(versions) {
  for (const [id, version] of Object.entries(versions)) {
    wanted.set(id, version);
    refresh(id, ATTEMPTS);
  }
}

// A press in the region is answered first: its answer may already be the newest version.
document.addEventListener("htmx:afterRequest", () => setTimeout(() => [...wanted.keys()].forEach((id) => refresh(id, 1))));

async function refresh(id, attempts) {
  const region = document.getElementById(id);
  if (!region || underWay.has(id) || region.dataset.version === wanted.get(id) || isBusy(region)) return;
  underWay.add(id);
  const fresh = await load(region.dataset.liveUrl);
  underWay.delete(id);
  const current = document.getElementById(id);
  if (fresh && current && !isBusy(current) && current.dataset.version !== wanted.get(id)) swap(current, fresh);
  if (attempts > 1) setTimeout(() => refresh(id, attempts - 1), fresh ? 0 : RETRY);
}

function isBusy(region) {
  return region.matches(".htmx-request") || region.querySelector(".htmx-request") !== null;
}

function swap(region, fresh) {
  if (region.dataset.version === fresh.dataset.version) return;
  const restore = rememberFocus(region);
  const typed = region.querySelector("textarea:not([readonly])")?.value ?? "";
  region.replaceWith(fresh);
  window.htmx?.process(fresh);
  if (typed && !("told" in fresh.dataset)) keepTyped(fresh, typed);
  restore(fresh);
  document.dispatchEvent(new CustomEvent("watchfloor:region", { detail: fresh.id }));
}

/** Words that somebody was still typing are theirs, whoever else answered. */
function keepTyped(region, typed) {
  const box = region.querySelector("textarea:not([readonly])");
  if (box) {
    box.value = typed;
    return;
  }
  const kept = document.createElement("textarea");
  kept.readOnly = true;
  kept.rows = 2;
  kept.value = typed;
  kept.setAttribute("aria-label", "What you had typed, not sent");
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = "What you had typed was not sent:";
  region.append(hint, kept);
}

function rememberFocus(region) {
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  if (!focused) return () => {};
  const { id, name, selectionStart, selectionEnd } = focused;
  const shortcut = focused.dataset.shortcut;
  return (fresh) => {
    const same = shortcut ? `[data-shortcut="${CSS.escape(shortcut)}"]` : name ? `[name="${CSS.escape(name)}"]` : null;
    const next =
      (id && fresh.querySelector(`#${CSS.escape(id)}:not(:disabled)`)) ??
      (same && fresh.querySelector(`${same}:enabled`)) ??
      fresh.querySelector("button:enabled");
    next?.focus({ preventScroll: true });
    if (next?.localName === "textarea" && next.name === name) next.setSelectionRange(selectionStart, selectionEnd);
  };
}
