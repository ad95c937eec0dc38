// Checks a template by cdk-nag's packs for AWS's own rules, NIST SP 800-53 revision 5, and HIPAA:
// `node nag.mjs TEMPLATE FOLDER MODULES` writes FOLDER/validation-report.json. Findings are no failure.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [templateFile, outdir, modules] = process.argv.slice(2);
const require = createRequire(join(modules, "here.js"));
const { App, Stack, Validations } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");
const { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks } = require("cdk-nag");

const app = new App({ outdir });
for (const Pack of [AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks]) {
  Validations.of(app).addPlugins(new Pack(app, { verbose: true }));
}
new CfnInclude(new Stack(app, "Stack"), "Template", { templateFile });
try {
  app.synth();
} catch (error) {
  // Findings are thrown, too, after they have been written.
  if (!existsSync(join(outdir, "validation-report.json"))) throw error;
}
process.exitCode = 0;
