// Answers one simulation a line with one decision a line; argv[2] is the folder that holds node_modules.
const { createRequire } = require('node:module')
const { createInterface } = require('node:readline')

const { runSimulation } = createRequire(`${process.argv[2]}/`)('@cloud-copilot/iam-simulate')

const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value])

// Sids are given by us and unique, so that they name a statement of whichever policy.
function spoken (analysis, which) {
  return list(analysis && analysis[which]).map(({ explain }) => ({
    sid: explain.identifier,
    actions: list(explain.actions).filter((each) => each.matches).map((each) => each.action),
    resources: list(explain.resources).filter((each) => each.matches).map((each) => each.resource)
  }))
}

async function decide (simulation) {
  const answer = await runSimulation(simulation, { simulationMode: 'Strict' })
  if (answer.resultType === 'error') return { error: JSON.stringify(answer.errors) }
  if (answer.resultType !== 'single') return { error: 'the resource has a wildcard' }
  const { identityAnalysis, resourceAnalysis } = answer.result.analysis
  return {
    result: answer.overallResult,
    ignored: answer.result.ignoredContextKeys,
    allows: [...spoken(identityAnalysis, 'allowStatements'), ...spoken(resourceAnalysis, 'allowStatements')],
    denies: [...spoken(identityAnalysis, 'denyStatements'), ...spoken(resourceAnalysis, 'denyStatements')]
  }
}

async function main () {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await decide(JSON.parse(line)).catch((error) => ({ error: String(error.stack) }))
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}

main()
