// The log: one JSON object per line on standard output. Moments are milliseconds since 1970.

/** Where the lines go; a test replaces it. */
export const output = { write: (line: string): boolean => process.stdout.write(line) };

export function write(event: string, fields: Record<string, unknown> = {}): void {
  output.write(JSON.stringify({ event, ...fields, at_ms: Date.now() }) + "\n");
}

/** An operation failed; the worker continues. */
export function problem(doing: string, error: unknown, fields: Record<string, unknown> = {}): void {
  write("problem", { doing, error: describe(error), ...fields });
}

export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
