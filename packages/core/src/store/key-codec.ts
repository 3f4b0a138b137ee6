import type { PlainViewModel, WindowedViewModel } from "../definition/model.ts";
import { compileKeyDecoder, compileKeyEncoder } from "../value/key.ts";
import type { Value, ValueType } from "../value/type.ts";
import type { KeyBytes } from "./online.ts";

/** One part of an entity key: the key's name in its view, not that of a spine's column. */
export interface KeyPart {
  readonly name: string;
  readonly type: ValueType;
}

/** How the keys of a view become bytes in a store. Equal keys have equal bytes, different keys of the same parts different ones. */
export interface KeyCodec {
  /** Makes the encoder of keys of these parts; a key with a null part is null. No parts: the one key of a view without entities. */
  encoder(parts: readonly KeyPart[]): (values: readonly Value[]) => KeyBytes | null;
  /** The inverse, in the order of the parts. */
  decoder(parts: readonly KeyPart[]): (bytes: KeyBytes) => Value[];
}

/** A store's codecs: of rows of plain views, and of states of windowed ones. They differ where only rows lie in a foreign layout. */
export interface StoreKeys {
  readonly row: KeyCodec;
  readonly state: KeyCodec;
}

/** asof's own bytes, which sort as the keys do. */
const packed: KeyCodec = {
  encoder: (parts) => compileKeyEncoder(parts.map((part) => part.type)),
  decoder: (parts) => compileKeyDecoder(parts.map((part) => part.type)),
};

/** The keys of stores in asof's own layout. */
export const packedKeys: StoreKeys = { row: packed, state: packed };

/** The parts of a view's key. */
export function keyPartsOf(view: PlainViewModel | WindowedViewModel): readonly KeyPart[] {
  return view.entities.flatMap((entity) => entity.keys.map(({ name, type }) => ({ name, type })));
}

/** The codec under which a store keeps a view. */
export function keyCodecOf(keys: StoreKeys, view: PlainViewModel | WindowedViewModel): KeyCodec {
  return view.form === "plain" ? keys.row : keys.state;
}

/** Encodes the keys of a view as a store keeps them; values are in the order of {@link keyPartsOf}. */
export function compileViewKey(keys: StoreKeys, view: PlainViewModel | WindowedViewModel): (values: readonly Value[]) => KeyBytes | null {
  return keyCodecOf(keys, view).encoder(keyPartsOf(view));
}
