/** Where the items of rows lie from left to right. dagre's own coordinates know no weights, and bend the way to success. */

import { reorder } from "page/layout-order.js";

const TURNS = 200;
const PUSHES = 6;
const ROUNDS = 12;

/** Orders the items of rows anew and gives them their x: near what they are joined with, lines upright, the main path on one line. */
export function straighten({ rows, chains, trunks }) {
  const uprights = uprightsOf(chains, trunks);
  const groups = groupsOf(rows.flat(), uprights);
  reorder(rows, groups, [...chains.values(), ...trunks.values()], gap);
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const group of groups) moveTo(group, group.x + (wishOf(group) - group.x) * (turn < TURNS * 0.8 ? 0.4 : 0.1));
    for (let push = 0; push < PUSHES; push += 1) for (const row of turn % 2 ? rows.toReversed() : rows) pushApart(row);
  }
  for (const row of rows) settle(row);
  for (let turn = 0; turn < ROUNDS; turn += 1) for (const line of uprights) align(line, rows);
  mirror(rows);
}

/** What moves as one: the uprights, and every other item alone. The heavier, the less it gives way. */
function groupsOf(items, uprights) {
  const main = items.filter((item) => item.isMain);
  const grouped = new Set([...main, ...uprights.flat()]);
  const alone = items.filter((item) => !grouped.has(item)).map((item) => [item]);
  const groups = [main, ...uprights, ...alone].filter((group) => group.length > 0);
  const middle = mean(main.map((item) => ({ at: item.x, weight: 1 })));
  for (const group of groups) {
    const isFixed = group === main;
    Object.assign(group, { isFixed, mass: isFixed ? 1e6 : group.some((item) => item.box) ? 4 : 1 });
    group.x = isFixed ? 0 : mean(group.map((item) => ({ at: item.x, weight: 1 }))) - middle;
    for (const item of group) Object.assign(item, { group, x: group.x });
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
    } else if (!chain.edge.isMain) bends.push(chain.slice(1, -1));
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
function mirror(rows) {
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
