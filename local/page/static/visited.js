/** What became of a graph's states and edges in an execution. */

export const STATUS_WORDS = {
  SUCCEEDED: "succeeded",
  CAUGHT: "error caught",
  FAILED: "failed",
  TIMED_OUT: "timed out",
  ABORTED: "aborted",
  RUNNING: "running",
};

/** The visits of each state by its name, in the order of their entering. */
export function visitsByState(visits) {
  return Map.groupBy(visits, (visit) => visit.state);
}

/** How often a Task that had failed was tried again: by a Retry, or because a Catch led back to it. */
export function retriesOf(visits) {
  const tasks = visitsByState(visits.filter(({ type }) => type === "Task"));
  return [...tasks.values()].reduce((sum, ofState) => sum + retriesOfState(ofState), 0);
}

function retriesOfState(visits) {
  const attempts = visits.flatMap((visit) => visit.attempts);
  return attempts.filter(({ error }, at) => error !== null && at < attempts.length - 1).length;
}

/** "1 retry", "3 retries". */
export function retriesText(count) {
  return count === 1 ? "1 retry" : `${count} retries`;
}

/** The ids of the edges that an execution took. */
export function takenEdges({ nodes, edges }, { events, visits }) {
  const nameOf = new Map(nodes.map((node) => [node.id, node.name]));
  const caught = new Set(visits.filter((visit) => visit.status === "CAUGHT").map((visit) => visit.state));
  const byEnds = Map.groupBy(edges, (edge) => JSON.stringify([nameOf.get(edge.from), nameOf.get(edge.to)]));
  const eventOf = new Map(events.map((event) => [event.id, event]));
  const visitOf = new Map();
  const taken = new Set();
  const take = (from, to, isCaught) => {
    const between = byEnds.get(JSON.stringify([from, to])) ?? [];
    const fitting = between.filter((edge) => (edge.kind === "catch") === isCaught);
    for (const edge of fitting.length ? fitting : between) taken.add(edge.id);
  };
  for (const visit of visits) {
    const before = eventOf.get(eventOf.get(visit.eventId)?.previousEventId);
    const from = before?.stateExitedEventDetails?.name;
    if (from === undefined) take("Start", visit.state, false);
    else take(from, visit.state, caught.has(from) && visitOf.get(from)?.status === "CAUGHT");
    visitOf.set(visit.state, visit);
  }
  for (const visit of visits) if (visit.status === "SUCCEEDED") take(visit.state, "End", false);
  return taken;
}

/** The counts of the map run of each Map state, by its name, as "3 of 3 done". */
export function itemCountsOf({ events, mapRuns }) {
  const counts = new Map();
  for (const [name, run] of mapRunsByState({ events, mapRuns })) {
    if (!run.itemCounts) continue;
    const { total = 0, succeeded = 0, failed = 0, timedOut = 0, aborted = 0, running = 0 } = run.itemCounts;
    const parts = [`${succeeded} of ${total} done`];
    if (running) parts.push(`${running} running`);
    if (failed + timedOut + aborted) parts.push(`${failed + timedOut + aborted} failed`);
    counts.set(name, parts.join(" · "));
  }
  return counts;
}

/** The latest map run of each Distributed Map state, by the state's name. */
export function mapRunsByState({ events, mapRuns }) {
  const runOf = new Map(mapRuns.map((run) => [run.mapRunArn, run]));
  const eventOf = new Map(events.map((event) => [event.id, event]));
  const found = new Map();
  for (const event of events) {
    const run = runOf.get(event.mapRunStartedEventDetails?.mapRunArn);
    let before = event;
    while (run && before && !before.stateEnteredEventDetails) before = eventOf.get(before.previousEventId);
    if (run && before) found.set(before.stateEnteredEventDetails.name, run);
  }
  return found;
}
