// Selecting tiles, and the dialog in which what is asked of many is named before it is done.

const dialog = document.getElementById("bulk-dialog");
const list = document.getElementById("live-agents");
const template = document.getElementById("bulk-bar");

// Only then does htmx know the forms in it: a key pressed before would send one as a page of its own.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!dialog) return;
  const isNew = detail.target === dialog;
  if (isNew && !dialog.open) dialog.showModal();
  if (isNew || (dialog.open && !dialog.contains(document.activeElement))) dialog.querySelector("[autofocus]")?.focus();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("dialog [data-closes-dialog]")) return;
  event.preventDefault();
  event.target.closest("dialog").close();
});
dialog?.addEventListener("close", () => dialog.replaceChildren());

if (list && template) {
  const bar = template.content.firstElementChild.cloneNode(true);
  list.before(bar);
  window.htmx?.process(bar);

  const boxes = () => [...list.querySelectorAll("input[name=session]")];

  /** The box is the page's own: what is pushed holds nothing to press, and leaves it as it is. */
  function follow() {
    for (const place of list.querySelectorAll("[data-tile-pick]:empty")) {
      const box = document.createElement("input");
      box.type = "checkbox";
      box.name = "session";
      box.value = place.dataset.tilePick;
      box.setAttribute("aria-label", `Select ${place.dataset.title}`);
      place.append(box);
    }
    count();
  }

  function count() {
    const selected = boxes().filter((one) => one.checked).length;
    bar.hidden = boxes().length === 0;
    bar.querySelector("[data-selected-count]").textContent = selected ? `${selected} selected` : "";
    for (const button of bar.querySelectorAll("[data-bulk-verb]")) button.disabled = selected === 0;
  }

  bar.querySelector("[data-selects-all]").addEventListener("click", () => {
    const all = boxes().some((one) => !one.checked);
    for (const box of boxes()) box.checked = all;
    count();
  });
  list.addEventListener("change", count);
  document.addEventListener("watchfloor:applied", follow);
  new MutationObserver(count).observe(list, { childList: true });
  follow();
}
