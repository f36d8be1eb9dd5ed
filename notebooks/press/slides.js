// One slide at a time; whatever it holds is made small enough to be seen whole.
"use strict";
const slides = [...document.querySelectorAll("section")];
const where = document.body.appendChild(Object.assign(document.createElement("div"), { id: "where" }));
let now = 0;

function fit() {
  const slide = slides[now], inner = slide.firstElementChild, style = getComputedStyle(slide);
  inner.style.fontSize = "";
  const room = slide.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
  for (let size = parseFloat(getComputedStyle(inner).fontSize); inner.scrollHeight > room && size > 6; size *= 0.97) {
    inner.style.fontSize = `${size}px`;
  }
}

function show(number) {
  now = Math.max(0, Math.min(slides.length - 1, number));
  slides.forEach((slide, at) => slide.classList.toggle("now", at === now));
  where.textContent = `${now + 1} / ${slides.length}`;
  history.replaceState(null, "", `#${now + 1}`);
  fit();
}

const steps = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1, Home: -slides.length, End: slides.length };
addEventListener("keydown", event => {
  if (event.key in steps && !event.target.closest("summary, a")) {
    event.preventDefault();
    show(now + steps[event.key]);
  }
});
addEventListener("click", event => event.target.closest("a, details, pre") || show(now + (event.clientX < innerWidth / 3 ? -1 : 1)));
addEventListener("toggle", fit, true); // a <details> was opened or closed
addEventListener("resize", fit);
addEventListener("hashchange", () => show(parseInt(location.hash.slice(1), 10) - 1 || 0));
document.querySelectorAll("img").forEach(image => image.addEventListener("load", fit));
show(parseInt(location.hash.slice(1), 10) - 1 || 0);
