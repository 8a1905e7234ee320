/** `berth help exit-codes`. */
export const EXIT_CODES_PAGE = `Exit codes

    0  done
    1  failed, for a reason that is none of the others
    2  used wrongly: unknown commands and flags, missing arguments, values that cannot be, mistakes in a sync file or in
       berth's config file
    3  not allowed: no credentials, wrong ones, or ones that do not suffice (401, 403)
    4  not there: no such tag, manifest, blob, repository or platform (404)
    5  in the way: it exists already, or may not be changed (409, 412)
    6  not what it should be: a digest, a size or a manifest is wrong, or there is more than is taken
    7  not reached: no connection, no answer, no answer in time, or 5xx
    8  too many requests (429)
    9  some of many things failed
  130  stopped by Ctrl-C or the system
  141  nobody reads standard output any more

Standard output holds data only: when a command fails it is empty, or cut short. Errors are on standard error: one line
that says what happened and who said it, and perhaps one that begins with "hint:". With --format json an error is one
line of JSON there, with class, code, message, registry, status and hint, and retryAfterMs when a registry wants to be
asked later.
`;
