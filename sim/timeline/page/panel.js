// The panel at the side: all about one thing, and the story around it.
const thing = document.getElementById("thing"), story = document.getElementById("story");
let told = []; // moments of the story, in order

// make returns an element with children; strings become text.
function make(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) if (k === "onclick") e.onclick = v; else e.setAttribute(k, v);
  e.append(...children);
  return e;
}

// select shows a moment and what belongs to it; -1: nothing.
function select(i) {
  selection.thing = i; selection.tag = "";
  selection.set = i < 0 ? new Set() : related(i);
  settle();
}

// selectTag shows all that has a tag.
function selectTag(tag) {
  selection.thing = -1; selection.tag = tag;
  selection.set = new Set(tagged.get(tag) || []);
  settle();
}

// settle brings everything in line with the selection.
function settle() {
  showThing();
  tellStory();
  hideLanes();
  redraw();
}

function hideLanes() {
  hidden = new Set();
  const things = new Set([...selection.set, ...selection.context]);
  if (!document.getElementById("involved").checked || ![...things].some(i => run.lanes[laneOf[i]].role !== "world" && run.lanes[laneOf[i]].role !== "node")) return;
  const lanes = new Set();
  for (const i of things) { lanes.add(laneOf[i]); if (fromOf[i] >= 0) lanes.add(fromOf[i]); }
  for (const l of [...lanes]) run.lanes.forEach((o, m) => { // a bucket with its disk, a client with its session
    const pair = { bucket: "disk", disk: "bucket", client: "session", session: "client" }[run.lanes[l].role];
    if (o.role === pair && o.n === run.lanes[l].n) lanes.add(m);
  });
  run.lanes.forEach((o, l) => { if (!lanes.has(l) && o.role !== "world" && o.role !== "node") hidden.add(l); });
}

// words for kinds and outcomes.
const titles = { fault: "Fault of the plan", death: "The process ends", note: "The world", violation: "A property is broken", life: "Life of the process",
  state: "State of a bucket", entry: "Entry of the log", again: "Entry, shown again by a later life", request: "Request", connection: "Connection",
  message: "Message", bytes: "Bytes", barrier: "Sync", file: "File operation" };
const outcomes = { done: "done", refused: "refused: the client was told that nothing changed", unknown: "unknown: the client can't know whether it happened",
  pending: "the run ended first", failed: "failed", lost: "the process died first", died: "the process died in it" };

function chips(tags) {
  return tags.map(t => make("span", { class: "chip" + (t === selection.tag ? " on" : ""), title: "show all that has to do with it", onclick: () => selectTag(t) }, t));
}

function showThing() {
  thing.replaceChildren();
  const i = selection.thing;
  if (i < 0) {
    thing.append(make("h2", {}, selection.tag ? "All about " + selection.tag : "Click on anything to read all about it."));
    return;
  }
  thing.append(make("h2", {}, (titles[kindOf(i)] || kindOf(i)) + (kindOf(i) === "violation" ? ": " + run.verdict.property : "")));
  const when = make("div", { class: "when" }, run.lanes[laneOf[i]].name + " · " + ms(at[i]) + " ms");
  if (end[i] > at[i]) when.append(" to " + (isOpen(i) ? "the end of the run" : ms(end[i]) + " ms") + " (" + length(end[i] - at[i]) + ")");
  if (violation >= 0 && i !== violation) when.append(" · " + length(at[violation] - at[i]) + " before the violation");
  thing.append(when);
  const table = make("table", {});
  const row = (name, value) => table.append(make("tr", {}, make("td", {}, name), make("td", {}, value)));
  if (kindOf(i) === "violation") {
    if (run.verdict.meaning) row("rule", run.verdict.meaning);
    row("broken by", run.verdict.text);
    detailsOf(i).forEach(d => { if (d[0] !== "property" && d[0] !== "text") row(d[0], d[1]); });
  } else {
    row("what", textOf(i));
    if (fromOf[i] >= 0) row("from", run.lanes[fromOf[i]].name + ", sent at " + ms(sent[i]) + " ms, " + length(at[i] - sent[i]) + " on its way");
    if (outcomes[outcomeOf(i)]) row("outcome", outcomes[outcomeOf(i)]);
    detailsOf(i).forEach(d => row(d[0], d[1]));
  }
  thing.append(table, ...chips(tagsOf(i)));
}

// tellStory lists what belongs to the selection, with the faults, deaths and
// starts in between: why it came as it came.
const storyMost = 400;
function tellStory() {
  story.replaceChildren();
  told = [];
  selection.context = new Set();
  if (selection.set.size === 0) {
    for (let i = 0; i < count; i++) if (["fault", "death", "life", "violation"].includes(kindOf(i))) told.push(i);
    list("lives of the process, and what ended them");
    return;
  }
  const members = [...selection.set].sort((p, q) => at[p] - at[q] || p - q);
  let from = Infinity, to = -Infinity;
  for (const i of members) if (kindOf(i) !== "life") { from = Math.min(from, at[i]); to = Math.max(to, end[i]); }
  told = members.filter(i => kindOf(i) !== "bytes");
  if (selection.thing >= 0 && selection.thing === violation) { // the life before it matters, too
    const lives = []; // in order
    for (const list of perLane) for (const i of list) if (kindOf(i) === "life" && at[i] <= at[violation]) lives.push(i);
    if (lives.length > 1) from = Math.min(from, end[lives[lives.length - 2]]);
  }
  const inside = new Set(told);
  for (let i = 0; i < count; i++) {
    const around = ["fault", "death", "life", "violation"].includes(kindOf(i)) || kindOf(i) === "note" && run.lanes[laneOf[i]].role !== "world";
    if (around && at[i] >= from && at[i] <= to && !inside.has(i)) told.push(i);
  }
  for (const i of evidence(selection.set, from, to)) if (!inside.has(i)) told.push(i);
  told.sort((p, q) => at[p] - at[q] || p - q);
  list(selection.thing === violation ? "how it came to this" : "what belongs to it, and what struck meanwhile");
}

// list shows the story.
function list(title) {
  const cut = told.length > storyMost ? told.length - storyMost : 0;
  told = told.slice(cut);
  if (selection.set.size) selection.context = new Set(told);
  story.append(make("h3", {}, title));
  if (cut) story.append(make("div", { class: "when" }, cut + " earlier ones are not listed"));
  let before = told.length ? at[told[0]] : 0;
  for (const i of told) {
    const color = kindOf(i) === "request" ? outcomeOf(i) : kindOf(i) === "barrier" ? "bar" : kindOf(i) === "life" ? "lost" : kindOf(i) === "state" ? "mute" : kindOf(i);
    const entry = make("div", { class: "row" + (i === selection.thing ? " on" : ""), "data-i": i, style: `border-color: var(--${color})`, onclick: () => { showMoment(i); } },
      make("time", { title: "+" + length(at[i] - before) + " after the line above" }, ms(at[i])),
      make("span", {}, make("span", { class: "lane" }, run.lanes[laneOf[i]].name + "  "), kindOf(i) === "life" ? textOf(i) + " begins" : tell(i)));
    before = at[i];
    story.append(entry);
  }
}
// tell shows a moment in a line or two.
function tell(i) {
  const text = textOf(i);
  if (kindOf(i) === "request") {
    const [asks, ...reply] = text.split(" -> ");
    return clip(asks, 110) + (reply.length ? "  →  " + clip(reply.join(" -> "), 100) : "") + (end[i] > at[i] ? " (after " + length(end[i] - at[i]) + ")" : "");
  }
  if (kindOf(i) === "barrier") return text + (outcomeOf(i) === "done" ? ": done" : "") + (end[i] > at[i] ? " after " + length(end[i] - at[i]) : "");
  return clip(text, 330);
}
const clip = (s, n) => s.length > n ? s.slice(0, n) + "…" : s;

// showMoment picks a moment of the story without leaving it.
function showMoment(i) {
  selection.thing = i;
  showThing();
  story.querySelectorAll(".row").forEach(r => r.classList.toggle("on", Number(r.dataset.i) === i));
  reveal(i);
  redraw();
}

// walk goes to the next or the last moment of the story.
function walk(step) {
  if (!told.length) return;
  const now = told.indexOf(selection.thing);
  const next = told[Math.max(0, Math.min(told.length - 1, now < 0 ? 0 : now + step))];
  showMoment(next);
  const row = story.querySelector(".row.on");
  if (row) row.scrollIntoView({ block: "nearest" });
}

// The head of the page.
function showHead() {
  const v = run.verdict, banner = document.getElementById("verdict");
  document.title = "seed " + run.seed + (v ? ": " + v.property : ": clean");
  if (v) {
    banner.className = "bad";
    banner.append(make("b", {}, "Seed " + run.seed + " breaks " + v.property), " at " + ms(v.at) + " ms.  ", make("span", { class: "meaning" }, v.meaning), make("div", { class: "text" }, v.text));
  } else {
    banner.append(make("b", {}, "Seed " + run.seed + " is clean"), ": no property was broken.");
    document.getElementById("jump").hidden = true;
  }
  document.getElementById("facts").append(`${run.size}; mode ${run.mode}; ${(run.virtual / 1e9).toFixed(3)} s of virtual time; ${count.toLocaleString("en")} moments; hash `, make("code", {}, run.hash));
  if (run.replay) document.getElementById("facts").append("; replay: ", make("code", {}, run.replay));
  for (const line of run.story) document.getElementById("facts").append(make("div", {}, line));
  const body = document.getElementById("planbody"), struck = n => (tagged.get("fault " + n) || []).filter(i => kindOf(i) === "fault");
  const hits = run.faults.filter((_, n) => struck(n).length).length;
  document.querySelector("#plan summary").textContent = `the plan: ${run.faults.length} faults, of which ${hits} struck; ${run.knobs.length} knobs that differ from the usual`;
  const faults = make("table", {});
  run.faults.forEach((f, n) => {
    const s = struck(n), row = make("tr", { class: s.length ? "go" : "idle" }, make("td", {}, "fault " + n), make("td", {}, f),
      make("td", {}, s.length ? "strikes at " + s.map(i => ms(at[i])).join(", ") + " ms" : "did not strike"));
    if (s.length) row.onclick = () => { select(s[0]); reveal(s[0]); redraw(); };
    faults.append(row);
  });
  const knobs = make("table", {});
  run.knobs.forEach(k => knobs.append(make("tr", {}, make("td", {}, k.name), make("td", {}, k.value), make("td", { class: "idle" }, k.meaning))));
  body.append(faults, knobs);
}

// The kinds to show, which is the legend, too.
function showKinds() {
  const bar = document.getElementById("kinds"), counts = {};
  for (let i = 0; i < count; i++) counts[kindOf(i)] = (counts[kindOf(i)] || 0) + 1;
  for (const k of kinds) {
    const input = make("input", { type: "checkbox" });
    input.checked = k.on;
    input.onchange = () => { k.on = input.checked; chooseKinds(); redraw(); };
    k.input = input;
    const n = k.has.reduce((sum, h) => sum + (counts[h] || 0), 0);
    bar.append(make("label", {}, input, make("i", { style: `background: var(--${k.color})` }), k.title + " " + n.toLocaleString("en")));
  }
  const keys = [["requests:", ""], ["done", "done"], ["refused", "refused"], ["no answer, or unknown", "unknown"], ["open at the end", "pending"],
    ["buckets:", ""], ["recovers", "recovers"], ["serves", "serves"], ["halted, damaged", "halted"]];
  for (const [title, color] of keys) bar.append(make("span", { class: "key" }, ...(color ? [make("i", { style: `background: var(--${color})` })] : []), title));
}
