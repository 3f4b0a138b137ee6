import { join } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { type MeasuredCase, measuredCase } from "../case-line.ts";
import { type Contestant, describeRuns, median, type Outcome, outcomeFor, runContest } from "../contest.ts";
import { runNodeWorker } from "../run-worker.ts";
import type { ApplyArguments } from "./apply.worker.ts";
import { writeSources } from "./definitions.ts";
import type { ListArguments } from "./list.worker.ts";
import { kindNames, type RegistryKind, registryKinds } from "./open-kind.ts";
import type { ResolveArguments } from "./resolve.worker.ts";

/** What an apply of a thousand views may take, in s. */
const applyLimit = 2;
/** What a list of ten thousand objects may take, in s. */
const listLimit = 0.2;
/** How much slower a request may get when the registry grows a hundred- or thousandfold: noise, no more. */
const growthAllowed = 1.25;

type Outcomes = ReadonlyMap<string, Outcome>;

interface Sizes {
  readonly views: number;
  readonly sources: number;
  readonly objects: number;
  /** Numbers of registered views beside which a request is measured, the smallest first. */
  readonly registered: readonly number[];
}

/** The registry at work, of each kind: one large apply, a list of everything, and requests beside many views that they do not use. */
export const registry: Bench = {
  name: "registry",
  async run(context) {
    const { smoke } = context;
    const sizes: Sizes = smoke
      ? { views: 50, sources: 5, objects: 100, registered: [10, 50] }
      : { views: 1000, sources: 100, objects: 10_000, registered: [10, 1000, 10_000] };
    const places = join(context.folder, "sources");
    await writeSources(sizes.sources, places);
    const contestants = registryKinds.flatMap((kind) => [
      applyOf(context, kind, { views: sizes.views, sources: sizes.views, folder: null }),
      applyOf(context, kind, { views: sizes.views, sources: sizes.sources, folder: places }),
      listOf(context, kind, sizes.objects),
      ...sizes.registered.map((views) => requestsOf(context, kind, views)),
    ]);
    const outcomes = await runContest(contestants, smoke ? 1 : 3, context.say);
    return registryKinds.flatMap((kind) => casesOf(kind, sizes, outcomes, smoke));
  },
};

function casesOf(kind: RegistryKind, sizes: Sizes, outcomes: Outcomes, smoke: boolean): readonly MeasuredCase[] {
  const bar = <T>(value: T): { readonly bar?: T } => (smoke ? {} : { bar: value });
  const applied = [applyName(kind, sizes.views, 0), applyName(kind, sizes.views, sizes.sources)].map((name) => {
    const outcome = outcomeFor(outcomes, name);
    const again = median(outcome.runs.map((run) => Number(run.reply.repeatSeconds)));
    return measuredCase({
      bench: registry.name,
      case: name,
      unit: "s",
      ours: outcome.seconds,
      peer: { name: "the limit", value: applyLimit, checksum: null },
      checksum: checksumOf(outcomes, name),
      observed: `Validation, plan and commit: ${describeRuns(outcome)}. Again, with nothing to do: ${again.toFixed(2)} s.`,
      ...bar(1),
    });
  });
  const listed = outcomeFor(outcomes, listName(kind, sizes.objects));
  const [few = 0, ...many] = sizes.registered;
  const small = outcomeFor(outcomes, requestName(kind, few));
  return [
    ...applied,
    measuredCase({
      bench: registry.name,
      case: listName(kind, sizes.objects),
      unit: "ms",
      ours: listed.seconds * 1e3,
      peer: { name: "the limit", value: listLimit * 1e3, checksum: null },
      checksum: checksumOf(outcomes, listName(kind, sizes.objects)),
      observed: `Kind, name, repository and time of each, in a new process, from opening the registry: ${describeRuns(listed)}.`,
      ...bar(1),
    }),
    ...many.map((views) => {
      const outcome = outcomeFor(outcomes, requestName(kind, views));
      return measuredCase({
        bench: registry.name,
        case: requestName(kind, views),
        unit: "µs",
        ours: outcome.seconds * 1e6,
        peer: {
          name: `the same with ${few} registered`,
          value: small.seconds * 1e6,
          checksum: checksumOf(outcomes, requestName(kind, few)),
        },
        checksum: checksumOf(outcomes, requestName(kind, views)),
        observed: `Processor time, medians over slices of 500. With ${views}: ${describeRuns(outcome)}; with ${few}: ${describeRuns(small)}.`,
        ...bar(1 / growthAllowed),
      });
    }),
  ];
}

function checksumOf(outcomes: Outcomes, name: string): string {
  return String(outcomeFor(outcomes, name).runs[0]?.reply.checksum ?? "");
}

let files = 0;

/** Each run has a registry of its own. */
function freshPath({ folder }: BenchContext): string {
  return join(folder, `registry-${files++}.db`);
}

function applyName(kind: RegistryKind, views: number, sources: number): string {
  const looked = sources === 0 ? "" : `, with a look at ${sources} Parquet sources`;
  return `apply of ${views} views × 10 features, ${kindNames[kind]}${looked}`;
}

function applyOf(context: BenchContext, kind: RegistryKind, what: Pick<ApplyArguments, "views" | "sources" | "folder">): Contestant {
  const name = applyName(kind, what.views, what.folder === null ? 0 : what.sources);
  const run = (): ReturnType<Contestant["run"]> => {
    const given: ApplyArguments = { ...what, kind, repository: `${freshPath(context)}.repository` };
    return runNodeWorker(new URL("./apply.worker.ts", import.meta.url), given);
  };
  return { name, run };
}

function listName(kind: RegistryKind, objects: number): string {
  return `list of ${objects} objects, ${kindNames[kind]}`;
}

/** All runs list one registry, which the first makes. */
function listOf(context: BenchContext, kind: RegistryKind, objects: number): Contestant {
  const given: ListArguments = { kind, objects, path: freshPath(context) };
  return { name: listName(kind, objects), run: () => runNodeWorker(new URL("./list.worker.ts", import.meta.url), given) };
}

function requestName(kind: RegistryKind, views: number): string {
  return `one request of 5 views with ${views} registered, ${kindNames[kind]}`;
}

function requestsOf(context: BenchContext, kind: RegistryKind, views: number): Contestant {
  const requests = context.smoke ? 200 : 300_000;
  const run = (): ReturnType<Contestant["run"]> => {
    const given: ResolveArguments = { kind, path: freshPath(context), views, requests };
    return runNodeWorker(new URL("./resolve.worker.ts", import.meta.url), given);
  };
  return { name: requestName(kind, views), run };
}
