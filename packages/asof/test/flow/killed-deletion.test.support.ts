import { collectDefinitions, count, csv, entity, featureView, float64, push, string, sum } from "@asof/core";
import { openSession } from "../../src/store/open-session.ts";
import { Session } from "../../src/store/session.ts";

// Run as a program by killed-deletion.test.ts: erases a key and kills itself, truly, at one of its calls of a store.

/** Long enough to be found in any file that has it. */
export const erasedUser = "zaphod-beeblebrox-900";
export const otherUser = "arthur-dent-901";

const user = entity("user", { key: { user_id: string() } });
const shop = entity("shop", { key: { shop_id: string() } });
const columns = { amount: float64() };
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns });
const clicks = push("clicks", { eventTime: "ts", eventId: "id", columns });
export const latest = featureView("latest", { entities: [user], source: orders }, { amount: float64() });
export const totals = featureView("totals", { entities: [user], source: orders }, { spent: sum("amount") });
export const clicked = featureView("clicked", { entities: [user], source: clicks }, { clicks: count() });
export const newest = featureView("newest", { entities: [user], source: clicks }, { amount: float64() });
export const perShop = featureView("per_shop", { entities: [shop], source: clicks }, { clicks: count() });

const definitions = collectDefinitions([{ latest, totals, clicked, newest, perShop }], "killed");

/** A session on the folder; `wrap` may stand between it and each of its stores. */
export async function openDeletion(folder: string, wrap: <T extends object>(store: T) => T = (store) => store): Promise<Session> {
  const session = await openSession({ repo: folder, definitions });
  const { runtime } = session;
  return new Session({
    runtime: { ...runtime, registry: wrap(runtime.registry), online: wrap(runtime.online), offline: wrap(runtime.offline) },
    repositoryPath: folder,
    repositoryName: "killed",
    definitions: () => Promise.resolve(definitions),
    close: () => session[Symbol.asyncDispose](),
  });
}

/** Calls that change something. */
const changing: ReadonlySet<PropertyKey> = new Set(["commit", "putJob", "putTombstones", "putStates", "deleteKeys", "eraseLog"]);

/** Kills this process at the n-th changing call of its stores: before it, some ms into it, or after it. */
function killAtCall(killAt: number, moment: string): <T extends object>(store: T) => T {
  let calls = 0;
  const die = (): void => {
    process.kill(process.pid, "SIGKILL");
  };
  return (store) =>
    new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (!changing.has(name)) return member.bind(target);
        return async (...given: unknown[]): Promise<unknown> => {
          const isLast = calls++ === killAt;
          if (isLast && moment === "before") die();
          if (isLast && moment === "during") setTimeout(die, name === "eraseLog" ? 25 : 0);
          const result: unknown = await Reflect.apply(member, target, given);
          if (isLast) die();
          return result;
        };
      },
    });
}

const [, program, folder, killAt, moment] = process.argv;
if (program === import.meta.filename && folder !== undefined) {
  await using session = await openDeletion(folder, killAtCall(Number(killAt), moment ?? ""));
  await session.deleteEntity({ entity: { user_id: erasedUser } });
}
