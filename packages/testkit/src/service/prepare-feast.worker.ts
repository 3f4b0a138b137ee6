/** Makes the Python environment with Feast while other tests already run; the tests that need it wait for it. */
import { feastPython } from "./feast-python.ts";

await feastPython({ isPreparation: true, say: (text) => void process.stdout.write(`${text}\n`) });
