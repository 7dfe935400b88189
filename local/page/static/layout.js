/**
 * Where the nodes and edges of a definition are drawn, top to bottom. Pure: no DOM; texts are measured by their characters.
 *
 * dagre ranks the states and orders them within their ranks; every Map and Parallel is laid out alone and placed as one large
 * node. The x coordinates are ours: dagre's know no weights, and the way to success shall be one straight line. Catches of
 * one target flow together into one trunk: else the seven that lead to ExplainFailure are seven lines across the picture.
 */

import { graphOf, serviceOf } from "page/definition.js";
import { LABEL_SIZE, rowsOf } from "page/layout-ranks.js";
import { fixed, lineOf, loopOf, rounded, spansOf } from "page/layout-tracks.js";
import { straighten } from "page/layout-uprights.js";
import { textWidth } from "page/text-width.js";

const LABEL_FRAME = 10;
const LABEL_GAP = 3;
const NODE_HEIGHT = 46;
const NODE_WIDTH = { least: 96, most: 250, beside: 48 };
const NAME_SIZE = 13;
const PSEUDO = { width: 64, height: 26 };
const TIMED = new Set(["Task", "Wait", "Pass", "Map", "Parallel"]);
const MARGIN = 14;
const CLUSTER_PADDING = 14;
const BRANCH_GAP = 20;
const WAYS = 4;
const MANY_NODES = 60;
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
  const ways = rowsOf(nodes, boxes, edges, nodes.length > MANY_NODES ? 1 : WAYS).map((laid) => {
    straighten(laid);
    return { laid, ...spansOf(laid) };
  });
  return drawn(
    ways.reduce((best, each) => (each.cost < best.cost ? each : best)),
    edges,
  );
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
  const small = TIMED.has(node.type) ? `${service} · 88.8 s` : service;
  const text = Math.max(textWidth(node.name, NAME_SIZE), textWidth(small, LABEL_SIZE));
  const isEnd = node.type === "Succeed" || node.type === "Fail";
  const width = Math.round(text + NODE_WIDTH.beside + (isEnd ? 8 : 0));
  return { width: Math.min(NODE_WIDTH.most, Math.max(NODE_WIDTH.least, width)), height: NODE_HEIGHT };
}

// Drawing

function drawn({ laid, spans }, edges) {
  const { rows, chains, trunks } = laid;
  const items = rows.flat();
  const left = Math.min(0, ...items.map((item) => item.x - item.width / 2));
  const right = Math.max(0, ...items.map((item) => item.x + item.width / 2));
  const scope = { width: right - left, height: spans.at(-1)?.bottom ?? 0, left, nodes: [], edges: [], lines: [] };
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
  spreadCatchLabels(scope);
  return scope;
}

/** The labels of a state's catches side by side, as near to where their lines begin as they fit. */
function spreadCatchLabels({ edges, left: least }) {
  for (const catches of Object.values(Object.groupBy(edges.filter(isLabelledCatch), ({ from }) => from))) {
    catches.sort((one, other) => one.labelAt.x - other.labelAt.x);
    const widths = catches.map(({ label }) => textWidth(label, LABEL_SIZE) + LABEL_FRAME);
    const middle = catches.reduce((sum, { labelAt }) => sum + labelAt.x, 0) / catches.length;
    const whole = widths.reduce((sum, width) => sum + width, 0) + LABEL_GAP * (catches.length - 1);
    const doFit = catches.every(
      ({ labelAt }, at) =>
        at === 0 || labelAt.x - catches[at - 1].labelAt.x >= (widths[at] + widths[at - 1]) / 2 + LABEL_GAP,
    );
    if (doFit) continue;
    let left = Math.max(least, middle - whole / 2);
    catches.forEach((each, at) => {
      each.labelAt = { ...each.labelAt, x: left + widths[at] / 2 };
      left += widths[at] + LABEL_GAP;
    });
  }
}

function isLabelledCatch({ kind, label, labelAt }) {
  return kind === "catch" && label && labelAt;
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
    return { ...rest, path: rounded(points.map(shift)), arrow: arrow && shift(arrow), labelAt: label && shift(label) };
  };
  layout.edges.push(...scope.edges.map(moved));
  layout.lines.push(...scope.lines.map(moved));
}
