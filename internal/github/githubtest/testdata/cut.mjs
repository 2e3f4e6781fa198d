// Cuts GitHub's OpenAPI description down to the paths that the client uses:
//   npm i @octokit/openapi@23.0.2
//   node cut.mjs node_modules/@octokit/openapi/generated/api.github.com.json > api.github.com.cut.json
import { readFileSync } from "node:fs";

const keep = {
  "/repos/{owner}/{repo}/check-runs": ["post"],
  "/repos/{owner}/{repo}/check-runs/{check_run_id}": ["get", "patch"],
  "/repos/{owner}/{repo}/commits/{ref}/check-runs": ["get"],
};
const doc = JSON.parse(readFileSync(process.argv[2], "utf8"));
const out = { openapi: doc.openapi, info: doc.info, paths: {}, components: {} };
for (const [path, methods] of Object.entries(keep)) {
  out.paths[path] = Object.fromEntries(methods.map((m) => [m, doc.paths[path][m]]));
}

// Take along what is referred to, until nothing new is.
const take = (value) => {
  if (value === null || typeof value !== "object") return;
  if (typeof value.$ref === "string") {
    const [, , kind, name] = value.$ref.split("/");
    out.components[kind] ??= {};
    if (!out.components[kind][name]) {
      out.components[kind][name] = doc.components[kind][name];
      take(out.components[kind][name]);
    }
  }
  Object.values(value).forEach(take);
};
take(out.paths);

const strip = (value, key) => {
  if (Array.isArray(value)) return value.map((v) => strip(v));
  if (value === null || typeof value !== "object") return value;
  const drop = key === "properties" ? [] : ["examples", "example", "externalDocs", "x-github"];
  if (key === "components") drop.push("examples");
  return Object.fromEntries(Object.entries(value).filter(([k]) => !drop.includes(k)).map(([k, v]) => [k, strip(v, k)]));
};
console.log(JSON.stringify(strip(out)));
