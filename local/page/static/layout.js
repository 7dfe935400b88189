/**
 * Where the nodes and edges of a definition are drawn, top to bottom. Pure: no DOM; texts are measured by their characters.
 *
 * dagre ranks the states and orders them within their ranks; every Map and Parallel is laid out alone and placed as one large
 * node. The x coordinates are ours: dagre's know no weights, and the way to success shall be one straight line. Catches of
 * one target flow together into one trunk: else the seven that lead to ExplainFailure are seven lines across the picture.
 */

import { layout as dagreLayout, Graph } from "dagre";
import { graphOf, serviceOf } from "page/definition.js";
import { reorder } from "page/reorder.js";

const NODE_HEIGHT = 46;
const NODE_WIDTH = { least: 96, most: 250, beside: 48 };
const NAME_SIZE = 13;
const SMALL_SIZE = 11.5;
const PSEUDO = { width: 64, height: 26 };
const MARGIN = 14;
const CLUSTER_PADDING = 14;
const BRANCH_GAP = 20;
const LABEL_LINE = 15;
const CHANNEL = { least: 15, lead: 8, track: 8, tail: 13 };
const CORNER = 7;
const TURNS = 200;
const KEPT = 8;

/** Ways to ask dagre: its order is a heuristic and hangs on theirs. The one that crosses and bends least is kept. */
const VARIANTS = Array.from({ length: 4 }, (_, seed) => ({
  ranker: "network-simplex",
  sorting: (edges) => (seed === 0 ? edges : shuffled(edges, seed)),
}));

function shuffled(edges, seed) {
  const keyed = edges.map((edge, index) => ({ edge, key: ((index + 1) * 2654435761 * (2 * seed + 1)) % 4294967296 }));
  return keyed.sort((a, b) => a.key - b.key).map(({ edge }) => edge);
}

const known = new Map();

/**
 * The layout of a definition: `{width, height, nodes, edges, lines}`. The same object for the same definition.
 *
 * Nodes: those of `graphOf` with `x, y, width, height` (the top left corner; of a cluster the whole box, its own button is the
 * top `headerHeight`) and `service`. Edges: those of `graphOf` with `path` (SVG), `arrow` and `labelAt`. Lines: what is drawn quietly,
 * `{path, kind, isMain, edges}`, each stretch once.
 */
export function layoutOf(definition) {
  const key = JSON.stringify(definition);
  const found = known.get(key) ?? laidOut(definition);
  known.delete(key);
  known.set(key, found);
  if (known.size > KEPT) known.delete(known.keys().next().value);
  return found;
}

/** Lays a definition out, whether or not it was before. */
export function laidOut(definition) {
  const graph = graphOf(definition);
  const top = layoutScope(graph, null, 0);
  const layout = { width: top.width + 2 * MARGIN, height: top.height + 2 * MARGIN, nodes: [], edges: [], lines: [] };
  place(top, MARGIN, MARGIN, layout);
  return layout;
}

function layoutScope(graph, parent, branch) {
  const nodes = graph.nodes.filter((node) => node.parent === parent && node.branch === branch);
  const ids = new Set(nodes.map((node) => node.id));
  const edges = graph.edges.filter((edge) => ids.has(edge.from));
  const boxes = new Map(nodes.map((node) => [node.id, boxOf(graph, node)]));
  const trunks = trunksOf(edges, ranksOf(nodes, boxes, edges));
  const tries = VARIANTS.map((variant) => {
    const laid = rowsOf(rank(nodes, boxes, edges, trunks, variant), boxes);
    straighten(laid);
    mirror(laid);
    return drawn(laid, edges);
  });
  return tries.reduce((best, each) => (each.cost < best.cost ? each : best));
}

// Sizes

function boxOf(graph, node) {
  const inner = graph.nodes.filter((each) => each.parent === node.id);
  const branches = [...new Set(inner.map((each) => each.branch))].sort((a, b) => a - b);
  const box = { node, service: serviceOf(node.state), headerHeight: NODE_HEIGHT, inner: [], ...sizeOf(node) };
  if (branches.length === 0) return box;
  box.inner = branches.map((branch) => layoutScope(graph, node.id, branch));
  const width = box.inner.reduce((sum, each) => sum + each.width, 0) + BRANCH_GAP * (box.inner.length - 1);
  box.width = Math.max(box.width + 60, width) + 2 * CLUSTER_PADDING;
  box.height = NODE_HEIGHT + Math.max(...box.inner.map((each) => each.height)) + 2 * CLUSTER_PADDING;
  return box;
}

function sizeOf(node) {
  if (node.type === "Start" || node.type === "End") return PSEUDO;
  const { service } = serviceOf(node.state);
  const text = Math.max(textWidth(node.name, NAME_SIZE), textWidth(`${service} · 88.8 s`, SMALL_SIZE));
  const width = Math.round(text + NODE_WIDTH.beside);
  return { width: Math.min(NODE_WIDTH.most, Math.max(NODE_WIDTH.least, width)), height: NODE_HEIGHT };
}

/** About how wide a text is, in a wide font (DejaVu Sans): what fits there fits in the others. */
function textWidth(text, size) {
  let width = 0;
  for (const character of text) {
    if (/[ -~]/.test(character))
      width += /[ijlft.,:;'|!()[\]` I]/.test(character)
        ? 0.36
        : /[mwMW@%]/.test(character)
          ? 0.95
          : /[A-Z=<>&]/.test(character)
            ? 0.72
            : 0.61;
    else width += 1;
  }
  return width * size;
}

// Ranks and order, by dagre

function ranksOf(nodes, boxes, edges) {
  const ranked = rank(nodes, boxes, edges, [], VARIANTS[0]);
  return new Map(nodes.map((node) => [node.id, ranked.node(node.id).y]));
}

/** Catches of one target by two states or more: `{target, joints: [{id, y, from: [edges]}]}`, the joints from top to bottom. */
function trunksOf(edges, ranks) {
  const byTarget = Map.groupBy(
    edges.filter((edge) => edge.kind === "catch" && ranks.get(edge.from) < ranks.get(edge.to)),
    (edge) => edge.to,
  );
  const trunks = [];
  for (const [target, catches] of byTarget) {
    if (catches.length < 2) continue;
    const byRank = Map.groupBy(catches, (edge) => ranks.get(edge.from));
    const joints = [...byRank.entries()]
      .sort(([a], [b]) => a - b)
      .map(([y, from]) => ({ id: `joint ${y} ${target}`, from }));
    trunks.push({ target, joints });
  }
  return trunks;
}

function rank(nodes, boxes, edges, trunks, { ranker, sorting }) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 24, edgesep: 12, ranksep: 40, ranker });
  const sorted = sorting([...nodes]).sort(
    (a, b) => (a.type === "End") - (b.type === "End") || (b.type === "Start") - (a.type === "Start"),
  );
  for (const { id } of sorted) graph.setNode(id, { width: boxes.get(id).width, height: boxes.get(id).height });
  const merged = new Set(trunks.flatMap((trunk) => trunk.joints.flatMap((joint) => joint.from)));
  const [main, others] = [edges.filter((edge) => edge.isMain), edges.filter((edge) => !edge.isMain)];
  const rest = sorting(others);
  const stairs = stairsOf(nodes, edges);
  for (const edge of [...main, ...rest]) {
    if (edge.from !== edge.to && !merged.has(edge))
      graph.setEdge(edge.from, edge.to, { weight: weightOf(edge), minlen: stairs.get(edge) ?? 1, edge }, edge.id);
  }
  for (const { target, joints } of trunks) {
    joints.forEach(({ id, from }, index) => {
      graph.setNode(id, { width: 1, height: 1 });
      for (const edge of from) graph.setEdge(edge.from, id, { weight: 1, minlen: 1, isStub: true, edge }, edge.id);
      graph.setEdge(id, joints[index + 1]?.id ?? target, { weight: 2, minlen: 1, trunk: target }, `trunk ${id}`);
    });
  }
  dagreLayout(graph);
  return graph;
}

/** The ranks between a choice and the ends beside its main way: each one further down, so that they share a column. */
function stairsOf(nodes, edges) {
  const leaving = new Set(edges.map((edge) => edge.from));
  const entered = Map.groupBy(edges, (edge) => edge.to);
  const isEnd = (edge) =>
    edge.kind === "choice" && !edge.isMain && !leaving.has(edge.to) && entered.get(edge.to).length === 1;
  const stairs = new Map();
  for (const { id } of nodes) {
    edges
      .filter((edge) => edge.from === id && isEnd(edge))
      .forEach((edge, index) => {
        stairs.set(edge, index + 1);
      });
  }
  return stairs;
}

function weightOf(edge) {
  if (edge.isMain) return 20;
  return edge.kind === "catch" ? 1 : 3;
}

function labelSize({ kind, label }) {
  if (kind !== "choice") return null;
  const lines = label.split("\n");
  return {
    width: Math.max(...lines.map((line) => textWidth(line, SMALL_SIZE))) + 10,
    height: lines.length * LABEL_LINE + 2,
  };
}

// Rows: dagre's ranks with what lies in each, from left to right. States lie in every other row, labels between them.

/**
 * `{rows, chains, trunks}`: rows of items `{x, width, height, box | null, row, place, near}`; chains: the items that an edge runs
 * through, by its id; trunks: those of the trunks, by their target. A catch's chain ends where it meets its trunk.
 */
function rowsOf(graph, boxes) {
  const items = [];
  const chains = new Map();
  const trunks = new Map();
  const byNode = new Map();
  for (const id of graph.nodes()) {
    const { x, y, width, height } = graph.node(id);
    const box = boxes.get(id) ?? null;
    byNode.set(id, { x, y, width, height, box, isMain: box?.node.isMain ?? false, near: [] });
  }
  for (const name of graph.edges()) {
    const drawing = graph.edge(name);
    const bends = drawing.points.slice(1, -1).map((point) => bendAt(point, drawing));
    const size = drawing.edge && labelSize(drawing.edge);
    if (size) Object.assign(bends[0], size, { isLabel: true });
    const chain = [byNode.get(name.v), ...bends, byNode.get(name.w)];
    Object.assign(chain, { edge: drawing.edge, drawing });
    if (drawing.trunk) trunks.set(drawing.trunk, [...(trunks.get(drawing.trunk) ?? []), chain]);
    else chains.set(name.name, chain);
  }
  for (const [target, parts] of trunks) {
    const trunk = [parts[0][0], ...parts.flatMap((part) => part.slice(1))];
    trunks.set(target, Object.assign(trunk, { drawing: parts[0].drawing }));
    for (const chain of chains.values())
      if (chain.drawing.isStub && trunk.includes(chain.at(-1))) endAtTrunk(chain, trunk);
  }
  const all = [...chains.values(), ...trunks.values()];
  for (const chain of all) pull(chain);
  items.push(...new Set([...byNode.values(), ...all.flat()]));
  const levels = [...new Set(items.map((item) => Math.round(item.y)))].sort((a, b) => a - b);
  const rows = levels.map((y) => items.filter((item) => Math.round(item.y) === y).sort((a, b) => a.x - b.x));
  rows.forEach((row, index) => {
    row.forEach((item, place) => {
      Object.assign(item, { row: index, place });
    });
  });
  return { rows, chains, trunks };
}

function endAtTrunk(chain, trunk) {
  for (let index = 1; index < chain.length - 1; index += 1) {
    const met = trunk.find((item) => Math.abs(item.y - chain[index].y) < 0.5);
    if (met) return chain.splice(index, chain.length - index, met);
  }
}

function bendAt({ x, y }, drawing) {
  return { x, y, width: 2, height: 0, box: null, isLabel: false, isMain: drawing.edge?.isMain ?? false, near: [] };
}

/** Lets the items of a chain pull at one another: most where a line runs on, least where a catch leaves a state. */
function pull(chain) {
  const { weight, trunk, isStub } = chain.drawing;
  for (let index = 1; index < chain.length; index += 1) {
    const [from, to] = [chain[index - 1], chain[index]];
    const isLine = !from.box && !to.box;
    const strength = trunk || isStub ? (isLine ? 30 : 0.3) : weight * (isLine ? 6 : 1);
    from.near.push({ item: to, weight: strength });
    to.near.push({ item: from, weight: strength });
  }
}

// x: everything as near as may be to what it is joined with, lines upright, the main path on one line

function straighten({ rows, chains, trunks }) {
  const items = rows.flat();
  const middle = items.find((item) => item.isMain)?.x ?? 0;
  for (const item of items) item.x = item.isMain ? 0 : item.x - middle;
  const uprights = uprightsOf(chains, trunks);
  const groups = groupsOf(items, uprights);
  reorder(rows, groups, [...chains.values(), ...trunks.values()], gap);
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const group of groups) moveTo(group, group.x + (wishOf(group) - group.x) * (turn < TURNS * 0.8 ? 0.4 : 0.1));
    for (let push = 0; push < 6; push += 1) for (const row of turn % 2 ? rows.toReversed() : rows) pushApart(row);
  }
  for (const row of rows) settle(row);
  for (let turn = 0; turn < 12; turn += 1) for (const line of uprights) align(line, rows);
}

/** What moves as one: the uprights, and every other item alone. The heavier, the less it gives way. */
function groupsOf(items, uprights) {
  const grouped = new Set(uprights.flat());
  const groups = [...uprights, ...items.filter((item) => !grouped.has(item)).map((item) => [item])];
  for (const group of groups) {
    const isFixed = group.some((item) => item.isMain);
    Object.assign(group, { isFixed, mass: isFixed ? 1e6 : group.some((item) => item.box) ? 4 : 1 });
    for (const item of group) item.group = group;
    group.x = isFixed ? 0 : mean(group.map((item) => ({ at: item.x, weight: 1 })));
    moveTo(group, group.x);
  }
  return groups;
}

/** Where a group would be, between the items outside that pull at it. */
function wishOf(group) {
  const wishes = group.flatMap((item) => item.near.filter((each) => each.item.group !== group));
  return mean([...wishes.map((each) => ({ at: each.item.x, weight: each.weight })), { at: group.x, weight: 0.01 }]);
}

function pushApart(row) {
  for (let index = 1; index < row.length; index += 1) {
    const [left, right] = [row[index - 1], row[index]];
    const overlap = left.x + gap(left, right) - right.x;
    if (overlap <= 0 || left.group === right.group) continue;
    const share = right.group.mass / (left.group.mass + right.group.mass);
    moveTo(left.group, left.group.x - overlap * share);
    moveTo(right.group, right.group.x + overlap * (1 - share));
  }
}

function moveTo(group, x) {
  if (group.isFixed) return;
  group.x = x;
  for (const item of group) item.x = x;
}

/** The runs of items that shall stand above one another: columns of states, trunks, the bends of an edge. */
function uprightsOf(chains, trunks) {
  const columns = new Map();
  const lower = new Set();
  const bends = [];
  for (const chain of chains.values()) {
    const [from, to] = [chain[0], chain.at(-1)];
    const isColumn = chain.edge.kind !== "catch" && !from.isMain && !to.isMain && from.y < to.y;
    if (isColumn && !columns.has(from) && !lower.has(to)) {
      columns.set(from, chain);
      lower.add(to);
    } else bends.push(chain.slice(1, -1));
  }
  const pipes = [...trunks.values()].map((trunk) => trunk.slice(0, -1));
  return [...joinedColumns(columns), ...pipes, ...bends.filter((line) => line.length > 1)];
}

function joinedColumns(columns) {
  const lower = new Set([...columns.values()].map((chain) => chain.at(-1)));
  return [...columns.keys()]
    .filter((top) => !lower.has(top))
    .map((top) => {
      const line = [top];
      for (let next = columns.get(top); next; next = columns.get(line.at(-1))) line.push(...next.slice(1));
      return line;
    });
}

/** Puts a line's items above one another as far as their neighbours leave room, in as few pieces as may be. */
function align(line, rows) {
  let piece = [];
  let [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const finish = () =>
    moveTo(piece, Math.min(most, Math.max(least, median(piece.flatMap((item) => wishesOf(item, piece))))));
  for (const item of line) {
    const [from, to] = roomOf(item, rows);
    if (piece.length > 0 && Math.max(least, from) > Math.min(most, to)) {
      finish();
      piece = [];
      [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    }
    piece.push(item);
    [least, most] = [Math.max(least, from), Math.min(most, to)];
  }
  finish();
}

function wishesOf(item, piece) {
  const outside = item.near
    .filter((each) => !piece.includes(each.item))
    .map((each) => ({ at: each.item.x, weight: each.weight }));
  return [...outside, { at: item.x, weight: 0.01 }];
}

function roomOf(item, rows) {
  if (item.isMain) return [item.x, item.x];
  const row = rows[item.row];
  const [left, right] = [row[item.place - 1], row[item.place + 1]];
  return [
    left ? left.x + gap(left, item) : Number.NEGATIVE_INFINITY,
    right ? right.x - gap(item, right) : Number.POSITIVE_INFINITY,
  ];
}

/** Moves a row's items apart, as little as their order and widths ask for (pool adjacent violators). */
function settle(row) {
  const blocks = [];
  let offset = 0;
  row.forEach((item, index) => {
    if (index > 0) offset += gap(row[index - 1], item);
    const wishes = [{ at: item.x - offset, weight: item.isMain ? 1e6 : 1 }];
    blocks.push({ members: [{ item, offset }], wishes, at: wishes[0].at });
    while (blocks.length > 1 && blocks.at(-2).at > blocks.at(-1).at) {
      const [left, right] = blocks.splice(-2);
      const joined = [...left.wishes, ...right.wishes];
      blocks.push({ members: [...left.members, ...right.members], wishes: joined, at: mean(joined) });
    }
  });
  for (const { members, at } of blocks) for (const { item, offset: shift } of members) item.x = at + shift;
}

function gap(left, right) {
  const between = left.box && right.box ? 24 : left.box || right.box ? 14 : 10;
  return (left.width + right.width) / 2 + between;
}

function mean(wishes) {
  const weight = wishes.reduce((sum, each) => sum + each.weight, 0);
  return wishes.reduce((sum, each) => sum + each.at * each.weight, 0) / weight;
}

function median(wishes) {
  const sorted = [...wishes].sort((a, b) => a.at - b.at);
  const half = sorted.reduce((sum, each) => sum + each.weight, 0) / 2;
  let sum = 0;
  for (const { at, weight } of sorted) {
    sum += weight;
    if (sum >= half) return at;
  }
  return sorted.at(-1).at;
}

/** Turns the picture so that the main path lies on its left. */
function mirror({ rows }) {
  const items = rows.flat();
  const left = Math.min(...items.map((item) => item.x - item.width / 2));
  const right = Math.max(...items.map((item) => item.x + item.width / 2));
  if (left + right >= 0) return;
  for (const item of items) item.x = -item.x;
  for (const row of rows) {
    row.reverse();
    row.forEach((item, place) => {
      item.place = place;
    });
  }
}

// y: between two rows lies a channel, as high as the tracks of the lines that run across in it

function channelsOf({ rows, chains, trunks }) {
  const channels = rows.slice(1).map(() => []);
  for (const chain of [...chains.values(), ...trunks.values()]) {
    for (let index = 1; index < chain.length; index += 1) {
      const [from, to] = [chain[index - 1], chain[index]];
      const isDown = from.row < to.row;
      const [upper, lower] = isDown ? [from, to] : [to, from];
      const crossing = { top: portX(upper, chain), bottom: portX(lower, chain), upper };
      chain.crossings = [...(chain.crossings ?? []), crossing];
      if (Math.abs(crossing.top - crossing.bottom) >= 1) channels[upper.row].push(crossing);
    }
  }
  return channels.map(tracksOf);
}

/** Gives each crossing line its track, so that few cross one another; lines that leave one port share theirs. */
function tracksOf(crossings) {
  const nets = [
    ...Map.groupBy(crossings, (each) => (each.upper.box ? `${each.upper.x} ${each.top}` : each)).values(),
  ].map((members) => {
    const ends = members.flatMap(({ top, bottom }) => [top, bottom]);
    return { members, left: Math.min(...ends), right: Math.max(...ends) };
  });
  nets.sort((a, b) => a.right - a.left - (b.right - b.left) || a.left - b.left);
  const order = [];
  for (const net of nets) {
    const costs = Array.from({ length: order.length + 1 }, (_, place) =>
      order.reduce(
        (sum, other, index) => sum + (index < place ? crossingCost(other, net) : crossingCost(net, other)),
        0,
      ),
    );
    order.splice(costs.indexOf(Math.min(...costs)), 0, net);
  }
  let count = 0;
  let cost = crossings.reduce((sum, { top, bottom }) => sum + 1 + Math.abs(top - bottom) / 300, 0);
  order.forEach((net, index) => {
    for (const other of order.slice(0, index)) cost += 2 * crossingCost(other, net);
    const above = order.slice(0, index).filter((other) => other.left < net.right + 8 && net.left < other.right + 8);
    net.track = Math.max(-1, ...above.map((other) => other.track)) + 1;
    count = Math.max(count, net.track + 1);
    for (const member of net.members) member.track = net.track;
  });
  return { count, cost };
}

function crossingCost(above, below) {
  let cost = 0;
  for (const { top } of below.members) {
    if (above.left < top && top < above.right) cost += 1;
    if (above.members.some(({ bottom }) => Math.abs(bottom - top) < 5)) cost += 4;
  }
  for (const { bottom } of above.members) if (below.left < bottom && bottom < below.right) cost += 1;
  return cost;
}

/** Where an edge meets an item: the main path in the middle of a state, catches and ways back beside it. */
function portX(item, chain) {
  if (!item.box || chain.drawing.trunk) return item.x;
  const isStart = item === chain[0];
  const next = isStart ? chain[1] : chain.at(-2);
  const isDown = chain[0].row < chain.at(-1).row;
  const isBeside = !isDown || (isStart && chain.edge?.kind === "catch");
  return isBeside ? item.x + (Math.sign(next.x - item.x) || 1) * Math.min(item.width / 4, 40) : item.x;
}

// Drawing

function drawn(laid, edges) {
  const { rows, chains, trunks } = laid;
  const channels = channelsOf(laid);
  const spans = spansOf(
    rows,
    channels.map((channel) => channel.count),
  );
  const items = rows.flat();
  const left = Math.min(0, ...items.map((item) => item.x - item.width / 2));
  const right = Math.max(0, ...items.map((item) => item.x + item.width / 2));
  const cost = channels.reduce((sum, channel) => sum + channel.cost, 0) + (right - left) / 15;
  const scope = { cost, width: right - left, height: spans.at(-1)?.bottom ?? 0, left, nodes: [], edges: [], lines: [] };
  for (const item of items) {
    const { top, bottom } = spans[item.row];
    item.top = item.box ? top : (top + bottom - item.height) / 2;
    if (item.box) scope.nodes.push({ ...item.box, x: item.x - item.width / 2, y: item.top });
  }
  for (const [target, trunk] of trunks) {
    const { points, arrow } = lineOf(trunk, spans);
    const ids = edges
      .filter((edge) => edge.to === target && chains.get(edge.id)?.drawing.isStub)
      .map((edge) => edge.id);
    scope.lines.push({ points, arrow, labelAt: points[0], kind: "catch", isMain: false, edges: ids });
  }
  for (const edge of edges) {
    const chain = chains.get(edge.id);
    const line = chain ? lineOf(chain, spans) : loopOf(scope.nodes.find(({ node }) => node.id === edge.from));
    scope.lines.push({ ...line, kind: edge.kind, isMain: edge.isMain, edges: [edge.id] });
    const trunk = chain?.drawing.isStub ? trunks.get(edge.to) : null;
    const rest = trunk ? lineOf(trunk, spans, trunk.indexOf(chain.at(-1))) : { points: [], arrow: line.arrow };
    scope.edges.push({ ...edge, points: [...line.points, ...rest.points], arrow: rest.arrow, labelAt: line.labelAt });
  }
  return scope;
}

function spansOf(rows, counts) {
  let y = 0;
  return rows.map((row, index) => {
    const span = { top: y, bottom: y + Math.max(...row.map((item) => item.height)) };
    const count = counts[index] ?? 0;
    const tail = rows[index + 1]?.some((item) => item.box) ? CHANNEL.tail : CHANNEL.lead;
    span.tracks = span.bottom + (count === 1 ? (CHANNEL.least - tail + CHANNEL.lead) / 2 : CHANNEL.lead);
    y = span.bottom + Math.max(CHANNEL.least, CHANNEL.lead + (count - 1) * CHANNEL.track + tail);
    return span;
  });
}

/** The corners of a line through a chain of items, from one of them on, and where its arrow and its label are. */
function lineOf(chain, spans, first = 0) {
  const isDown = chain[0].row < chain.at(-1).row;
  const points = [];
  for (let index = first; index < chain.length - 1; index += 1) {
    const [from, to, crossing] = [chain[index], chain[index + 1], chain.crossings[index]];
    const [fromX, toX] = isDown ? [crossing.top, crossing.bottom] : [crossing.bottom, crossing.top];
    points.push({ x: fromX, y: from.box ? from.top + (isDown ? from.height : 0) : from.top + from.height / 2 });
    if (crossing.track !== undefined) {
      const y = spans[crossing.upper.row].tracks + crossing.track * CHANNEL.track;
      points.push({ x: fromX, y }, { x: toX, y });
    }
    if (index === chain.length - 2)
      points.push({ x: toX, y: to.box ? to.top + (isDown ? 0 : to.height) : to.top + to.height / 2 });
  }
  const [start, end] = [points[0], points.at(-1)];
  const label = chain.find((item) => item.isLabel);
  const labelAt = label
    ? { x: label.x, y: label.top + label.height / 2 }
    : { x: start.x, y: start.y + (isDown ? 12 : -12) };
  return { points, labelAt, arrow: chain.at(-1).box ? { ...end, isDown } : null };
}

/** An SVG path through points, its corners rounded. */
function rounded(points) {
  const corners = points.filter((point, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (!before || !after) return true;
    return !(
      (Math.abs(before.x - point.x) < 0.5 && Math.abs(point.x - after.x) < 0.5) ||
      (before.y === point.y && point.y === after.y)
    );
  });
  let path = `M${fixed(corners[0].x)} ${fixed(corners[0].y)}`;
  for (let index = 1; index < corners.length; index += 1) {
    const [from, corner, to] = [corners[index - 1], corners[index], corners[index + 1]];
    if (!to) path += `L${fixed(corner.x)} ${fixed(corner.y)}`;
    else {
      const [a, b] = [toward(corner, from), toward(corner, to)];
      path += `L${fixed(a.x)} ${fixed(a.y)}Q${fixed(corner.x)} ${fixed(corner.y)} ${fixed(b.x)} ${fixed(b.y)}`;
    }
  }
  return path;
}

function toward(corner, other) {
  const length = Math.hypot(other.x - corner.x, other.y - corner.y) || 1;
  const part = Math.min(CORNER, length / 2) / length;
  return { x: corner.x + (other.x - corner.x) * part, y: corner.y + (other.y - corner.y) * part };
}

function loopOf(node) {
  const [x, y] = [node.x + node.width - 16, node.y + node.headerHeight];
  const out = node.x + node.width + 12;
  const points = [
    { x, y },
    { x, y: y + 9 },
    { x: out, y: y + 9 },
    { x: out, y: node.y - 9 },
    { x, y: node.y - 9 },
    { x, y: node.y },
  ];
  return { points, labelAt: { x: out, y: y + 9 }, arrow: { x, y: node.y, isDown: true } };
}

function fixed(value) {
  return Math.round(value * 10) / 10;
}

// Scopes into one another

function place(scope, left, top, layout) {
  const origin = left - scope.left;
  for (const { node, inner, ...box } of scope.nodes) {
    const [x, y] = [origin + box.x, top + box.y];
    layout.nodes.push({ ...node, ...box, x, y, isCluster: inner.length > 0 });
    let innerX =
      x +
      (box.width - inner.reduce((sum, each) => sum + each.width, 0) - BRANCH_GAP * Math.max(0, inner.length - 1)) / 2;
    for (const each of inner) {
      place(each, innerX, y + box.headerHeight + CLUSTER_PADDING, layout);
      innerX += each.width + BRANCH_GAP;
    }
  }
  const moved = ({ points, arrow, labelAt: label, ...rest }) => {
    const shift = ({ x, y, ...more }) => ({ ...more, x: fixed(x + origin), y: fixed(y + top) });
    return { ...rest, path: rounded(points.map(shift)), arrow: arrow && shift(arrow), labelAt: shift(label) };
  };
  layout.edges.push(...scope.edges.map(moved));
  layout.lines.push(...scope.lines.map(moved));
}
