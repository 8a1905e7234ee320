/** Characters of a pattern, at most. */
const MAX_PATTERN_LENGTH = 1024;

/** One step of a pattern: any run within a segment, any segments with the slash behind them, whatever is left, or one character that fits. */
type Step = "run" | "segments" | "rest" | ((c: string) => boolean);

/** Options of {@link matchesGlob}. */
export interface GlobOptions {
  /** Whether `**` matches across slashes; default true. Without it is the same as `*`. */
  readonly globstar?: boolean;
}

/**
 * Matches a whole text against a shell pattern. `*` and `?` do not match slashes. `**` between slashes, or at an end, is any number of
 * segments, also none; beside other characters it is `*`. The time that it takes grows with the length of the
 * pattern times that of the text.
 *
 * @throws {SyntaxError} when the pattern is malformed or longer than 1024 characters.
 */
export function matchesGlob(pattern: string, text: string, { globstar = true }: GlobOptions = {}): boolean {
  const steps = compile(pattern, globstar);
  let [s, t, runStep, runText, segmentsStep, segmentsText] = [0, 0, -1, 0, -1, 0];
  while (t < text.length || s < steps.length) {
    const step = steps[s];
    if (step === "rest") return true;
    if (step === "run") {
      [runStep, runText] = [s++, t];
    } else if (step === "segments") {
      [segmentsStep, segmentsText, runStep] = [s++, t, -1];
    } else if (step !== undefined && t < text.length && step(text.charAt(t))) {
      s++;
      t++;
    } else if (runStep >= 0 && runText < text.length && text.charAt(runText) !== "/") {
      // Let the last run swallow one more character. Earlier runs never need to: slashes of pattern and text stand one to one.
      t = ++runText;
      s = runStep + 1;
    } else {
      // Or the last segments one more. Earlier ones never need to: what they would leave to be matched, the last ones can take.
      const slash = segmentsStep < 0 ? -1 : text.indexOf("/", segmentsText);
      if (slash < 0) return false;
      t = segmentsText = slash + 1;
      s = segmentsStep + 1;
      runStep = -1;
    }
  }
  return true;
}

function compile(pattern: string, globstar: boolean): readonly Step[] {
  if (pattern.length > MAX_PATTERN_LENGTH) throw new SyntaxError(`Cannot match pattern: the limit is ${MAX_PATTERN_LENGTH} characters`);
  const steps: Step[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i);
    const isSegment = globstar && pattern.startsWith("**", i) && (i === 0 || pattern.charAt(i - 1) === "/");
    if (isSegment && i + 2 === pattern.length) {
      steps.push("rest");
      i++;
    } else if (isSegment && pattern.charAt(i + 2) === "/") {
      steps.push("segments");
      i += 2;
    } else if (c === "*") steps.push("run");
    else if (c === "?") steps.push((x) => x !== "/");
    else if (c === "[") {
      i = readClass(pattern, i + 1, steps);
    } else {
      if (c === "\\") i++;
      steps.push(literal(pattern, i));
    }
  }
  return steps;
}

function literal(pattern: string, i: number): Step {
  const wanted = charAt(pattern, i);
  return (c) => c === wanted;
}

/** Reads a class up to its bracket and returns the bracket's index. */
function readClass(pattern: string, start: number, steps: Step[]): number {
  const negated = pattern.charAt(start) === "^";
  const ranges: (readonly [string, string])[] = [];
  let i = negated ? start + 1 : start;
  while (ranges.length === 0 || charAt(pattern, i) !== "]") {
    const low = readMember(pattern, i);
    const high = pattern.charAt(low.next) === "-" ? readMember(pattern, low.next + 1) : low;
    ranges.push([low.c, high.c]);
    i = high.next;
  }
  steps.push((c) => c !== "/" && ranges.some(([low, high]) => c >= low && c <= high) !== negated);
  return i;
}

function readMember(pattern: string, i: number): { readonly c: string; readonly next: number } {
  const c = charAt(pattern, i);
  if (c === "\\") return { c: charAt(pattern, i + 1), next: i + 2 };
  if (c === "-" || c === "]") throw new SyntaxError(`Cannot match pattern "${pattern.slice(0, 100)}": unexpected "${c}" in a class`);
  return { c, next: i + 1 };
}

function charAt(pattern: string, i: number): string {
  if (i >= pattern.length) throw new SyntaxError(`Cannot match pattern "${pattern.slice(0, 100)}": it ends too early`);
  return pattern.charAt(i);
}
