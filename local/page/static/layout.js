/**
 * Where the nodes and edges of a definition are drawn, top to bottom. Pure: no DOM; texts are measured by their characters.
 *
 * dagre ranks the states and orders them within their ranks; every Map and Parallel is laid out alone and placed as one large
 * node. The x coordinates are ours: dagre's know no weights, and the way to success shall be one straight line. Catches of
 * one target flow together into one trunk: else the seven that lead to ExplainFailure are seven lines across the picture.
 */

import { layout as dagreLayout, Graph } from "dagre";
import { graphOf, serviceOf } from "page/definition.js";

const NODE_HEIGHT = 46;
const PSEUDO = { width: 64, height: 28 };
const MARGIN = 12;
const CLUSTER_PADDING = 14;
const BRANCH_GAP = 20;
const ROW_GAP = 15;
const LABEL_HEIGHT = 18;
const NAME_CHARACTER = 7.4;
const LABEL_CHARACTER = 6.3;
const KEPT = 8;

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
  const trunks = trunksOf(edges, ranksOf(nodes, boxes, edges, []));
  const ranked = rank(nodes, boxes, edges, trunks);
  const rows = rowsOf(ranked, boxes);
  straighten(rows);
  return drawn(rows, boxes, edges, trunks);
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
  const width = Math.round([...node.name].length * NAME_CHARACTER + 52);
  return { width: Math.min(232, Math.max(128, width)), height: NODE_HEIGHT };
}

// Ranks and order, by dagre

function ranksOf(nodes, boxes, edges, trunks) {
  const ranked = rank(nodes, boxes, edges, trunks);
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

function rank(nodes, boxes, edges, trunks) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 24, edgesep: 12, ranksep: 2 * ROW_GAP });
  const sorted = [...nodes].sort(
    (a, b) => (a.type === "End") - (b.type === "End") || (b.type === "Start") - (a.type === "Start"),
  );
  for (const { id } of sorted) graph.setNode(id, { width: boxes.get(id).width, height: boxes.get(id).height });
  const merged = new Set(trunks.flatMap((trunk) => trunk.joints.flatMap((joint) => joint.from)));
  const [main, rest] = [edges.filter((edge) => edge.isMain), edges.filter((edge) => !edge.isMain)];
  for (const edge of [...main, ...rest]) {
    if (edge.from !== edge.to && !merged.has(edge)) graph.setEdge(edge.from, edge.to, labelled(edge), edge.id);
  }
  for (const { target, joints } of trunks) {
    joints.forEach(({ id, from }, index) => {
      graph.setNode(id, { width: 1, height: 1 });
      for (const edge of from) graph.setEdge(edge.from, id, { weight: 1, minlen: 1 }, edge.id);
      graph.setEdge(id, joints[index + 1]?.id ?? target, { weight: 4, minlen: 1 }, `trunk ${id}`);
    });
  }
  dagreLayout(graph);
  return graph;
}

function labelled(edge) {
  const label = { weight: edge.isMain ? 20 : edge.kind === "catch" ? 1 : 3, minlen: 1 };
  if (edge.kind !== "choice") return label;
  return { ...label, width: labelWidth(edge.label), height: LABEL_HEIGHT, labelpos: "c" };
}

function labelWidth(label) {
  return Math.round([...label].length * LABEL_CHARACTER + 12);
}

// Rows: dagre's ranks with what lies in each, from left to right

/** `{items, segments, chains}`: items `{row, x, width, height, box | null, isMain}`; chains: the items an edge runs through, by edge id. */
function rowsOf(graph, boxes) {
  const items = [];
  const segments = [];
  const chains = new Map();
  const byNode = new Map();
  for (const id of graph.nodes()) {
    const { x, y, width, height } = graph.node(id);
    const box = boxes.get(id) ?? null;
    const item = { x, y, width, height, box, isMain: box?.node.isMain ?? false, near: [] };
    byNode.set(id, item);
    items.push(item);
  }
  for (const name of graph.edges()) {
    const edge = graph.edge(name);
    const bends = edge.points.slice(1, -1).map(({ x, y }) => {
      const isLabel = edge.width > 0 && Math.abs(y - edge.y) < 0.5;
      return {
        x,
        y,
        width: isLabel ? edge.width : 2,
        height: isLabel ? edge.height : 0,
        box: null,
        isLabel,
        isMain: edge.weight === 20,
        near: [],
      };
    });
    items.push(...bends);
    const chain = [byNode.get(name.v), ...bends, byNode.get(name.w)];
    chains.set(name.name, chain);
    for (let index = 1; index < chain.length; index += 1) {
      segments.push({ from: chain[index - 1], to: chain[index], weight: edge.weight });
    }
  }
  const levels = [...new Set(items.map((item) => Math.round(item.y)))].sort((a, b) => a - b);
  const rows = levels.map((y) => items.filter((item) => Math.round(item.y) === y).sort((a, b) => a.x - b.x));
  rows.forEach((row, index) => {
    for (const item of row) item.row = index;
  });
  for (const { from, to, weight } of segments) {
    const pull = weight * (from.box || to.box ? 1 : 6);
    from.near.push({ item: to, weight: pull });
    to.near.push({ item: from, weight: pull });
  }
  return { rows, chains };
}

// x: everything as near as may be to what it is joined with, the main path on one line

function straighten({ rows }) {
  for (const item of rows.flat()) if (item.isMain) item.near.push({ item: { x: 0 }, weight: 1e6 });
  const middle = rows.flat().find((item) => item.isMain)?.x ?? 0;
  for (const item of rows.flat()) item.x -= middle;
  for (let turn = 0; turn < 80; turn += 1) {
    const centre = turn < 50 ? mean : median;
    for (const row of turn % 2 ? rows.toReversed() : rows) settle(row, centre);
  }
}

/** Moves a row's items to where they want to be, as far as their order and widths allow (pool adjacent violators). */
function settle(row, centre) {
  const blocks = [];
  let offset = 0;
  row.forEach((item, index) => {
    if (index > 0) offset += gap(row[index - 1], item);
    const wishes = item.near.map((each) => ({ at: each.item.x - offset, weight: each.weight }));
    if (wishes.length === 0) wishes.push({ at: item.x - offset, weight: 0.01 });
    blocks.push({ members: [{ item, offset }], wishes, at: centre(wishes) });
    while (blocks.length > 1 && blocks.at(-2).at > blocks.at(-1).at) {
      const [left, right] = blocks.splice(-2);
      const joined = [...left.wishes, ...right.wishes];
      blocks.push({ members: [...left.members, ...right.members], wishes: joined, at: centre(joined) });
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

// Drawing

function drawn({ rows, chains }, boxes, edges, trunks) {
  let y = 0;
  const spans = rows.map((row) => {
    const height = Math.max(...row.map((item) => item.height));
    const span = { top: y, bottom: y + height };
    y = span.bottom + ROW_GAP;
    return span;
  });
  const items = rows.flat();
  const left = Math.min(0, ...items.map((item) => item.x - item.width / 2));
  const right = Math.max(0, ...items.map((item) => item.x + item.width / 2));
  for (const item of items) {
    item.x -= left;
    item.middle = (spans[item.row].top + spans[item.row].bottom) / 2;
  }
  const scope = { width: right - left, height: Math.max(0, y - ROW_GAP), nodes: [], edges: [], lines: [] };
  for (const item of items.filter((each) => each.box)) {
    scope.nodes.push({ ...item.box, x: item.x - item.width / 2, y: item.middle - item.height / 2 });
  }
  const trunkOf = new Map(
    trunks.flatMap((trunk) =>
      trunk.joints.flatMap((joint, index) => joint.from.map((edge) => [edge, trunk.joints.slice(index)])),
    ),
  );
  const lines = new Map();
  for (const edge of edges) {
    if (edge.from === edge.to) {
      const node = scope.nodes.find((each) => each.node.id === edge.from);
      const path = loopPath(node);
      scope.edges.push({ ...edge, ...path });
      lines.set(edge.id, { ...path, kind: edge.kind, isMain: false, edges: [edge.id] });
      continue;
    }
    const parts = [
      [edge.id, chains.get(edge.id)],
      ...(trunkOf.get(edge) ?? []).map(({ id }) => [`trunk ${id}`, chains.get(`trunk ${id}`)]),
    ];
    const drawnParts = parts.map(([id, chain]) => ({ id, ...partPath(chain, spans, edge) }));
    scope.edges.push({
      ...edge,
      path: drawnParts.map((part) => part.path).join(" "),
      arrow: drawnParts.at(-1).arrow,
      labelAt: labelAt(edge, parts[0][1], drawnParts[0]),
    });
    for (const part of drawnParts) {
      const line = lines.get(part.id) ?? {
        path: part.path,
        arrow: part.arrow,
        kind: edge.kind,
        isMain: edge.isMain,
        edges: [],
      };
      line.edges.push(edge.id);
      lines.set(part.id, line);
    }
  }
  scope.lines = [...lines.values()];
  return scope;
}

function labelAt(edge, chain, part) {
  const label = chain.find((item) => item.isLabel);
  if (label) return { x: label.x, y: label.middle, width: label.width };
  return { x: part.start.x, y: part.start.y + (part.start.isDown ? 11 : -11), width: labelWidth(edge.label) };
}

/** The SVG path through a chain of items: upright within the rows, in S curves between them. */
function partPath(chain, spans, edge) {
  const isDown = chain.at(-1).row > chain[0].row;
  const points = [];
  chain.forEach((item, index) => {
    const span = spans[item.row];
    if (item.box) {
      const isStart = index === 0;
      const next = isStart ? chain[1] : chain.at(-2);
      const edgeY = isDown === isStart ? item.middle + item.height / 2 : item.middle - item.height / 2;
      const rowY = isDown === isStart ? span.bottom : span.top;
      const x = portX(item, next, edge, isStart, isDown);
      points.push(
        ...(isStart
          ? [
              { x, y: edgeY },
              { x, y: rowY },
            ]
          : [
              { x, y: rowY },
              { x, y: edgeY },
            ]),
      );
    } else {
      const ends = [
        { x: item.x, y: span.top },
        { x: item.x, y: span.bottom },
      ];
      points.push(...(isDown ? ends : ends.reverse()));
    }
  });
  let path = `M${fixed(points[0].x)} ${fixed(points[0].y)}`;
  for (let index = 1; index < points.length; index += 1) {
    const [a, b] = [points[index - 1], points[index]];
    if (Math.abs(a.x - b.x) < 0.5) path += `L${fixed(b.x)} ${fixed(b.y)}`;
    else
      path += `C${fixed(a.x)} ${fixed((a.y + b.y) / 2)} ${fixed(b.x)} ${fixed((a.y + b.y) / 2)} ${fixed(b.x)} ${fixed(b.y)}`;
  }
  const end = points.at(-1);
  return { path, start: { ...points[0], isDown }, arrow: chain.at(-1).box ? { x: end.x, y: end.y, isDown } : null };
}

function portX(item, next, edge, isStart, isDown) {
  const side = Math.sign(next.x - item.x);
  if (item.isMain && edge.isMain) return item.x;
  if ((isStart && edge.kind === "catch") || !isDown) return item.x + (side || 1) * Math.min(item.width / 4, 40);
  return item.x;
}

function loopPath(node) {
  const [x, y] = [node.x + node.width, node.y + node.headerHeight / 2];
  const path = `M${fixed(x)} ${fixed(y - 8)}C${fixed(x + 22)} ${fixed(y - 14)} ${fixed(x + 22)} ${fixed(y + 14)} ${fixed(x + 2)} ${fixed(y + 8)}`;
  return { path, arrow: null, labelAt: { x, y, width: 0 } };
}

function fixed(value) {
  return Math.round(value * 10) / 10;
}

// Scopes into one another

function place(scope, left, top, layout) {
  for (const { node, inner, ...box } of scope.nodes) {
    const [x, y] = [left + box.x, top + box.y];
    layout.nodes.push({ ...node, ...box, x, y, isCluster: inner.length > 0 });
    let innerX =
      x +
      (box.width - inner.reduce((sum, each) => sum + each.width, 0) - BRANCH_GAP * Math.max(0, inner.length - 1)) / 2;
    for (const each of inner) {
      place(each, innerX, y + box.headerHeight + CLUSTER_PADDING, layout);
      innerX += each.width + BRANCH_GAP;
    }
  }
  const moved = ({ path, arrow, labelAt: label, ...rest }) => ({
    ...rest,
    path: shifted(path, left, top),
    arrow: arrow && { ...arrow, x: arrow.x + left, y: arrow.y + top },
    labelAt: label && { ...label, x: label.x + left, y: label.y + top },
  });
  layout.edges.push(...scope.edges.map(moved));
  layout.lines.push(...scope.lines.map(moved));
}

function shifted(path, left, top) {
  let isX = false;
  return path.replace(/-?\d+(\.\d+)?/g, (number) => {
    isX = !isX;
    return fixed(Number(number) + (isX ? left : top));
  });
}
