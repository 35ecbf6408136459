// Groups of checkboxes: a button for all of them, and how many are ticked.

export function countChecks(group) {
  const boxes = [...group.querySelectorAll("input[type=checkbox]")];
  const ticked = boxes.filter((one) => one.checked).length;
  const count = group.querySelector("[data-checks-count]");
  if (count) count.textContent = ticked ? `${ticked} of ${boxes.length} ticked` : "";
  return ticked;
}

document.addEventListener("change", ({ target }) => {
  const group = target.closest("[data-checks]");
  if (group) countChecks(group);
});

document.addEventListener("click", ({ target }) => {
  const group = target.closest("[data-checks-all]")?.closest("[data-checks]");
  if (!group) return;
  const boxes = [...group.querySelectorAll("input[type=checkbox]")];
  const all = boxes.some((one) => !one.checked);
  for (const box of boxes) box.checked = all;
  countChecks(group);
});
