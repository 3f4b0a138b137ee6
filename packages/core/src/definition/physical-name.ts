/** The name in the data of a source's column. A column may be called `constructor`, which every object inherits. */
export function physicalName(mapping: Readonly<Record<string, string>>, logical: string): string {
  return Object.hasOwn(mapping, logical) ? (mapping[logical] ?? logical) : logical;
}
