// Pages are pushed alike to everybody, with everybody's name: whoever looks at one reads "you" for their own.

export function writeNames(root = document) {
  for (const each of root.querySelectorAll("[data-person]")) {
    if (each.dataset.person === document.body.dataset.user && each.textContent !== "you") each.textContent = "you";
  }
}

writeNames();
