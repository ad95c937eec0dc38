// Answers IAM requests offline: standard input has the policies and the requests, standard output the answers.
//
//   {"policies": {NAME: [DOCUMENT, …]}, "requests": [{"as": NAME, "within": NAME?, "action", "resource", "context"}]}
//   [{"result": "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied" | "error", "detail", "ignored": [KEY, …]}, …]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The modules are beside the environment, not beside this file.
const require = createRequire(pathToFileURL(process.argv[2] + "/"));
const { runSimulation } = await import(
  pathToFileURL(require.resolve("@cloud-copilot/iam-simulate"))
);

const { policies, requests } = JSON.parse(readFileSync(0, "utf8"));

// Only statements about the action's service can matter, and the simulator checks each that it is given.
const cache = new Map();
const nothing = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
};
function policiesFor(name, action) {
  const service = action.split(":")[0];
  const key = `${name} ${service}`;
  if (!cache.has(key)) {
    const matters = ({ Action }) =>
      [Action].flat().some((one) => one === "*" || one.startsWith(`${service}:`));
    const documents = policies[name].map((policy, index) => ({
      name: `${name}-${index}`,
      policy: { ...policy, Statement: policy.Statement.filter(matters) },
    }));
    const kept = documents.filter(({ policy }) => policy.Statement.length > 0);
    // No boundary at all would be another thing than one that allows nothing of a service.
    cache.set(key, kept.length > 0 ? kept : [{ name, policy: nothing }]);
  }
  return cache.get(key);
}

const open = [
  {
    orgIdentifier: "o-1",
    policies: [
      {
        name: "all",
        policy: {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
        },
      },
    ],
  },
];

const account = "111122223333";
// A key's own policy decides first; this is the one that lets the account's identities be allowed.
const keyPolicy = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: "kms:*",
      Resource: "*",
    },
  ],
};

async function answer({ as, within, action, resource, context }) {
  const simulation = {
    request: {
      principal: `arn:aws:iam::${account}:role/somebody`,
      action,
      resource: { resource, accountId: account },
      contextVariables: context ?? {},
    },
    identityPolicies: policiesFor(as, action),
    serviceControlPolicies: open,
    resourceControlPolicies: [],
    ...(action.startsWith("kms:") ? { resourcePolicy: keyPolicy } : {}),
    ...(within ? { permissionBoundaryPolicies: policiesFor(within, action) } : {}),
  };
  const response = await runSimulation(simulation, {});
  if (response.resultType === "error") {
    return { result: "error", detail: response.errors.message, ignored: [] };
  }
  const results = response.result ? [response.result] : response.results;
  return {
    result: response.overallResult,
    detail: "",
    ignored: results.flatMap((one) => one.ignoredContextKeys ?? []),
  };
}

const answers = [];
for (const request of requests) {
  answers.push(await answer(request));
}
process.stdout.write(JSON.stringify(answers));
