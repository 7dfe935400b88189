/** The rows of a graph: which state lies in which, in what order, and where lines pass between them. By dagre. */

import { layout as dagreLayout, Graph } from "dagre";
import { textWidth } from "page/text-width.js";

export const LABEL_SIZE = 11.5;
const LABEL_LINE = 15;

/**
 * The rows of a graph, in as many ways as asked for: dagre's order is a heuristic and hangs on the order that it is asked in.
 *
 * Each is `{rows, chains, trunks}`: rows of items `{x, width, height, box | null, row, place, near}`; chains: the items that an edge
 * runs through, by the edge's id; trunks: those of the trunks, by their target. A catch's chain ends where it meets its trunk.
 */
export function rowsOf(nodes, boxes, edges, ways) {
  const trunks = trunksOf(edges, ranksOf(nodes, boxes, edges));
  return Array.from({ length: ways }, (_, seed) => readRows(rank(nodes, boxes, edges, trunks, seed), boxes));
}

/** A list in an order that hangs on a seed alone; 0 leaves it as it is. */
function shuffled(list, seed) {
  if (seed === 0) return [...list];
  const keyed = list.map((each, index) => ({ each, key: ((index + 1) * 2654435761 * (2 * seed + 1)) % 4294967296 }));
  return keyed.sort((a, b) => a.key - b.key).map(({ each }) => each);
}

function ranksOf(nodes, boxes, edges) {
  const ranked = rank(nodes, boxes, edges, [], 0);
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

function rank(nodes, boxes, edges, trunks, seed) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 24, edgesep: 12, ranksep: 40 });
  const sorted = shuffled(nodes, seed).sort(
    (a, b) => (a.type === "End") - (b.type === "End") || (b.type === "Start") - (a.type === "Start"),
  );
  for (const { id } of sorted) graph.setNode(id, { width: boxes.get(id).width, height: boxes.get(id).height });
  const merged = new Set(trunks.flatMap((trunk) => trunk.joints.flatMap((joint) => joint.from)));
  const [main, others] = [edges.filter((edge) => edge.isMain), edges.filter((edge) => !edge.isMain)];
  const rest = shuffled(others, seed);
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
    width: Math.max(...lines.map((line) => textWidth(line, LABEL_SIZE))) + 10,
    height: lines.length * LABEL_LINE + 2,
  };
}

/** dagre's ranks with what lies in each, from left to right: states in every other row, labels between them. */
function readRows(graph, boxes) {
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
