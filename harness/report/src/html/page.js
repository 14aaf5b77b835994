"use strict";
document.documentElement.classList.add("scripted");

// Charts are drawn in units of device time; zooming changes the window that is looked at.
for (const figure of document.querySelectorAll(".timeline")) {
  const width = Number(figure.dataset.width), secondsPerUnit = Number(figure.dataset.unit) / 1e12;
  const chart = figure.querySelector(".chart"), axis = figure.querySelector(".track.axis");
  const output = figure.querySelector("output");
  const cursor = document.createElement("div"), chosen = document.createElement("div");
  cursor.className = "cursor"; chosen.className = "chosen";
  chart.append(cursor, chosen);
  chart.tabIndex = 0;
  const least = Math.min(width, 20);
  let from = 0, to = width, pressed = null;

  const decimals = (step) => Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const text = (units) => (units * secondsPerUnit).toFixed(decimals((to - from) * secondsPerUnit / 1000)) + " s";
  function step(count) {
    const rough = (to - from) * secondsPerUnit / count, power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  }
  function drawAxis() {
    const every = step(Math.max(2, Math.floor(axis.clientWidth / 80)));
    axis.replaceChildren();
    for (let n = Math.ceil(from * secondsPerUnit / every); n * every <= to * secondsPerUnit; n++) {
      const tick = document.createElement("span");
      tick.className = "tick";
      tick.textContent = (n * every).toFixed(decimals(every)) + " s";
      tick.style.left = (n * every / secondsPerUnit - from) / (to - from) * 100 + "%";
      axis.append(tick);
    }
  }
  function draw() {
    for (const svg of figure.querySelectorAll("svg.x")) {
      svg.setAttribute("viewBox", `${from} 0 ${to - from} ${svg.viewBox.baseVal.height}`);
    }
    for (const span of figure.querySelectorAll(".at")) {
      const start = Math.max(Number(span.dataset.f), from), end = Math.min(Number(span.dataset.t), to);
      span.hidden = end < start;
      span.style.left = (start - from) / (to - from) * 100 + "%";
      span.style.width = (end - start) / (to - from) * 100 + "%";
    }
    drawAxis();
    output.textContent = from > 0 || to < width ? `${text(from)} to ${text(to)}` : "";
  }
  function look(start, end) {
    const length = Math.min(width, Math.max(least, end - start));
    from = Math.min(Math.max(0, start), width - length);
    to = from + length;
    draw();
  }
  const zoom = (factor, at = (from + to) / 2) => look(at - (at - from) * factor, at + (to - at) * factor);
  const move = (share) => { const by = (to - from) * share, start = Math.min(Math.max(0, from + by), width - (to - from)); look(start, start + (to - from)); };
  const actions = { in: () => zoom(1 / 2), out: () => zoom(2), all: () => look(0, width) };
  const place = (event) => {
    const box = axis.getBoundingClientRect(), share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return { left: box.left - chart.getBoundingClientRect().left + share * box.width, at: from + share * (to - from) };
  };

  figure.querySelector(".tools").addEventListener("click", (event) => actions[event.target.dataset.do]?.());
  chart.addEventListener("keydown", (event) => {
    const action = { "+": actions.in, "=": actions.in, "-": actions.out, "0": actions.all, Home: actions.all,
      ArrowLeft: () => move(-.2), ArrowRight: () => move(.2) }[event.key];
    if (action) { event.preventDefault(); action(); }
  });
  chart.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : .8, place(event).at);
  }, { passive: false });
  chart.addEventListener("dblclick", actions.all);
  chart.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0 && event.target.closest(".track")) pressed = place(event);
  });
  chart.addEventListener("pointermove", (event) => {
    const now = place(event);
    cursor.style.display = "block";
    cursor.style.left = now.left + "px";
    output.textContent = text(now.at);
    if (!pressed) return;
    chosen.style.display = "block";
    chosen.style.left = Math.min(now.left, pressed.left) + "px";
    chosen.style.width = Math.abs(now.left - pressed.left) + "px";
    event.preventDefault();
  });
  addEventListener("pointerup", (event) => {
    if (!pressed) return;
    const start = pressed, end = place(event);
    pressed = null;
    chosen.style.display = "none";
    if (Math.abs(end.left - start.left) > 5) look(Math.min(start.at, end.at), Math.max(start.at, end.at));
  });
  chart.addEventListener("pointerleave", () => { cursor.style.display = "none"; draw(); });
  new ResizeObserver(() => axis.clientWidth > 0 && drawAxis()).observe(axis);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.previousElementSibling.textContent);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
    }
  });
}

const filter = document.querySelector(".filter");
if (filter) {
  const [search, box] = filter.querySelectorAll("input"), runs = document.querySelectorAll(".run");
  const apply = () => {
    const wanted = search.value.toLowerCase();
    let shown = 0;
    for (const run of runs) {
      const name = run.querySelector(".name").textContent.toLowerCase();
      run.hidden = !name.includes(wanted) || (box.checked && run.classList.contains("passed"));
      shown += run.hidden ? 0 : 1;
    }
    filter.querySelector("output").textContent = shown < runs.length ? `${shown} of ${runs.length}` : "";
  };
  filter.addEventListener("input", apply);
}

function unfold() {
  const run = location.hash.startsWith("#run-") && document.querySelector(location.hash);
  if (run && "open" in run) { run.open = true; run.scrollIntoView(); }
}
addEventListener("hashchange", unfold);
unfold();
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((run) => { run.open = true; }));
