// Keys for buttons (`data-shortcut`), one press per form, and dialogs in browsers without invoker commands.

import { press as pressControl } from "./shortcut_list.js";
import { isSingleKey } from "./shortcuts.js";

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submitAround(event);
  else if (isSingleKey(event)) press(event);
});

function submitAround(event) {
  const form = event.target.closest("textarea, input")?.form;
  const button = form?.querySelector("[data-shortcut='ctrl+enter'], button:not([type=button])");
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click(); // htmx sends which button it was only where one was clicked
}

function press(event) {
  if (document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  const hasCase = key.length > 1 || key !== key.toUpperCase(); // with Shift, other keys are another sign: ?
  const name = CSS.escape(event.shiftKey && hasCase ? `shift+${key}` : key);
  const control = document.querySelector(`[data-shortcut="${name}"]:not(:disabled)`);
  if (!control?.checkVisibility() && !control?.closest("#top-menu")) return; // what the menu holds need not be open
  event.preventDefault();
  pressControl(control);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return; // what htmx sends, it guards by itself
  if (form.dataset.submitted) {
    event.preventDefault();
    return;
  }
  form.dataset.submitted = "yes";
  form.setAttribute("aria-busy", "true");
  event.submitter?.setAttribute("aria-disabled", "true");
});

// A page that comes back from the browser's memory is to be usable again.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  for (const form of document.querySelectorAll("form[data-submitted]")) {
    delete form.dataset.submitted;
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (button?.getAttribute("command") === "show-modal") dialog?.showModal();
    if (button?.getAttribute("command") === "close") dialog?.close();
  });
}
