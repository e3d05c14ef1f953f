// The run as the rest of the script sees it.
const run = JSON.parse(document.getElementById("data").textContent);
const MS = 1e6;

// Columns of a moment's row. A moment is its number in run.moments.
const rows = run.moments, count = rows.length;
const kindOf = i => run.words[rows[i][3]];
const outcomeOf = i => run.words[rows[i][4]];
const at = new Float64Array(count), end = new Float64Array(count), sent = new Float64Array(count);
const laneOf = new Int32Array(count), fromOf = new Int32Array(count);
const isOpen = i => rows[i][5] === 1;
const textOf = i => rows[i][6];
const tagsOf = i => rows[i][11].map(t => run.words[t]);
const detailsOf = i => {
  const out = [], d = rows[i][10];
  for (let j = 0; j < d.length; j += 2) out.push([run.words[d[j]], d[j + 1]]);
  return out;
};
const tagged = new Map(); // tag to moments, in order
let violation = -1, finish = run.virtual;
for (let i = 0; i < count; i++) {
  const r = rows[i];
  at[i] = r[0]; end[i] = r[0] + r[1]; laneOf[i] = r[2]; fromOf[i] = r[7]; sent[i] = r[0] - r[8];
  if (kindOf(i) === "violation") violation = i;
  for (const t of r[11]) {
    const tag = run.words[t];
    if (!tagged.has(tag)) tagged.set(tag, []);
    tagged.get(tag).push(i);
  }
}
finish = Math.max(finish, 1);

// kinds says what can be shown and hidden, and what it looks like.
const kinds = [
  { name: "fault", title: "faults and deaths", color: "fault", has: ["fault", "death"], on: true },
  { name: "note", title: "what the world tells", color: "mute", has: ["note"], on: true },
  { name: "request", title: "requests", color: "done", has: ["request"], on: true },
  { name: "entry", title: "entries that become visible", color: "entry", has: ["entry"], on: true },
  { name: "again", title: "entries shown again", color: "again", has: ["again"], on: true },
  { name: "barrier", title: "syncs", color: "bar", has: ["barrier"], on: true },
  { name: "file", title: "file operations", color: "file", has: ["file"], on: true },
  { name: "message", title: "messages", color: "message", has: ["message"], on: true },
  { name: "bytes", title: "pieces of bytes", color: "again", has: ["bytes"], on: false },
];
const frame = new Set(["life", "state", "connection", "violation"]); // is always shown
const shown = new Set();
function chooseKinds() {
  shown.clear();
  frame.forEach(k => shown.add(k));
  for (const k of kinds) if (k.on) k.has.forEach(h => shown.add(h));
}
chooseKinds();

// weak tags tie together so much that they explain little.
const weak = tag => /^(partition|life) |^bucket \d+$/.test(tag);

// related are the moments that belong to one: those that share a tag with it,
// with the requests and entries of the same append.
function related(i) {
  let tags = new Set(tagsOf(i).filter(t => !weak(t)));
  if (tags.size === 0 && kindOf(i) === "violation") tags = new Set(tagsOf(i));
  else for (let hop = 0; hop < 2; hop++) {
    for (const tag of [...tags]) for (const m of tagged.get(tag) || []) {
      if (["request", "entry", "again"].includes(kindOf(m))) tagsOf(m).forEach(t => weak(t) || tags.add(t));
    }
  }
  const out = new Set([i]);
  for (const tag of tags) for (const m of tagged.get(tag) || []) out.add(m);
  return out;
}

// bucketsOf are the buckets whose entries a set of moments is about.
function bucketsOf(set) {
  const out = new Set();
  for (const i of set) for (const tag of tagsOf(i)) { const m = /^bucket (\d+)/.exec(tag); if (m) out.add(Number(m[1])); }
  return out;
}

// evidence is what happened to the files of buckets from one time to another
// that may explain what became of their entries: changes that recovery made,
// operations and syncs that failed, and the writes and syncs while the requests
// of the set were on their way.
const evidenceMost = 40;
const changes = i => /^(write|truncate|preallocate|rename|remove)/.test(textOf(i));
function evidence(set, from, to) {
  const spans = [...set].filter(i => kindOf(i) === "request" && tagsOf(i).some(t => t.startsWith("append"))).map(i => [at[i], end[i]]);
  const during = i => spans.some(([a, b]) => at[i] >= a && at[i] <= b);
  const buckets = bucketsOf(set), out = [];
  run.lanes.forEach((lane, l) => {
    if (lane.role !== "disk" && lane.role !== "bucket" || !buckets.has(lane.n)) return;
    for (const i of perLane[l]) {
      if (at[i] < from || at[i] > to) continue;
      const kind = kindOf(i), bad = outcomeOf(i) !== "" && outcomeOf(i) !== "done";
      if (kind === "file" && (bad || changes(i) && (during(i) || detailsOf(i).some(d => d[0] === "during"))) ||
        kind === "barrier" && (bad || during(i)) || kind === "state" && outcomeOf(i) !== "recovers") out.push(i);
    }
  });
  out.sort((p, q) => at[p] - at[q] || p - q);
  return out.slice(-evidenceMost);
}

// Time on the screen: the same as virtual time, or with idle time squeezed. A
// gap longer than quiet, which is longer than nearly all gaps of the run, grows
// with its logarithm only.
let quiet = MS;
let knots = [0, finish], places = [0, finish], squeezed = false;
const uAt = new Float64Array(count), uEnd = new Float64Array(count), uSent = new Float64Array(count);
let uMax = finish;
function layTime(squeeze) {
  squeezed = squeeze;
  knots = [0]; places = [0];
  if (squeeze) {
    const times = [];
    for (let i = 0; i < count; i++) {
      times.push(at[i]);
      if (!["fault", "life", "state", "connection"].includes(kindOf(i))) times.push(end[i]);
    }
    times.sort((a, b) => a - b);
    const gaps = times.map((t, i) => t - (times[i - 1] || 0)).filter(d => d > 0).sort((a, b) => a - b);
    quiet = Math.max(2e4, Math.min(5 * MS, gaps[Math.floor(gaps.length * 0.95)] || MS));
    for (const t of times) {
      const last = knots[knots.length - 1], gap = t - last;
      if (gap <= 0) continue;
      knots.push(t);
      places.push(places[places.length - 1] + (gap <= quiet ? gap : quiet * (1 + Math.log2(gap / quiet) / 3)));
    }
  }
  const last = knots[knots.length - 1];
  if (finish > last) {
    knots.push(finish);
    places.push(places[places.length - 1] + (squeeze ? Math.min(finish - last, quiet) : finish - last));
  }
  uMax = places[places.length - 1];
  for (let i = 0; i < count; i++) { uAt[i] = toU(at[i]); uEnd[i] = toU(end[i]); uSent[i] = toU(sent[i]); }
  measure();
}

// below is the number of the last value that is at most v.
function below(values, v) {
  let lo = 0, hi = values.length - 1;
  while (lo < hi) { const mid = (lo + hi + 1) >> 1; if (values[mid] <= v) lo = mid; else hi = mid - 1; }
  return lo;
}
function convert(from, to, v) {
  const i = Math.min(below(from, v), from.length - 2);
  return to[i] + (v - from[i]) * (to[i + 1] - to[i]) / (from[i + 1] - from[i]);
}
const toU = t => convert(knots, places, t);
const toT = u => convert(places, knots, u);

// Each lane's moments in order of time; reach is how far any moment so far
// lasts, for finding what began before the window.
const perLane = run.lanes.map(() => []), reach = [];
for (let i = 0; i < count; i++) perLane[laneOf[i]].push(i);
const arrows = []; // messages between lanes
for (let i = 0; i < count; i++) if (fromOf[i] >= 0) arrows.push(i);
function measure() {
  perLane.forEach((list, l) => {
    const r = reach[l] = new Float64Array(list.length);
    let far = -1;
    list.forEach((i, j) => { far = Math.max(far, uEnd[i]); r[j] = far; });
  });
}
// within calls f with the moments of a lane that touch the window [a, b].
function within(l, a, b, f) {
  const list = perLane[l], r = reach[l];
  let lo = 0, hi = list.length;
  while (lo < hi) { const mid = (lo + hi) >> 1; if (r[mid] >= a) hi = mid; else lo = mid + 1; }
  for (; lo < list.length && uAt[list[lo]] <= b; lo++) if (uEnd[list[lo]] >= a) f(list[lo]);
}

// rowOf spreads spans of a lane that overlap over rows.
const rowOf = new Int16Array(count), rowsIn = run.lanes.map(() => 1);
(function spread() {
  run.lanes.forEach((lane, l) => {
    const kind = lane.role === "client" ? "request" : lane.role === "disk" ? "barrier" : "";
    const most = lane.role === "client" ? 20 : 3, free = [];
    for (const i of perLane[l]) {
      if (kindOf(i) !== kind) continue;
      let row = free.findIndex(t => t <= at[i]);
      if (row < 0) row = free.length < most ? free.length : free.indexOf(Math.min(...free));
      free[row] = Math.max(end[i], at[i] + 1);
      rowOf[i] = row;
    }
    rowsIn[l] = Math.max(1, free.length);
  });
})();

// Texts of time.
function ms(t, digits = 3) { return (t / MS).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }); }
function length(t) {
  if (t >= 1e9) return (t / 1e9).toFixed(3) + " s";
  return t >= 1e5 ? (t / MS).toFixed(3) + " ms" : (t / 1e3).toFixed(1) + " µs";
}
