import { COPY_ROWS } from "./copy-rows.ts";
import { LIBRARY_ROWS } from "./library-rows.ts";
import type { ClientRow } from "./row.ts";
import { START_ROWS } from "./start-rows.ts";

/** Every row, in the order of the table. */
export const CLIENT_ROWS: readonly ClientRow[] = [...LIBRARY_ROWS, ...COPY_ROWS, ...START_ROWS];
