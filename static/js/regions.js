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
  const unsent = region.querySelector("textarea:not([readonly])")?.value;
  const typed = unsent || region.querySelector("textarea[readonly]")?.value;
  const isSameQuestion = Boolean(unsent) && asked(region) === asked(fresh);
  region.replaceWith(fresh);
  window.htmx?.process(fresh);
  const box = typed && !("told" in fresh.dataset) ? keepTyped(fresh, typed, isSameQuestion) : null;
  restore(fresh, box);
  document.dispatchEvent(new CustomEvent("watchfloor:region", { detail: fresh.id }));
}

/** The question that the form of the region answers; of most there is none. */
function asked(region) {
  return region.querySelector("[name=asked]")?.value;
}

/**
 * Words that somebody was still typing are theirs, whoever else answered; no other question is answered with them.
 * Returns the box they stand in.
 */
function keepTyped(region, typed, isSameQuestion) {
  const box = region.querySelector("textarea:not([readonly])");
  if (box && isSameQuestion) {
    box.value = typed;
    return box;
  }
  const kept = document.createElement("textarea");
  kept.readOnly = true;
  kept.rows = 2;
  kept.value = typed;
  kept.setAttribute("aria-label", "What you had typed, not sent");
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.setAttribute("role", "alert");
  hint.textContent = `${box ? "The agent asks something else now. " : ""}What you had typed was not sent:`;
  region.append(hint, kept);
  return kept;
}

function rememberFocus(region) {
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  if (!focused) return () => {};
  const { id, name, localName, selectionStart, selectionEnd } = focused;
  const shortcut = focused.dataset.shortcut;
  return (fresh, box) => {
    if (box && localName === "textarea") {
      box.focus({ preventScroll: true }); // hands that go on typing are not to type into another question's box
      box.setSelectionRange(selectionStart, selectionEnd);
      return;
    }
    const same = shortcut ? `[data-shortcut="${CSS.escape(shortcut)}"]` : name ? `[name="${CSS.escape(name)}"]` : null;
    const next =
      (id ? fresh.querySelector(`#${CSS.escape(id)}:not(:disabled)`) : null) ??
      (same && fresh.querySelector(`${same}:enabled`)) ??
      fresh.querySelector("button:enabled");
    next?.focus({ preventScroll: true });
    if (next?.localName === "textarea" && next.name === name) next.setSelectionRange(selectionStart, selectionEnd);
  };
}
