// Moving about, and the beginning.
const lanesBox = document.getElementById("lanes"), tip = document.getElementById("tip");
let asked = false;
function redraw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; draw(); remember(); });
}

// look moves the window; it never gets smaller than a microsecond.
function look(a, b) {
  const least = 1e3, size = Math.min(Math.max(b - a, least), uMax * 1.06), mid = (a + b) / 2;
  a = mid - size / 2; b = mid + size / 2;
  const low = -0.03 * uMax, high = 1.03 * uMax;
  if (a < low) { b += low - a; a = low; }
  if (b > high) { a -= b - high; b = high; }
  view.a = a; view.b = b;
  redraw();
}
function zoom(factor, px = gutter + plot / 2) {
  const u = uOf(px);
  look(u - (u - view.a) * factor, u + (view.b - u) * factor);
}
const pan = share => { const d = (view.b - view.a) * share; look(view.a + d, view.b + d); };
const fit = () => look(-0.01 * uMax, 1.01 * uMax);

// reveal moves the window and the lanes so that a moment is seen.
function reveal(i) {
  const a = uAt[i], b = Math.max(uEnd[i], a), size = view.b - view.a;
  if (a < view.a + size * 0.03 || a > view.b - size * 0.03) look(a - size * 0.4, a + size * 0.6);
  if (b - a < size && b > view.b) look(a - size * 0.1, a + size * 0.9);
  const y = tops[laneOf[i]];
  if (y < lanesBox.scrollTop || y + 40 > lanesBox.scrollTop + lanesBox.clientHeight - 30) lanesBox.scrollTop = Math.max(0, y - 100);
}

// toViolation shows the last part of the run: from the death or the start
// before the violation on, but at least a number of things that matter.
function toViolation() {
  if (violation >= 0) select(violation);
  const until = violation >= 0 ? uAt[violation] : uMax;
  let from = until, seen = 0, turns = 0;
  for (let i = count - 1; i >= 0 && (seen < 60 || turns < 1); i--) {
    if (uAt[i] > until) continue;
    if (["request", "entry", "fault", "death"].includes(kindOf(i))) seen++;
    if (["fault", "death", "life"].includes(kindOf(i)) && uAt[i] < until) turns++;
    from = Math.min(from, uAt[i]);
    if (seen > 400) break;
  }
  // What the story begins with, too, when that is not far.
  if (told.length && until - uAt[told[0]] < 3 * (until - from)) from = Math.min(from, uAt[told[0]]);
  const size = Math.max(until - from, 1e5);
  look(until - size * 1.08, until + size * 0.12);
}

// The address holds the window, so that a place can be sent to somebody.
function remember() {
  const p = new URLSearchParams();
  p.set("from", (toT(Math.max(0, view.a)) / MS).toFixed(4)); p.set("to", (toT(Math.min(uMax, view.b)) / MS).toFixed(4));
  p.set("squeeze", squeezed ? "1" : "0");
  p.set("involved", document.getElementById("involved").checked ? "1" : "0");
  if (selection.tag) p.set("tag", selection.tag); else if (selection.thing >= 0 && selection.thing !== violation) p.set("thing", selection.thing);
  if (document.getElementById("words").value) p.set("words", document.getElementById("words").value);
  try { history.replaceState(null, "", "#" + p); } catch { /* some browsers refuse that for files */ }
}
function recall() {
  const p = new URLSearchParams(location.hash.slice(1));
  if (p.get("theme")) document.documentElement.classList.toggle("dark", p.get("theme") === "dark");
  readColors();
  // A broken run opens on what it is about, a clean one shows all of it.
  const yes = name => p.has(name) ? p.get(name) === "1" : name === "squeeze" || violation >= 0;
  document.getElementById("squeeze").checked = yes("squeeze");
  document.getElementById("involved").checked = yes("involved");
  document.getElementById("plan").open = p.get("plan") === "1";
  layTime(yes("squeeze"));
  if (violation >= 0) toViolation(); else { select(-1); fit(); }
  if (p.get("tag")) selectTag(p.get("tag"));
  else if (p.get("thing")) select(Math.min(count - 1, Number(p.get("thing"))));
  if (p.get("show")) { kinds.forEach(k => { k.on = p.get("show").split(",").includes(k.name); k.input.checked = k.on; }); chooseKinds(); }
  if (p.get("words")) { document.getElementById("words").value = p.get("words"); filter(); }
  if (p.get("from") && p.get("to")) look(toU(Number(p.get("from")) * MS), toU(Number(p.get("to")) * MS));
}

// filter keeps what holds the words.
function filter() {
  const words = document.getElementById("words").value.trim().toLowerCase(), out = document.getElementById("matches");
  if (!words) { matching = null; out.textContent = ""; redraw(); return; }
  matching = new Set();
  for (let i = 0; i < count; i++) {
    if (textOf(i).toLowerCase().includes(words) || tagsOf(i).some(t => t.toLowerCase() === words) || detailsOf(i).some(d => String(d[1]).toLowerCase().includes(words))) matching.add(i);
  }
  out.textContent = matching.size.toLocaleString("en") + (matching.size === 1 ? " match" : " matches") + "; Enter: the next";
  redraw();
}
function nextMatch() {
  if (!matching || !matching.size) return;
  const list = [...matching].filter(i => visible(i) && !hidden.has(laneOf[i]));
  if (!list.length) return;
  const i = list[(list.findIndex(m => m === selection.thing) + 1) % list.length];
  select(i); reveal(i);
}

// under is what was drawn at a place: the smallest thing there.
function under(e) {
  const r = chart.getBoundingClientRect(), px = e.clientX - r.left, py = e.clientY - r.top;
  let best = -1, size = Infinity;
  for (const [x0, y0, x1, y1, i] of boxes) {
    if (px < x0 || px > x1 || py < y0 || py > y1) continue;
    const area = Math.min(x1 - x0, 400) * (y1 - y0) - (kindOf(i) === "violation" ? 1e6 : 0);
    if (area <= size) { best = i; size = area; }
  }
  return best;
}

function hover(e) {
  const i = under(e);
  tip.hidden = i < 0;
  if (i < 0) return;
  tip.textContent = ms(at[i]) + " ms" + (end[i] > at[i] ? ", " + length(end[i] - at[i]) : "") + "\n" + clip(textOf(i), 260);
  tip.style.left = Math.min(e.clientX + 14, innerWidth - tip.offsetWidth - 8) + "px";
  tip.style.top = Math.min(e.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
}

function listen() {
  const on = (id, f) => { document.getElementById(id).onclick = f; };
  on("fit", fit); on("jump", toViolation); on("in", () => zoom(0.5)); on("out", () => zoom(2));
  const theme = () => { document.documentElement.classList.toggle("dark"); readColors(); redraw(); };
  on("theme", theme);
  const squeeze = document.getElementById("squeeze"), involved = document.getElementById("involved"), words = document.getElementById("words");
  squeeze.onchange = () => { const a = toT(view.a), b = toT(view.b); layTime(squeeze.checked); look(toU(a), toU(b)); };
  involved.onchange = () => { hideLanes(); redraw(); };
  words.oninput = filter;
  words.onkeydown = e => { if (e.key === "Enter") nextMatch(); if (e.key === "Escape") { words.value = ""; filter(); words.blur(); } };

  lanesBox.addEventListener("wheel", e => {
    if (e.shiftKey) return;
    e.preventDefault();
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) { pan(e.deltaX / plot); return; }
    zoom(Math.exp(Math.max(-60, Math.min(60, e.deltaY)) * 0.004), e.clientX - lanesBox.getBoundingClientRect().left);
  }, { passive: false });
  let drag = null;
  lanesBox.onmousedown = e => {
    if (e.target === lanesBox || e.button !== 0) return;
    drag = { x: e.clientX, y: e.clientY, a: view.a, b: view.b, top: lanesBox.scrollTop, pick: e.shiftKey, moved: false };
    tip.hidden = true;
    e.preventDefault();
    document.activeElement.blur();
  };
  window.addEventListener("mousemove", e => {
    if (!drag) { if (e.target === chart) hover(e); else tip.hidden = true; return; }
    const d = e.clientX - drag.x;
    drag.moved = drag.moved || Math.abs(d) + Math.abs(e.clientY - drag.y) > 4;
    if (!drag.moved) return;
    if (drag.pick) {
      draw();
      const g = chart.getContext("2d"), left = lanesBox.getBoundingClientRect().left;
      g.fillStyle = colors.pick; g.globalAlpha = 0.2;
      g.fillRect(drag.x - left, 0, d, chart.height); g.globalAlpha = 1;
      return;
    }
    const shift = -d / plot * (drag.b - drag.a);
    look(drag.a + shift, drag.b + shift);
    lanesBox.scrollTop = drag.top - (e.clientY - drag.y);
  });
  window.addEventListener("mouseup", e => {
    const was = drag;
    drag = null;
    if (!was) return;
    if (!was.moved) { const i = under(e); select(i); return; }
    if (was.pick) {
      const left = lanesBox.getBoundingClientRect().left, p = uOf(was.x - left), q = uOf(e.clientX - left);
      look(Math.min(p, q), Math.max(p, q));
    }
  });
  lanesBox.ondblclick = e => zoom(0.25, e.clientX - lanesBox.getBoundingClientRect().left);
  let grip = false;
  const seek = e => { const r = overview.getBoundingClientRect(), u = (e.clientX - r.left) / r.width * uMax, h = (view.b - view.a) / 2; look(u - h, u + h); };
  overview.onmousedown = e => { grip = true; seek(e); e.preventDefault(); };
  window.addEventListener("mousemove", e => { if (grip) seek(e); });
  window.addEventListener("mouseup", () => { grip = false; });
  window.addEventListener("resize", redraw);
  window.addEventListener("keydown", e => {
    if (e.target.tagName === "INPUT" && e.target.type === "search" || e.ctrlKey || e.metaKey || e.altKey) return;
    const keys = {
      "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6), ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2),
      ArrowUp: () => { lanesBox.scrollTop -= 60; }, ArrowDown: () => { lanesBox.scrollTop += 60; },
      0: fit, f: fit, v: toViolation, n: () => walk(1), p: () => walk(-1), "/": () => words.focus(), c: () => squeeze.click(), l: () => involved.click(),
      d: theme, Escape: () => select(-1), Home: () => look(0, view.b - view.a), End: () => look(uMax - (view.b - view.a), uMax),
    };
    if (keys[e.key]) { keys[e.key](); e.preventDefault(); }
  });
}

document.documentElement.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
readColors();
showHead();
showKinds();
recall();
draw();
listen();
