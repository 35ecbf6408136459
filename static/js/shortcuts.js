// Single keys that act at once: whoever speaks to the machine, or brushes the keyboard, turns them off on the settings page.

const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable], dialog";

/** Whether a key that was pressed is a shortcut at all, whichever it is. */
export function isSingleKey(event) {
  if (document.documentElement.dataset.shortcuts === "off" || event.defaultPrevented) return false;
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest(TYPING);
}
