import { AsofError } from "../error/error.ts";
import type { Value, ValueType } from "../value/type.ts";
import type { Aggregate } from "./algebra.ts";
import { readUnsigned, valueForm, writeUnsigned } from "./compact-bytes.ts";

/** A value in a form that a Set tells apart as the equality of values does: NaN is itself, −0 is 0, bytes by their content. */
type Member = boolean | number | bigint | string;

/** The values seen; null once there are more than the bound, when no further one can matter. */
interface DistinctState {
  members: Set<Member> | null;
}

/** Number of different values, exact up to `bound`, above it ASOF_DISTINCT_BOUND. */
export function distinctCountOf(argument: ValueType, bound: number): Aggregate<DistinctState> {
  const form = valueForm(argument);
  const isBytes = argument.kind === "bytes";
  const add = (state: DistinctState, member: Member): void => {
    if (state.members === null) return;
    state.members.add(member);
    if (state.members.size > bound) state.members = null;
  };
  return {
    init: () => ({ members: new Set() }),
    update: (state, value) => {
      add(state, memberOf(value));
      return state;
    },
    merge: (state, other) => {
      if (other.members === null) state.members = null;
      else for (const member of other.members) add(state, member);
      return state;
    },
    finalize: (state) => {
      if (state.members !== null) return state.members.size;
      throw new AsofError("ASOF_DISTINCT_BOUND", `There are more than ${bound} distinct values.`, {
        fix: "Raise the `bound` of the distinct count, or shorten its window.",
      });
    },
    write: (writer, state) => {
      // Zero says "more than the bound", so the number of members is shifted by one.
      writeUnsigned(writer, state.members === null ? 0 : state.members.size + 1);
      for (const member of state.members ?? []) form.write(writer, isBytes ? Buffer.from(String(member), "latin1") : member);
    },
    read: (buffer, cursor) => {
      const size = readUnsigned(buffer, cursor);
      if (size === 0) return { members: null };
      const members = new Set<Member>();
      for (let rest = size - 1; rest > 0; rest--) members.add(memberOf(form.read(buffer, cursor)));
      return { members };
    },
  };
}

function memberOf(value: Value): Member {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
  return typeof value === "object" ? String(value) : value;
}
