/** A state machine's definition (Amazon States Language) as nodes and edges. Pure: no DOM, no execution. */

export const START = "start";
export const END = "end";

const LABEL_LINE = 24;
const LABEL_LINES = 2;
const CATCH_ALL = "States.ALL";

const SERVICES = {
  apigateway: "API Gateway",
  batch: "Batch",
  bedrock: "Bedrock",
  dynamodb: "DynamoDB",
  ecs: "ECS",
  events: "EventBridge",
  glue: "Glue",
  http: "HTTP",
  lambda: "Lambda",
  s3: "S3",
  sfn: "Step Functions",
  sns: "SNS",
  sqs: "SQS",
  states: "Step Functions",
};

const COMPARISONS = [
  ["GreaterThanEquals", "≥"],
  ["LessThanEquals", "≤"],
  ["GreaterThan", ">"],
  ["LessThan", "<"],
  ["Equals", "="],
  ["Matches", "matches"],
];

/**
 * The graph of a definition.
 *
 * Nodes: `{id, name, type, state, parent, branch, isMain}`: `parent` is the id of the Map or Parallel around it, null at the
 * top, `branch` which of a Parallel's branches; type "Start" and "End" for the pseudo nodes, "Missing" for a name that an
 * edge leads to and no state has. Succeed and Fail are ends in themselves: only `End: true` at the top leads to End.
 * Edges: `{id, from, to, kind, label, title, isMain, isNested}`, one for each pair and kind; kinds: start, next, choice, catch, end.
 * `isMain` marks the longest way to success: what is drawn straight.
 */
export function graphOf(definition) {
  const graph = { nodes: [], edges: [] };
  addScope(graph, definition, null, 0);
  return graph;
}

/** What a state is: the service and call of a Task, as `{service: "DynamoDB", action: "updateItem"}`, or its type. */
export function serviceOf(state) {
  const resource = text(state?.Resource);
  if (state?.Type !== "Task") return { service: text(state?.Type), action: "" };
  const integration = /^arn:[^:]*:states:::(?:aws-sdk:)?([^:]+):(.+)$/.exec(resource);
  if (integration) {
    const [, service, action] = integration;
    return {
      service: SERVICES[service.toLowerCase()] ?? service,
      action: action.replace(/(\.sync|\.waitForTaskToken)?(:2)?$/, ""),
    };
  }
  if (/:lambda:/.test(resource)) return { service: "Lambda", action: "invoke" };
  if (/:activity:/.test(resource)) return { service: "Activity", action: resource.split(":").pop() };
  return { service: "Task", action: "" };
}

/** A choice's condition on one line: JSONata without its marks, JSONPath rules as `$.size > 3`. */
export function conditionText(rule) {
  if (typeof rule?.Condition === "string") return oneLine(rule.Condition.replace(/^\{%|%\}$/g, ""));
  if (Array.isArray(rule?.And)) return rule.And.map(conditionText).join(" and ");
  if (Array.isArray(rule?.Or)) return rule.Or.map(conditionText).join(" or ");
  if (rule?.Not) return `not (${conditionText(rule.Not)})`;
  const variable = text(rule?.Variable);
  const [operator, value] = Object.entries(rule ?? {}).find(([name]) =>
    /^(String|Numeric|Boolean|Timestamp|Is)/.test(name),
  ) ?? ["", ""];
  if (operator.startsWith("Is")) return `${variable} ${value ? "is" : "is not"} ${operator.slice(2).toLowerCase()}`;
  const sign = COMPARISONS.find(([name]) => operator.replace(/Path$/, "").endsWith(name))?.[1] ?? operator;
  if (!operator) return variable;
  return oneLine(
    `${variable} ${sign} ${typeof value === "string" && !operator.endsWith("Path") ? `'${value}'` : text(value)}`,
  );
}

/** A text cut to a length, with an ellipsis where something is left out. */
export function shortened(value, length = LABEL_LINE) {
  const characters = [...value];
  return characters.length <= length
    ? value
    : `${characters
        .slice(0, length - 1)
        .join("")
        .trimEnd()}…`;
}

function addScope(graph, scope, parent, branch) {
  const states = Object.entries(scope?.States ?? {}).filter(([, state]) => state && typeof state === "object");
  const prefix = parent === null ? [] : [...JSON.parse(parent), branch];
  const idOf = (name) => JSON.stringify([...prefix, name]);
  const scoped = { nodes: new Map(), edges: new Map() };
  const addNode = (id, name, type, state) =>
    scoped.nodes.set(id, { id, name, type, state, parent, branch, isMain: false });
  const addEdge = (from, to, kind, rule = "") => {
    const id = `${from} ${kind} ${to}`;
    if (!scoped.edges.has(id))
      scoped.edges.set(id, { id, from, to, kind, rules: [], isMain: false, isNested: parent !== null });
    scoped.edges.get(id).rules.push(rule);
  };

  for (const [name, state] of states) addNode(idOf(name), name, text(state.Type), state);
  const names = new Set(states.map(([name]) => name));
  const target = (name) => {
    const shown = text(name);
    if (!names.has(shown)) addNode(idOf(shown), shown, "Missing", null);
    return idOf(shown);
  };
  if (parent === null) {
    addNode(START, "Start", "Start", null);
    if (scope?.StartAt !== undefined) addEdge(START, target(scope.StartAt), "start");
  }
  for (const [name, state] of states) {
    for (const edge of transitions(state)) addEdge(idOf(name), target(edge.next), edge.kind, edge.rule);
    if (state.End === true && parent === null) {
      addNode(END, "End", "End", null);
      addEdge(idOf(name), END, "end");
    }
  }
  markMainPath(scoped, parent === null ? START : idOf(text(scope?.StartAt)));
  graph.nodes.push(...scoped.nodes.values());
  for (const { rules, ...edge } of scoped.edges.values()) {
    graph.edges.push({ ...edge, label: labelOf(edge.kind, rules), title: rules.join("\n") });
  }
  for (const [name, state] of states) {
    nestedScopes(state).forEach((nested, index) => {
      addScope(graph, nested, idOf(name), index);
    });
  }
}

function nestedScopes(state) {
  if (state.Type === "Map") return [state.ItemProcessor ?? state.Iterator].filter(Boolean);
  if (state.Type === "Parallel" && Array.isArray(state.Branches)) return state.Branches;
  return [];
}

function transitions(state) {
  const found = [];
  if (state.Next !== undefined) found.push({ kind: "next", next: state.Next });
  for (const rule of list(state.Choices)) found.push({ kind: "choice", next: rule?.Next, rule: conditionText(rule) });
  if (state.Default !== undefined) found.push({ kind: "choice", next: state.Default, rule: "default" });
  for (const rule of list(state.Catch)) {
    found.push({ kind: "catch", next: rule?.Next, rule: list(rule?.ErrorEquals).map(text).join(", ") });
  }
  return found;
}

/** What stands at an edge: a condition in two lines, the beginnings of several, the names of the errors caught. */
function labelOf(kind, rules) {
  if (kind === "catch") {
    if (rules.some((rule) => rule.includes(CATCH_ALL))) return "any error";
    return shortened(rules.flatMap((rule) => rule.split(", ").map(withoutService)).join(", "), 2 * LABEL_LINE);
  }
  if (kind !== "choice") return "";
  if (rules.length === 1) return wrapped(rules[0]).join("\n");
  const more = rules.length > LABEL_LINES ? [`or ${rules.length - 1} others`] : [shortened(rules[1])];
  return [shortened(rules[0]), ...more].join("\n");
}

function wrapped(value) {
  const words = value.split(" ");
  let first = words.shift();
  while (words.length && first.length + 1 + words[0].length <= LABEL_LINE) first += ` ${words.shift()}`;
  return [first, words.join(" ")].filter(Boolean).map((line) => shortened(line));
}

function withoutService(error) {
  return error.slice(error.lastIndexOf(".") + 1).replace(/(Exception|Error)$/, "") || error;
}

/** Marks the longest way, without catches and without coming back, from a scope's start to an end that is not a Fail. */
function markMainPath({ nodes, edges }, start) {
  const leaving = new Map();
  for (const edge of edges.values()) {
    if (edge.kind !== "catch") leaving.set(edge.from, [...(leaving.get(edge.from) ?? []), edge]);
  }
  const best = new Map();
  const onTheWay = new Set();
  const lengthFrom = (id) => {
    if (best.has(id)) return best.get(id).length;
    onTheWay.add(id);
    const out = leaving.get(id) ?? [];
    let chosen = { length: out.length || isUnhappyEnd(nodes.get(id)) ? Number.NEGATIVE_INFINITY : 0, edge: null };
    for (const edge of out) {
      const length = onTheWay.has(edge.to)
        ? Number.NEGATIVE_INFINITY
        : workOf(nodes.get(edge.to)) + lengthFrom(edge.to);
      if (length > chosen.length) chosen = { length, edge };
    }
    onTheWay.delete(id);
    best.set(id, chosen);
    return chosen.length;
  };
  if (!nodes.has(start)) return;
  lengthFrom(start);
  for (let id = start; id; ) {
    nodes.get(id).isMain = true;
    const { edge } = best.get(id);
    if (edge) edge.isMain = true;
    id = edge?.to;
  }
}

/** A task weighs more than the choice or the end beside it. */
function workOf(node) {
  return ["Task", "Map", "Parallel"].includes(node.type) ? 2 : 1;
}

function isUnhappyEnd(node) {
  return node.type === "Fail" || node.type === "Missing";
}

function list(value) {
  return Array.isArray(value) ? value : [];
}

function text(value) {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function oneLine(value) {
  return value.replace(/\s+/g, " ").trim();
}
