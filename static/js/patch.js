// Makes an element what fresh markup says it is, touching only what differs: focus, selection and what a screen
// reader is told stay with what did not change.

export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

export function patch(old, fresh) {
  if (old.hasAttribute("data-page-owns")) return; // what is in there only the page knows
  patchAttributes(old, fresh);
  const wanted = new Map(elementsByKey(fresh));
  for (const [key, child] of elementsByKey(old)) if (!wanted.has(key)) child.remove();
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const known = keyOf(child) && elementsByKey(old).find(([key]) => key === keyOf(child))?.[1];
    if (known) at = removeUntil(known, at);
    if (at && isSame(at, child)) {
      patchNode(at, child);
      at = at.nextSibling;
    } else {
      if (known) patchNode(known, child);
      old.insertBefore(known || child, at);
    }
  }
  removeUntil(null, at);
}

/** An element that is moved loses its focus: whatever nameless stands before it goes instead. */
function removeUntil(end, at) {
  while (at && at !== end && (!end || !keyOf(at))) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  return at;
}

function patchNode(old, fresh) {
  if (old.nodeType === Node.ELEMENT_NODE) patch(old, fresh);
  else if (old.data !== fresh.data) old.data = fresh.data;
}

function patchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

/** Elements that stand for a thing of their own are known by their id or, in lists, by what they link to. */
function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  return node.id || (node.localName === "li" && node.querySelector("a[href]")?.getAttribute("href")) || null;
}

function elementsByKey(parent) {
  return [...parent.children].map((child) => [keyOf(child), child]).filter(([key]) => key);
}

function isSame(old, fresh) {
  return old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);
}
