/** The order of the items within their rows: dagre's, mended where fewer lines cross or the picture becomes narrower. */

const CROSSING = 3;
const PIXELS = 1 / 12;
const TURN = 6;
const PASSES = 6;

/**
 * Reorders rows in place; returns what their order costs. `groups` are what stands upright, `chains` the lines from item to item, `gap(left, right)` is how far apart
 * two neighbours' middles are at least.
 */
export function reorder(rows, groups, chains, gap) {
  const channels = channelsOf(rows, chains);
  groups.forEach((group, index) => {
    group.index = index;
  });
  const cost = () => crossings(channels) * CROSSING + turns(rows, groups) * TURN + widthOf(rows, groups, gap) * PIXELS;
  place(rows);
  let least = cost();
  for (let pass = 0; pass < PASSES; pass += 1) {
    const before = least;
    for (const bundle of bundlesOf(groups, chains)) {
      for (const move of MOVES) {
        const kept = new Map();
        for (const item of bundle) if (!kept.has(item.row)) kept.set(item.row, [...rows[item.row]]);
        move(rows, bundle);
        const now = cost();
        if (now < least - 1e-9) least = now;
        else for (const [index, row] of kept) put(rows, index, row);
      }
    }
    if (least === before) break;
  }
  return least;
}

const MOVES = [
  (rows, bundle) => beside(rows, bundle, 1),
  (rows, bundle) => beside(rows, bundle, 0),
  (rows, bundle) => toEnd(rows, bundle, true),
  (rows, bundle) => toEnd(rows, bundle, false),
  (rows, bundle) => step(rows, bundle, 1),
  (rows, bundle) => step(rows, bundle, -1),
];

/** Every group alone, and every group of states together with the lines that lead to and from it. */
function bundlesOf(groups, chains) {
  const movable = groups.filter((group) => !group.some((item) => item.isMain));
  const bundles = movable.map((group) => [...group]);
  for (const group of movable.filter((each) => each.some((item) => item.box))) {
    const lines = chains.filter((chain) => group.includes(chain[0]) || group.includes(chain.at(-1)));
    const bends = new Set(
      lines.flatMap((chain) => chain.slice(1, -1)).filter((item) => !item.box && !item.isMain && !group.includes(item)),
    );
    if (bends.size) bundles.push([...group, ...bends]);
  }
  return bundles;
}

/** Puts a bundle's items next to the main path, where a row has none to the row's left end. */
function beside(rows, bundle, side) {
  each(rows, bundle, (rest, own) => {
    const main = rest.findIndex((item) => item.isMain);
    const at = main < 0 ? (side ? 0 : rest.length) : main + side;
    return rest.toSpliced(at, 0, ...own);
  });
}

function toEnd(rows, bundle, isRight) {
  each(rows, bundle, (rest, own) => (isRight ? [...rest, ...own] : [...own, ...rest]));
}

function step(rows, bundle, by) {
  each(rows, bundle, (rest, own, row) => {
    const at = rest.indexOf(row[row.indexOf(own[0]) - 1]) + 1;
    return rest.toSpliced(Math.min(rest.length, Math.max(0, at + by)), 0, ...own);
  });
}

function each(rows, bundle, arranged) {
  for (const index of new Set(bundle.map((item) => item.row))) {
    const own = rows[index].filter((item) => bundle.includes(item));
    put(
      rows,
      index,
      arranged(
        rows[index].filter((item) => !bundle.includes(item)),
        own,
        rows[index],
      ),
    );
  }
}

function put(rows, index, row) {
  rows[index] = row;
  row.forEach((item, at) => {
    item.place = at;
  });
}

function place(rows) {
  rows.forEach((row, index) => {
    put(rows, index, row);
  });
}

function channelsOf(rows, chains) {
  const channels = rows.map(() => []);
  for (const chain of chains) {
    for (let index = 1; index < chain.length; index += 1) {
      const [a, b] = [chain[index - 1], chain[index]];
      channels[Math.min(a.row, b.row)].push(a.row < b.row ? [a, b] : [b, a]);
    }
  }
  return channels;
}

function crossings(channels) {
  let count = 0;
  for (const lines of channels) {
    for (let first = 1; first < lines.length; first += 1) {
      for (let second = 0; second < first; second += 1) {
        const [top, bottom] = [
          lines[first][0].place - lines[second][0].place,
          lines[first][1].place - lines[second][1].place,
        ];
        if (top * bottom < 0) count += lines[first][0].isMain && lines[first][1].isMain ? 4 : 1;
      }
    }
  }
  return count;
}

/** How many pairs of groups are each left of the other in some row: one of the two cannot stand upright. */
function turns(rows, groups) {
  const size = groups.length;
  const isLeft = new Uint8Array(size * size);
  let count = 0;
  for (const row of rows) {
    for (let right = 1; right < row.length; right += 1) {
      const b = row[right].group.index;
      for (let left = 0; left < right; left += 1) {
        const a = row[left].group.index;
        if (isLeft[b * size + a] && !isLeft[a * size + b]) count += 1;
        isLeft[a * size + b] = 1;
      }
    }
  }
  return count;
}

/** How wide the rows are at least when every group stands upright; where they cannot all, when none does. */
function widthOf(rows, groups, gap) {
  for (const group of groups) group.least = 0;
  let isMoving = true;
  for (let pass = 0; isMoving; pass += 1) {
    if (pass > 40)
      return Math.max(
        ...rows.map((row) => row.reduce((sum, item, index) => sum + (index ? gap(row[index - 1], item) : 0), 0)),
      );
    isMoving = false;
    for (const row of rows) {
      for (let index = 0; index < row.length; index += 1) {
        const least = index ? row[index - 1].group.least + gap(row[index - 1], row[index]) : row[0].width / 2;
        if (least > row[index].group.least + 0.01) {
          row[index].group.least = least;
          isMoving = true;
        }
      }
    }
  }
  return Math.max(...rows.flat().map((item) => item.group.least + item.width / 2));
}
