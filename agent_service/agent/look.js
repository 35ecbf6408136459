// Collects what a person would notice about the page, as plain data. It relies on standard markup and roles only.
// It runs in the page, and marks results with data-agent-result so that they can be pressed afterwards.
(paysPattern) => {
  const MONEY = /(?:US|CA|AU)?[$€£¥₹]\s?\d(?:[\d.,]*\d)?|\d(?:[\d.,]*\d)?\s?(?:€|£|USD|EUR|GBP|kr)(?!\w)/;
  const STARS = /(\d(?:[.,]\d)?)\s*(?:out of|of|\/)\s*5/i;
  const ADD = /\badd(?:ed)?\b.*\b(?:cart|basket|bag|trolley)\b/i;
  const PAY = new RegExp(paysPattern, "i");
  const CART = /\b(?:cart|basket|shopping bag|trolley)\b/i;
  const ASIDE = "nav, footer, [role=navigation], [role=contentinfo], [role=search], [aria-roledescription], dialog:not([open])";

  const squeeze = (text) => (text || "").replace(/\s+/g, " ").replace(/ ([:,.])/g, "$1").trim();
  const visible = (el) => {
    if (el.checkVisibility && !el.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    const box = el.getBoundingClientRect();
    return box.width > 1 && box.height > 1;
  };
  const all = (selector, root = document) => [...root.querySelectorAll(selector)].filter(visible);
  const byIds = (ids) => squeeze((ids || "").split(/\s+/).map((id) => document.getElementById(id)?.textContent || "").join(" "));
  const nameOf = (el) =>
    squeeze(el.getAttribute("aria-label") || byIds(el.getAttribute("aria-labelledby")) || el.innerText || el.value ||
      el.getAttribute("title") || el.querySelector("img[alt]")?.alt);
  const labelOf = (field) =>
    squeeze(field.getAttribute("aria-label") || byIds(field.getAttribute("aria-labelledby")) || field.labels?.[0]?.innerText ||
      field.placeholder || field.title || field.name);
  const main = document.querySelector("main, [role=main]") || document.body;

  function moneyIn(root, outside = []) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      const found = node.data.match(MONEY);
      if (found && !parent.closest("s, del, strike, script, style") && !outside.some((el) => el.contains(parent))) return squeeze(found[0]);
    }
    return squeeze((outside.length ? "" : root.innerText || "").match(MONEY)?.[0]);
  }
  function ratingIn(root, outside = []) {
    for (const el of root.querySelectorAll("[aria-label], [title], span, p, i, b, div, li, td")) {
      if (outside.some((other) => other.contains(el))) continue;
      const found = `${el.getAttribute("aria-label") || ""} ${el.title || ""} ${el.children.length ? "" : el.textContent}`.match(STARS);
      if (found) return found[1];
    }
    return "";
  }

  function titleLinks() {
    const links = all("a[href]", main).filter((a) => !a.closest(ASIDE) && (main !== document.body || !a.closest("header, [role=banner]")));
    const heading = (a) => a.closest("h2, h3, h4, h5, h6") || a.querySelector("h2, h3, h4, h5, h6");
    const titled = links.filter(heading);
    if (titled.length) return titled;
    const listed = links.filter((a) => a.closest("li, article, tr, [role=listitem]") && squeeze(a.innerText).length >= 8);
    return listed.length > 1 ? listed : links.filter((a) => squeeze(a.innerText).length >= 15);
  }
  function cardOf(link, links) {
    let card = link;
    while (card.parentElement && card.parentElement !== main && !card.matches("li, article, tr, [role=listitem], [role=article]")) {
      if (links.some((other) => other.href !== link.href && card.parentElement.contains(other))) break;
      card = card.parentElement;
    }
    return card;
  }
  function cards() {
    const links = titleLinks();
    const seen = new Set();
    const found = [];
    for (const link of links) {
      const card = cardOf(link, links);
      if (seen.has(card)) continue;
      seen.add(card);
      const list = card.closest("ul[aria-label], ol[aria-label], section[aria-label], section[aria-labelledby], [role=list][aria-label]");
      const heading = link.querySelector("h2, h3, h4, h5, h6");
      found.push({ card, link, title: squeeze((heading || link).innerText), list: list ? nameOf(list) : "" });
    }
    const results = found.filter((entry) => /\bresults?\b/i.test(entry.list));
    return results.length ? results : found;
  }

  function valueOf(pattern) {
    for (const el of all("dt, th, td, label, span, b, strong, p, div, li")) {
      const own = squeeze(el.innerText);
      if (own.length > 160) continue;
      const inline = own.match(new RegExp(`^(?:${pattern.source})\\s*(?:\\([^)]*\\))?\\s*[:\\s]\\s*(.+)$`, "i"));
      if (inline && (MONEY.test(inline[1]) || own.includes(":"))) return squeeze(inline[1].match(MONEY)?.[0] || inline[1]);
      if (!new RegExp(`^(?:${pattern.source})\\s*(?:\\([^)]*\\))?:?$`, "i").test(own)) continue;
      const next = el.nextElementSibling;
      if (next && squeeze(next.innerText)) return squeeze(next.innerText).slice(0, 200);
    }
    return "";
  }

  function orderItems() {
    const boxes = all("ul[aria-label], ol[aria-label], section, aside, table, fieldset").filter((el) =>
      /\b(?:items|summary|order|cart|basket)\b/i.test(el.getAttribute("aria-label") || el.querySelector("h1, h2, h3, legend, caption")?.innerText || ""));
    const rows = new Set(boxes.flatMap((box) => all("li, tbody tr", box)).filter((row) => MONEY.test(row.innerText)));
    const title = (row) => row.querySelector("h2, h3, h4")?.innerText || squeeze(row.innerText).split(MONEY)[0];
    return [...new Set([...rows].map((row) => squeeze(title(row))).filter(Boolean))].slice(0, 20);
  }

  const shown = cards();
  document.querySelectorAll("[data-agent-result]").forEach((el) => el.removeAttribute("data-agent-result"));
  shown.forEach(({ card }, index) => card.setAttribute("data-agent-result", index));
  const boxes = shown.map(({ card }) => card);
  const buttons = all("button, [role=button], input[type=submit], input[type=button]");
  const links = all("a[href], [role=link]");
  const cartLink = [...links, ...buttons].find((el) => CART.test(nameOf(el)) && !ADD.test(nameOf(el)) && /\d/.test(nameOf(el)));
  const h1 = all("h1, [role=heading][aria-level='1']").find((el) => squeeze(el.innerText)) || document.querySelector("h1");
  const heading = squeeze(h1?.innerText || all("h2")[0]?.innerText);
  const counted = squeeze(main.innerText).match(/(\d[\d.,]*)\+?\s+(?:search\s+)?(?:results?|matches|products? found|items found)\b/i);
  const pay = [...buttons, ...links].find((el) => PAY.test(nameOf(el)));
  const form = pay?.closest("form");
  const fields = all("input:not([type=hidden], [type=submit], [type=button]), select, textarea");
  const blank = form ? fields.filter((field) => field.form === form && field.required && !field.value && field.type !== "checkbox" && field.type !== "radio") : [];
  const errors = all("[role=alert], [aria-invalid=true]").map((el) => squeeze(el.innerText) || byIds(el.getAttribute("aria-describedby")));

  const options = new Set([...document.querySelectorAll("option")].map((option) => squeeze(option.text)));

  return {
    url: location.href,
    site_name: squeeze(document.querySelector('meta[property="og:site_name"], meta[name="application-name"]')?.content),
    title: squeeze(document.title),
    heading,
    text: squeeze(main.innerText).slice(0, 20000),
    lines: (main.innerText || "").split(/\n+/).map(squeeze).filter((line) => line && !options.has(line)).slice(0, 400),
    price: moneyIn(main, boxes),
    rating: ratingIn(main, boxes),
    results: shown.map(({ card, link, title, list }, ref) => ({
      ref, title, list, href: link.href, price: moneyIn(card), rating: ratingIn(card),
      can_add: all("button, [role=button], input[type=submit]", card).some((el) => ADD.test(nameOf(el))),
    })),
    counted: counted ? Number(counted[1].replace(/\D/g, "")) : null,
    can_add: buttons.some((el) => ADD.test(nameOf(el)) && !boxes.some((box) => box.contains(el))),
    is_cart: CART.test(heading) || (CART.test(document.title) && /\b(?:your|shopping)\b/i.test(document.title)),
    cart_count: cartLink ? Number(nameOf(cartLink).match(/\d+/)[0]) : null,
    subtotal: valueOf(/(?:sub-?total|items?\s+total)/),
    total: valueOf(/(?:(?:order|grand|estimated|cart|basket|your)\s+)?total(?:\s+(?:price|cost|due|to\s+pay))?/),
    order_items: orderItems(),
    order_number: squeeze(valueOf(/(?:your\s+)?order\s+(?:number|no\.?|id|#)/)),
    pay_button: pay ? nameOf(pay) : "",
    blank_fields: blank.map(labelOf),
    asks_password: fields.some((field) => field.type === "password"),
    errors: [...new Set(errors.filter(Boolean))].slice(0, 5),
    notices: [...new Set(all("[role=status], [aria-live=polite]").map((el) => squeeze(el.innerText)).filter(Boolean))].slice(0, 5),
    buttons: [...new Set(buttons.map(nameOf).filter(Boolean))].slice(0, 60),
    links: [...new Set(links.map(nameOf).filter(Boolean))].slice(0, 60),
    fields: [...new Set(fields.map(labelOf).filter(Boolean))].slice(0, 40),
  };
}
