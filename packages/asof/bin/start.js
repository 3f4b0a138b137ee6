// Runs the command on a Node that is new enough: the sources in a checkout, `dist` in an installed package.
"use strict";

const { existsSync } = require("node:fs");
const module_ = require("node:module");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

// Compiled code is kept between runs: most of the start-up time of a short command is compiling.
module_.enableCompileCache();

const source = join(__dirname, "../src/command/main.ts");
const isCheckout = existsSync(source);

if (isCheckout) {
  // What `--conditions=source` does, without a second process: packages of the workspace resolve to their sources.
  module_.registerHooks({
    resolve: (specifier, context, next) => next(specifier, { ...context, conditions: [...context.conditions, "source"] }),
  });
}

import(pathToFileURL(isCheckout ? source : join(__dirname, "../dist/command/main.js")).href)
  .then(({ main }) => main(process.argv.slice(2)))
  .then(
    (exitCode) => {
      process.exitCode = exitCode;
      // After Ctrl-C everything is tidied up; what may still wait, such as a definition file, is not waited for.
      if (exitCode === 130) process.exit();
    },
    (error) => {
      // The command turns every error it knows into a message and an exit code; what arrives here is a defect.
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 70;
    },
  );
