/**
 * Why a text is no JSON, as the advice that goes into an error; null where it is. Escapes of lone surrogates are refused beyond what
 * JSON.parse asks for: they stand for text that has no form in UTF-8, and engines reject them.
 */
export function jsonFault(text: string): string | null {
  if (!text.isWellFormed()) return "Remove the lone surrogate: it has no form in UTF-8.";
  try {
    JSON.parse(text);
  } catch (error) {
    return `Give JSON text that parses (${error instanceof Error ? error.message.slice(0, 120) : String(error)}).`;
  }
  return hasLoneEscape(text) ? "Remove the escape of a lone surrogate: it has no form in UTF-8." : null;
}

/** Escaped backslashes and escaped pairs are taken out first; what is then left of surrogates stands alone. */
function hasLoneEscape(text: string): boolean {
  const surrogate = /\\u[dD][89a-fA-F]/;
  if (!surrogate.test(text)) return false;
  return surrogate.test(text.replace(/\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}/g, ""));
}
