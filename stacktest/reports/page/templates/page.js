// Only comfort: the page says everything without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let kept = null;
  try { kept = localStorage.getItem("stacktest-theme"); } catch { /* some browsers keep nothing for files */ }
  const paint = (theme) => {
    if (theme) root.dataset.theme = theme;
    button.textContent = (theme || (dark.matches ? "dark" : "light")) === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `${button.textContent} theme`);
  };
  paint(kept);
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = button.textContent.toLowerCase();
    paint(next);
    try { localStorage.setItem("stacktest-theme", next); } catch { /* the choice lasts for this view */ }
  });
  dark.addEventListener("change", () => paint(root.dataset.theme));

  const ago = (moment) => {
    const seconds = (Date.now() - moment) / 1000;
    for (const [size, name] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
      const number = Math.floor(Math.abs(seconds) / size);
      if (number) return seconds < 0 ? `in ${number} ${name}${number > 1 ? "s" : ""}` : `${number} ${name}${number > 1 ? "s" : ""} ago`;
    }
    return "just now";
  };
  const age = document.getElementById("age");
  const refresh = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) time.textContent = ago(new Date(time.dateTime));
    age.hidden = Date.now() - new Date(age.dataset.evaluated) <= age.dataset.hours * 3600e3;
    if (!age.hidden && !age.textContent) age.textContent = age.dataset.text;
  };
  refresh();
  setInterval(refresh, 60e3);

  const label = document.getElementById("filter");
  const input = label.querySelector("input");
  const found = [...document.querySelectorAll("[data-find]")];
  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const one of found) one.hidden = !words.every((word) => one.dataset.find.includes(word));
  };
  label.hidden = false;
  input.addEventListener("input", narrow);
  input.addEventListener("keydown", (event) => { if (event.key === "Escape") { input.value = ""; narrow(); } });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|textarea)$/i.test(event.target.tagName)) { event.preventDefault(); input.focus(); }
  });

  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const box = target && target.closest("details");
    if (box) { box.hidden = false; box.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
})();
