// What can be done on the page at hand, read from the page itself: whatever has a key, and every other button.

const WORDS = { ctrl: "Ctrl", shift: "⇧", enter: "↵", arrowleft: "←", arrowright: "→" };
const OTHERS = "main :is(button, a.btn), #session-after .exports a";
const LEFT_OUT = ".rail, [data-palette-open], dialog, #timeline, #timeline-found";

/** Everything with a key that can be seen now, in the page's order. */
export function withKeys() {
  return [...document.querySelectorAll("[data-shortcut]")].filter(
    (element) => element.checkVisibility() && !element.closest("dialog"),
  );
}

/** Everything that can be pressed now: first what has a key, then the page's other buttons, each name once. */
export function actions() {
  return [...pressable()].map(([label, element]) => ({
    label,
    keys: keysOf(element),
    run: () => press(pressable().get(label)), // its part of the page may have been made anew meanwhile
  }));
}

function pressable() {
  const others = [...document.querySelectorAll(OTHERS)].filter((element) => element.checkVisibility());
  const found = new Map();
  for (const element of [...withKeys(), ...others]) {
    const label = labelOf(element);
    const isOffered = label && !element.disabled && !element.closest(LEFT_OUT);
    if (isOffered && !found.has(label)) found.set(label, element);
  }
  return found;
}

export function labelOf(element) {
  const named = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent;
  if (named) return squeeze(named);
  const copy = element.cloneNode(true);
  for (const unseen of copy.querySelectorAll("kbd, .when-idle, .when-busy")) {
    const isShown = unseen.localName !== "kbd" && element.querySelector(`.${unseen.className}`)?.checkVisibility();
    if (!isShown) unseen.remove();
  }
  return squeeze(copy.textContent);
}

/** The keys of an element, as they stand on a keyboard. */
export function keysOf(element) {
  const shortcut = element.dataset.shortcut ?? "";
  return shortcut.split("+").map((key) => WORDS[key] ?? key.toUpperCase()).join(" ");
}

export function press(element) {
  if (!element?.matches("input, textarea, select")) return element?.click();
  element.focus();
  element.select?.();
}

const squeeze = (text) => text.replace(/\s+/g, " ").trim();
