// Drawing: lanes over time on one canvas, of the visible window only.
const chart = document.getElementById("chart"), ruler = document.getElementById("ruler"), overview = document.getElementById("overview");
const gutter = 118, pad = 10;
const view = { a: 0, b: 1 }; // the window, as places of time
const selection = { thing: -1, tag: "", set: new Set(), context: new Set() }; // context: what the story tells besides
let hidden = new Set(); // lanes that are not shown
let matching = null;    // Set of moments that hold the words, or null
let boxes = [];         // what was drawn where, for the mouse
let colors = {};
const tops = [], heights = [];

function readColors() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["back", "panel", "line", "soft", "text", "mute", "done", "refused", "unknown", "pending", "failed", "lost", "violation", "fault",
    "death", "entry", "again", "message", "serves", "recovers", "halted", "damaged", "life", "down", "bar", "file", "pick", "glow"]) {
    colors[name] = style.getPropertyValue("--" + name).trim();
  }
}

function laneHeight(l) {
  if (hidden.has(l)) return 0;
  const n = rowsIn[l];
  switch (run.lanes[l].role) {
    case "world": return 60;
    case "node": return 30;
    case "bucket": return roomy ? 54 : 42;
    case "disk": return roomy ? 22 + n * 15 : 16 + n * 9;
    case "session": return 18;
    case "client": return 10 + n * requestHeight(l);
  }
  return 20;
}
const requestHeight = l => roomy || rowsIn[l] <= 1 ? 16 : rowsIn[l] <= 4 ? 12 : rowsIn[l] <= 8 ? 8 : 5;

let roomy = false; // few lanes are shown: they may be higher
function layLanes(room) {
  let y = 0;
  for (roomy of [true, false]) {
    y = 0;
    run.lanes.forEach((_, l) => { tops[l] = y; heights[l] = laneHeight(l); y += heights[l]; });
    if (y <= room) break;
  }
  return y;
}

// fitCanvas makes a canvas sharp and returns its context.
function fitCanvas(c, w, h) {
  const scale = window.devicePixelRatio || 1;
  if (c.width !== Math.round(w * scale) || c.height !== Math.round(h * scale)) { c.width = Math.round(w * scale); c.height = Math.round(h * scale); }
  c.style.width = w + "px"; c.style.height = h + "px";
  const g = c.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, w, h);
  g.font = "11px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
  g.textBaseline = "middle";
  return g;
}

let width = 0, plot = 0;
const x = u => gutter + (u - view.a) / (view.b - view.a) * plot;
const uOf = px => view.a + (px - gutter) / plot * (view.b - view.a);
const visible = i => shown.has(kindOf(i)) && (!matching || frame.has(kindOf(i)) || kindOf(i) === "fault" || matching.has(i));
const lit = i => selection.set.size === 0 || selection.set.has(i) || selection.context.has(i) || frame.has(kindOf(i));

function draw() {
  const lanes = document.getElementById("lanes");
  width = lanes.clientWidth;
  plot = Math.max(50, width - gutter - pad);
  const height = Math.max(layLanes(lanes.clientHeight - 32), lanes.clientHeight - 32);
  const g = fitCanvas(chart, width, height);
  boxes = [];
  drawGround(g, height);
  g.save();
  g.beginPath(); g.rect(gutter, 0, plot + pad, height); g.clip();
  run.lanes.forEach((lane, l) => { if (heights[l]) drawLane(g, lane, l); });
  drawArrows(g);
  drawStrikes(g, height);
  g.restore();
  drawRuler();
  drawOverview();
}

// drawGround draws labels, the lines between lanes, and where the process is
// down.
function drawGround(g, height) {
  const node = run.lanes.findIndex(l => l.role === "node");
  if (node >= 0) {
    let up = Math.max(0, view.a);
    const gap = (a, b) => {
      if (b <= a) return;
      const x0 = Math.max(gutter, x(a)), x1 = Math.min(width, x(b));
      g.fillStyle = colors.down;
      g.fillRect(x0, tops[node], x1 - x0, height - tops[node]);
      label(g, "down", x0, x1, tops[node] + heights[node] / 2, colors.mute);
    };
    within(node, view.a, view.b, i => { if (kindOf(i) === "life") { gap(up, Math.min(uAt[i], view.b)); up = Math.max(up, uEnd[i]); } });
    gap(up, Math.min(view.b, toU(finish)));
  }
  run.lanes.forEach((lane, l) => {
    if (!heights[l]) return;
    g.fillStyle = colors.line;
    const heavy = lane.role === "client" || lane.role === "bucket" || lane.role === "node" || lane.role === "disk" && lane.n < 0;
    g.fillRect(heavy ? 0 : gutter, tops[l], width, heavy ? 1 : 0.5);
    g.fillStyle = heavy || lane.role === "world" ? colors.text : colors.mute;
    const about = { world: "faults", node: "the process", client: "requests", bucket: "the log", disk: "syncs, files", session: "connection" }[lane.role];
    g.font = (heavy || lane.role === "world" ? "600 " : "") + "11px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
    g.fillText(lane.role === "disk" && lane.n < 0 ? "disk: store" : lane.name, 8, tops[l] + Math.min(heights[l] / 2, 12));
    g.font = "10px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
    g.fillStyle = colors.mute;
    if (heights[l] >= 30) g.fillText(about, 8, tops[l] + Math.min(heights[l] / 2, 12) + 13);
  });
  g.font = "11px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
  g.fillStyle = colors.line;
  g.fillRect(gutter, 0, 1, height);
}

function box(i, x0, y0, x1, y1) { boxes.push([x0, y0, x1, y1, i]); }

// label puts text into a bar when there is room for some of it.
function label(g, text, x0, x1, y, color) {
  x0 = Math.max(x0, gutter) + 4; x1 = Math.min(x1, width) - 3;
  const n = Math.floor((x1 - x0) / 5.6);
  if (n < 3) return;
  g.fillStyle = color;
  g.fillText(text.length > n ? text.slice(0, n - 1) + "…" : text, x0, y);
}

function bar(g, i, y, h, fill, text, ink) {
  const x0 = Math.max(x(uAt[i]), gutter - 5), x1 = Math.min(Math.max(x(uEnd[i]), x(uAt[i]) + 2), width + 5);
  g.globalAlpha = lit(i) ? 1 : 0.25;
  g.fillStyle = fill;
  g.fillRect(x0, y, x1 - x0, h);
  if (selection.set.has(i)) outline(g, i, x0, y, x1 - x0, h);
  if (text && lit(i)) label(g, text, x0, x1, y + h / 2 + 0.5, ink);
  g.globalAlpha = 1;
  box(i, x0 - 2, y, x1 + 2, y + h);
}

function outline(g, i, x0, y, w, h) {
  g.strokeStyle = i === selection.thing ? colors.pick : colors.glow;
  g.lineWidth = 2;
  g.strokeRect(x0 - 1, y - 1, w + 2, h + 2);
}

// tick draws what takes no time; of those that fall onto one pixel, one is
// enough, unless it is selected.
function tick(g, i, y, h, w, fill, seen) {
  const px = x(uAt[i]), chosen = selection.set.has(i), key = fill + Math.round(px) + (chosen ? "!" : "");
  if (seen.has(key) && i !== selection.thing) return;
  seen.add(key);
  g.globalAlpha = lit(i) ? 1 : 0.22;
  g.fillStyle = fill;
  g.fillRect(px - w / 2, y, w, h);
  if (chosen) outline(g, i, px - w / 2, y, w, h);
  g.globalAlpha = 1;
  box(i, px - 4, y, px + 4, y + h);
}

function drawLane(g, lane, l) {
  const top = tops[l], seen = new Set(), late = [];
  const span = (view.b - view.a) / plot; // of one pixel
  const chosen = []; // stand above what they overlap
  within(l, view.a - 6 * span, view.b + 6 * span, i => { if (visible(i)) if (selection.set.has(i)) chosen.push(i); else paint(i); });
  chosen.forEach(paint);
  function paint(i) {
    const kind = kindOf(i);
    switch (kind) {
      case "life": bar(g, i, top + 4, heights[l] - 10, colors.life, textOf(i), colors.text); break;
      case "state": bar(g, i, top + 3, 16, colors[outcomeOf(i)], textOf(i), colors.text); break;
      case "connection": bar(g, i, top + 5, 8, colors.life); break;
      case "request": {
        const h = requestHeight(l) - 2;
        bar(g, i, top + 5 + rowOf[i] * (h + 2), h, colors[outcomeOf(i)], h >= 10 ? textOf(i) : "", colors.back);
        break;
      }
      case "barrier": {
        const h = roomy ? 13 : 7;
        bar(g, i, top + 3 + rowOf[i] * (h + 2), h, outcomeOf(i) === "done" ? colors.bar : colors[outcomeOf(i)], roomy ? textOf(i).replace(/ of replica-\d+/, "") : "", colors.back);
        break;
      }
      case "file": {
        const write = /^(write|truncate|preallocate|rename|remove)/.test(textOf(i));
        tick(g, i, top + heights[l] - (roomy ? 15 : 11), roomy ? 12 : 9, outcomeOf(i) ? 4 : 1.5, outcomeOf(i) ? colors.failed : write ? colors.text : colors.file, seen);
        break;
      }
      case "entry": late.push(i); break;
      case "again": tick(g, i, top + 23, roomy ? 22 : 14, 2, colors.again, seen); break;
      case "bytes": case "message": tick(g, i, top + heights[l] / 2 - 2, 4, 4, colors.message, seen); break;
      case "note": case "death": tick(g, i, top + (lane.role === "world" ? 42 : 5), 12, 5, kind === "death" ? colors.death : colors.mute, seen); break;
      case "fault": if (uEnd[i] > uAt[i]) bar(g, i, top + 48, 8, colors.fault, textOf(i), colors.back); break; // the rest: drawStrikes
    }
  }
  let free = -1; // entries above the rest, with their numbers where there is room
  for (const i of late) {
    tick(g, i, top + 22, roomy ? 26 : 16, 3, colors.entry, seen);
    const px = x(uAt[i]), name = String(rows[i][9]);
    if (px > free && visible(i)) {
      g.globalAlpha = lit(i) ? 1 : 0.3;
      g.fillStyle = colors.entry;
      g.fillText(name, px + 4, top + 31);
      g.globalAlpha = 1;
      free = px + 12 + name.length * 6;
    }
  }
}

// drawArrows draws messages from lane to lane: all when there are few, else
// those that belong to what is selected.
const arrowsMost = 1500;
let crowded = false;
function drawArrows(g) {
  let list = [];
  const first = below(arrows.map ? uArrow() : [], view.a);
  for (let j = first; j < arrows.length; j++) {
    const i = arrows[j];
    if (uSent[i] > view.b) { if (uAt[i] > view.b + longest) break; continue; }
    if (uAt[i] < view.a || !visible(i) || fromOf[i] === laneOf[i] || !heights[laneOf[i]] || !heights[fromOf[i]]) continue;
    list.push(i);
  }
  crowded = list.length > arrowsMost;
  if (crowded) list = list.filter(i => selection.set.size && selection.set.has(i));
  for (const i of list) {
    const chosen = selection.set.has(i);
    const x0 = x(uSent[i]), x1 = x(uAt[i]), up = tops[fromOf[i]] > tops[laneOf[i]];
    const y0 = edge(fromOf[i], !up), y1 = edge(laneOf[i], up);
    g.globalAlpha = chosen ? 1 : lit(i) ? 0.45 : 0.1;
    g.strokeStyle = g.fillStyle = chosen ? colors.pick : colors.message;
    g.lineWidth = chosen ? 1.8 : 1;
    g.beginPath(); g.moveTo(x0, y0); g.lineTo(x1, y1); g.stroke();
    const angle = Math.atan2(y1 - y0, x1 - x0);
    g.beginPath(); g.moveTo(x1, y1);
    g.lineTo(x1 - 6 * Math.cos(angle - 0.4), y1 - 6 * Math.sin(angle - 0.4));
    g.lineTo(x1 - 6 * Math.cos(angle + 0.4), y1 - 6 * Math.sin(angle + 0.4));
    g.fill();
    g.globalAlpha = 1;
    box(i, x1 - 4, y1 - 4, x1 + 4, y1 + 4);
  }
}
// edge is where arrows touch a lane: its lower or upper side.
const edge = (l, low) => low ? tops[l] + heights[l] - 3 : tops[l] + 3;
let arrowTimes = null, longest = 0, arrowsFor = -1;
function uArrow() {
  if (arrowsFor !== uMax) {
    arrowTimes = arrows.map(i => uAt[i]);
    longest = arrows.reduce((n, i) => Math.max(n, uAt[i] - uSent[i]), 0);
    arrowsFor = uMax;
  }
  return arrowTimes.length ? arrowTimes : [0];
}

// drawStrikes draws faults, deaths and the violation through all lanes.
function drawStrikes(g, height) {
  const free = [-1, -1, -1]; // by row of labels
  const world = run.lanes.findIndex(l => l.role === "world"), top = tops[world] || 0;
  const strikes = [];
  run.lanes.forEach((lane, l) => {
    if (lane.role === "world" || lane.role === "node") within(l, view.a, view.b, i => { if (["fault", "death", "violation"].includes(kindOf(i)) && visible(i)) strikes.push(i); });
  });
  strikes.sort((p, q) => (kindOf(p) === "violation") - (kindOf(q) === "violation") || at[p] - at[q]);
  // Beside the violation's own label there is no room.
  const tail = strikes.filter(i => kindOf(i) === "violation").map(i => x(uAt[i]) - 80)[0];
  strikes.forEach((i, nth) => {
    const kind = kindOf(i), px = x(uAt[i]), color = colors[kind];
    g.globalAlpha = lit(i) || kind === "violation" ? 1 : 0.5;
    g.strokeStyle = g.fillStyle = color;
    g.lineWidth = kind === "violation" ? 3 : i === selection.thing ? 2.5 : 1.3;
    g.setLineDash(kind === "violation" ? [] : kind === "fault" ? [5, 3] : [2, 3]);
    g.beginPath(); g.moveTo(px, top + 6); g.lineTo(px, height); g.stroke();
    g.setLineDash([]);
    g.beginPath(); g.moveTo(px - 6, top + 1); g.lineTo(px + 6, top + 1); g.lineTo(px, top + 11); g.fill();
    let text = kind === "violation" ? textOf(i).split(":")[0] : short(i);
    const wide = g.measureText(text).width;
    if (kind === "violation") {
      const left = px + wide + 14 > width;
      g.font = "600 12px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
      const w = g.measureText(text).width;
      const at0 = left ? px - w - 10 : px + 9;
      g.fillStyle = colors.back; g.fillRect(at0 - 3, top, w + 6, 15);
      g.fillStyle = color; g.fillText(text, at0, top + 8);
      g.font = "11px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
    } else {
      // The first row holds the marks, too: a label there must end before the next.
      const next = nth + 1 < strikes.length ? x(uAt[strikes[nth + 1]]) - 8 : Infinity;
      const left = px + wide + 12 > width, from = left ? px - wide - 8 : px;
      const row = from > free[0] && px + wide + 10 < Math.min(next, tail === undefined ? Infinity : tail) ? 0 : from > free[1] ? 1 : from > free[2] ? 2 : -1;
      if (row >= 0 && px >= gutter) {
        g.fillText(text, left ? px - wide - 8 : px + 8, top + 8 + row * 13);
        free[row] = left ? px : px + wide + 14;
      }
    }
    g.globalAlpha = 1;
    box(i, px - 5, top, px + 5, top + 30);
    box(i, px - 2, top + 30, px + 2, height);
  });
}

// short names a fault or a death in few words.
function short(i) {
  const effects = [["the process dies", "process dies"], ["power is lost", "power lost"], ["the wall clock", "clock jumps"], ["the disk is nearly", "disk full"],
    ["no more space", "no room"], ["a sync of", "sync fails or stalls"], ["every change", "disk sick"], ["every sync", "syncs fail"], ["reads return", "reads lie"],
    ["the disk is slow", "disk slow"], ["the process stands", "process paused"], ["conn-cut", "connection cut"], ["conn-deaf", "client deaf"]];
  if (kindOf(i) === "death") return textOf(i).replace(/^the /, "").replace(": ", " ").slice(0, 44);
  const text = textOf(i), effect = effects.find(e => text.startsWith(e[0]));
  const plan = detailsOf(i).find(d => d[0] === "of the plan");
  const name = plan && plan[1].startsWith("fault") ? plan[1].split(":")[0] + ": " : "";
  return name + (effect ? effect[1] : plan ? plan[1].split(": ").slice(1).join(": ").split(" ")[0] : text.slice(0, 40));
}

function drawRuler() {
  const g = fitCanvas(ruler, width, 30);
  g.fillStyle = colors.mute;
  g.fillText("virtual time", 8, 10);
  const t0 = toT(view.a), t1 = toT(view.b);
  let unit = (t1 - t0) / (plot / 110), step = Math.pow(10, Math.floor(Math.log10(unit)));
  step *= unit / step > 5 ? 10 : unit / step > 2 ? 5 : unit / step > 1 ? 2 : 1;
  const put = (px, t, digits) => {
    g.fillStyle = colors.line; g.fillRect(px, 20, 1, 10);
    g.fillStyle = colors.text; g.fillText(ms(t, digits) + " ms", px + 3, 21);
  };
  if (!squeezed) {
    const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step / MS))));
    for (let t = Math.ceil(t0 / step) * step; t <= t1; t += step) put(x(toU(t)), t, digits);
  } else {
    const digits = (t1 - t0) / MS > 2000 ? 0 : (t1 - t0) / MS > 20 ? 1 : 3;
    for (let px = gutter; px < width - 60; px += 120) if (uOf(px) >= 0 && uOf(px) <= uMax) put(px, toT(uOf(px)), digits);
    g.fillStyle = colors.refused; // gaps that were squeezed
    let k = below(places, view.a);
    for (; k + 1 < places.length && places[k] < view.b; k++) {
      if (knots[k + 1] - knots[k] <= quiet) continue;
      const x0 = Math.max(gutter, x(places[k])), x1 = Math.min(width, x(places[k + 1]));
      if (x1 - x0 < 1.5) continue;
      g.globalAlpha = 0.5; g.fillRect(x0, 27, x1 - x0, 3); g.globalAlpha = 1;
      if (x1 - x0 > 46) g.fillText("+" + length(knots[k + 1] - knots[k]), x0 + 3, 9);
    }
  }
  g.fillStyle = colors.mute;
  const note = crowded ? "too many messages here: zoom in to see them" : "";
  if (note) g.fillText(note, width - g.measureText(note).width - 12, 9);
}

let histogram = null;
function drawOverview() {
  const w = overview.parentElement.clientWidth - 28, h = 44, g = fitCanvas(overview, w, h);
  const px = u => u / uMax * w, n = Math.max(1, Math.floor(w / 2));
  if (!histogram || histogram.n !== n || histogram.max !== uMax) {
    histogram = { n, max: uMax, bins: new Float64Array(n) };
    for (let i = 0; i < count; i++) histogram.bins[Math.min(n - 1, Math.floor(uAt[i] / uMax * n))]++;
    histogram.top = Math.log1p(Math.max(...histogram.bins));
  }
  const node = run.lanes.findIndex(l => l.role === "node");
  if (node >= 0) {
    g.fillStyle = colors.life;
    within(node, 0, uMax, i => { if (kindOf(i) === "life") g.fillRect(px(uAt[i]), h - 6, Math.max(1, px(uEnd[i]) - px(uAt[i])), 6); });
  }
  g.fillStyle = colors.bar;
  histogram.bins.forEach((v, b) => { if (v) { const t = 26 * Math.log1p(v) / histogram.top; g.fillRect(b * 2, h - 8 - t, 1.6, t); } });
  for (const l of [0, node]) if (l >= 0) within(l, 0, uMax, i => {
    const kind = kindOf(i);
    if (!["fault", "death", "violation"].includes(kind)) return;
    g.fillStyle = colors[kind];
    g.fillRect(px(uAt[i]) - (kind === "violation" ? 1.5 : 0.5), 0, kind === "violation" ? 3 : 1, kind === "violation" ? h : 12);
  });
  g.fillStyle = colors.pick; g.globalAlpha = 0.16;
  const x0 = px(view.a), x1 = Math.max(px(view.b), x0 + 3);
  g.fillRect(x0, 0, x1 - x0, h);
  g.globalAlpha = 1; g.strokeStyle = colors.pick; g.lineWidth = 1;
  g.strokeRect(x0 + 0.5, 0.5, x1 - x0 - 1, h - 1);
}
