/** How lines run: upright through the rows, across in the channels between them, each in a track of its own. */

const CHANNEL = { least: 15, lead: 8, track: 8, tail: 13 };
const CORNER = 7;
const COST = { crossing: 2, across: 300, width: 15 };

/**
 * Where each row lies from top to bottom: spans `{top, bottom, tracks}`, the last the first track below it. The cost counts bends,
 * crossings, the way across and the width.
 */
export function spansOf(laid) {
  const channels = channelsOf(laid);
  const items = laid.rows.flat();
  const left = Math.min(...items.map((item) => item.x - item.width / 2));
  const right = Math.max(...items.map((item) => item.x + item.width / 2));
  const cost = channels.reduce((sum, channel) => sum + channel.cost, (right - left) / COST.width);
  let y = 0;
  const spans = laid.rows.map((row, index) => {
    const span = { top: y, bottom: y + Math.max(...row.map((item) => item.height)) };
    const count = channels[index]?.count ?? 0;
    const tail = laid.rows[index + 1]?.some((item) => item.box) ? CHANNEL.tail : CHANNEL.lead;
    span.tracks = span.bottom + (count === 1 ? (CHANNEL.least - tail + CHANNEL.lead) / 2 : CHANNEL.lead);
    y = span.bottom + Math.max(CHANNEL.least, CHANNEL.lead + (count - 1) * CHANNEL.track + tail);
    return span;
  });
  return { spans, cost };
}

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
  return channels.map(countTracks);
}

/** Gives each crossing line its track, so that few cross one another; lines that leave one port share theirs. */
function countTracks(crossings) {
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
  let cost = crossings.reduce((sum, { top, bottom }) => sum + 1 + Math.abs(top - bottom) / COST.across, 0);
  order.forEach((net, index) => {
    const above = order.slice(0, index).filter((other) => other.left < net.right + 8 && net.left < other.right + 8);
    net.track = Math.max(-1, ...above.map((other) => other.track)) + 1;
    count = Math.max(count, net.track + 1);
    for (const other of order.slice(0, index)) cost += COST.crossing * crossingCost(other, net);
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

/** The corners of a line through a chain of items, from one of them on, and where its arrow and its label are. */
export function lineOf(chain, spans, first = 0) {
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
export function rounded(points) {
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

/** A line from a state to itself, beside it. */
export function loopOf(node) {
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

export function fixed(value) {
  return Math.round(value * 10) / 10;
}
