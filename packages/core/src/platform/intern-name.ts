/**
 * The same text, as the copy that the engine itself keeps of property names. Texts that were parsed, as those of a registry, are other
 * copies: V8 looks each of them up in a table again whenever it reads a property by it, which doubled the time of a small request.
 */
export function internName(name: string): string {
  return Object.keys({ [name]: null })[0] ?? name;
}
