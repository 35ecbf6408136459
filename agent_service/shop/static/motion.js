// Slow, small movements. Nothing runs by itself where people ask for less motion.
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function show(items, index) {
  items.forEach((item, at) => item.classList.toggle("is-shown", at === index));
}

function rotate(root, items, seconds) {
  let index = 0;
  let paused = calm.matches;
  const step = (by) => {
    index = (index + by + items.length) % items.length;
    show(items, index);
  };
  setInterval(() => {
    if (!paused && !document.hidden && !root.matches(":hover, :focus-within")) step(1);
  }, seconds * 1000);
  return { step, pause: (value) => (paused = value) };
}

for (const strip of document.querySelectorAll("[data-rotate]")) {
  rotate(strip, [...strip.children], 4);
}

for (const carousel of document.querySelectorAll("[data-carousel]")) {
  const slides = rotate(carousel, [...carousel.querySelectorAll(".slide")], 5);
  for (const button of carousel.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => slides.step(Number(button.dataset.step)));
  }
  const pause = carousel.querySelector("[data-pause]");
  pause.setAttribute("aria-pressed", String(calm.matches));
  pause.addEventListener("click", () => {
    const now = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(now));
    slides.pause(now);
  });
}

for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
