import { CommandFailure, EXIT_CODE } from "../exit-code.ts";

/** A template or path of `--format` cannot be used. Says where: column of the text, from 1. */
export class TemplateError extends CommandFailure {
  /** Characters before the mistake. */
  readonly offset: number;

  constructor(kind: "go-template" | "jsonpath", offset: number, reason: string) {
    super(EXIT_CODE.usage, `cannot use ${kind}: column ${offset + 1}: ${reason}`);
    this.offset = offset;
  }
}
