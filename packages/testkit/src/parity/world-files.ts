import type { PlainViewModel, RepositoryModel, SourceModel, Value, WindowedViewModel } from "@asof/core";
import type { Case } from "../generate/case.ts";
import type { OfflineEngine } from "../run/engine.ts";
import { batchOf, fileTable, keysOf, locateSource, logRow, plainStorage } from "../run/source-files.ts";

/** The batch files of a world, which grow as rows arrive, and its definitions, which read them through globs. */
export class WorldFiles {
  readonly #engine: OfflineEngine;
  readonly #world: Case;
  readonly #run: string;
  readonly #globs: ReadonlyMap<string, string>;
  #files = 0;

  private constructor(engine: OfflineEngine, world: Case, run: string, globs: ReadonlyMap<string, string>) {
    this.#engine = engine;
    this.#world = world;
    this.#run = run;
    this.#globs = globs;
  }

  /** Writes an empty file per source, so that there is something to read. `run` keeps worlds in one folder apart. */
  static async create(engine: OfflineEngine, world: Case, run: string): Promise<WorldFiles> {
    const globs = new Map<string, string>();
    for (const source of sourcesOf(world)) {
      const path = await writePart(engine, world, source, `${run}_${source.name}_empty`, []);
      if (path !== null) globs.set(source.name, path.replace("_empty.parquet", "_*.parquet"));
    }
    return new WorldFiles(engine, world, run, globs);
  }

  /** Entities, sources and views to be applied. */
  repository(project: string): RepositoryModel {
    const views = this.#world.plan.views.map((join): PlainViewModel | WindowedViewModel => ({
      ...join.view,
      source: this.#locate(join.view.source),
    }));
    const byName = <T extends { readonly name: string }>(list: readonly T[]): T[] => [...new Map(list.map((x) => [x.name, x])).values()];
    return {
      project,
      entities: byName(views.flatMap((v) => v.entities)),
      sources: byName(views.map((v) => v.source)),
      views,
      services: [],
    };
  }

  /** Step `arrive`: a further file with these batch rows. */
  async arrive(sourceName: string, rows: readonly number[]): Promise<void> {
    const source = sourcesOf(this.#world).find((s) => s.name === sourceName);
    if (source !== undefined) await writePart(this.#engine, this.#world, source, `${this.#run}_${sourceName}_${this.#files++}`, rows);
  }

  /** Step `push`: rows as an application pushes them, every column of the source by logical name; times in µs. */
  pushedRows(sourceName: string, rows: readonly number[]): readonly Readonly<Record<string, Value>>[] {
    const source = sourcesOf(this.#world).find((s) => s.name === sourceName);
    const log = this.#world.tables[sourceName]?.log ?? [];
    if (source === undefined) return [];
    const keys = keysOf(this.#world, sourceName);
    return rows.flatMap((index) => {
      const row = log[index];
      return row === undefined ? [] : [logRow(source, keys, row).values];
    });
  }

  /** The keys to be read, by key name, without duplicates of the spine's other columns. */
  get entities(): readonly Readonly<Record<string, Value>>[] {
    const spineColumns = new Map(this.#world.plan.views.flatMap((v) => v.keys.map((k) => [k.key, k.spineColumn] as const)));
    return this.#world.spine.rows.map((row) =>
      Object.fromEntries([...spineColumns].map(([key, column]): [string, Value] => [key, row.values[column] ?? null])),
    );
  }

  #locate(source: SourceModel): SourceModel {
    const glob = this.#globs.get(source.name);
    return glob === undefined ? source : locateSource(source, [glob], this.#engine);
  }
}

/** Null for a source without a batch side. */
async function writePart(
  engine: OfflineEngine,
  world: Case,
  source: SourceModel,
  name: string,
  rows: readonly number[],
): Promise<string | null> {
  const batch = batchOf(source);
  if (batch === null) return null;
  const all = world.tables[source.name]?.batch ?? [];
  const table = fileTable(
    batch,
    keysOf(world, source.name),
    rows.flatMap((index) => all[index] ?? []),
    world.storage[source.name] ?? plainStorage,
  );
  return engine.writeParquet(name, table.columns, table.rows);
}

function sourcesOf(world: Case): readonly SourceModel[] {
  return [...new Map(world.plan.views.map((v) => [v.view.source.name, v.view.source])).values()];
}
